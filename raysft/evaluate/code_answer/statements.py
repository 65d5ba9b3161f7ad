"""The statements of Python in a text that is part prose, each parsed by itself, in runs without prose.

A statement that is no Python is left out with its first line only, since prose often ends in `:` or opens a
bracket; a function or class that is none is left out whole, so that no part of it passes for something else.
"""

import ast
import keyword
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from raysft.evaluate.code_answer.lexing import Lexer, lexed
from raysft.evaluate.code_answer.parsing import Parser, bound_names, is_prose

_DEFINITION = re.compile(r"\s*(?:async\s+def|def|class)\s+(\w+)\s*[(:\[]")
_GOES_ON = re.compile(r"\s*(?:else|elif|except|finally|case)\b|\s*[)\]}]")
_LEAVES = re.compile(r"(?:return|raise)\b")
_KEYWORDS = "|".join(keyword.kwlist)
_PROSE = re.compile(
    rf"[^\w\s]*\s*[A-Z\d]|[^\w'\u2019]*(?!(?:{_KEYWORDS})\b)(?:[a-z'\u2019]+,?\s+[a-z'\u2019]+|\w+[!.:,]+$)"
)
"""`The result is`, `2. Next`, `here's why`, `done.`"""
_PROSE_SHOWS = 200
"""By so many characters of a line."""


@dataclass(frozen=True, eq=False)
class Statement:
    """A statement at the top of a text, as it is written."""

    lines: tuple[str, ...]
    """Without the margin of the text around it."""
    nodes: tuple[ast.stmt, ...]
    """Several where `;` joins them."""

    @cached_property
    def names(self) -> set[str]:
        """What it binds."""
        return {name for node in self.nodes for name in bound_names(node)}

    @property
    def text(self) -> str:
        """As it is written."""
        return "\n".join(self.lines)


@dataclass
class Runs:
    """What a segment holds."""

    runs: list[list[Statement]] = field(default_factory=list)
    """Statements with nothing but blank lines and comments between them."""
    broken: dict[str, str] = field(default_factory=dict)
    """Functions and classes that are no Python, by name, as they are written."""


def indentation(line: str) -> str:
    """The white space that a line begins with."""
    return line[: len(line) - len(line.lstrip())]


def looks_like_prose(line: str) -> bool:
    """Whether a line that is no Python was not meant to be any."""
    return _PROSE.match(line[:_PROSE_SHOWS]) is not None


def runs_of(lines: Sequence[str], parser: Parser) -> Runs:
    """Every statement in a segment."""
    found = Runs([[]])
    place = 0
    while place < len(lines) and not parser.spent:
        if not lines[place].strip() or lines[place].lstrip().startswith("#"):
            place += 1
            continue
        piece = _piece(lines, place)
        statement = _statement(piece, parser)
        if statement is not None:
            found.runs[-1].append(statement)
            place += len(piece)
            continue
        found.runs.append([])
        defined = next((one for line in piece if (one := _DEFINITION.match(line))), None)
        if defined and (piece[0].lstrip().startswith("@") or _DEFINITION.match(piece[0])):
            found.broken.setdefault(defined.group(1), "\n".join(_at_the_margin(piece)))
            place += len(piece)
        else:
            place += 1
    found.runs = [run for run in found.runs if run]
    return found


def _piece(lines: Sequence[str], start: int) -> list[str]:
    """The lines that belong to the one at `start`: deeper ones, and those that it cannot end before."""
    margin = indentation(lines[start])
    lexer = Lexer()
    end, decorated = start, True
    for place in range(start, len(lines)):
        line = lines[place]
        goes_on = lexer.in_statement or decorated or _is_deeper(line, margin) or _GOES_ON.match(line)
        if line.strip() and not goes_on and not line.lstrip().startswith("#"):
            break
        lexer.feed(line)
        if goes_on and line.strip():
            end = place
        decorated = decorated and (line.lstrip()[:1] in ("@", "#", "") or lexer.in_statement)
    return list(lines[start : end + 1])


def _is_deeper(line: str, margin: str) -> bool:
    return line.startswith(margin) and line[len(margin) : len(margin) + 1] in (" ", "\t")


def _at_the_margin(piece: Sequence[str]) -> list[str]:
    """Lines without the margin of the first; those inside strings only where all others have it too."""
    margin = indentation(piece[0])
    everywhere = all(line.startswith(margin) for line in piece if line.strip())
    return [
        line if inside and not everywhere else line.removeprefix(margin) for line, inside, _ in lexed(piece)
    ]


def _statement(piece: Sequence[str], parser: Parser) -> Statement | None:
    lines = _at_the_margin(piece)
    tree = parser.parse("\n".join(lines))
    if tree is None and _DEFINITION.match(lines[0]):
        lines = _shortened(lines)
        tree = parser.parse("\n".join(lines))
    if tree is None or not tree.body or any(map(is_prose, tree.body)):
        return None
    return Statement(tuple(lines), tuple(tree.body))


def _shortened(lines: list[str]) -> list[str]:
    """A function up to its own `return`, after which nothing is reached; a signature alone with `pass`."""
    lexer = Lexer()
    margin: str | None = None
    leaves = False
    for place, line in enumerate(lines):
        begins = not lexer.in_statement and line.strip() != ""
        if begins and leaves:
            return lines[:place]
        if begins and place and margin is None:
            margin = indentation(line)
        leaves = leaves or (begins and margin is not None and _leaves(line, margin))
        lexer.feed(line)
    return lines if margin is not None else [*lines, f"{indentation(lines[0])}    pass"]


def _leaves(line: str, margin: str) -> bool:
    return line.startswith(margin) and _LEAVES.match(line, len(margin)) is not None


def beginning(lines: Sequence[str], parser: Parser) -> Iterator[tuple[Statement, int]]:
    """The statements with which lines begin, each with the place behind it, up to what is no Python.

    What would be prose at the top of a module is taken: these are statements of a function.
    """
    place = 0
    while place < len(lines):
        if not lines[place].strip() or lines[place].lstrip().startswith("#"):
            place += 1
            continue
        piece = _piece(lines, place)
        tree = parser.parse("\n".join(_at_the_margin(piece)))
        if tree is None:
            return
        place += len(piece)
        yield Statement(tuple(piece), tuple(tree.body)), place
