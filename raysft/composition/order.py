"""The order of a source, and the subsets that follow from it.

Every source has one order per seed, by a hash of the seed and the content of each conversation. It does not
depend on the order of the file. An amount takes a prefix, so 1/256 ⊂ 1/64 ⊂ 1/16 ⊂ 1/4 ⊂ 1, always.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import chain, islice
from math import lcm
from typing import Protocol

from raysft.identity import SourceKey, digest_lines

_HELD_OUT = "held-out"


class Subsets(Protocol):
    """What a plan needs to know of a source: how large it is, and which subset a count stands for."""

    @property
    def rows(self) -> int:
        """The N that an amount is a share of."""

    def prefix_digest(self, seed: int, count: int) -> str:
        """Digest of the subset of so many conversations, for a seed; above `rows` the source is repeated."""


@dataclass(frozen=True)
class SourcePart:
    """Ids of one of several sets that are joined into a source."""

    weight: Fraction
    """Above 0; 3 and 1 give three to one in every prefix."""
    ids: tuple[str, ...]
    """Content ids, sorted; no id is in two parts."""


@dataclass(frozen=True)
class SourceIndex:
    """The conversations of one source after filters, duplicate removal and held-out split."""

    name: SourceKey
    """Name of the ability the source belongs to, or `ability/variant`."""
    ids: tuple[str, ...]
    """Content ids, sorted, so that they do not tell the order of the file."""
    held_out: tuple[str, ...] = ()
    """Content ids that were split off before any subset is taken, sorted."""
    parts: tuple[SourcePart, ...] = ()
    """Of a joined source, its sets; together they have the ids above."""
    _prefixes: dict[tuple[int, int], str] = field(default_factory=dict, repr=False, compare=False)
    _orders: dict[int, tuple[str, ...]] = field(default_factory=dict, repr=False, compare=False)

    @property
    def rows(self) -> int:
        """The N that an amount is a share of; of a joined source, what its weights allow to be used."""
        return sum(_room(self.parts)) if self.parts else len(self.ids)

    def prefix(self, seed: int, count: int) -> tuple[str, ...]:
        """The first `count` ids in the order of `seed`; after the last one the order begins again."""
        if seed not in self._orders:
            self._orders[seed] = (
                _interleaved(self.parts, seed) if self.parts else ordered(self.ids, "subset", seed)
            )
        order = self._orders[seed]
        # 12 of 5 ids are the order twice and its first 2: none comes a third time before all came twice.
        whole, rest = divmod(count, len(order))
        return order * whole + order[:rest]

    def prefix_digest(self, seed: int, count: int) -> str:
        """Digest of the ids of `prefix(seed, count)`, sorted; what enters the identity of a stage.

        Sorted, because a stage orders its conversations by its own seed: two seeds that choose the same
        conversations, as every seed does at amount 1, have chosen the same subset.
        """
        key = (seed, count)
        if key not in self._prefixes:
            same_for_every_seed = count == self.rows == len(self.ids)
            subset = self.ids if same_for_every_seed else sorted(self.prefix(seed, count))
            self._prefixes[key] = digest_lines(subset)
        return self._prefixes[key]


@dataclass(frozen=True)
class ExpectedIndex:
    """A source that is not here yet: its size is what the sweep file expects, and it has no ids.

    Subsets are told apart as they will be, but under other digests: a plan made from it shares what the real
    one shares, and no fingerprint of it is ever trained.
    """

    name: SourceKey
    rows: int
    defining: str
    """Digest of what tells this source from others."""

    def prefix_digest(self, seed: int, count: int) -> str:
        """As `SourceIndex.prefix_digest`: at whole multiples of the source every seed gives the same one."""
        chosen_by = f"seed {seed}" if count % self.rows else "every seed"
        return digest_lines(["expected subset", self.defining, chosen_by, str(count)])


def ordered(ids: Iterable[str], purpose: str, *keys: int) -> tuple[str, ...]:
    """Ids sorted by a keyed hash; equal ids stay neighbours.

    Args:
        ids: content ids.
        purpose: separates the orders used for subsets, epochs and held-out sets.
        keys: the seed, and the epoch where there is one; the hash takes 64 bytes of key, so a purpose with
            numbers of more digits than that is a ValueError.
    """
    return tuple(sorted(ids, key=_Rank(purpose, *keys)))


class _Rank:
    """Sort key of an id: a keyed hash, and the id itself against collisions."""

    def __init__(self, purpose: str, *keys: int) -> None:
        self._keyed = hashlib.blake2b(key="/".join((purpose, *map(str, keys))).encode(), digest_size=16)

    def __call__(self, one: str) -> tuple[bytes, str]:
        # A copy of a hash that holds its key costs half of one that takes the key anew.
        hasher = self._keyed.copy()
        hasher.update(one.encode())
        return hasher.digest(), one


def _room(parts: Sequence[SourcePart]) -> list[int]:
    """Conversations of each part that can be used before one of them runs out of its share."""
    # 10 and 9 conversations with weights 3 and 1: least is 10/3, so 10 and 3 of them are used.
    least = min(Fraction(len(part.ids)) / part.weight for part in parts)
    return [int(least * part.weight) for part in parts]


def _interleaved(parts: Sequence[SourcePart], seed: int) -> tuple[str, ...]:
    """The order of a joined source: its parts take turns in the ratio of their weights.

    The j-th conversation (from 1) of a part with weight w has place (j − 1/2) / w: with weights 3 and 1 the
    first four are three of one and one of the other.
    """
    # In whole numbers, so that nothing is rounded: weights 3 and 1 have places 1, 3, 5, … and 3, 9, …
    whole = lcm(*(part.weight.denominator for part in parts))
    steps = [part.weight.numerator * whole // part.weight.denominator for part in parts]
    common = lcm(*steps)
    places = chain.from_iterable(
        (((2 * turn + 1) * (common // step), one) for turn, one in enumerate(islice(order, room)))
        for order, room, step in zip(
            (ordered(part.ids, "subset", seed) for part in parts), _room(parts), steps, strict=True
        )
    )
    return tuple(one for _, one in sorted(places))


def epoch_order(ids: Sequence[str], seed: int, epoch: int) -> list[int]:
    """Positions of `ids` in the order in which one epoch visits them.

    A pure function of (ids, seed, epoch): resuming needs only the step number, and any number of workers
    sees the same global batches. Copies of a conversation are spread over the epoch: the second one is
    ordered as `id*2`.
    """
    seen: Counter[str] = Counter()
    positions = {}
    for position, one in enumerate(ids):
        seen[one] += 1
        positions[one if seen[one] == 1 else f"{one}*{seen[one]}"] = position
    return [positions[one] for one in ordered(positions, "epoch", seed, epoch)]


def split_held_out(ids: Iterable[str], count: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Split distinct ids into (kept, held out), both sorted; the same split for every seed of a sweep."""
    order = ordered(ids, _HELD_OUT)
    return tuple(sorted(order[count:])), tuple(sorted(order[:count]))
