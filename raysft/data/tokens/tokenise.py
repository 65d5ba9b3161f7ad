"""Tokenising a source once, on all cores."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from transformers import AutoTokenizer, PreTrainedTokenizerBase

from raysft.data.conversation import Conversation
from raysft.data.parallel import in_order, processes_for
from raysft.data.spool import Selection, Spans, SpoolFile
from raysft.data.tokens.prepared import FILE, ROWS_PER_BATCH, SCHEMA
from raysft.data.tokens.template import Encoded, encode_all
from raysft.data.tokens.template_check import asked_otherwise
from raysft.identity import Json

WORTH = 1 << 23
"""Bytes of conversations that keep one process busy for longer than it takes to start another."""

HELD_TO_PROMPTS = 64
"""Conversations of a source, the first by id, of which each prompt must be what training has before the
answer; the others are held to it by the template's check alone."""

_AT_ONCE = 1 << 21
"""Characters that are in memory as lists of tokens at a time."""


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


def prepare(
    conversations: Selection, tokenizer_folder: Path, folder: Path, processes: int | None = None
) -> PreparedFacts:
    """Tokenise conversations into one Arrow file that `Prepared` opens, its rows sorted by id.

    The bytes of the file depend on ids, conversations and tokenizer: not on the order in which a source has
    them, and not on the number of processes.

    Args:
        conversations: of a source.
        tokenizer_folder: as `transformers.AutoTokenizer` opens it.
        folder: where the file is written; it exists.
        processes: how many tokenise; None takes this one for a small source and all cores for a large one.

    Raises:
        InputError: the tokenizer's template refuses a conversation.
    """
    facts = PreparedFacts(0, 0, 0, 0)
    begin = partial(_encoding, conversations.file, str(tokenizer_folder))
    workers = processes or processes_for(conversations.size, WORTH)
    with pa.OSFile(str(folder / FILE), "wb") as sink, pa.ipc.new_file(sink, SCHEMA) as writer:
        for batch in in_order(begin, _chunks(conversations), workers):
            writer.write_batch(batch)
            facts = _added(facts, batch)
    return facts


class _Chunk(NamedTuple):
    """What becomes one record batch."""

    ids: tuple[str, ...]
    spans: Spans
    held: int
    """Of its first conversations so many are held to prompts."""


def _chunks(conversations: Selection) -> Iterator[_Chunk]:
    for start in range(0, len(conversations), ROWS_PER_BATCH):
        span = slice(start, start + ROWS_PER_BATCH)
        yield _Chunk(conversations.ids[span], conversations.spans[span], 0 if start else HELD_TO_PROMPTS)


def _encoding(file: SpoolFile, tokenizer_folder: str) -> Callable[[_Chunk], pa.RecordBatch]:
    tokenizer = AutoTokenizer.from_pretrained(tokenizer_folder)

    def encoded(chunk: _Chunk) -> pa.RecordBatch:
        groups = _groups(file.conversations(chunk.spans))
        columns = [
            _columns(_encoded(tokenizer, group, 0 if place else chunk.held))
            for place, group in enumerate(groups)
        ]
        joined = [pa.concat_arrays(each) for each in zip(*columns, strict=True)]
        return pa.record_batch([pa.array(chunk.ids, pa.string()), *joined], schema=SCHEMA)

    return encoded


def _encoded(tokenizer: PreTrainedTokenizerBase, group: Sequence[Conversation], held: int) -> list[Encoded]:
    encoded = encode_all(tokenizer, group)
    chats = [place for place, one in enumerate(group[:held]) if one.messages[0].role != "text"]
    found = asked_otherwise(tokenizer, [group[place] for place in chats], [encoded[place] for place in chats])
    for place, lost in zip(chats, found, strict=True):
        encoded[place] = replace(encoded[place], lost=(*encoded[place].lost, *lost))
    return encoded


def _groups(conversations: Sequence[Conversation]) -> Iterator[list[Conversation]]:
    """Neighbours that are encoded together: a token in a list takes 8 bytes, in a column 4."""
    group: list[Conversation] = []
    characters = 0
    for one in conversations:
        group.append(one)
        characters += sum(len(message.content) for message in one.messages)
        if characters >= _AT_ONCE:
            yield group
            group, characters = [], 0
    if group:
        yield group


def _columns(encoded: Sequence[Encoded]) -> list[pa.Array]:
    return [pa.array([getattr(one, field.name) for one in encoded], field.type) for field in list(SCHEMA)[1:]]


def _added(facts: PreparedFacts, batch: pa.RecordBatch) -> PreparedFacts:
    tokens, supervised = batch.column("tokens"), batch.column("supervised")
    return PreparedFacts(
        facts.conversations + batch.num_rows,
        facts.tokens + len(tokens.values),
        facts.supervised_tokens + supervised.values.true_count,
        max(facts.longest, int(np.diff(tokens.offsets.to_numpy()).max())),
    )
