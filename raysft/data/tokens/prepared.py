"""A tokenised source on disk: one Arrow file, opened as a memory map, so that workers share its pages."""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from raysft.data.tokens.arrival import Kind, Lost
from raysft.data.tokens.fitting import FATES, Fate, Overflow, fitting_spans
from raysft.data.tokens.template import Encoded
from raysft.errors import DamagedArtifact
from raysft.identity import fingerprint

VERSION = 2
"""Raised when the same conversations and tokenizer give another file."""

FILE = "conversations.arrow"
ROWS_PER_BATCH = 1024
"""Rows of every record batch but the last, so that a position says in which batch it lies."""

SCHEMA = pa.schema(
    {
        "id": pa.string(),
        "tokens": pa.list_(pa.int32()),
        "supervised": pa.list_(pa.bool_()),
        "turn_ends": pa.list_(pa.int32()),
        "lost": pa.list_(pa.struct([("kind", pa.string()), ("turn", pa.int32())])),
    }
)
"""Rows are sorted by id; see `Encoded` for the other columns."""


def prepared_fingerprint(ids_digest: str, tokenizer_digest: str, template_digest: str) -> str:
    """Content address of a tokenised source.

    Args:
        ids_digest: digest of the sorted ids of its conversations.
        tokenizer_digest: of the tokenizer (`raysft.data.tokens.template`).
        template_digest: of the chat template.
    """
    defining = {"ids": ids_digest, "tokenizer": tokenizer_digest, "template": template_digest}
    return fingerprint("prepared", VERSION, defining)


@dataclass(frozen=True)
class Prepared:
    """The conversations of a source in tokens, before they are cut to a longest sequence."""

    _batches: tuple[pa.RecordBatch, ...]

    @classmethod
    def open(cls, folder: Path) -> "Prepared":
        """Map the file of a folder that `prepare` wrote; nothing is read before it is asked for.

        Raises:
            DamagedArtifact: the file is not an Arrow file with these columns.
        """
        try:
            reader = pa.ipc.open_file(pa.memory_map(str(folder / FILE)))
        except (OSError, pa.ArrowException) as error:
            raise DamagedArtifact(f"{folder / FILE}: {error}") from None
        if reader.schema != SCHEMA:
            raise DamagedArtifact(f"{folder / FILE}: has columns {reader.schema.names}")
        return cls(tuple(reader.get_batch(place) for place in range(reader.num_record_batches)))

    def __len__(self) -> int:
        return sum(batch.num_rows for batch in self._batches)

    @cached_property
    def ids(self) -> tuple[str, ...]:
        """All ids, sorted."""
        return tuple(one for batch in self._batches for one in batch.column("id").to_pylist())

    def position(self, one: str) -> int:
        """Position of the row with an id.

        Raises:
            KeyError: no row has it.
        """
        place = bisect_left(self.ids, one)
        if place == len(self.ids) or self.ids[place] != one:
            raise KeyError(one)
        return place

    def row(self, position: int) -> Encoded:
        """The conversation at a position, which counts from 0 in the order of the ids."""
        which, place = divmod(position, ROWS_PER_BATCH)
        batch = self._batches[which]
        tokens, supervised, ends = (
            batch.column(name)[place].values.to_numpy(zero_copy_only=False).tolist()
            for name in SCHEMA.names[1:4]
        )
        return Encoded(tokens, supervised, ends, _lost(batch, place))

    @cached_property
    def lost(self) -> dict[str, tuple[Lost, ...]]:
        """What the template lost, by id, of the conversations of which it lost something."""
        places = (
            (batch, place)
            for batch in self._batches
            for place in np.flatnonzero(np.diff(_starts(batch, "lost"))).tolist()
        )
        return {batch.column("id")[place].as_py(): _lost(batch, place) for batch, place in places}

    @cached_property
    def lost_turns(self) -> dict[Kind, NDArray[np.int64]]:
        """By kind, of each row: the turn of which the template lost something, from 1, or 0."""
        found: dict[Kind, NDArray[np.int64]] = {}
        for one, lost in self.lost.items():
            for kind, turn in reversed(lost):
                found.setdefault(kind, np.zeros(len(self), np.int64))[self.position(one)] = turn
        return found

    @property
    def losses(self) -> dict[Kind, "Loss"]:
        """The same by kind, in the order in which it is met."""
        return losses_of(self.ids, self.lost_turns)

    @cached_property
    def lengths(self) -> NDArray[np.int64]:
        """Tokens of each row."""
        return np.concatenate(
            [np.zeros(0, np.int64), *(np.diff(_starts(batch, "tokens")) for batch in self._batches)]
        )

    @cached_property
    def supervised_counts(self) -> NDArray[np.int64]:
        """Supervised tokens of each row."""
        counts = (np.diff(_upto(batch)[_starts(batch, "supervised")]) for batch in self._batches)
        return np.concatenate([np.zeros(0, np.int64), *counts])

    def fitted_counts(self, max_length: int, overflow: Overflow) -> "FittedCounts":
        """What a stage uses of each row when it is fitted into a longest sequence; see `fit_length`."""
        found = [_fitted(batch, max_length, overflow) for batch in self._batches]
        none = np.zeros(0, np.int64)
        return FittedCounts(*(np.concatenate([none, *column]) for column in zip(*found, strict=True)))


class Loss(NamedTuple):
    """What the chat template lost of a source, of one kind."""

    conversations: int
    first: str
    """Id of the first of them in the order of the ids."""
    turn: int
    """Which of its turns it is, from 1."""


def losses_of(ids: Sequence[str], lost_turns: Mapping[Kind, NDArray[np.int64]]) -> dict[Kind, Loss]:
    """What was lost by kind, in the order in which it is met.

    Args:
        ids: of the rows, sorted.
        lost_turns: as in `Prepared`.
    """
    places = {kind: np.flatnonzero(turns) for kind, turns in lost_turns.items()}
    return {
        kind: Loss(len(places[kind]), ids[places[kind][0]], int(lost_turns[kind][places[kind][0]]))
        for kind in sorted(places, key=lambda kind: int(places[kind][0]))
    }


class FittedCounts(NamedTuple):
    """What is left of each row of a tokenised source, in the order of its ids."""

    tokens: NDArray[np.int64]
    """Tokens of its pieces."""
    supervised: NDArray[np.int64]
    """Of these, the ones that enter the loss; the first token of a piece does not."""
    fates: NDArray[np.int64]
    """What was done to it: a place in `FATES`."""

    def count(self, fate: Fate) -> int:
        """How many rows have a fate."""
        return int((self.fates == FATES.index(fate)).sum())


def _lost(batch: pa.RecordBatch, place: int) -> tuple[Lost, ...]:
    return tuple(Lost(**one) for one in batch.column("lost")[place].as_py())


def _starts(batch: pa.RecordBatch, name: str) -> NDArray[np.int64]:
    """Where each row of a list column begins in its flat values, and where the last one ends."""
    return np.asarray(batch.column(name).offsets.to_numpy(), dtype=np.int64)


def _upto(batch: pa.RecordBatch) -> NDArray[np.int64]:
    """How many of the flat values before each place are supervised tokens."""
    flags = batch.column("supervised").values.to_numpy(zero_copy_only=False)
    return np.concatenate([np.zeros(1, np.int64), np.cumsum(flags, dtype=np.int64)])


def _fitted(batch: pa.RecordBatch, max_length: int, overflow: Overflow) -> FittedCounts:
    starts, upto = _starts(batch, "tokens"), _upto(batch)
    begins, lengths = starts[:-1], np.diff(starts)
    kept = np.minimum(lengths, max_length) if overflow != "drop" else lengths * (lengths <= max_length)
    fates = np.where(lengths > max_length, FATES.index("cut"), FATES.index("whole"))
    counts = FittedCounts(*_of_spans(upto, begins, begins + kept), fates)
    if overflow == "split":
        ends = batch.column("turn_ends")
        for place in np.flatnonzero(lengths > max_length).tolist():
            turn_ends = ends[place].values.to_pylist()
            spans = np.array(fitting_spans(int(lengths[place]), turn_ends, max_length, overflow))
            pieces = _of_spans(upto, *(begins[place] + spans).T)
            counts.tokens[place], counts.supervised[place] = pieces.tokens.sum(), pieces.supervised.sum()
            whole = upto[starts[place + 1]] - upto[starts[place]]
            if _is_split(pieces.supervised, int(whole), bool(turn_ends)):
                fates[place] = FATES.index("split")
    fates[counts.supervised == 0] = FATES.index("dropped")
    return counts


def _is_split(supervised: NDArray[np.int64], whole: int, has_turns: bool) -> bool:
    """Whether pieces have together what is supervised of the whole; see `fit_length`."""
    pieces = int((supervised > 0).sum())
    # the first token of each further piece of a document had a token before it, and is no longer predicted
    first = 0 if has_turns else pieces - 1
    return pieces > 1 and int(supervised.sum()) + first == whole


class _Spans(NamedTuple):
    tokens: NDArray[np.int64]
    supervised: NDArray[np.int64]


def _of_spans(upto: NDArray[np.int64], starts: NDArray[np.int64], ends: NDArray[np.int64]) -> _Spans:
    """The counts of pieces; one in which nothing is predicted is left out."""
    supervised = upto[ends] - upto[np.minimum(starts + 1, ends)]
    return _Spans((ends - starts) * (supervised > 0), supervised)
