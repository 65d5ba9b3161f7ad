"""The rules of the house that no linter holds."""

import ast
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
from support.places import ROOT

LONGEST_MODULE = 300
LONGEST_FUNCTION = 60
SAYS_NOTHING = {
    "utils.py",
    "util.py",
    "helpers.py",
    "helper.py",
    "common.py",
    "misc.py",
    "tools.py",
    "shared.py",
}
LEFT_FOR_LATER = re.compile(r"\b(TODO|FIXME|XXX|HACK|NotImplementedError)\b")
RUNS_PROGRAMS = "raysft/sandbox/program_worker.py"
"""The one file whose purpose is to run generated programs."""
UNPICKLES = {"pickle", "cloudpickle", "dill", "marshal", "shelve", "joblib"}

Function = ast.FunctionDef | ast.AsyncFunctionDef


def sources() -> list[Path]:
    found = [
        path for top in ("raysft", "analysis", "benchmarks") for path in sorted((ROOT / top).rglob("*.py"))
    ]
    assert len(found) > 20
    return found


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


@cache
def nodes(path: Path) -> tuple[ast.AST, ...]:
    return tuple(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))


def functions(path: Path) -> list[Function]:
    return [node for node in nodes(path) if isinstance(node, Function)]


def called(node: ast.Call) -> str:
    return ast.unparse(node.func)


def unannotated(function: Function) -> bool:
    given = function.args
    arguments = [
        *given.posonlyargs,
        *given.args,
        *given.kwonlyargs,
        *filter(None, [given.vararg, given.kwarg]),
    ]
    bare = [one.arg for one in arguments if one.annotation is None and one.arg not in ("self", "cls")]
    return bool(bare) or function.returns is None


def unpickles(node: ast.AST) -> bool:
    match node:
        case ast.Import(names=names):
            return any(alias.name.split(".")[0] in UNPICKLES for alias in names)
        case ast.ImportFrom(module=str(module)):
            return module.split(".")[0] in UNPICKLES
        case ast.Call(keywords=keywords):
            allows = any(
                word.arg == "allow_pickle" and ast.unparse(word.value) != "False" for word in keywords
            )
            return allows or called(node) == "torch.load"
    return False


def swallows(node: ast.AST) -> bool:
    """A handler for everything that raises nothing."""
    if not isinstance(node, ast.ExceptHandler):
        return False
    kinds = node.type.elts if isinstance(node.type, ast.Tuple) else [node.type]
    broad = any(kind is None or ast.unparse(kind) in ("Exception", "BaseException") for kind in kinds)
    return broad and not any(isinstance(inner, ast.Raise) for inner in ast.walk(node))


def test_no_module_is_too_long() -> None:
    lengths = {name(path): len(path.read_text(encoding="utf-8").splitlines()) for path in sources()}
    assert {path: lines for path, lines in lengths.items() if lines > LONGEST_MODULE} == {}


def test_no_function_is_too_long() -> None:
    wrong = [
        f"{name(path)}:{function.lineno} {function.name}"
        for path in sources()
        for function in functions(path)
        if (function.end_lineno or 0) - function.lineno + 1 > LONGEST_FUNCTION
    ]
    assert wrong == []


def test_every_file_name_says_what_is_in_it() -> None:
    everywhere = [*sources(), *(ROOT / "tests").rglob("*.py")]
    assert [name(path) for path in everywhere if path.name in SAYS_NOTHING] == []


def test_every_function_is_annotated() -> None:
    wrong = [
        f"{name(path)}:{function.lineno} {function.name}"
        for path in sources()
        for function in functions(path)
        if unannotated(function)
    ]
    assert wrong == []


def test_nothing_is_left_for_later() -> None:
    found = [name(path) for path in sources() if LEFT_FOR_LATER.search(path.read_text(encoding="utf-8"))]
    assert found == []


def test_nothing_is_unpickled() -> None:
    assert [
        f"{name(path)}:{node.lineno}" for path in sources() for node in nodes(path) if unpickles(node)
    ] == []


def test_text_is_run_as_a_program_in_one_file_only() -> None:
    found = {
        name(path)
        for path in sources()
        for node in nodes(path)
        if isinstance(node, ast.Call) and called(node) in ("eval", "exec", "compile")
    }
    assert found <= {RUNS_PROGRAMS}


def test_no_error_is_swallowed() -> None:
    found = [f"{name(path)}:{node.lineno}" for path in sources() for node in nodes(path) if swallows(node)]
    assert found == []


@pytest.mark.parametrize(
    ("code", "rule"),
    [
        ("import pickle", unpickles),
        ("from pickle import loads", unpickles),
        ("torch.load(path)", unpickles),
        ("numpy.load(path, allow_pickle=True)", unpickles),
        ("try: f()\nexcept: pass", swallows),
        ("try: f()\nexcept Exception: log()", swallows),
        ("try: f()\nexcept (ValueError, Exception): log()", swallows),
    ],
)
def test_the_rules_see_what_they_are_for(code: str, rule: Callable[[ast.AST], bool]) -> None:
    assert any(rule(node) for node in ast.walk(ast.parse(code)))
