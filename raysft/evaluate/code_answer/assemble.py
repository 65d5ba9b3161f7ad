"""A program from the statements of an answer: its start, what it needs, the function's own run."""

import ast
import builtins
import sys
from collections.abc import Iterable, Sequence

from raysft.evaluate.code_answer.parsing import Function, local_names, used_names
from raysft.evaluate.code_answer.statements import Statement

_KNOWN = frozenset(dir(builtins)) | {"__name__", "__file__"}
_STAYS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom, ast.Raise)
_INTERACTIVE = frozenset({"input", "exit", "quit", "unittest", "doctest", "pytest"})


def without_uses(run: Sequence[Statement], entry_point: str) -> list[Statement]:
    """A run without what says nothing about the function.

    That are assertions, tests, statements that only use the function or ask for input, statements behind it
    that have nothing to do with it (`sys.exit(0)`), and imports from outside the standard library for these.
    """
    users = {entry_point, *_INTERACTIVE}
    kept: list[Statement] = []
    for statement in run:
        uses = any(used_names(node) & users or _calls_method(node, entry_point) for node in statement.nodes)
        defines = all(isinstance(node, Function | ast.ClassDef) for node in statement.nodes)
        imports = all(isinstance(node, ast.Import | ast.ImportFrom) for node in statement.nodes)
        if any(isinstance(node, ast.Assert) or _is_test(node) for node in statement.nodes):
            continue
        if defines or imports or not uses or entry_point in statement.names:
            kept.append(statement)
        if uses and not imports:
            users |= statement.names - {entry_point}
    return _without_unused_imports(_without_what_follows(kept, entry_point))


def _is_test(node: ast.stmt) -> bool:
    """Whether a function is decorated by a library for tests."""
    return isinstance(node, Function) and any(used_names(one) & _INTERACTIVE for one in node.decorator_list)


def _without_what_follows(run: Sequence[Statement], entry_point: str) -> list[Statement]:
    """A run without the statements behind the function that touch no name which is read from its module."""
    place = next((at for at, one in enumerate(run) if entry_point in one.names), len(run))
    wanted = set().union(*(_read(node) for one in run[: place + 1] for node in one.nodes))
    stays = [all(isinstance(node, _STAYS) for node in one.nodes) for one in run]
    for one, stay in zip(run[place + 1 :], stays[place + 1 :], strict=True):
        wanted |= set().union(*map(_read, one.nodes)) if stay else set()
    kept: list[Statement] = []
    for at in range(len(run) - 1, place, -1):  # backwards: what a kept one reads is bound before it
        used = set().union(*map(used_names, run[at].nodes))
        if stays[at] or (run[at].names | used - _KNOWN) & wanted:
            kept.append(run[at])
            wanted |= used
    return [*run[: place + 1], *reversed(kept)]


def _read(node: ast.stmt) -> set[str]:
    """Names that a statement reads from its module, now or when it is called."""
    return used_names(node) - (local_names(node) if isinstance(node, Function | ast.ClassDef) else set())


def _without_unused_imports(run: Sequence[Statement]) -> list[Statement]:
    """A run without unused imports of libraries that a machine may lack."""
    used = set().union(*(used_names(node) for one in run for node in one.nodes))
    return [one for one in run if one.names & (used | {"*"}) or not all(map(_is_foreign, one.nodes))]


def _is_foreign(node: ast.stmt) -> bool:
    if isinstance(node, ast.Import):
        modules = [alias.name for alias in node.names]
    elif isinstance(node, ast.ImportFrom) and node.module:
        modules = [node.module]
    else:
        return False
    return not any(module.partition(".")[0] in sys.stdlib_module_names for module in modules)


def _calls_method(node: ast.stmt, name: str) -> bool:
    return any(isinstance(one, ast.Attribute) and one.attr == name for one in ast.walk(node))


def assembled(
    start: str, run: Sequence[Statement], others: Sequence[Statement], around: Iterable[ast.AST]
) -> str:
    """A program of what it starts with, the others that it needs, and a run of statements.

    Args:
        start: text at its top, such as the prompt.
        run: statements that come last.
        others: statements of the answer that are taken where a name is bound by nothing else.
        around: trees of what stands at the top, and of what will run after the program.
    """
    needed = _needed([*around, *(node for one in run for node in one.nodes)], others)
    future = [one.text for one in [*needed, *run] if _is_future(one)]
    rest = [one.text for one in [*needed, *run] if not _is_future(one)]
    return "\n".join([*future, start, *(["\n", *rest] if rest else []), ""])


def _is_future(statement: Statement) -> bool:
    """Such an import is allowed at the top of a file only."""
    return any(isinstance(node, ast.ImportFrom) and node.module == "__future__" for node in statement.nodes)


def _needed(trees: Sequence[ast.AST], others: Sequence[Statement]) -> list[Statement]:
    """Those of the others that bind a name which is used and bound nowhere, and what these use in turn."""
    bound = _KNOWN.union(*map(local_names, trees))
    missing = set().union(*map(used_names, trees)) - bound
    if not missing:
        return []
    binding: dict[str, list[Statement]] = {}
    for one in others:
        for name in one.names:
            binding.setdefault(name, []).append(one)
    chosen: set[Statement] = set(binding.get("*", []))
    waiting = list(missing)
    while waiting:
        for one in binding.pop(waiting.pop(), []):
            chosen.add(one)
            waiting += set().union(*map(used_names, one.nodes)) - bound
    return [one for one in others if one in chosen]
