"""Conversations that are nearly equal, found by MinHash.

The likeness of two conversations is the Jaccard similarity of their shingles, runs of words as white space
separates them (turns are joined; who said what plays no part). A signature holds the least hash of the
shingles under each of many hash functions; the share of places where two signatures agree estimates the
similarity (Broder, "On the resemblance and containment of documents", 1997). Which pairs are compared at all
follows from banding: signatures that agree in a whole band of places (Leskovec, Rajaraman and Ullman, "Mining
of Massive Datasets", chapter 3). Pairs above the similarity are linked, and of everything that hangs together
the smallest content id stays, so that the order of the file plays no part.

Not found: one pair in a hundred or less whose similarity is just the asked one (`bands_for`), and pairs whose
estimate falls short by chance. A hundred thousand conversations that agree in a band without being alike
would be compared with each other pair by pair, which takes minutes.
"""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from hashlib import shake_256
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from raysft.data.conversation import Conversation
from raysft.data.parallel import in_order, processes_for
from raysft.data.spool import CHUNK, Spans, SpoolFile, size_of, temporary_file
from raysft.data.words import Hashes, mixed, run_hashes, starts_of, word_hashes, written_words
from raysft.spec.source import NearDuplicates

WORTH = 1 << 26
"""Bytes of conversations that keep one process busy long enough."""

_FOUND = 0.99
"""Least probability that a pair with just the asked similarity shares a band."""
_AT_ONCE = 128
"""Conversations whose shingles are hashed together, so that their numbers stay in the cache."""

Signatures = NDArray[np.uint32]


@dataclass(frozen=True)
class Bands:
    """How a signature is cut: `count` bands of `width` places; places left over only enter the estimate."""

    count: int
    width: int


def bands_for(similarity: float, permutations: int) -> Bands:
    """The widest bands with which a pair of this similarity s is found with a probability of at least 99%.

    A band of r places agrees with probability s^r, and one of b bands with 1 − (1 − s^r)^b: for 0.8 and 128
    places 21 bands of 6 find 99.8%, and a pair with similarity 0.4 is compared in 8%.
    """
    wide = (Bands(permutations // width, width) for width in range(permutations, 1, -1))
    found = (one for one in wide if 1 - (1 - similarity**one.width) ** one.count >= _FOUND)
    return next(found, Bands(permutations, 1))


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
                if not groups.hang_together(members):
                    groups.join_alike(members, signed.signatures(places), spec.similarity)
    return groups.left_out()


def sign(conversations: list[Conversation], shingle: int, permutations: int) -> Signatures:
    """The signatures of conversations, one row for each.

    One with fewer words than a shingle has all of them as its only shingle. One without a word has a
    signature of zeros.
    """
    factors, offsets = _hash_functions(permutations)
    found = np.zeros((len(conversations), permutations), np.uint32)
    for start in range(0, len(conversations), _AT_ONCE):
        shingles, starts = _shingles(conversations[start : start + _AT_ONCE], shingle)
        some = np.flatnonzero(np.diff(starts))
        if len(some):
            for place in range(permutations):
                # multiply-shift (Dietzfelbinger, STACS 1996): the upper half of a·h + b modulo 2^64
                hashed = (shingles * factors[place] + offsets[place]) >> np.uint64(32)
                found[start + some, place] = np.minimum.reduceat(hashed, starts[some])
    return found


def _signing(file: SpoolFile, shingle: int, permutations: int) -> Callable[[Spans], Signatures]:
    return lambda spans: sign(file.conversations(spans), shingle, permutations)


def _hash_functions(permutations: int) -> tuple[Hashes, Hashes]:
    drawn = np.frombuffer(shake_256(b"raysft near duplicates").digest(16 * permutations), "<u8")
    return drawn[:permutations] | np.uint64(1), drawn[permutations:]


def _shingles(conversations: list[Conversation], length: int) -> tuple[Hashes, NDArray[np.int64]]:
    """Shingles of conversations one after the other, and where those of each begin."""
    texts = [" ".join(message.content for message in one.messages) for one in conversations]
    words = [written_words(text) for text in texts]
    hashes = word_hashes([word for each in words for word in each])
    found = [
        run_hashes(hashes[start:end], min(length, end - start)) if end > start else hashes[:0]
        for start, end in pairwise(starts_of(map(len, words)).tolist())
    ]
    return mixed(np.concatenate(found)), starts_of(map(len, found))


def _band_keys(signatures: Signatures, bands: Bands) -> Hashes:
    """A number for what stands in each band: one row for each band."""
    cut = signatures[:, : bands.count * bands.width].reshape(len(signatures), bands.count, bands.width)
    keys = np.zeros((len(signatures), bands.count), np.uint64)
    for place in range(bands.width):
        keys = mixed(keys + cut[:, :, place] + np.uint64(1))
    return keys.T


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
        for file, values in zip(self._files, (signatures, _band_keys(signatures, self._bands)), strict=True):
            file.write(values.tobytes())
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
    """Union-find: what is linked hangs together, and its smallest member is the root."""

    def __init__(self, count: int) -> None:
        self._above = np.arange(count)

    def left_out(self) -> NDArray[np.bool_]:
        """Everything but the roots."""
        found: NDArray[np.bool_] = self._above != np.arange(len(self._above))
        return found

    def hang_together(self, members: NDArray[np.int64]) -> bool:
        """Whether all of them are linked already."""
        return len({self._root(one) for one in members.tolist()}) == 1

    def join_alike(self, members: NDArray[np.int64], signatures: Signatures, similarity: float) -> None:
        """Link those of a group whose signatures agree in at least `similarity` of their places."""
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
            above[one] = above[above[one]]
            one = int(above[one])
        return one
