"""Python's own parser on the text of strangers, within bounds, and what is asked of its trees."""

import ast
import warnings
from collections.abc import Iterator, Sequence

MOST_CHARACTERS = 50_000
"""Of an answer that are read: 12,000 tokens or so."""
_MOST_PARSED = 12 * MOST_CHARACTERS
"""Characters given to the parser for one answer, all attempts together: about a second."""


class Parser:
    """Parses pieces of one answer until its share of work is used up."""

    def __init__(self) -> None:
        self._left = _MOST_PARSED

    @property
    def spent(self) -> bool:
        """Whether enough was tried."""
        return self._left < 0

    def charge(self, characters: int) -> None:
        """Count characters that were looked at."""
        self._left -= characters

    def parse(self, source: str) -> ast.Module | None:
        """The tree, or None: it is not Python, nests too deep for the parser, or too much was tried.

        Nesting is bounded by CPython itself (200 brackets, 100 levels of indentation, its own stack).
        """
        self.charge(len(source) + 1)
        if self.spent:
            return None
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # such as of "\d", which says nothing about the answer
                return ast.parse(source)
        except (SyntaxError, ValueError, MemoryError, RecursionError):
            return None


Function = ast.FunctionDef | ast.AsyncFunctionDef
_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_INERT = (ast.Pass, ast.Global, ast.Nonlocal, ast.Import, ast.ImportFrom)
_DOING = (
    *(ast.Return, ast.Raise, ast.Assign, ast.AugAssign, ast.Delete),
    *(ast.For, ast.AsyncFor, ast.While, ast.If, ast.With, ast.AsyncWith, ast.Try, ast.TryStar, ast.Match),
)


def is_stub(node: ast.stmt) -> bool:
    """Whether a function does nothing: `pass`, `...`, an exception that says so, a docstring."""
    return isinstance(node, Function) and all(map(_does_nothing, node.body))


def _does_nothing(node: ast.stmt) -> bool:
    if isinstance(node, ast.Expr):
        return isinstance(node.value, ast.Constant)
    if isinstance(node, ast.Raise) and node.exc is not None:
        return any(
            isinstance(one, ast.Name) and one.id.startswith("NotImplemented") for one in ast.walk(node.exc)
        )
    if isinstance(node, ast.Assign):
        return all(isinstance(one, ast.Name) for one in node.targets)
    return isinstance(node, _INERT) or (isinstance(node, ast.Return) and node.value is None)


def is_prose(node: ast.stmt) -> bool:
    """Whether a statement at the top is prose that happens to parse: `Done`, `Complexity: linear`."""
    if isinstance(node, ast.Expr):
        return not any(isinstance(one, ast.Call | ast.Yield | ast.Await) for one in ast.walk(node.value))
    if isinstance(node, ast.AnnAssign):
        return node.value is None
    return isinstance(node, ast.Return | ast.Break | ast.Continue | ast.Pass | ast.Global | ast.Nonlocal)


def does_something(nodes: Sequence[ast.stmt]) -> bool:
    """Whether statements can be the body of a function with a value."""
    return any(isinstance(node, _DOING) and not _does_nothing(node) for node in nodes) or any(
        isinstance(node, ast.Expr) and isinstance(node.value, ast.Yield | ast.YieldFrom) for node in nodes
    )


def ends(nodes: Sequence[ast.stmt]) -> bool:
    """Whether nothing after these statements is ever reached."""
    waiting = [nodes]
    while waiting:
        block = waiting.pop()
        last = block[-1] if block else None
        if isinstance(last, ast.If):
            waiting += [last.body, last.orelse]
        elif isinstance(last, ast.Try):
            waiting += [last.body, *(one.body for one in last.handlers)]
        elif not isinstance(last, ast.Return | ast.Raise):
            return False
    return True


def bound_names(node: ast.stmt) -> set[str]:
    """Names that a statement at the top binds; `*` for all those of a module."""
    return set(_bound(node))


def _bound(node: ast.AST) -> Iterator[str]:
    """Not recursive into new scopes; the depth of trees is bounded by the parser."""
    waiting = [node]
    while waiting:
        one = waiting.pop()
        if isinstance(one, _SCOPES):
            yield one.name
        elif isinstance(one, ast.Import | ast.ImportFrom):
            yield from ((alias.asname or alias.name).partition(".")[0] for alias in one.names)
        elif isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store):
            yield one.id
        elif not isinstance(one, ast.Lambda):
            waiting.extend(ast.iter_child_nodes(one))


def used_names(node: ast.AST) -> set[str]:
    """Names that are read anywhere in a tree."""
    return {one.id for one in ast.walk(node) if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Load)}


def local_names(node: ast.AST) -> set[str]:
    """Names that are bound anywhere in a tree, in whatever scope."""
    found: set[str] = set()
    for one in ast.walk(node):
        if isinstance(one, ast.Name) and not isinstance(one.ctx, ast.Load):
            found.add(one.id)
        elif isinstance(one, ast.arg):
            found.add(one.arg)
        elif isinstance(one, _SCOPES):
            found.add(one.name)
        elif isinstance(one, ast.Import | ast.ImportFrom):
            found.update((alias.asname or alias.name).partition(".")[0] for alias in one.names)
        elif isinstance(one, ast.ExceptHandler | ast.MatchAs | ast.MatchStar) and one.name:
            found.add(one.name)
    return found
