"""From an answer to the program that it means.

In this order, over all views and segments of an answer (`views.py`): the first run of statements that gives
the wanted function a body, by `def`, a class or an assignment; a body for the prompt's own function; a method
of that name, called on an object of its class. The first counts where there are several. A function that is
no Python is taken as it is, and fails: no part of it is made to pass. So is code that is something else than
the function: the answer is wrong, not without a program.

The program is the prompt, which has the imports and helpers that a model need not repeat; what the function
needs from the rest of the answer; the function with the statements around it. Left out are assertions, and
statements that use the function or ask for input: examples and tests say nothing about it, and may fail.

Not covered: a correction in a later piece of the answer; code as a string in JSON.
"""

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from raysft.evaluate.code_answer.assemble import assembled, without_uses
from raysft.evaluate.code_answer.body import with_body
from raysft.evaluate.code_answer.parsing import Function, Parser, is_stub
from raysft.evaluate.code_answer.statements import Runs, Statement, runs_of
from raysft.evaluate.code_answer.views import Lines, segments, views

_RETURNS = re.compile(r"\s*return\b(?! +[a-z]+ +[a-z])")


def program_in_answer(text: str, prompt: str, entry_point: str, later: str = "") -> str | None:
    """The whole program, or None if the answer holds none.

    Args:
        text: what the model said.
        prompt: Python that ends with the signature and docstring of the wanted function; may be empty.
        entry_point: name of that function.
        later: Python that will run after the program and may use what else it defines.
    """
    search = _Search(prompt, entry_point, later, Parser())
    broken: list[str] = []
    other: list[str] = []
    for lines in views(text):
        for pieces in segments(lines):
            held = [runs_of(piece, search.parser) for piece in pieces]
            broken += [one.broken[entry_point] for one in held if entry_point in one.broken]
            other += other or _other_code(lines, held)
            found = (
                search.function(held)
                or (None if broken else search.body(pieces, held))
                or search.method(held)
            )
            if found is not None:
                return found
    return next((f"{prompt}\n\n{code}\n" for code in [*broken, *other]), None)


@dataclass(frozen=True)
class _Search:
    """What is looked for, and by what parser."""

    prompt: str
    entry_point: str
    later: str
    parser: Parser

    def function(self, held: Sequence[Runs]) -> str | None:
        """The first run of statements that gives the function a body."""
        name = self.entry_point
        runs = (run for run in _runs(held) if any(_gives(statement, name) for statement in run))
        return next((self._with_run(run, held) for run in runs), None)

    def body(self, pieces: Sequence[Lines], held: Sequence[Runs]) -> str | None:
        """The first body for the prompt's own function, from a segment that does not write that function."""
        if not self.prompt.strip():
            return None
        for piece, own in zip(pieces, held, strict=True):
            if not _writes(own, self.entry_point):
                source = with_body(piece, self.prompt, self.entry_point, self.parser)
                if source is not None:
                    return assembled(source, [], _others(held, []), self._trees(source))
        return None

    def method(self, held: Sequence[Runs]) -> str | None:
        """The first class with a method of that name, and the function as its method."""
        for run in _runs(held):
            for node in (node for statement in run for node in statement.nodes):
                if isinstance(node, ast.ClassDef) and _has_method(node, self.entry_point):
                    program, name = self._with_run(run, held), self.entry_point
                    return f"{program}\n{name} = {node.name}().{name}\n"
        return None

    def _with_run(self, run: Sequence[Statement], held: Sequence[Runs]) -> str:
        start = "\n".join([*self._inner_imports(), self.prompt])
        return assembled(start, without_uses(run, self.entry_point), _others(held, run), self._trees(start))

    def _inner_imports(self) -> list[str]:
        """What the prompt's unfinished function imports: the finished one takes its place, and may not."""
        tree = self.parser.parse(self.prompt)
        functions = [one for one in (tree.body if tree else ()) if isinstance(one, Function)]
        inner = [node for one in functions if one.name == self.entry_point for node in one.body]
        return [ast.unparse(node) for node in inner if isinstance(node, ast.Import | ast.ImportFrom)]

    def _trees(self, start: str) -> list[ast.Module]:
        return [tree for text in (start, self.later) if (tree := self.parser.parse(text)) is not None]


def _other_code(lines: Lines, held: Sequence[Runs]) -> list[str]:
    """Code that is not the function: another function or class, a line that returns."""
    broken = [text for one in held for text in one.broken.values()]
    defined = [
        statement.text
        for run in _runs(held)
        for statement in run
        if any(isinstance(node, Function | ast.ClassDef) for node in statement.nodes)
    ]
    return [*broken, *defined, *(line.strip() for line in lines if _RETURNS.match(line))][:1]


def _runs(held: Sequence[Runs]) -> Iterator[list[Statement]]:
    return (run for one in held for run in one.runs)


def _others(held: Sequence[Runs], run: Sequence[Statement]) -> list[Statement]:
    return [statement for other in _runs(held) if other is not run for statement in other]


def _gives(statement: Statement, name: str) -> bool:
    """Whether a statement binds the name to more than a signature."""
    return name in statement.names and not any(is_stub(node) for node in statement.nodes)


def _writes(held: Runs, name: str) -> bool:
    """Whether a function of that name is written anywhere, as a method or a stub."""
    nodes = (node for run in held.runs for statement in run for node in statement.nodes)
    return any(isinstance(one, Function) and one.name == name for node in nodes for one in ast.walk(node))


def _has_method(node: ast.ClassDef, name: str) -> bool:
    return any(isinstance(one, Function) and one.name == name and not is_stub(one) for one in node.body)
