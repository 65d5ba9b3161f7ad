"""Runs of words as numbers, so that a million conversations can be compared by them.

Scripts that are written without spaces (Chinese, Japanese) count each character as a word.
"""

import re
from collections.abc import Iterable, Sequence
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

Hashes = NDArray[np.uint64]

_SPACELESS = re.compile("[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]")
_PLAIN = re.compile(r"[^\W_]+")
_FACTOR = np.uint64(0x9E3779B97F4A7C15)
"""Odd, so that multiplying by it loses nothing modulo 2^64."""


def written_words(text: str) -> list[str]:
    """Words as white space separates them, in lower case, marks included: `2 + 2` is not `2 - 2`."""
    return _spaced(text).split()


def plain_words(text: str) -> list[str]:
    """Runs of letters and digits in lower case; punctuation separates: `f(a, b)` and `f( a,b )` are equal."""
    return _PLAIN.findall(_spaced(text))


def word_hashes(words: Sequence[str]) -> Hashes:
    """A number of 64 bits for each word, the same in every process and on every machine."""
    known = {
        word: int.from_bytes(blake2b(word.encode(), digest_size=8).digest(), "little") for word in set(words)
    }
    return np.fromiter(map(known.__getitem__, words), np.uint64, len(words))


def run_hashes(words: Hashes, length: int) -> Hashes:
    """A number for each run of `length` neighbouring words: for 4 words and length 3 there are two.

    Of the words w the number of a run is w₀·f² + w₁·f + w₂ modulo 2^64, so their order matters.
    """
    runs = max(len(words) - length + 1, 0)
    found = np.zeros(runs, np.uint64)
    for place in range(length):
        found = found * _FACTOR + words[place : place + runs]
    return found


def mixed(hashes: Hashes) -> Hashes:
    """Every bit spread over all others: the last step of SplitMix64 (Steele, Lea and Flood, OOPSLA 2014)."""
    found = (hashes ^ (hashes >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    found = (found ^ (found >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return found ^ (found >> np.uint64(31))


def starts_of(lengths: Iterable[int]) -> NDArray[np.int64]:
    """Where each of several lists begins when they are joined, and where the last one ends."""
    return np.cumsum([0, *lengths], dtype=np.int64)


def _spaced(text: str) -> str:
    lowered = text.lower()
    return lowered if lowered.isascii() else _SPACELESS.sub(r" \g<0> ", lowered)
