"""A JSON array, item by item: what is held in memory is one item and the block of the file it came in.

Python's own decoder does the work, so that an item is read exactly as a line of JSON Lines would be.
"""

import codecs
import json
import re
from collections.abc import Iterator
from json import JSONDecodeError
from typing import BinaryIO

from raysft.data.read.formats import short
from raysft.errors import InputError, Problem

NOT_UTF8 = "is not UTF-8; save the file as UTF-8"

MOST = 1 << 26
"""Bytes of the longest row that is read: a small file may unpack to any number of them."""

_BLOCK = 1 << 20
"""Bytes read at once; more where one item is longer."""
_TAIL = 16
"""Characters before the end of a block in which a decoder may stumble over `fal|se`, `\\ud83|d` or `1.|5`."""
_SPACE = re.compile(r"[ \t\n\r]*")


def array_items(path: str, file: BinaryIO) -> Iterator[object]:
    """The items of a file that holds one array.

    Args:
        path: for messages.
        file: at its beginning, or behind the byte order mark.

    Raises:
        InputError: with the line, where the file is not one array; the items before it have been given.
    """
    text = _Text(path, file)
    text.take("[", "Expecting an array")
    if text.next() == "]":
        text.take("]", "")
    else:
        yield text.item()
        while text.next() == ",":
            text.take(",", "")
            yield text.item()
        text.take("]", "Expecting ',' delimiter")
    if text.next():
        raise text.wrong("Extra data", text.place)


def text_values(path: str, file: BinaryIO) -> Iterator[object]:
    """The values of a file that holds one after the other, each over any number of lines.

    Raises:
        InputError: with the line, where there is no value; the ones before it have been given.
    """
    text = _Text(path, file)
    while text.next():
        yield text.item()


class KeyTwice(ValueError):
    """An object has a key twice; becomes a Problem like everything else that is wrong with a text."""


def keys_once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """An object whose keys differ; of two values under one key Python would keep the last, without a word.

    Raises:
        KeyTwice: a key is written twice.
    """
    found = dict(pairs)
    if len(found) < len(pairs):
        twice = next(key for place, (key, _) in enumerate(pairs) if key in dict(pairs[:place]))
        raise KeyTwice(f"the key {short(twice)} is written twice")
    return found


def cause(error: ValueError | RecursionError) -> str:
    """What a decoder says about a text that it cannot read."""
    match error:
        case JSONDecodeError():
            return error.msg
        case RecursionError():
            return "nested too deeply"
    return " ".join(str(error).split())


class _Text:
    """A file as text, of which only the part around the next item is held."""

    def __init__(self, path: str, file: BinaryIO) -> None:
        self.path, self.file = path, file
        self.decoder, self.utf8 = (
            json.JSONDecoder(object_pairs_hook=keys_once),
            codecs.getincrementaldecoder("utf-8")(),
        )
        self.held, self.place, self.line, self.ended = "", 0, 1, False

    def next(self) -> str:
        """The next character that is no space, or nothing at the end of the file."""
        while True:
            space = _SPACE.match(self.held, self.place)
            self.place = space.end() if space else self.place
            if self.place < len(self.held) or self.ended:
                return self.held[self.place : self.place + 1]
            self._read_on()

    def take(self, mark: str, message: str) -> None:
        """Go behind a mark, which must come next."""
        if self.next() != mark:
            raise self.wrong(message, self.place)
        self.place += 1

    def item(self) -> object:
        """The next item."""
        self.next()
        while True:
            try:
                item, end = self.decoder.raw_decode(self.held, self.place)
            except JSONDecodeError as error:
                cut = error.pos > len(self.held) - _TAIL or error.msg.startswith("Unterminated string")
                if self.ended or not cut:
                    raise self.wrong(error.msg, error.pos) from None
            except (ValueError, RecursionError) as error:
                raise InputError([Problem(self.path, "is not read", cause(error))]) from None
            else:
                if self.ended or end <= len(self.held) - _TAIL:
                    self.place = end
                    return item
            self._read_on()

    def _read_on(self) -> None:
        """Forget what lies behind, and read at least as much as is left."""
        self.line += self.held.count("\n", 0, self.place)
        self.held, self.place = self.held[self.place :], 0
        if len(self.held) > MOST:
            remedy = f"a row of more than {MOST >> 20} MiB; is the file one array of rows?"
            raise InputError([Problem(f"{self.path}:{self.line}", "is not read", remedy)])
        data = self.file.read(max(_BLOCK, len(self.held)))
        try:
            self.held += self.utf8.decode(data, final=not data)
        except UnicodeDecodeError as error:
            line = self.line + self.held.count("\n") + error.object.count(b"\n", 0, error.start)
            value = repr(error.object[error.start : error.start + 8])
            raise InputError([Problem(f"{self.path}:{line}", value, NOT_UTF8)]) from None
        self.ended = not data

    def wrong(self, message: str, place: int) -> InputError:
        """An error with the line of a place in the text that is held."""
        line = self.line + self.held.count("\n", 0, place)
        text = short(self.held[place : place + 80])
        return InputError([Problem(f"{self.path}:{line}", text, f"is not JSON, {message}")])
