"""The distinct conversations of a spool, and which of its rows are copies of which."""

from dataclasses import dataclass, replace
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from raysft.data.spool import Spool

COPY = "."
"""Between a content id and the number of a copy."""
_DIGITS = 32
"""Of a content id."""


@dataclass(frozen=True)
class Copies:
    """Distinct conversations in the order of their content ids, each with all its rows."""

    digests: NDArray[np.uint64]
    """Content id of each, as in `Spool`."""
    counts: NDArray[np.int64]
    """Rows of each, at least 1."""
    rows: NDArray[np.int64]
    """Rows of the first conversation as they were read, then those of the second, and so on."""

    @classmethod
    def of(cls, spool: Spool) -> "Copies":
        """Find the copies among all rows of a spool."""
        upper, lower = spool.digests.T
        rows = np.lexsort((lower, upper))  # stable, so copies stay in the order they were read in
        ordered = spool.digests[rows]
        new = np.ones(len(rows), np.bool_)
        new[1:] = (ordered[1:] != ordered[:-1]).any(axis=1)
        starts = np.flatnonzero(new)
        return cls(ordered[starts], np.diff(starts, append=len(rows)), rows)

    def __len__(self) -> int:
        return len(self.counts)

    @property
    def first(self) -> NDArray[np.int64]:
        """The row of each conversation that was read first."""
        found: NDArray[np.int64] = self.rows[np.cumsum(self.counts) - self.counts]
        return found

    @property
    def ids(self) -> list[str]:
        """Content id of each conversation."""
        digits = self.digests.astype(">u8").tobytes().hex()
        return [digits[start : start + _DIGITS] for start in range(0, len(digits), _DIGITS)]

    @property
    def row_ids(self) -> list[str]:
        """An id for each of `rows`: the content id, and for further copies `id.2`, `id.3`."""
        counted = zip(self.ids, self.counts.tolist(), strict=True)
        return list(chain.from_iterable(_numbered(one, count) for one, count in counted))

    def single(self) -> "Copies":
        """Of each conversation only the row that was read first."""
        return replace(self, counts=np.ones_like(self.counts), rows=self.first)

    def without(self, conversations: NDArray[np.bool_]) -> "Copies":
        """What is left when some conversations go with all their rows."""
        stay = ~conversations
        return Copies(self.digests[stay], self.counts[stay], self.rows[np.repeat(stay, self.counts)])


def _numbered(one: str, count: int) -> list[str]:
    return [one, *(f"{one}{COPY}{number}" for number in range(2, count + 1))]
