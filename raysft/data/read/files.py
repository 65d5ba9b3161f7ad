"""From files to rows, each with the place it came from.

JSON Lines (`.jsonl`, or `.json` with one object per line) and JSON arrays (`.json`), both also as `.gz` and
`.zst`; Parquet; and data sets of the Hugging Face Hub: `hf://owner/name[/config][:split]`, where the split is
`train` unless said, and `hf:///a/folder` is a data set on disk. Files may lie on any file system that fsspec
opens. All of them are streamed: of a file no more than a block or a batch of rows is in memory.

What is wrong with one line, or one row of Parquet or of the Hub (text that is not UTF-8, a date that Python
does not have), becomes a Problem in its place, and reading goes on; what is wrong with a whole file is an
InputError.
"""

import gzip
import io
import json
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from typing import Any

import fsspec
import pyarrow as pa
import pyarrow.parquet

from raysft.data.read.formats import short
from raysft.data.read.json_array import NOT_UTF8, array_items, cause
from raysft.errors import InputError, Problem
from raysft.extras import refuse_without_library

HUB = "hf://"
"""Prefix of data sets that `datasets.load_dataset` opens."""

_MARK = b"\xef\xbb\xbf"
"""The byte order mark that some editors write before UTF-8."""
_COMPRESSIONS = {".gz": "gzip", ".zst": "zstd"}
_BUFFER = 1 << 20
"""Bytes that are read at once."""
_BATCH = 1024
"""Rows of a Parquet file, or of a Hub data set, that are read at once."""
_NO_VALUE = (ValueError, OverflowError)
"""What a text that is not UTF-8 raises, and a date beyond the year 9999."""


@dataclass(frozen=True)
class Row:
    """One row as JSON gives it."""

    where: str
    """`file:line`, or `file, row k` where there are no lines; both count from 1."""
    value: object


Rows = Iterator[Row | Problem]


def read_rows(path: str) -> Rows:
    """Read one file or data set.

    Args:
        path: a local path, a URL, or `hf://…`.

    Raises:
        InputError: the file cannot be opened, is damaged, or has a form that is not listed above.
    """
    if path.startswith(HUB):
        yield from _hub(path)
        return
    suffix = next((one for one in _COMPRESSIONS if path.endswith(one)), "")
    name = path.removesuffix(suffix)
    reader = next((read for kind, read in _READERS.items() if name.endswith(kind)), None)
    if reader is None or (suffix and reader is _parquet):
        remedy = "use .jsonl or .json, also with .gz or .zst behind it, .parquet or hf://owner/name"
        raise _wrong(path, "unknown kind of file", remedy)
    refuse_without_library("source", path)
    try:
        with _opened(path, _COMPRESSIONS.get(suffix)) as file:
            yield from reader(path, file)
    except (OSError, EOFError, zlib.error, gzip.BadGzipFile, pa.ArrowException) as error:
        raise _wrong(path, "cannot be read", " ".join(str(error).split())) from None


@contextmanager
def _opened(path: str, compression: str | None) -> Iterator[io.BufferedReader]:
    arrow = compression == "zstd"
    with fsspec.open(path, "rb", compression=None if arrow else compression) as file:
        # Arrow's reader, unlike others, goes on behind the first of several frames and sees a file cut off
        plain: Any = pa.CompressedInputStream(pa.PythonFile(file, "r"), compression) if arrow else file
        with io.BufferedReader(plain, _BUFFER) as buffered:
            yield buffered


def _lines(path: str, lines: Iterable[bytes]) -> Rows:
    for number, line in enumerate(lines, start=1):
        if line.strip():
            # a byte order mark is no error where a file begins
            yield _line(f"{path}:{number}", line.removeprefix(_MARK) if number == 1 else line)


def _line(where: str, line: bytes) -> Row | Problem:
    try:
        return Row(where, json.loads(line.decode("utf-8")))
    except UnicodeDecodeError as error:
        return Problem(where, _bytes_at(error), NOT_UTF8)
    except (ValueError, RecursionError) as error:
        # a ValueError that is no JSONDecodeError: a number with thousands of digits
        remedy = f"is not JSON, {cause(error)}; write one row per line"
        return Problem(where, short(line.decode("utf-8")), remedy)


def _json(path: str, file: io.BufferedReader) -> Rows:
    """A JSON array; or JSON Lines under the name `.json`, as they are often found."""
    if file.peek(len(_MARK)).startswith(_MARK):
        file.read(len(_MARK))
    if file.peek(1).lstrip()[:1] == b"[":
        for number, value in enumerate(array_items(path, file), start=1):
            yield Row(f"{path}, row {number}", value)
        return
    rows = _lines(path, file)
    first = next(rows, None)
    if isinstance(first, Problem):
        raise _wrong(first.field, first.value, "a .json file holds one array of rows, or one row per line")
    yield from chain(() if first is None else (first,), rows)


def _bytes_at(error: UnicodeDecodeError) -> str:
    return repr(error.object[error.start : error.start + 8])


def _parquet(path: str, file: io.BufferedReader) -> Rows:
    number = 0
    # row groups are often as large as the file: their columns are read page by page
    opened = pyarrow.parquet.ParquetFile(file, buffer_size=_BUFFER, pre_buffer=False)
    for batch in opened.iter_batches(batch_size=_BATCH):
        yield from _batch_rows(path, number, batch)
        number += batch.num_rows


def _batch_rows(path: str, before: int, batch: pa.RecordBatch) -> Rows:
    """The rows of a batch; one by one where some have no value, so that the others are not lost."""
    try:
        values = batch.to_pylist()
    except _NO_VALUE:
        for place in range(batch.num_rows):
            yield _batch_row(f"{path}, row {before + place + 1}", batch, place)
        return
    for number, value in enumerate(values, start=before + 1):
        yield Row(f"{path}, row {number}", value)


def _batch_row(where: str, batch: pa.RecordBatch, place: int) -> Row | Problem:
    value = {}
    for name, column in zip(batch.schema.names, batch.columns, strict=True):
        try:
            value[name] = column[place].as_py()
        except _NO_VALUE as error:
            return Problem(where, short(f"column {name}"), f"cannot be read: {' '.join(str(error).split())}")
    return Row(where, value)


_READERS: Mapping[str, Callable[[str, io.BufferedReader], Rows]] = {
    ".jsonl": _lines,
    ".json": _json,
    ".parquet": _parquet,
}


def _hub(path: str) -> Rows:
    # importing datasets takes seconds, and most sweeps read files
    import datasets

    name, config, split = _hub_name(path)
    try:
        found: Any = datasets.load_dataset(name, config, split=split)
    except (OSError, ValueError, datasets.exceptions.DatasetsError) as error:
        raise _wrong(path, "cannot be loaded", " ".join(str(error).split())[:300]) from None
    for before in range(0, len(found), _BATCH):
        yield from _hub_rows(path, found, range(before, min(before + _BATCH, len(found))))


def _hub_rows(path: str, found: Any, places: range) -> Rows:  # noqa: ANN401 - a `datasets.Dataset`
    """As `_batch_rows`."""
    try:
        columns = found[places.start : places.stop]
    except _NO_VALUE as error:
        if len(places) > 1:
            for place in places:
                yield from _hub_rows(path, found, range(place, place + 1))
        else:
            remedy = f"cannot be read: {' '.join(str(error).split())}"
            yield Problem(f"{path}, row {places.stop}", "a column", remedy)
        return
    for place, values in zip(places, zip(*columns.values(), strict=True), strict=True):
        yield Row(f"{path}, row {place + 1}", dict(zip(columns, values, strict=True)))


def _hub_name(path: str) -> tuple[str, str | None, str]:
    """Name, configuration and split of `hf://owner/name/config:split`."""
    name, _, split = path.removeprefix(HUB).partition(":")
    parts = name.split("/")
    if name.startswith("/"):
        return name, None, split or "train"
    if len(parts) not in (2, 3) or not all(parts):
        raise _wrong(
            path, "is no data set", "write hf://owner/name, hf://owner/name/config or hf://owner/name:split"
        )
    return "/".join(parts[:2]), parts[2] if len(parts) == 3 else None, split or "train"


def _wrong(field: str, value: str, remedy: str) -> InputError:
    return InputError([Problem(field, value, remedy)])
