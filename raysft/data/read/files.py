"""From files to rows, each with the place it came from.

JSON Lines and JSON arrays, Parquet, and Arrow files and streams; all but tables also packed by gzip, zstd,
bzip2 or xz, and in UTF-16 with a byte order mark. What a file is, its first bytes tell, not its name. Folders
of such files, also those that `Dataset.save_to_disk` writes; and data sets of the Hugging Face Hub:
`hf://owner/name[/config][:split]`, where the split is `train` unless said, and `hf:///a/folder` is a data set
on disk. Files may lie on any file system that fsspec opens. All of them are streamed: of a file no more than
a block or a batch of rows is in memory.

What is wrong with one line, or one row of a table or of the Hub (text that is not UTF-8, a date that Python
does not have), becomes a Problem in its place, and reading goes on; what is wrong with a whole file is an
InputError. Not read, and refused by name: CSV, archives, pickles, databases.
"""

import io
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import fsspec

from raysft.data.read.folders import files_of
from raysft.data.read.hub import HUB, hub_name, hub_rows, local_folder
from raysft.data.read.json_array import array_items, text_values
from raysft.data.read.json_lines import line_rows, old_line_rows
from raysft.data.read.kinds import Kind, kind_of
from raysft.data.read.packing import DAMAGED, failing_as_os_error, unpacked
from raysft.data.read.row import Row, Rows, refused
from raysft.data.read.tables import arrow_file_rows, arrow_stream_rows, parquet_rows
from raysft.extras import refuse_without_library

_NO_FOLDERS = ("http", "https")
"""Schemes whose folders cannot be told from files without fetching them."""


def read_rows(path: str) -> Rows:
    """Read one file, folder or data set.

    Args:
        path: a local path, a URL, or `hf://…`.

    Raises:
        InputError: it cannot be opened, is damaged, or is of a kind that is not listed above.
    """
    if not path.startswith(HUB):
        yield from _rows(path, path, "")
        return
    folder = local_folder(path)
    if folder and any((folder / name).is_file() for name in ("state.json", "dataset_dict.json")):
        yield from _rows(path, str(folder), hub_name(path)[2])
    else:
        yield from hub_rows(path)


def _rows(given: str, path: str, split: str) -> Rows:
    refuse_without_library("source", path)
    with _told(given), failing_as_os_error():
        files, place = fsspec.core.url_to_fs(path)
        is_folder = not path.startswith(_NO_FOLDERS) and files.isdir(place)
        names = files_of(given, files, place, split) if is_folder else None
    if names is None:
        yield from _file_rows(path, files, place)
        return
    for name in names:
        yield from _file_rows(f"{path.rstrip('/')}/{name}", files, f"{place.rstrip('/')}/{name}")


def _file_rows(path: str, files: Any, place: str) -> Rows:  # noqa: ANN401 - a file system of fsspec
    with _told(path):
        with failing_as_os_error():
            opened = files.open(place, "rb")
        with opened:
            found = unpacked(path, opened)
            kind = kind_of(path, found.head)
            if kind in ("parquet", "arrow file") and not found.seekable:
                raise refused(path, f"is {kind.split()[0].capitalize()} that is packed", "unpack it")
            yield from _READERS[kind](path, found.file)


@contextmanager
def _told(path: str) -> Iterator[None]:
    try:
        yield
    except DAMAGED as error:
        said = " ".join(str(error).split()) or type(error).__name__
        raise refused(path, "cannot be read", said) from None


def _array(path: str, file: io.BufferedReader) -> Rows:
    for number, value in enumerate(array_items(path, file), start=1):
        yield Row(f"{path}, row {number}", value)


def _values(path: str, file: io.BufferedReader) -> Rows:
    for number, value in enumerate(text_values(path, file), start=1):
        yield Row(f"{path}, row {number}", value)


_READERS: Mapping[Kind, Callable[[str, io.BufferedReader], Rows]] = {
    "lines": line_rows,
    "old lines": old_line_rows,
    "array": _array,
    "values": _values,
    "parquet": parquet_rows,
    "arrow file": arrow_file_rows,
    "arrow stream": arrow_stream_rows,
}
