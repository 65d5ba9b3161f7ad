"""From files to rows, each with the place it came from.

JSON Lines (`.jsonl`, or `.json` with one object per line), JSON arrays (`.json`), both also as `.gz`;
Parquet; and data sets of the Hugging Face Hub: `hf://owner/name[/config][:split]`, where the split is `train`
unless said, and `hf:///a/folder` is a data set on disk. Files may lie on any file system that fsspec opens.
JSON Lines and Parquet are streamed; a JSON array is held in memory as a whole.

What is wrong with one line becomes a Problem in its place, and reading goes on; what is wrong with a whole
file is an InputError.
"""

import gzip
import json
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Any, BinaryIO

import fsspec
import pyarrow as pa
import pyarrow.parquet

from raysft.data.formats import short
from raysft.errors import InputError, Problem

HUB = "hf://"
"""Prefix of data sets that `datasets.load_dataset` opens."""

_MARK = b"\xef\xbb\xbf"
"""The byte order mark that some editors write before UTF-8."""
_NOT_UTF8 = "is not UTF-8; save the file as UTF-8"


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
    name = path.removesuffix(".gz")
    reader = next((read for suffix, read in _READERS.items() if name.endswith(suffix)), None)
    if reader is None or (path != name and reader is _parquet):
        raise _wrong(
            path,
            "unknown kind of file",
            "use .jsonl, .json, .jsonl.gz, .json.gz, .parquet or hf://owner/name",
        )
    try:
        with fsspec.open(path, "rb", compression="gzip" if path != name else None) as file:
            yield from reader(path, file)
    except (OSError, EOFError, zlib.error, gzip.BadGzipFile, pa.ArrowException) as error:
        raise _wrong(path, "cannot be read", " ".join(str(error).split())) from None


def _lines(path: str, lines: Iterable[bytes]) -> Rows:
    for number, line in enumerate(lines, start=1):
        if line.strip():
            # a byte order mark is no error where a file begins
            yield _line(f"{path}:{number}", line.removeprefix(_MARK) if number == 1 else line)


def _line(where: str, line: bytes) -> Row | Problem:
    try:
        return Row(where, json.loads(line.decode("utf-8")))
    except UnicodeDecodeError as error:
        return Problem(where, _bytes_at(error), _NOT_UTF8)
    except (json.JSONDecodeError, RecursionError) as error:
        return Problem(
            where, short(line.decode("utf-8")), f"is not JSON, {_cause(error)}; write one row per line"
        )


def _json(path: str, file: BinaryIO) -> Rows:
    """A JSON array; or JSON Lines under the name `.json`, as they are often found."""
    data = file.read().removeprefix(_MARK)
    if data.lstrip()[:1] == b"[":
        for number, value in enumerate(_array(path, data), start=1):
            yield Row(f"{path}, row {number}", value)
        return
    rows = _lines(path, data.split(b"\n"))
    first = next(rows, None)
    if isinstance(first, Problem):
        raise _wrong(first.field, first.value, "a .json file holds one array of rows, or one row per line")
    yield from chain(() if first is None else (first,), rows)


def _array(path: str, data: bytes) -> list[object]:
    try:
        return list(json.loads(data.decode("utf-8")))
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise _wrong(f"{path}:{line}", _bytes_at(error), _NOT_UTF8) from None
    except json.JSONDecodeError as error:
        text = error.doc[error.pos : error.pos + 80]
        raise _wrong(f"{path}:{error.lineno}", short(text), f"is not JSON, {_cause(error)}") from None
    except RecursionError as error:
        raise _wrong(path, "is not read", _cause(error)) from None


def _bytes_at(error: UnicodeDecodeError) -> str:
    return repr(error.object[error.start : error.start + 8])


def _cause(error: json.JSONDecodeError | RecursionError) -> str:
    return error.msg if isinstance(error, json.JSONDecodeError) else "nested too deeply"


def _parquet(path: str, file: BinaryIO) -> Rows:
    number = 0
    for batch in pyarrow.parquet.ParquetFile(file).iter_batches(batch_size=1024):
        for value in batch.to_pylist():
            number += 1
            yield Row(f"{path}, row {number}", value)


_READERS: Mapping[str, Callable[[str, BinaryIO], Rows]] = {
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
    for number, value in enumerate(found, start=1):
        yield Row(f"{path}, row {number}", value)


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
