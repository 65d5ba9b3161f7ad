"""What a stage trains on, in memory: every conversation as pieces no longer than `max_length`.

Five bytes a token, four for its number and one for its mark: a stage of 100 million tokens holds 0.5 GB in
each worker.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from raysft.data.tokens.fitting import fit_length
from raysft.data.tokens.prepared import Prepared
from raysft.data.tokens.template import Encoded
from raysft.errors import StageFailed
from raysft.records import UsedSource
from raysft.spec.recipe import Recipe
from raysft.train.batching.batches import Batches
from raysft.train.batching.used import ReadRow, used_source
from raysft.train.job import JobPortion, StageJob


@dataclass(frozen=True)
class Corpus:
    """All conversations of a stage, in the order of `StageJob.ids`.

    A piece is what a model reads at once, up to its last target. Its targets are its supervised tokens but
    the first token, which nothing precedes. A conversation without a target keeps its place in its batch and
    has no piece.
    """

    tokens: NDArray[np.int32]
    """All pieces, one after the other."""
    supervised: NDArray[np.bool_]
    piece_starts: NDArray[np.int64]
    """One more entry than there are pieces."""
    conversation_starts: NDArray[np.int64]
    """First piece of each conversation; one more entry than there are conversations."""
    targets: NDArray[np.int64]
    """Targets of each conversation."""

    def pieces(self, conversations: Sequence[int]) -> list[tuple[int, int]]:
        """The pieces of some conversations as (conversation, piece), in order."""
        starts = self.conversation_starts
        return [(one, piece) for one in conversations for piece in range(starts[one], starts[one + 1])]

    def length(self, piece: int) -> int:
        """Tokens of a piece."""
        return int(self.piece_starts[piece + 1] - self.piece_starts[piece])

    def shortened(self, pieces: Sequence[int], longest: int) -> "Corpus":
        """Some pieces by themselves, their first targets within `longest` tokens; for probes."""
        builder = _Builder()
        for piece in pieces:
            start, end = int(self.piece_starts[piece]), int(self.piece_starts[piece + 1])
            first = int(np.flatnonzero(self.supervised[start + 1 : end])[0]) + 1
            # A first target at 400 within 256 tokens: from 145 to 400, where the target is the last one.
            start = max(start, start + first - longest + 1)
            span = slice(start, min(end, start + longest))
            builder.add([Encoded(self.tokens[span].tolist(), self.supervised[span].tolist(), [])])
        return builder.build()


def read_corpus(job: StageJob) -> tuple[Corpus, tuple[UsedSource, ...]]:
    """Read the conversations of a stage, and count what all its steps use of each source.

    Raises:
        StageFailed: of kind `user`, if no conversation has a single supervised token within `max_length`.
    """
    builder = _Builder()
    read = [_read_portion(portion, job.recipe, builder) for portion in job.portions]
    corpus = builder.build()
    if not corpus.targets.any():
        cause = f"not one conversation has a supervised token within max_length {job.recipe.max_length}"
        raise StageFailed(job.fingerprint, "user", cause)
    times = iter(Batches(job.ids, job.recipe, job.seed).presentations())
    return corpus, tuple(
        used_source(portion, rows, list(islice(times, len(rows))))
        for portion, rows in zip(job.portions, read, strict=True)
    )


def _read_portion(portion: JobPortion, recipe: Recipe, builder: "_Builder") -> list[ReadRow]:
    prepared, rows = Prepared.open(portion.prepared), []
    for one in portion.ids:
        fitted = fit_length(prepared.row(prepared.position(one)), recipe.max_length, recipe.overflow)
        targets = builder.add(fitted.pieces)
        rows.append(ReadRow(sum(len(piece.tokens) for piece in fitted.pieces), targets, fitted.what))
    return rows


class _Builder:
    """Gathers conversations until their number is known."""

    def __init__(self) -> None:
        self._tokens: list[NDArray[np.int32]] = []
        self._supervised: list[NDArray[np.bool_]] = []
        self._piece_lengths: list[int] = []
        self._pieces_of: list[int] = []
        self._targets: list[int] = []

    def add(self, pieces: Sequence[Encoded]) -> int:
        """Add one conversation; each piece has a target, and no piece means that it was dropped.

        Gives its targets.
        """
        targets = 0
        for piece in pieces:
            supervised = np.asarray(piece.supervised, np.bool_)
            end = int(np.flatnonzero(supervised)[-1]) + 1  # what follows the last target changes nothing
            self._tokens.append(np.asarray(piece.tokens[:end], np.int32))
            self._supervised.append(supervised[:end])
            self._piece_lengths.append(end)
            targets += int(supervised[1:].sum())  # the first token of a piece cannot be predicted
        self._pieces_of.append(len(pieces))
        self._targets.append(targets)
        return targets

    def build(self) -> Corpus:
        """Everything in flat arrays."""
        return Corpus(
            tokens=_joined(self._tokens, np.dtype(np.int32)),
            supervised=_joined(self._supervised, np.dtype(np.bool_)),
            piece_starts=_starts(self._piece_lengths),
            conversation_starts=_starts(self._pieces_of),
            targets=np.asarray(self._targets, np.int64),
        )


def _joined(parts: Sequence[NDArray[Any]], dtype: np.dtype[Any]) -> NDArray[Any]:
    return np.concatenate(parts) if parts else np.zeros(0, dtype)


def _starts(lengths: Sequence[int]) -> NDArray[np.int64]:
    return np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)]).astype(np.int64)
