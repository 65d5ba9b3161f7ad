"""Which lines of Python begin inside a string or a bracket; linear, for any text, whole or not.

Python's own tokeniser gives up at the first line of prose; this one goes on. Not covered: strings within the
braces of f-strings that use the same quotes (Python 3.12).
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise

_MARK = re.compile(r"\\.?|#|\"\"\"|'''|[\"'()\[\]{}]", re.DOTALL)


@dataclass
class Lexer:
    """Where a text stands after the lines that were fed to it."""

    quote: str = ""
    """The quotes of the string that is open; empty outside strings."""
    depth: int = 0
    """Open brackets."""
    continued: bool = False
    """The last line ends with a backslash."""

    @property
    def in_string(self) -> bool:
        """Whether the next line begins inside a string."""
        return bool(self.quote)

    @property
    def in_statement(self) -> bool:
        """Whether the next line goes on with the statement of the last one."""
        return bool(self.quote) or self.depth > 0 or self.continued

    def feed(self, line: str) -> list[int]:
        """Read one line; returns the places in it at which a string begins or ends, in turn."""
        edges: list[int] = []
        self.continued = False
        for found in _MARK.finditer(line):
            mark = found.group()
            if mark == "\\":
                self.continued = True
            elif self.quote:
                self._inside(mark, found.end(), edges)
            elif mark == "#":
                break
            elif mark[0] in "\"'":
                self.quote = mark
                edges.append(found.start())
            elif mark[0] != "\\":
                self.depth = max(0, self.depth + (1 if mark in "([{" else -1))
        if len(self.quote) == 1 and not self.continued:
            self.quote = ""
        return edges

    def _inside(self, mark: str, end: int, edges: list[int]) -> None:
        if mark[0] == self.quote[0] and (mark == self.quote or len(self.quote) == 1):
            self.quote = ""  # `"a"""` is a string, and an empty one behind it
            edges.append(end)


def lexed(lines: Iterable[str]) -> Iterator[tuple[str, bool, bool]]:
    """Each line, whether it begins inside a string, and whether it goes on with the statement before."""
    lexer = Lexer()
    for line in lines:
        yield line, lexer.in_string, lexer.in_statement
        lexer.feed(line)


def replaced_outside_strings(lines: Iterable[str], table: dict[int, str]) -> list[str]:
    """Lines with characters replaced, as by `str.translate`, wherever they are not part of a string."""
    lexer = Lexer()
    changed: list[str] = []
    for line in lines:
        inside = lexer.in_string
        bounds = [0, *lexer.feed(line), len(line)]
        pieces = [line[begin:end] for begin, end in pairwise(bounds)]
        changed.append(
            "".join(
                piece if (place % 2 == 1) != inside else piece.translate(table)
                for place, piece in enumerate(pieces)
            )
        )
    return changed
