"""Conversations on local disk while a process needs them, written as they are read.

A million conversations are held by their ids and places; their texts are in one file in a temporary folder of
this process (where `tempfile` puts it: `TMPDIR` says another place). The file goes with the last object that
uses it, the folder at the end of the process; what a killed process leaves there serves nobody.

Each record is the canonical JSON that a content id is the digest of, a line feed, and where it came from. It
is read with `pread` rather than mapped: sources are read in the order of their ids, which is none in the
file, and systems map much more than the pages asked for. On Linux 6.18, 128 reads all over 128 MB mapped 112.
"""

import atexit
import json
import os
import shutil
import tempfile
import weakref
from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from itertools import count
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from raysft.data.conversation import Conversation, Message
from raysft.identity import digest_bytes

CHUNK = 1024
"""Conversations that are taken out of a spool at once."""

_BUFFER = 1 << 20

Spans = NDArray[np.int64]
"""Where records lie in the file of a spool: first byte, and first byte behind it; one row for each."""


class Located(NamedTuple):
    """A conversation as a source has it."""

    conversation: Conversation
    where: str
    """`file:line`, for messages."""
    part: int
    """Which of the parts of its source it was found in."""


@dataclass(frozen=True)
class SpoolFile:
    """The file of a spool. It can be sent to another process of this machine, which does not own it."""

    path: Path

    def conversations(self, spans: Spans) -> list[Conversation]:
        """The conversations of some records, in the order of `spans`."""
        return [_conversation(record) for record in self._records(spans)]

    def where(self, spans: Spans) -> list[str]:
        """Where some records came from."""
        return [record.partition(b"\n")[2].decode() for record in self._records(spans)]

    def _records(self, spans: Spans) -> Iterator[bytes]:
        with self.path.open("rb", buffering=0) as file:
            for start, end in spans.tolist():
                yield os.pread(file.fileno(), end - start, start)


@dataclass(frozen=True)
class Spool:
    """The rows of a source in the order in which they were read."""

    file: SpoolFile
    starts: NDArray[np.int64]
    """First byte of each record, and the length of the file."""
    digests: NDArray[np.uint64]
    """Content id of each row as two numbers, the first 16 digits and the last 16."""
    parts: NDArray[np.uint16]
    """Part of each row."""
    questions: NDArray[np.uint64]
    """`Conversation.question` of each row."""

    def spans(self, rows: NDArray[np.int64]) -> Spans:
        """The records of some rows."""
        return np.stack([self.starts[rows], self.starts[rows + 1]], axis=1)


@dataclass(frozen=True)
class Selection:
    """Some conversations of a spool under ids of their own."""

    file: SpoolFile
    ids: tuple[str, ...]
    """Distinct, sorted."""
    spans: Spans = field(compare=False)
    """Record of each id; two ids may have the same."""

    def __len__(self) -> int:
        return len(self.ids)

    def __iter__(self) -> Iterator[Conversation]:
        """All conversations in the order of their ids."""
        for start in range(0, len(self), CHUNK):
            yield from self.file.conversations(self.spans[start : start + CHUNK])

    def conversation(self, one: str) -> Conversation:
        """The conversation with an id.

        Raises:
            KeyError: none has it.
        """
        place = bisect_left(self.ids, one)
        if place == len(self.ids) or self.ids[place] != one:
            raise KeyError(one)
        return self.file.conversations(self.spans[place : place + 1])[0]

    def where(self, one: str) -> str:
        """`file:line` of the conversation with an id, which is one of them."""
        place = bisect_left(self.ids, one)
        return self.file.where(self.spans[place : place + 1])[0]

    def only(self, wanted: Iterable[bool]) -> "Selection":
        """Those that are wanted, which is said of each."""
        places = [place for place, one in enumerate(wanted) if one]
        return Selection(self.file, tuple(self.ids[place] for place in places), self.spans[places])

    @property
    def size(self) -> int:
        """Bytes of its records."""
        return size_of(self.spans)


def size_of(spans: Spans) -> int:
    """Bytes of some records."""
    return int((spans[:, 1] - spans[:, 0]).sum())


def spool(conversations: Iterable[Located]) -> Spool:
    """Write conversations into a temporary file.

    Raises:
        OSError: the file cannot be written.
    """
    path = temporary_file(".spool")
    digests, parts, questions, starts = bytearray(), array("H"), array("Q"), array("q", [0])
    try:
        with path.open("wb", buffering=_BUFFER) as file:
            for conversation, where, part in conversations:
                record = conversation.canonical
                digests += bytes.fromhex(digest_bytes(record))
                parts.append(part)
                questions.append(conversation.question)
                starts.append(
                    starts[-1]
                    + file.write(record)
                    + file.write(b"\n")
                    + file.write(where.encode("utf-8", "replace"))
                )
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    owned = SpoolFile(path)
    weakref.finalize(owned, _remove, path, os.getpid())
    numbers = np.frombuffer(digests, ">u8").astype(np.uint64).reshape(-1, 2)
    return Spool(
        owned,
        np.array(starts, np.int64),
        numbers,
        np.array(parts, np.uint16),
        np.array(questions, np.uint64),
    )


def temporary_file(ending: str) -> Path:
    """A path for a new file in the temporary folder of this process, which goes when the process ends."""
    return _folder(os.getpid()) / f"{next(_counted)}{ending}"


_counted = count()


@cache
def _folder(process: int) -> Path:
    folder = Path(tempfile.mkdtemp(prefix=f"raysft-{process}-"))
    atexit.register(_remove, folder, process)
    return folder


def _remove(path: Path, process: int) -> None:
    """Remove a file or folder, unless this is a copy of the process that made it."""
    if os.getpid() != process:
        return
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def _conversation(record: bytes) -> Conversation:
    turns = json.loads(record.partition(b"\n")[0])
    return Conversation(tuple(map(Message.from_json, turns)))
