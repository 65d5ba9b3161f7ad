"""How many tokens the subsets of a source have: counted, or as the sweep file expects."""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, Protocol

Basis = Literal["counted", "sampled", "expected"]
"""Where numbers of tokens come from: every conversation was tokenised, some were, or none."""


class TokenSum(NamedTuple):
    """Tokens of a subset, seen once."""

    tokens: float
    """After cutting, splitting and dropping at `max_length`."""
    supervised: float
    """Of these, the ones that enter the loss."""
    squares: float
    """Squared tokens of each conversation, which is what attention costs."""


class TokenCounts(Protocol):
    """Tokens of one source under one tokenizer, template and longest sequence."""

    @property
    def basis(self) -> Basis:
        """Where the numbers come from."""

    def total(self, seed: int, count: int, /) -> TokenSum:
        """Of the first `count` conversations in the order of a seed; beyond the last one it begins again."""

    def longest(self, seed: int, supervised: int, /) -> int:
        """Conversations of the longest prefix that has at most so many supervised tokens."""


@dataclass(frozen=True)
class MeanTokens:
    """The same number for every conversation: what is expected, or the mean of a sample."""

    tokens: float
    supervised: float
    """Above 0."""
    basis: Basis = "expected"

    def total(self, _seed: int, count: int, /) -> TokenSum:
        """Count times the mean."""
        return TokenSum(self.tokens * count, self.supervised * count, self.tokens**2 * count)

    def longest(self, _seed: int, supervised: int, /) -> int:
        """Rounded down; rounding noise is ignored, so that what all have together is all."""
        # 1,000 conversations of 83.7 are 83,700 tokens, of which a division may make 999.9999999999999.
        return int(round(supervised / self.supervised, 9))


class PrefixSums(NamedTuple):
    """Running totals along one order: entry n is the sum over the first n conversations."""

    tokens: Sequence[int]
    supervised: Sequence[int]
    squares: Sequence[int]

    def upto(self, count: int) -> TokenSum:
        """The sum over the first conversations."""
        return TokenSum(self.tokens[count], self.supervised[count], self.squares[count])


def added(sums: Iterable[TokenSum]) -> TokenSum:
    """The sum of sums."""
    found = list(sums)
    return TokenSum(
        sum(one.tokens for one in found),
        sum(one.supervised for one in found),
        sum(one.squares for one in found),
    )


class SumsOfSeed(Protocol):
    """Makes the running totals in the order of a seed."""

    def __call__(self, seed: int) -> PrefixSums:
        """One more entry than there are conversations; the first is 0."""


class CountedTokens:
    """Every conversation counted.

    Args:
        rows: conversations of the source.
        whole: of all of them; None where a seed chooses among more than can be used at once.
        sums_of_seed: running totals of an order.
    """

    basis: Basis = "counted"

    def __init__(self, rows: int, whole: TokenSum | None, sums_of_seed: SumsOfSeed) -> None:
        self._rows, self._whole, self._sums_of_seed = rows, whole, sums_of_seed
        self._kept: dict[int, PrefixSums] = {}

    def total(self, seed: int, count: int) -> TokenSum:
        """Exact: whole passes, and the prefix that is left."""
        passes, rest = divmod(count, self._rows)
        if self._whole is not None and not rest:  # no need to order a source to add it up
            return added([self._whole] * passes)
        sums = self._sums(seed)
        return added([*[sums.upto(self._rows)] * passes, sums.upto(rest)])

    def longest(self, seed: int, supervised: int) -> int:
        """Exact: one more would have too many. No pass is begun for conversations without any."""
        sums = self._sums(seed).supervised
        if not sums[-1]:
            return self._rows
        passes, rest = divmod(supervised, sums[-1])
        more = bisect_right(sums, rest) - 1
        # Of 0, 0, 5 and 5 tokens 10 buy all four, and not the first two once more.
        return passes * self._rows + (0 if passes and not sums[more] else more)

    def _sums(self, seed: int) -> PrefixSums:
        if seed not in self._kept:
            self._kept[seed] = self._sums_of_seed(seed)
        return self._kept[seed]
