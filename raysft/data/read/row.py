"""One row of a file, and what is said of a file that has none."""

from collections.abc import Iterator
from dataclasses import dataclass

from raysft.errors import InputError, Problem


@dataclass(frozen=True)
class Row:
    """One row as JSON gives it."""

    where: str
    """`file:line`, or `file, row k` where there are no lines; both count from 1."""
    value: object


Rows = Iterator[Row | Problem]


def refused(path: str, what: str, remedy: str) -> InputError:
    """What is wrong with a whole file."""
    return InputError([Problem(path, what, remedy)])
