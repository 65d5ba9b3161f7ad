"""Seeded randomness whose stream is the same in every process and Python version."""

from collections.abc import Sequence
from itertools import accumulate
from random import Random
from typing import Generic, TypeVar

T = TypeVar("T")


def seeded(*parts: str | int) -> Random:
    """A generator seeded by words, such as `seeded("math", "training", 0)`.

    A string seed goes through SHA-512 in the standard library, so it depends on no process-wide hash.
    """
    return Random("/".join(map(str, parts)))  # noqa: S311 - made-up exercises, no secrets


class Ranked(Generic[T]):
    """Options of falling weight, as words have in real text: the i-th weighs 1 / i^exponent."""

    def __init__(self, options: Sequence[T], exponent: float) -> None:
        self.options = tuple(options)
        self._cumulative = list(accumulate(1 / place**exponent for place in range(1, len(options) + 1)))

    def draw(self, rng: Random) -> T:
        """One option."""
        return rng.choices(self.options, cum_weights=self._cumulative)[0]
