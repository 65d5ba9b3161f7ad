"""Tokenising a source once, and fitting its conversations into a longest sequence."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import Literal

import pyarrow as pa
from transformers import AutoTokenizer

from raysft.data.conversation import Conversation
from raysft.data.prepared import FILE, ROWS_PER_BATCH, SCHEMA
from raysft.data.template import Encoded, encode_all
from raysft.identity import Json


@dataclass(frozen=True)
class PreparedFacts:
    """What a tokenised source holds, before anything is cut to a longest sequence."""

    conversations: int
    tokens: int
    supervised_tokens: int
    longest: int
    """Tokens of the longest conversation."""

    def body(self) -> dict[str, Json]:
        """The facts as JSON, for the manifest beside the file."""
        return asdict(self)


@dataclass(frozen=True)
class FitResult:
    """The pieces of a conversation, and what was done to it."""

    pieces: list[Encoded]
    what: Literal["whole", "cut", "split", "dropped"]
    """`split`: several pieces, no supervised token lost. `cut`: something lost. `dropped`: nothing left."""
    lost_tokens: int
    """Tokens that are in no piece."""


def prepare(
    conversations: Iterable[tuple[str, Conversation]], tokenizer_folder: Path, folder: Path
) -> PreparedFacts:
    """Tokenise conversations into one Arrow file that `Prepared` opens, its rows sorted by id.

    The bytes of the file depend on ids, conversations and tokenizer, not on the order they come in.

    Args:
        conversations: pairs of a distinct id and a conversation.
        tokenizer_folder: as `transformers.AutoTokenizer` opens it.
        folder: where the file is written; it exists.
    """
    tokenizer = AutoTokenizer.from_pretrained(tokenizer_folder)
    rows = iter(sorted(conversations, key=lambda pair: pair[0]))
    facts = PreparedFacts(0, 0, 0, 0)
    with pa.OSFile(str(folder / FILE), "wb") as sink, pa.ipc.new_file(sink, SCHEMA) as writer:
        for batch in _batches(rows):
            encoded = encode_all(tokenizer, [conversation for _, conversation in batch])
            writer.write_batch(_record_batch([one for one, _ in batch], encoded))
            facts = _added(facts, encoded)
    return facts


def fit_length(encoded: Encoded, max_length: int, overflow: Literal["cut", "split", "drop"]) -> FitResult:
    """Fit a conversation into sequences of at most `max_length` tokens.

    `cut` keeps the beginning. `split` fills each piece with as many whole turns (question and answer) as fit;
    a turn longer than that keeps its beginning only, and a document without turns is split anywhere. Pieces
    are contiguous, in order, and do not overlap: a later piece does not see the turns or the system message
    before it. A piece without a supervised token is left out. The first token of a piece is not supervised.
    """
    length = len(encoded.tokens)
    if length <= max_length:
        spans = [(0, length)]
    elif overflow == "drop":
        spans = []
    elif overflow == "cut":
        spans = [(0, max_length)]
    else:
        spans = _spans(encoded.turn_ends or range(max_length, length, max_length), length, max_length)
    pieces = [piece for start, end in spans if any((piece := _piece(encoded, start, end)).supervised)]
    return FitResult(pieces, _what(encoded, pieces), length - sum(len(piece.tokens) for piece in pieces))


def _spans(ends: Sequence[int], length: int, max_length: int) -> list[tuple[int, int]]:
    """Ranges of whole turns, filled greedily; of a turn that is too long only the beginning."""
    spans: list[tuple[int, int]] = []
    start = end = 0
    for turn_end in (*ends, length):
        if turn_end - start > max_length and end > start:
            spans.append((start, end))
            start = end
        if turn_end - start > max_length:
            spans.append((start, start + max_length))
            start = turn_end
        end = turn_end
    return [*spans, (start, end)] if end > start else spans


def _piece(encoded: Encoded, start: int, end: int) -> Encoded:
    supervised = [False, *encoded.supervised[start + 1 : end]]
    ends = [place - start for place in encoded.turn_ends if start < place <= end]
    return Encoded(encoded.tokens[start:end], supervised, ends)


def _what(encoded: Encoded, pieces: Sequence[Encoded]) -> Literal["whole", "cut", "split", "dropped"]:
    if not pieces:
        return "dropped"
    if len(pieces[0].tokens) == len(encoded.tokens):
        return "whole"
    # the first token of each further piece of a document had a token before it, and is no longer predicted
    first = len(pieces) - 1 if not encoded.turn_ends else 0
    lost = sum(encoded.supervised) - sum(sum(piece.supervised) for piece in pieces) - first
    return "split" if len(pieces) > 1 and not lost else "cut"


def _batches(rows: Iterator[tuple[str, Conversation]]) -> Iterator[list[tuple[str, Conversation]]]:
    while batch := list(islice(rows, ROWS_PER_BATCH)):
        yield batch


def _record_batch(ids: Sequence[str], encoded: Sequence[Encoded]) -> pa.RecordBatch:
    columns = {
        "id": ids,
        "tokens": [one.tokens for one in encoded],
        "supervised": [one.supervised for one in encoded],
        "turn_ends": [one.turn_ends for one in encoded],
    }
    return pa.record_batch([pa.array(columns[field.name], field.type) for field in SCHEMA], schema=SCHEMA)


def _added(facts: PreparedFacts, encoded: Sequence[Encoded]) -> PreparedFacts:
    lengths = [len(one.tokens) for one in encoded]
    return PreparedFacts(
        facts.conversations + len(encoded),
        facts.tokens + sum(lengths),
        facts.supervised_tokens + sum(sum(one.supervised) for one in encoded),
        max(facts.longest, *lengths),
    )
