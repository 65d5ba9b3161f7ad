"""What a code exercise is composed of: operations on one type of value, and what is returned at the end.

Each operation is held twice: as the source text that a model must learn to write, and as a Python
callable that computes the same, so that expected values need no generated code to be run. The tests run every
source through the program runner against those values.
"""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Generic, TypeVar

from raysft.data.world.draw import Ranked

V = TypeVar("V")


@dataclass(frozen=True)
class Settings:
    """The parameters of one use of an operation; most use none or one."""

    k: int
    """A number from 2 to 9."""
    c: str
    """A letter that occurs in the words."""
    d: str
    """A letter that does not."""

    @classmethod
    def drawn(cls, rng: Random) -> "Settings":
        """Parameters at random."""
        return cls(rng.randint(2, 9), rng.choice("abelot"), rng.choice("xyz"))

    def write(self, template: str, variable: str) -> str:
        """A phrase or a source with the parameters and the name of the variable in their places."""
        return template.format(v=variable, k=self.k, c=self.c, d=self.d)


@dataclass(frozen=True)
class Operation(Generic[V]):
    """One change to a value: a line of the body."""

    phrase: str
    """How a docstring says it."""
    other_phrase: str
    """Another way to say it, used in a third of the cases."""
    source: str
    """The line of Python; `{v}` is the variable."""
    compute: Callable[[V, Settings], V]


@dataclass(frozen=True)
class Ending(Generic[V]):
    """What is returned at the end: the last line of the body."""

    phrase: str
    source: str
    """An expression."""
    compute: Callable[[V, Settings], object]


@dataclass(frozen=True)
class Family(Generic[V]):
    """Operations on one type of value."""

    operations: Ranked[Operation[V]]
    endings: Ranked[Ending[V]]
    variables: tuple[str, ...]
    functions: tuple[str, ...]
    argument: Callable[[Random], V]
    """Draws a value to test with."""
