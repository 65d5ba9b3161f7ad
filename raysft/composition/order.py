"""The order of a source, and the subsets that follow from it.

Every source has one order per seed, by a hash of the seed and the content of each conversation. It does not
depend on the order of the file. An amount takes a prefix, so 1/256 ⊂ 1/64 ⊂ 1/16 ⊂ 1/4 ⊂ 1, always.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from raysft.identity import digest_lines

_HELD_OUT = "held-out"


@dataclass(frozen=True)
class SourceIndex:
    """The conversations of one source after filters, duplicate removal and held-out split."""

    name: str
    """Name of the ability the source belongs to."""
    ids: tuple[str, ...]
    """Content ids, sorted, so that they do not tell the order of the file."""
    held_out: tuple[str, ...] = ()
    """Content ids that were split off before any subset is taken, sorted."""
    _prefixes: dict[tuple[int, int], str] = field(default_factory=dict, repr=False, compare=False)
    _orders: dict[int, tuple[str, ...]] = field(default_factory=dict, repr=False, compare=False)

    @property
    def rows(self) -> int:
        """The N that an amount is a share of."""
        return len(self.ids)

    def prefix(self, seed: int, count: int) -> tuple[str, ...]:
        """The first `count` ids in the order of `seed`."""
        if seed not in self._orders:
            self._orders[seed] = ordered(self.ids, "subset", seed)
        return self._orders[seed][:count]

    def prefix_digest(self, seed: int, count: int) -> str:
        """Digest of the ids of `prefix(seed, count)`, sorted; what enters the identity of a stage.

        Sorted, because a stage orders its conversations by its own seed: two seeds that choose the same
        conversations, as every seed does at amount 1, have chosen the same subset.
        """
        key = (seed, count)
        if key not in self._prefixes:
            self._prefixes[key] = digest_lines(sorted(self.prefix(seed, count)))
        return self._prefixes[key]


def ordered(ids: Iterable[str], purpose: str, *keys: int) -> tuple[str, ...]:
    """Ids sorted by a keyed hash; equal ids stay neighbours.

    Args:
        ids: content ids.
        purpose: separates the orders used for subsets, epochs and held-out sets.
        keys: the seed, and the epoch where there is one; the hash takes 64 bytes of key, so a purpose with
            numbers of more digits than that is a ValueError.
    """
    prefix = "/".join((purpose, *map(str, keys))).encode()

    def rank(one: str) -> bytes:
        return hashlib.blake2b(one.encode(), key=prefix, digest_size=16).digest()

    return tuple(sorted(ids, key=lambda one: (rank(one), one)))


def epoch_order(ids: Sequence[str], seed: int, epoch: int) -> list[int]:
    """Positions of `ids` in the order in which one epoch visits them.

    A pure function of (ids, seed, epoch): resuming needs only the step number, and any number of workers
    sees the same global batches.
    """
    positions: dict[str, list[int]] = {}
    for position, one in enumerate(ids):
        positions.setdefault(one, []).append(position)
    return [position for one in ordered(positions, "epoch", seed, epoch) for position in positions[one]]


def split_held_out(ids: Iterable[str], count: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Split distinct ids into (kept, held out), both sorted; the same split for every seed of a sweep."""
    order = ordered(ids, _HELD_OUT)
    return tuple(sorted(order[count:])), tuple(sorted(order[:count]))
