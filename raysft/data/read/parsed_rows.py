"""From one file to its conversations, each with its row and format, before any rule."""

import json
from collections.abc import Collection, Iterator, Mapping
from typing import NamedTuple

from raysft.data.conversation import Conversation
from raysft.data.read.files import read_rows
from raysft.data.read.formats import RowFormats, no_format, parse_row, short, unfitting_row
from raysft.data.read.row import Row
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
    formats, unfitting, name, rows = RowFormats(form), None, "", 0
    for rows, row in enumerate(read_rows(path), start=1):  # noqa: B007 - how many there were
        if isinstance(row, Problem):
            yield ParsedRow(path, "", Row(row.field, None), row)
            continue
        name = formats.of(row.value)
        if name:
            read = parse_row(name, row.where, row.value, clean)
            found = (read,) if isinstance(read, Problem) else (read.conversation, read.unused, read.cleaned)
        else:
            found = (unfitting_row(row.where, row.value),)
        if isinstance(found[0], Problem):
            unfitting = unfitting or row
        yield ParsedRow(path, name, row, *found)
    if unfitting is None:
        return
    wrapped = _wrapped(path, unfitting.value, name) if rows == 1 else None
    if wrapped or not name:
        raise InputError([wrapped or no_format(unfitting.where, unfitting.value)])


def _wrapped(path: str, value: object, form: str) -> Problem | None:
    """What is wrong with a file of one object that holds the rows, or their columns."""
    fields = value if isinstance(value, Mapping) else {}
    under = [key for key, one in fields.items() if isinstance(one, list) and one and _is_row(one[0], form)]
    if under:
        remedy = f"write them as JSON Lines: jq -c '.[{json.dumps(under[0])}][]' {path} > rows.jsonl"
        return Problem(path, f"is one object with rows under {', '.join(map(short, under))}", remedy)
    if len(fields) > 1 and all(map(_is_column, fields.values())):
        remedy = "write one object per row; pandas does: .to_json('rows.jsonl', orient='records', lines=True)"
        return Problem(path, "is one object of columns", remedy)
    return None


def _is_row(value: object, form: str) -> bool:
    """Whether an item of a list is a row; in a row that has a format, only if it has one itself."""
    return isinstance(value, Mapping) and (not form or bool(RowFormats("auto").of(value)))


def _is_column(value: object) -> bool:
    """Whether a value is a list, or what pandas makes of one: `{"0": ..., "1": ...}`."""
    return isinstance(value, list) or (isinstance(value, Mapping) and all(key.isdigit() for key in value))
