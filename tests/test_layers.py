"""Rooms: imports point down only, and the heavy libraries stay where they are needed.

A room is a folder, a sub-folder of its own, or a module that lies beside the folders. The table below says
of each what it imports; it allows no more than is used, so that a new edge is a decision somebody makes.
"""

import ast
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from fnmatch import fnmatch
from functools import cache
from pathlib import Path

import pytest
from support.places import ROOT

MAY_IMPORT = {
    # pure: no files, milliseconds to import
    "errors": "",
    "identity": "",
    "records": "errors harmless_text identity",
    "composition": "identity wording",
    "wording": "",
    "harmless_text": "",
    "extras": "errors",
    "safe_path": "",
    "spec": "composition errors identity spec.reading wording",
    "spec.reading": "errors identity spec wording",
    # files and budgets
    "store": "errors extras identity wording",
    "process_log": "errors store",
    "plan": "cluster composition errors identity spec wording",
    "plan.cost": "errors identity plan spec",
    "cluster": "errors spec",
    # siblings: what the work is done with
    "data": "errors identity safe_path",
    "data.read": "data data.read.forms errors extras",
    "data.read.forms": "data",
    "data.clean": "composition data spec",
    "data.tokens": "data errors identity",
    "data.world": "data errors identity spec",
    "data.public": "data errors",
    "data.sources": "composition data data.clean data.read data.world errors identity spec",
    "data.inspect": "data.read data.sources data.tokens errors identity spec spec.reading",
    "data.tag": "data data.inspect data.read data.sources errors spec wording",
    "model": "data.world errors identity spec",
    "train": "data.tokens errors identity model process_log records spec store train.batching",
    "train.batching": "composition data.tokens errors identity records spec train",
    "sandbox": "errors harmless_text",
    "evaluate": "data.read errors harmless_text identity records wording",
    "evaluate.code_answer": "",
    "evaluate.math_answer": "data.read",
    "evaluate.benchmarks": "data data.read data.world errors evaluate evaluate.code_answer "
    "evaluate.math_answer identity sandbox spec",
    "evaluate.engines": "data data.tokens errors evaluate identity model plan.cost",
    "pilot": "composition data data.read data.sources errors identity model plan plan.cost spec",
    # a sweep
    "sweep.inputs": "composition data data.sources data.tokens errors evaluate.benchmarks extras identity "
    "model plan plan.cost spec spec.reading store wording",
    "sweep.results": "composition data.sources evaluate evaluate.benchmarks identity plan records spec store "
    "sweep.account sweep.inputs wording",
    "sweep.run": "cluster composition errors evaluate evaluate.benchmarks evaluate.engines identity plan "
    "process_log records safe_path sandbox spec store sweep.inputs sweep.results train",
    "sweep.tag": "data data.tag data.tokens errors evaluate evaluate.engines identity model sweep.run",
    # commands
    "cli": "api cli.data cli.plan cli.progress cli.score errors harmless_text identity pilot plan safe_path "
    "spec store sweep.inputs sweep.results sweep.run wording",
    "cli.score": "cli errors evaluate evaluate.benchmarks spec wording",
    "cli.data": "cli data data.inspect data.public data.read data.sources data.tag data.tokens errors "
    "harmless_text model plan spec sweep.inputs sweep.run sweep.tag train.batching wording",
    "cli.plan": "cli data data.sources errors harmless_text identity plan plan.cost sweep.account "
    "sweep.inputs sweep.results wording",
    "api": "errors identity plan plan.cost spec store sweep.account sweep.inputs sweep.results sweep.run",
    "__main__": "cli",
    "cli.progress": "cli errors identity plan records store sweep.inputs sweep.results sweep.run train "
    "wording",
    "sweep.account": "composition errors identity plan plan.cost spec sweep.inputs",
}
"""Of each room, what it imports beside itself. `analysis` may import all of them, and none of them it."""

PURE = {"errors", "identity", "records", "wording", "harmless_text", "composition", "spec"}
MOST_MODULES = 15
"""Of a folder, `__init__.py` not counted."""
HEAVY = {"ray", "torch", "transformers", "pyarrow", "datasets", "deepspeed"}
RAY = (
    "raysft/sweep/run/*.py",
    "raysft/sweep/tag/*.py",
    "raysft/train/ray_launch.py",
    "raysft/cluster/cluster_file.py",  # Ray's own check of a cluster file
)
TORCH = (
    "raysft/model/*.py",
    "raysft/train/*.py",
    "raysft/train/batching/*.py",
    "raysft/evaluate/engines/*.py",
    "raysft/sweep/run/evaluation_worker.py",
)


def modules() -> list[Path]:
    found = [path for top in ("raysft", "analysis") for path in sorted((ROOT / top).rglob("*.py"))]
    assert len(found) > 20
    return found


@cache
def names() -> frozenset[str]:
    """Every module and package by its dotted name."""
    return frozenset(
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__") for path in modules()
    )


@cache
def imported(path: Path) -> tuple[str, ...]:
    """Every module a file imports, also inside functions and under TYPE_CHECKING."""
    return tuple(_imported(path))


def _imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            # `analysis` is mounted under another name where it is installed, so it names itself by dots.
            assert node.level == 0 or room(path) == "analysis", f"{path}:{node.lineno}: write the whole name"
            above = list(path.relative_to(ROOT).parts[: -node.level]) if node.level else []
            module = ".".join([*above, *([node.module] if node.module else [])])
            # `from raysft import spec` imports the room `spec`, not only the package.
            whole = (f"{module}.{alias.name}" for alias in node.names)
            yield from (one if one in names() or not one.startswith("raysft.") else module for one in whole)


def room(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return "analysis" if parts[0] == "analysis" else room_of(".".join(parts).removesuffix(".__init__"))


def room_of(module: str) -> str:
    """The room of a module or package of raysft; empty for raysft itself."""
    package = ROOT.joinpath(*module.split(".")).is_dir()
    inside = module.split(".")[1:]
    return ".".join(inside if package or len(inside) == 1 else inside[:-1])


def edges() -> set[tuple[str, str]]:
    """(room, room that it imports) for every edge there is."""
    return {
        (room(path), room_of(one))
        for path in modules()
        for one in imported(path)
        if one.startswith("raysft.") and room(path) not in ("analysis", "", room_of(one))
    }


def importers(library: str) -> list[str]:
    found = [path for path in modules() if any(name.split(".")[0] == library for name in imported(path))]
    return [str(path.relative_to(ROOT)) for path in found]


def test_rooms_import_what_the_table_says_and_nothing_else() -> None:
    table = {(name, one) for name, allowed in MAY_IMPORT.items() for one in allowed.split()}
    found = edges()
    assert found - table == set(), "imports that the table does not have"
    assert table - found == set(), "the table has what nothing uses"


def test_every_room_is_in_the_table() -> None:
    assert {room(path) for path in modules()} <= {*MAY_IMPORT, "analysis", "", "sweep"}


def test_the_table_has_no_circle_but_of_a_folder_with_its_own_sub_folders() -> None:
    def other_houses(name: str) -> set[str]:
        return {
            one
            for one in MAY_IMPORT[name].split()
            if not one.startswith(f"{name}.") and not name.startswith(f"{one}.")
        }

    below: set[str] = set()
    while left := MAY_IMPORT.keys() - below:
        ready = {name for name in left if other_houses(name) <= below}
        assert ready, f"these import each other: {sorted(left)}"
        below |= ready


def test_no_folder_is_a_heap() -> None:
    counts = Counter(
        str(path.parent.relative_to(ROOT))
        for path in modules()
        if path.name not in ("__init__.py", "__main__.py")
    )
    assert {folder: count for folder, count in counts.items() if count > MOST_MODULES} == {}


def test_every_folder_says_what_it_is_for() -> None:
    silent = [
        str(path.relative_to(ROOT))
        for path in modules()
        if path.name == "__init__.py" and not ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    ]
    assert silent == []


def test_raysft_does_not_know_analysis() -> None:
    assert [name for name in importers("analysis") if name.startswith("raysft/")] == []
    assert importers("raysft_analysis") == []


@pytest.mark.parametrize("name", sorted(PURE))
def test_a_pure_room_imports_nothing_heavy(name: str) -> None:
    wrong = [
        f"{path.relative_to(ROOT)} imports {one}"
        for path in modules()
        if room(path) == name
        for one in imported(path)
        if one.split(".")[0] in HEAVY
    ]
    assert not wrong


@pytest.mark.parametrize(("library", "allowed"), [("ray", RAY), ("torch", TORCH)])
def test_a_library_is_imported_only_where_it_is_named(library: str, allowed: tuple[str, ...]) -> None:
    found = importers(library)
    assert found
    assert [path for path in found if not any(fnmatch(path, pattern) for pattern in allowed)] == []


def test_importing_what_reads_a_sweep_takes_no_heavy_library_along() -> None:
    light = [
        "raysft.identity",
        "raysft.records",
        "raysft.composition.strategies",
        "raysft.spec",
        "raysft.plan.build",
        "raysft.cluster.cluster_file",
    ]
    code = f"import sys, {', '.join(light)}; print(*sorted({HEAVY!r} & sys.modules.keys()))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
