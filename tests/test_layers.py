"""Rooms: imports point down only, and the heavy libraries stay where they are needed.

sweep   pilot                               cli above all
train   evaluate   data   model             train, evaluate → data, model
store   plan   cluster                      files and budgets
spec   composition   records   identity   errors     pure
"""

import ast
import subprocess
import sys
from collections.abc import Iterator
from fnmatch import fnmatch
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

PURE = {"errors", "identity", "records", "composition", "spec"}
FILES = {"store", "plan", "cluster"}
WORK = {"data", "model", "train", "evaluate"}
MAY_IMPORT = {
    "errors": set(),
    "identity": set(),
    "records": {"errors"},
    "composition": {"identity"},
    "spec": {"errors", "composition"},
    "store": PURE | {"plan", "cluster"},
    "plan": PURE | {"cluster"},
    "cluster": PURE,
    "data": PURE | FILES,
    "model": PURE | FILES,
    "train": PURE | FILES | {"data", "model"},
    "evaluate": PURE | FILES | {"data", "model"},
    "sweep": PURE | FILES | WORK,
    "pilot": PURE | FILES | WORK,
    "cli": PURE | FILES | WORK | {"sweep", "pilot"},
}
"""Of each room, what it may import beside itself. `analysis` may import all of them, and none of them it."""

HEAVY = {"ray", "torch", "transformers", "pyarrow", "datasets", "deepspeed"}
RAY = ("raysft/sweep/*.py", "raysft/train/ray_launch.py", "raysft/cluster/ray_schema.py")
TORCH = (
    "raysft/model/*.py",
    "raysft/train/*.py",
    "raysft/evaluate/decoding.py",
    "raysft/evaluate/reference_loss.py",
    "raysft/evaluate/llama_step.py",
    "raysft/evaluate/row_cache.py",
    "raysft/evaluate/transformers_engine.py",
    "raysft/sweep/evaluation_worker.py",
)


def modules() -> list[Path]:
    found = [path for top in ("raysft", "analysis") for path in sorted((ROOT / top).rglob("*.py"))]
    assert len(found) > 20
    return found


@cache
def imported(path: Path) -> tuple[str, ...]:
    """Every module a file imports, also inside functions and under TYPE_CHECKING."""
    return tuple(_imported(path))


def _imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: write the whole name of the module"
            assert node.module
            # `from raysft import spec` imports the room `spec`, not only the package.
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def room(path: Path) -> str:
    parts = path.relative_to(ROOT).parts
    return "analysis" if parts[0] == "analysis" else parts[1].removesuffix(".py")


def importers(library: str) -> list[str]:
    found = [path for path in modules() if any(name.split(".")[0] == library for name in imported(path))]
    return [str(path.relative_to(ROOT)) for path in found]


@pytest.mark.parametrize("name", sorted(MAY_IMPORT))
def test_a_room_imports_only_what_lies_below_it(name: str) -> None:
    wrong = [
        f"{path.relative_to(ROOT)} imports {one}"
        for path in modules()
        if room(path) == name
        for one in imported(path)
        if one.startswith("raysft.") and one.split(".")[1] not in MAY_IMPORT[name] | {name}
    ]
    assert not wrong


def test_every_room_is_in_the_table() -> None:
    assert {room(path) for path in modules()} <= {*MAY_IMPORT, "analysis", "__init__"}


def test_the_table_has_no_circle() -> None:
    below: set[str] = set()
    while left := MAY_IMPORT.keys() - below:
        ready = {name for name in left if MAY_IMPORT[name] <= below}
        assert ready, f"these import each other: {sorted(left)}"
        below |= ready


def test_raysft_does_not_know_analysis() -> None:
    assert [name for name in importers("analysis") if name.startswith("raysft/")] == []


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
        "raysft.cluster.files",
    ]
    code = f"import sys, {', '.join(light)}; print(*sorted({HEAVY!r} & sys.modules.keys()))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
