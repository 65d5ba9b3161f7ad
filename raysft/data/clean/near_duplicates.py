"""Conversations that are nearly equal, found by MinHash (`raysft.data.clean.minhash`).

Conversations that agree in a band of their signatures are compared; those above the asked similarity are
linked; and of everything that is linked the smallest content id stays, so that the order of the file
plays no part.

Not found: one pair in a hundred or less whose similarity is just the asked one (`bands_for`), and pairs whose
estimate falls short by chance. A hundred thousand conversations that agree in a band without being alike
would be compared with each other pair by pair, which takes minutes.
"""

import os
from collections.abc import Callable, Iterator
from functools import partial

import numpy as np
from numpy.typing import NDArray

from raysft.data.clean.minhash import Bands, Signatures, band_keys, bands_for, sign
from raysft.data.clean.words import Hashes, starts_of
from raysft.data.parallel import in_order, processes_for
from raysft.data.spool import CHUNK, Spans, SpoolFile, size_of, temporary_file
from raysft.spec.source import NearDuplicates

WORTH = 1 << 24
"""Bytes of conversations that keep one process busy long enough."""


def near_duplicates(
    file: SpoolFile, spans: Spans, spec: NearDuplicates, processes: int | None = None
) -> NDArray[np.bool_]:
    """Which conversations are to be left out because they are nearly equal to one that stays.

    Args:
        file: where the conversations are.
        spans: record of each conversation, in the order of their content ids.
        spec: similarity, shingle and number of places.
        processes: how many sign; None decides by the size of the records.
    """
    order = np.argsort(spans[:, 0], kind="stable")  # that of the file, which is read once
    bands = bands_for(spec.similarity, spec.permutations)
    begin = partial(_signing, file, spec.shingle, spec.permutations)
    chunks = (spans[order[start : start + CHUNK]] for start in range(0, len(spans), CHUNK))
    groups = _Groups(len(spans))
    with _Signed(spec.permutations, bands) as signed:
        for signatures in in_order(begin, chunks, processes or processes_for(size_of(spans), WORTH)):
            signed.add(signatures)
        for band in range(bands.count):
            for places in _sharing(signed.keys(band)):
                members = order[places]
                if not groups.are_linked(members):
                    groups.join_alike(members, signed.signatures(places), spec.similarity)
    return groups.left_out()


def _signing(file: SpoolFile, shingle: int, permutations: int) -> Callable[[Spans], Signatures]:
    return lambda spans: sign(file.conversations(spans), shingle, permutations)


def _sharing(keys: Hashes) -> Iterator[NDArray[np.int64]]:
    """Places of equal numbers, in groups of two and more."""
    order = np.argsort(keys, kind="stable")
    ends = np.flatnonzero(np.diff(keys[order])) + 1
    starts = np.concatenate([[0], ends])
    sizes = np.diff(np.concatenate([starts, [len(keys)]]))
    for start, size in zip(starts[sizes > 1].tolist(), sizes[sizes > 1].tolist(), strict=True):
        yield order[start : start + size]


class _Signed:
    """Signatures and the numbers of their bands on disk, in the order in which they were made.

    For 128 places a million signatures take 0.5 GB; read and written, not mapped (see `raysft.data.spool`).
    """

    def __init__(self, permutations: int, bands: Bands) -> None:
        self._width, self._bands = 4 * permutations, bands
        self._paths = temporary_file(".signatures"), temporary_file(".bands")
        self._files = [path.open("w+b") for path in self._paths]
        self._sizes: list[int] = []

    def __enter__(self) -> "_Signed":
        return self

    def __exit__(self, *_: object) -> None:
        for file, path in zip(self._files, self._paths, strict=True):
            file.close()
            path.unlink(missing_ok=True)

    def add(self, signatures: Signatures) -> None:
        """Add some behind those that are there."""
        numbers = band_keys(signatures, self._bands)
        for file, data in zip(self._files, (signatures.tobytes(), numbers.tobytes()), strict=True):
            file.write(data)
            file.flush()
        self._sizes.append(len(signatures))

    def signatures(self, places: NDArray[np.int64]) -> Signatures:
        """The signatures at some places, which count from 0."""
        file = self._files[0].fileno()
        found = b"".join(os.pread(file, self._width, place * self._width) for place in places.tolist())
        return np.frombuffer(found, np.uint32).reshape(len(places), -1)

    def keys(self, band: int) -> Hashes:
        """The number of one band of every signature."""
        file, count = self._files[1].fileno(), self._bands.count
        starts = starts_of(self._sizes).tolist()
        found = (
            os.pread(file, 8 * size, 8 * (start * count + band * size))
            for size, start in zip(self._sizes, starts[:-1], strict=True)
        )
        return np.frombuffer(b"".join(found), np.uint64)


class _Groups:
    """Union-find: what is linked is one set, and its smallest member is the root."""

    def __init__(self, count: int) -> None:
        self._above = np.arange(count)

    def left_out(self) -> NDArray[np.bool_]:
        """Everything but the roots."""
        found: NDArray[np.bool_] = self._above != np.arange(len(self._above))
        return found

    def are_linked(self, members: NDArray[np.int64]) -> bool:
        """Whether all of them are linked already."""
        return len({self._root(one) for one in members.tolist()}) == 1

    def join_alike(self, members: NDArray[np.int64], signatures: Signatures, similarity: float) -> None:
        """Link those of a group whose signatures agree in at least `similarity` of their places."""
        # 0.8 of 128 places are 102.4, so 103. The small number is for products that rounding puts just above
        # a whole one.
        least = np.ceil(similarity * signatures.shape[1] - 1e-9)
        waiting = np.arange(len(members))
        linked: list[int] = []
        while len(waiting):
            # whoever was linked looks for further ones among those that nobody was linked with yet
            if not linked:
                linked, waiting = [int(waiting[0])], waiting[1:]
            seeker = linked.pop()
            alike = (signatures[waiting] == signatures[seeker]).sum(axis=1) >= least
            for one in waiting[alike].tolist():
                self._join(int(members[seeker]), int(members[one]))
                linked.append(one)
            waiting = waiting[~alike]

    def _join(self, one: int, other: int) -> None:
        low, high = sorted((self._root(one), self._root(other)))
        self._above[high] = low

    def _root(self, one: int) -> int:
        above = self._above
        while above[one] != one:
            # Path halving: every look shortens the chain, so that a million links in a row stay cheap.
            above[one] = above[above[one]]
            one = int(above[one])
        return one
