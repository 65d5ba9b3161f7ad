"""From one file to its conversations, each with its row and format, before any rule."""

from collections.abc import Iterator
from typing import NamedTuple

from raysft.data.conversation import Conversation
from raysft.data.formats import RowFormats, parse_row
from raysft.data.reading import Row, read_rows
from raysft.errors import Problem


class ParsedRow(NamedTuple):
    """One row of a file, and what it says."""

    path: str
    form: str
    """Format that it was read by, or `world`; nothing where it is not JSON."""
    row: Row
    """Without a value where it is not JSON, or where it was made by the built-in world."""
    found: Conversation | Problem


def parsed_rows(path: str, form: str) -> Iterator[ParsedRow]:
    """Every row of one file; with the format `auto` each is read by its own keys.

    Raises:
        InputError: the file cannot be read, or its first row fits no format.
    """
    formats = RowFormats(form)
    for row in read_rows(path):
        if isinstance(row, Problem):
            yield ParsedRow(path, "", Row(row.field, None), row)
            continue
        name = formats.of(row.where, row.value)
        yield ParsedRow(path, name, row, parse_row(name, row.where, row.value))
