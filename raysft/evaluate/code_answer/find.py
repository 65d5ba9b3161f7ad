"""From an answer to the program that it means.

In this order, over all views and segments of an answer (`views.py`): the first run of statements that gives
the wanted function a body, by `def`, a class or an assignment; a body for the prompt's own function; a method
of that name, called on an object of its class. The first counts where there are several, as in a reader's
eye. A function that is no Python is taken as it is, and fails: no part of it is made to pass.

The program is the prompt, which has the imports and helpers that a model need not repeat; what the function
needs from the rest of the answer; the function with the statements around it. Left out are assertions, and
statements that use the function or ask for input: examples and tests say nothing about it, and may fail.

Not covered: a correction in a later piece of the answer; code as a string in JSON.
"""

import ast
import builtins
from collections.abc import Iterator, Sequence

from raysft.evaluate.code_answer.body import with_body
from raysft.evaluate.code_answer.parsing import Function, Parser, is_stub, local_names, used_names
from raysft.evaluate.code_answer.statements import Runs, Statement, runs_of
from raysft.evaluate.code_answer.views import Lines, segments, views

_KNOWN = frozenset(dir(builtins)) | {"__name__", "__file__"}
_INTERACTIVE = frozenset({"input", "exit", "quit", "unittest", "doctest", "pytest"})


def program_in_answer(text: str, prompt: str, entry_point: str) -> str | None:
    """The whole program, or None if the answer holds none.

    Args:
        text: what the model said.
        prompt: Python that ends with the signature and docstring of the wanted function; may be empty.
        entry_point: name of that function.
    """
    parser = Parser()
    broken: str | None = None
    for lines in views(text):
        for pieces in segments(lines):
            held = [runs_of(piece, parser) for piece in pieces]
            found = _function(held, prompt, entry_point, parser)
            broken = broken or next(
                (one.broken[entry_point] for one in held if entry_point in one.broken), None
            )
            if found is None and broken is None:
                found = _body(pieces, held, prompt, entry_point, parser)
            if found is None:
                found = _method(held, prompt, entry_point, parser)
            if found is not None:
                return found
    return None if broken is None else f"{prompt}\n\n{broken}\n"


def _function(held: Sequence[Runs], prompt: str, entry_point: str, parser: Parser) -> str | None:
    for run in _runs(held):
        if any(_gives(statement, entry_point) for statement in run):
            start = _with_inner_imports(prompt, entry_point, parser)
            return _program(start, _without_uses(run, entry_point), _others(held, run), parser)
    return None


def _with_inner_imports(prompt: str, entry_point: str, parser: Parser) -> str:
    """The prompt with what its unfinished function imports also above it: the finished one has none of it."""
    tree = parser.parse(prompt)
    functions = (node for node in (tree.body if tree else ()) if isinstance(node, Function))
    bodies = (function.body for function in functions if function.name == entry_point)
    imports = [
        ast.unparse(one) for body in bodies for one in body if isinstance(one, ast.Import | ast.ImportFrom)
    ]
    return "\n".join([*imports, prompt])


def _runs(held: Sequence[Runs]) -> Iterator[list[Statement]]:
    return (run for one in held for run in one.runs)


def _others(held: Sequence[Runs], run: Sequence[Statement]) -> list[Statement]:
    return [statement for other in _runs(held) if other is not run for statement in other]


def _gives(statement: Statement, name: str) -> bool:
    """Whether a statement binds the name to more than a signature."""
    return name in statement.names and not any(is_stub(node) for node in statement.nodes)


def _body(
    pieces: Sequence[Lines], held: Sequence[Runs], prompt: str, entry_point: str, parser: Parser
) -> str | None:
    for piece, own in zip(pieces, held, strict=True):
        if prompt.strip() and not _mentions(own, entry_point):
            source = with_body(piece, prompt, entry_point, parser)
            if source is not None:
                return _program(source, [], _others(held, []), parser)
    return None


def _mentions(held: Runs, name: str) -> bool:
    """Whether a function of that name is written anywhere, as a method or a stub."""
    nodes = (node for run in held.runs for statement in run for node in statement.nodes)
    return any(isinstance(one, Function) and one.name == name for node in nodes for one in ast.walk(node))


def _method(held: Sequence[Runs], prompt: str, entry_point: str, parser: Parser) -> str | None:
    for run in _runs(held):
        for statement in run:
            for node in statement.nodes:
                if isinstance(node, ast.ClassDef) and any(
                    isinstance(one, Function) and one.name == entry_point and not is_stub(one)
                    for one in node.body
                ):
                    start = _with_inner_imports(prompt, entry_point, parser)
                    program = _program(start, _without_uses(run, entry_point), _others(held, run), parser)
                    return f"{program}\n{entry_point} = {node.name}().{entry_point}\n"
    return None


def _without_uses(run: Sequence[Statement], entry_point: str) -> list[Statement]:
    """A run without assertions and without statements that only use the function or ask for input."""
    users = {entry_point, *_INTERACTIVE}
    kept: list[Statement] = []
    for statement in run:
        uses = any(used_names(node) & users for node in statement.nodes)
        defines = all(isinstance(node, Function | ast.ClassDef) for node in statement.nodes)
        imports = all(isinstance(node, ast.Import | ast.ImportFrom) for node in statement.nodes)
        if any(isinstance(node, ast.Assert) for node in statement.nodes):
            continue
        if defines or imports or not uses or entry_point in statement.names:
            kept.append(statement)
        if uses and not imports:
            users |= statement.names - {entry_point}
    return kept


def _program(start: str, run: Sequence[Statement], others: Sequence[Statement], parser: Parser) -> str:
    """A program of what it starts with, the others that it needs, and a run of statements."""
    needed = _needed(start, run, others, parser)
    future = [one.text for one in [*needed, *run] if _is_future(one)]
    rest = [one.text for one in [*needed, *run] if not _is_future(one)]
    return "\n".join([*future, start, *(["\n", *rest] if rest else []), ""])


def _is_future(statement: Statement) -> bool:
    """Such an import is allowed at the top of a file only."""
    return any(isinstance(node, ast.ImportFrom) and node.module == "__future__" for node in statement.nodes)


def _needed(
    start: str, run: Sequence[Statement], others: Sequence[Statement], parser: Parser
) -> list[Statement]:
    """Those of the others that bind a name which is used and bound nowhere, and what these use in turn."""
    tree = parser.parse(start)
    trees: list[ast.AST] = [*([tree] if tree else []), *(node for one in run for node in one.nodes)]
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
