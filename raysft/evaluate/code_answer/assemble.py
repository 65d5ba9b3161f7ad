"""A program from the statements of an answer: its start, what it needs, the function's own run."""

import ast
import builtins
from collections.abc import Iterable, Sequence

from raysft.evaluate.code_answer.parsing import Function, local_names, used_names
from raysft.evaluate.code_answer.statements import Statement

_KNOWN = frozenset(dir(builtins)) | {"__name__", "__file__"}
_INTERACTIVE = frozenset({"input", "exit", "quit", "unittest", "doctest", "pytest"})


def without_uses(run: Sequence[Statement], entry_point: str) -> list[Statement]:
    """A run without assertions and without statements that only use the function or ask for input."""
    users = {entry_point, *_INTERACTIVE}
    kept: list[Statement] = []
    for statement in run:
        uses = any(used_names(node) & users or _calls_method(node, entry_point) for node in statement.nodes)
        defines = all(isinstance(node, Function | ast.ClassDef) for node in statement.nodes)
        imports = all(isinstance(node, ast.Import | ast.ImportFrom) for node in statement.nodes)
        if any(isinstance(node, ast.Assert) for node in statement.nodes):
            continue
        if defines or imports or not uses or entry_point in statement.names:
            kept.append(statement)
        if uses and not imports:
            users |= statement.names - {entry_point}
    return kept


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
