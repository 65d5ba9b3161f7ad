"""Rows of Parquet, and of Arrow's own files and streams, batch by batch.

A row without a value in Python (text that is not UTF-8, a date beyond the year 9999) becomes a Problem.
"""

import io

import pyarrow as pa
import pyarrow.ipc
import pyarrow.parquet

from raysft.data.read.formats import short
from raysft.data.read.packing import BUFFER
from raysft.data.read.row import Row, Rows
from raysft.errors import Problem

BATCH = 1024
"""Rows that are read at once."""
NO_VALUE = (ValueError, OverflowError)
"""What a text that is not UTF-8 raises, and a date beyond the year 9999."""


def parquet_rows(path: str, file: io.BufferedReader) -> Rows:
    """Rows of a Parquet file."""
    # row groups are often as large as the file: their columns are read page by page
    opened = pyarrow.parquet.ParquetFile(file, buffer_size=BUFFER, pre_buffer=False)
    number = 0
    for batch in opened.iter_batches(batch_size=BATCH):
        yield from _rows(path, number, batch)
        number += batch.num_rows


def arrow_file_rows(path: str, file: io.BufferedReader) -> Rows:
    """Rows of an Arrow file: Feather, or what `pyarrow.ipc.new_file` writes."""
    opened = pyarrow.ipc.open_file(pa.PythonFile(file, "r"))
    number = 0
    for place in range(opened.num_record_batches):
        batch = opened.get_batch(place)
        yield from _arrow_rows(path, number, batch)
        number += batch.num_rows


def arrow_stream_rows(path: str, file: io.BufferedReader) -> Rows:
    """Rows of an Arrow stream, as the datasets library writes them."""
    number = 0
    for batch in pyarrow.ipc.open_stream(pa.PythonFile(file, "r")):
        yield from _arrow_rows(path, number, batch)
        number += batch.num_rows


def _arrow_rows(path: str, before: int, batch: pa.RecordBatch) -> Rows:
    """As `_rows`, where nothing is believed: damaged places of texts would lead anywhere in memory."""
    for start in range(0, batch.num_rows, BATCH):
        part = batch.slice(start, BATCH)
        try:
            part.validate(full=True)
        except NO_VALUE:
            for place in range(part.num_rows):
                yield _checked_row(f"{path}, row {before + start + place + 1}", part.slice(place, 1))
        else:
            yield from _rows(path, before + start, part)


def _checked_row(where: str, row: pa.RecordBatch) -> Row | Problem:
    try:
        row.validate(full=True)
    except NO_VALUE as error:
        return Problem(where, "a column", f"cannot be read: {' '.join(str(error).split())[:300]}")
    return _row(where, row, 0)


def _rows(path: str, before: int, batch: pa.RecordBatch) -> Rows:
    """The rows of a batch; one by one where some have no value, so that the others are not lost."""
    try:
        values = batch.to_pylist()
    except NO_VALUE:
        for place in range(batch.num_rows):
            yield _row(f"{path}, row {before + place + 1}", batch, place)
        return
    for number, value in enumerate(values, start=before + 1):
        yield Row(f"{path}, row {number}", value)


def _row(where: str, batch: pa.RecordBatch, place: int) -> Row | Problem:
    value = {}
    for name, column in zip(batch.schema.names, batch.columns, strict=True):
        try:
            value[name] = column[place].as_py()
        except NO_VALUE as error:
            return Problem(where, short(f"column {name}"), f"cannot be read: {' '.join(str(error).split())}")
    return Row(where, value)
