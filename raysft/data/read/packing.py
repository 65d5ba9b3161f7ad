"""The bytes of a file behind what they are packed in, whatever its name says.

gzip, zstd, bzip2, xz and UTF-16 or UTF-32 with a byte order mark, also one in another. All of it is streamed:
no more is read than is asked for, and nothing is written to disk.
"""

import bz2
import codecs
import gzip
import io
import lzma
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, BinaryIO

import pyarrow as pa

from raysft.data.read.row import refused
from raysft.errors import InputError

BUFFER = 1 << 20
"""Bytes that are read at once."""
HEAD = 1 << 16
"""Bytes at the beginning of a file that its kind is told by."""
DAMAGED = (
    *(OSError, EOFError, MemoryError, UnicodeDecodeError),
    *(zlib.error, lzma.LZMAError, pa.ArrowException),
)
"""What the readers of packed files and of tables raise. A damaged length asks for more memory than there is,
and the name of a column may be no UTF-8."""

_DEEPEST = 4
_UTF8_MARK = b"\xef\xbb\xbf"


@dataclass(frozen=True)
class Unpacked:
    """A file, of which nothing is read yet."""

    file: io.BufferedReader
    head: bytes
    """How it begins."""
    seekable: bool
    """Whether it is as the file system has it, and can be read from its end."""


def unpacked(path: str, file: BinaryIO) -> Unpacked:
    """What is behind compressions and byte order marks.

    Args:
        path: for messages.
        file: as a file system opens it.

    Raises:
        InputError: it is packed more than four times.
        OSError: and the others of `DAMAGED`, it is damaged.
    """
    stream: io.RawIOBase = _Guarded(file)
    for _ in range(_DEEPEST):
        head = _head(stream)
        again: io.BufferedReader = io.BufferedReader(_Again(head, stream), BUFFER)
        opener = next((opener for mark, opener in _OPENERS if head.startswith(mark)), None)
        if opener is None:
            if isinstance(stream, _Guarded) and file.seekable():
                file.seek(0)
                return Unpacked(io.BufferedReader(stream, BUFFER), head, seekable=True)
            return Unpacked(again, head, seekable=False)
        stream = opener(again)
    raise refused(path, "is packed again and again", "unpack it")


def _head(stream: io.RawIOBase) -> bytes:
    found = bytearray()
    while len(found) < HEAD and (data := stream.read(HEAD - len(found))):
        found += data
    return bytes(found)


class _Guarded(io.RawIOBase):
    """A file of any file system, whose every failure is an OSError.

    The libraries behind fsspec raise errors of their own, and which ones is part of no contract.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def readable(self) -> bool:
        """Always."""
        return True

    def seekable(self) -> bool:
        """As the file is."""
        return self._file.seekable()

    def readinto(self, buffer: Any) -> int:  # noqa: ANN401 - whatever has bytes
        """At most as many bytes as the buffer holds."""
        with failing_as_os_error():
            data = self._file.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def seek(self, offset: int, whence: int = 0) -> int:
        """Go to a place."""
        with failing_as_os_error():
            return self._file.seek(offset, whence)

    def tell(self) -> int:
        """Where it is."""
        return self._file.tell()


@contextmanager
def failing_as_os_error() -> Iterator[None]:
    """Turn whatever a file system raises into an OSError."""
    try:
        yield
    except (OSError, InputError):
        raise
    except Exception as error:
        raise OSError(f"{type(error).__name__}: {error}") from error


class _Again(io.RawIOBase):
    """A stream whose beginning has been read, from its beginning."""

    def __init__(self, head: bytes, rest: io.RawIOBase) -> None:
        self._head, self._rest = memoryview(head), rest

    def readable(self) -> bool:
        """Always."""
        return True

    def readinto(self, buffer: Any) -> int:  # noqa: ANN401 - whatever has bytes
        """At most as many bytes as the buffer holds."""
        data: Any = self._head[: len(buffer)] or self._rest.read(len(buffer)) or b""
        self._head = self._head[len(buffer) :]
        buffer[: len(data)] = data
        return len(data)


class _Recoded(io.RawIOBase):
    """Text in UTF-16 or UTF-32 as UTF-8."""

    def __init__(self, file: io.BufferedReader, encoding: str) -> None:
        self._file, self._encoding = file, encoding
        self._decode = codecs.getincrementaldecoder(encoding)().decode

    def readable(self) -> bool:
        """Always."""
        return True

    def readinto(self, buffer: Any) -> int:  # noqa: ANN401 - whatever has bytes
        """At most as many bytes as the buffer holds."""
        while True:
            # two bytes of UTF-16 are at most three of UTF-8, and four may wait in the decoder
            data = self._file.read(max(1, len(buffer) // 2 - 4))
            try:
                text = self._decode(data, not data).encode("utf-8")
            except UnicodeError as error:
                raise OSError(f"is not {self._encoding.upper()}, as it begins: {error}") from None
            if text or not data:
                buffer[: len(text)] = text
                return len(text)


def _gzip(file: io.BufferedReader) -> io.RawIOBase:
    return _plain(gzip.GzipFile(fileobj=file))


def _arrow(file: io.BufferedReader) -> io.RawIOBase:
    # Arrow's reader, unlike others, goes on behind the first of several frames and sees a file cut off
    return _plain(pa.CompressedInputStream(pa.PythonFile(file, "r"), "zstd"))


def _plain(file: Any) -> io.RawIOBase:  # noqa: ANN401 - whatever reads bytes
    return _Again(b"", file)


def _without_mark(file: io.BufferedReader) -> io.RawIOBase:
    file.read(len(_UTF8_MARK))
    return _plain(file)


_OPENERS: tuple[tuple[bytes | tuple[bytes, ...], Callable[[io.BufferedReader], io.RawIOBase]], ...] = (
    (b"\x1f\x8b", _gzip),
    ((b"\x28\xb5\x2f\xfd", *(bytes([mark, 0x2A, 0x4D, 0x18]) for mark in range(0x50, 0x60))), _arrow),
    (b"BZh", lambda file: _plain(bz2.BZ2File(file))),
    (b"\xfd7zXZ\x00", lambda file: _plain(lzma.LZMAFile(file))),  # noqa: SIM115 - goes with `file`
    (_UTF8_MARK, _without_mark),
    ((b"\xff\xfe\x00\x00", b"\x00\x00\xfe\xff"), lambda file: _Recoded(file, "utf-32")),
    ((b"\xff\xfe", b"\xfe\xff"), lambda file: _Recoded(file, "utf-16")),
)
"""By how a file begins; UTF-32 before UTF-16, whose mark is the first half of the other's."""
