"""From one file to its conversations, each with its row and format, before any rule."""

from collections.abc import Collection, Iterator
from typing import NamedTuple

from raysft.data.conversation import Conversation
from raysft.data.read.files import Row, read_rows
from raysft.data.read.formats import RowFormats, no_format, parse_row, unfitting_row
from raysft.errors import InputError, Problem


class ParsedRow(NamedTuple):
    """One row of a file, and what it says."""

    path: str
    form: str
    """Format that it was read by, or `world`; nothing where it is not JSON, or none is known yet."""
    row: Row
    """Without a value where it is not JSON, or where it was made by the built-in world."""
    found: Conversation | Problem
    unused: tuple[str, ...] = ()
    """Keys with a value that is not read; see `ReadRow`."""
    cleaned: tuple[str, ...] = ()
    """Rules that changed what it says."""


def parsed_rows(path: str, form: str, clean: Collection[str] = ()) -> Iterator[ParsedRow]:
    """Every row of one file; with the format `auto` each is read by its own keys.

    Args:
        path: of the file.
        form: a name in `FORMATS`, or `auto`.
        clean: rules that are on; see `raysft.data.read.forms.order`.

    Raises:
        InputError: the file cannot be read; after the last row, if none fits a format.
    """
    formats, unfitting, name = RowFormats(form), None, ""
    for row in read_rows(path):
        if isinstance(row, Problem):
            yield ParsedRow(path, "", Row(row.field, None), row)
            continue
        name = formats.of(row.value)
        if name:
            read = parse_row(name, row.where, row.value, clean)
            found = (read,) if isinstance(read, Problem) else (read.conversation, read.unused, read.cleaned)
            yield ParsedRow(path, name, row, *found)
        else:
            unfitting = unfitting or row
            yield ParsedRow(path, "", row, unfitting_row(row.where, row.value))
    if unfitting and not name:
        raise InputError([no_format(unfitting.where, unfitting.value)])
