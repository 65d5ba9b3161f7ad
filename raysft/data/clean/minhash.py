"""MinHash: signatures of conversations whose likeness estimates how many shingles they share.

The likeness of two conversations is the Jaccard similarity of their shingles, runs of words as white space
separates them (turns are joined; who said what plays no part). A signature holds the least hash of the
shingles under each of many hash functions; the share of places where two signatures agree estimates the
similarity (Broder, "On the resemblance and containment of documents", 1997). Bands of places say which
signatures are compared at all (Leskovec, Rajaraman and Ullman, "Mining of Massive Datasets", chapter 3).
"""

from dataclasses import dataclass
from hashlib import shake_256
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from raysft.data.clean.words import Hashes, mixed, run_hashes, starts_of, word_hashes, written_words
from raysft.data.conversation import Conversation

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


def sign(conversations: list[Conversation], shingle: int, permutations: int) -> Signatures:
    """The signatures of conversations, one row for each.

    One with fewer words than a shingle has all of them as its only shingle. One without a word has a
    signature of zeros.
    """
    factors, offsets = _hash_functions(permutations)
    found = np.zeros((len(conversations), permutations), np.uint32)
    for start in range(0, len(conversations), _AT_ONCE):
        shingles, starts = _shingles(conversations[start : start + _AT_ONCE], shingle)
        # `reduceat` gives an empty run the value that comes next, so rows without shingles are left out.
        some = np.flatnonzero(np.diff(starts))
        if len(some):
            for place in range(permutations):
                # 32 bits: of 10,000 shingles two are alike by accident with a chance of 1%.
                # multiply-shift (Dietzfelbinger, STACS 1996): the upper half of a·h + b modulo 2^64
                hashed = (shingles * factors[place] + offsets[place]) >> np.uint64(32)
                found[start + some, place] = np.minimum.reduceat(hashed, starts[some])
    return found


def _hash_functions(permutations: int) -> tuple[Hashes, Hashes]:
    drawn = np.frombuffer(shake_256(b"raysft near duplicates").digest(16 * permutations), "<u8")
    # Odd factors can be inverted modulo 2^64; an even one would drop the upper bits of every hash.
    return drawn[:permutations] | np.uint64(1), drawn[permutations:]


def _shingles(conversations: list[Conversation], length: int) -> tuple[Hashes, NDArray[np.int64]]:
    """Shingles of conversations one after the other, and where those of each begin."""
    texts = [" ".join(message.written for message in one.messages) for one in conversations]
    words = [written_words(text) for text in texts]
    hashes = word_hashes([word for each in words for word in each])
    found = [
        run_hashes(hashes[start:end], min(length, end - start)) if end > start else hashes[:0]
        for start, end in pairwise(starts_of(map(len, words)).tolist())
    ]
    return mixed(np.concatenate(found)), starts_of(map(len, found))


def band_keys(signatures: Signatures, bands: Bands) -> Hashes:
    """A number for the contents of each band: one row for each band."""
    cut = signatures[:, : bands.count * bands.width].reshape(len(signatures), bands.count, bands.width)
    keys = np.zeros((len(signatures), bands.count), np.uint64)
    for place in range(bands.width):
        keys = mixed(keys + cut[:, :, place] + np.uint64(1))
    return keys.T
