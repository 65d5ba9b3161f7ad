"""JSON Lines: what is wrong with one line becomes a Problem in its place, and reading goes on."""

import io
import json
from collections.abc import Iterable, Iterator
from functools import partial

from raysft.data.read.formats import short
from raysft.data.read.json_array import MOST, NOT_UTF8, KeyTwice, cause, keys_once
from raysft.data.read.packing import BUFFER
from raysft.data.read.row import Row, Rows, refused
from raysft.errors import Problem

_decode = json.JSONDecoder(object_pairs_hook=keys_once).decode


def line_rows(path: str, file: io.BufferedReader) -> Rows:
    """Rows of a file whose lines end with a line feed.

    Raises:
        InputError: a line is longer than `MOST` bytes.
    """
    return _rows(path, iter(partial(file.readline, MOST), b""))


def old_line_rows(path: str, file: io.BufferedReader) -> Rows:
    """The same where a carriage return alone ends a line."""
    return _rows(path, _old_lines(file))


def _rows(path: str, lines: Iterable[bytes]) -> Rows:
    for number, line in enumerate(lines, start=1):
        if len(line) >= MOST:
            raise refused(
                f"{path}:{number}", f"a line of more than {MOST >> 20} MiB", "write one row per line"
            )
        if line.strip():
            yield _row(f"{path}:{number}", line)


def _row(where: str, line: bytes) -> Row | Problem:
    try:
        return Row(where, _decode(line.decode("utf-8")))
    except UnicodeDecodeError as error:
        return Problem(where, repr(error.object[error.start : error.start + 8]), NOT_UTF8)
    except KeyTwice as error:
        return Problem(where, short(line.decode("utf-8")), f"{error}; leave one")
    except (ValueError, RecursionError) as error:
        # a ValueError that is no JSONDecodeError: a number with thousands of digits
        remedy = f"is not JSON, {cause(error)}; write one row per line"
        return Problem(where, short(line.decode("utf-8")), remedy)


def _old_lines(file: io.BufferedReader) -> Iterator[bytes]:
    rest = b""
    while data := file.read(BUFFER):
        *lines, rest = (rest + data).split(b"\r")
        yield from lines
        if len(rest) >= MOST:
            break
    yield rest
