"""Conversations that hold the words of a benchmark's question.

As in appendix C of "Language Models are Few-Shot Learners" (arXiv 2005.14165): a conversation is contaminated
if a message of it shares a run of 13 words with a question. Words are runs of letters and digits in lower
case; everything else separates them. A question with fewer words counts as a whole, if it has at least 8.

Not found: questions in other words, questions below 8 words, and runs that go from one message into the next.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from raysft.data.clean.words import Hashes, plain_words, run_hashes, starts_of, word_hashes
from raysft.data.conversation import Conversation
from raysft.data.parallel import in_order, processes_for
from raysft.data.spool import CHUNK, Spans, SpoolFile, size_of

LEAST_WORDS = 8
"""A shorter question is not compared: too many conversations would share it by chance."""
MOST_FINDINGS = 20
"""Contaminated conversations that are shown one by one."""
WORTH = 1 << 24
"""Bytes of conversations that keep one process busy long enough."""

_BREAK = ""
"""Stands between two messages; no word is equal to it."""


class Shared(NamedTuple):
    """What a conversation has in common with a question."""

    place: int
    """Of the conversation, among those that were compared."""
    benchmark: str
    words: str


@dataclass(frozen=True)
class Compared:
    """The conversations that share words with a question."""

    contaminated: NDArray[np.bool_]
    shared: tuple[Shared, ...]
    """Of the first of them, at most `MOST_FINDINGS`, one each."""


class QuestionWords:
    """The runs of words of all questions."""

    def __init__(self, questions: Mapping[str, Sequence[str]], words: int) -> None:
        self._runs: dict[int, dict[tuple[str, ...], str]] = {}
        for benchmark, texts in sorted(questions.items()):
            for text in texts:
                found = plain_words(text)
                length = min(words, len(found))
                if length >= min(words, LEAST_WORDS):
                    runs = self._runs.setdefault(length, {})
                    for start in range(len(found) - length + 1):
                        runs.setdefault(tuple(found[start : start + length]), benchmark)

    def shared(self, conversations: Sequence[Conversation]) -> Iterator[Shared]:
        """The first shared run of each conversation that has one."""
        words: list[str] = []
        starts = [0]
        for one in conversations:
            for message in one.messages:
                words += [*plain_words(message.written), _BREAK]
            starts.append(len(words))
        found = self._hits(words)
        first = np.searchsorted([place for place, _ in found], starts)
        for place, (low, high) in enumerate(pairwise(first.tolist())):
            if low < high:
                start, length = found[low]
                run = tuple(words[start : start + length])
                yield Shared(place, self._runs[length][run], " ".join(run))

    def _hits(self, words: list[str]) -> list[tuple[int, int]]:
        """Start and length of every run that a question has too, in order."""
        hashes = word_hashes(words)
        found = []
        for length, known in self._hashes.items():
            for start in np.flatnonzero(np.isin(run_hashes(hashes, length), known)).tolist():
                # two runs may have the same number
                if tuple(words[start : start + length]) in self._runs[length]:
                    found.append((start, length))
        return sorted(found)

    @cached_property
    def _hashes(self) -> dict[int, Hashes]:
        return {length: _numbers(runs, length) for length, runs in self._runs.items()}


def compare(
    file: SpoolFile,
    spans: Spans,
    questions: Mapping[str, Sequence[str]],
    words: int,
    processes: int | None = None,
) -> Compared:
    """Compare conversations with the questions of benchmarks.

    Args:
        file: where the conversations are.
        spans: record of each, in the order of their content ids.
        questions: texts of the questions by name of the benchmark.
        words: length of the runs.
        processes: how many compare; None decides by the size of the records.
    """
    places = np.argsort(spans[:, 0], kind="stable")  # in the order of the file, which is read once
    chunks = [places[start : start + CHUNK] for start in range(0, len(spans), CHUNK)]
    begin = partial(_comparing, file, QuestionWords(questions, words))
    workers = processes or processes_for(size_of(spans), WORTH)
    contaminated = np.zeros(len(spans), np.bool_)
    shown: list[Shared] = []
    for chunk, found in zip(
        chunks, in_order(begin, (spans[chunk] for chunk in chunks), workers), strict=True
    ):
        located = [one._replace(place=int(chunk[one.place])) for one in found]
        contaminated[[one.place for one in located]] = True
        shown = sorted([*shown, *located])[:MOST_FINDINGS]
    return Compared(contaminated, tuple(shown))


def _comparing(file: SpoolFile, questions: QuestionWords) -> Callable[[Spans], list[Shared]]:
    return lambda spans: list(questions.shared(file.conversations(spans)))


def _numbers(runs: Mapping[tuple[str, ...], str], length: int) -> Hashes:
    hashes = word_hashes([word for run in runs for word in run])
    starts = starts_of([length] * len(runs)).tolist()
    return np.array([run_hashes(hashes[start:end], length)[0] for start, end in pairwise(starts)])
