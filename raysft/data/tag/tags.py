"""Tags: words at a row that say what its conversation is about, for the drop rules of a sweep file.

    drop: [{field: tags, any_of: [code, math]}]

A row keeps everything it has; tags that it has already stay, and come first. What gives tags to a
conversation is a function: rules (`raysft.data.tag.tag_rules`), or a model (`raysft.sweep.tag.tagging`).
"""

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from raysft.data.conversation import Conversation, as_row
from raysft.data.inspect.file_facts import read_files
from raysft.data.inspect.named_source import NamedSource
from raysft.data.read.formats import short
from raysft.data.read.parsed_rows import ParsedRow
from raysft.data.sources.bad_rows import SHOWN
from raysft.data.sources.rows import said_format
from raysft.data.whole_files import explained, written_at_once
from raysft.errors import InputError, Problem

OnBadRow = Literal["refuse", "skip"]
Tags = Sequence[str]
Tagger = Callable[[Conversation], Tags]
"""Asked once for each good row, in their order."""


@dataclass
class TagCounts:
    """What was written."""

    rows: int = 0
    skipped: int = 0
    """Bad rows that were left out."""
    tagged: int = 0
    """Rows that were given at least one tag, whether they had it or not."""
    given: Counter[str] = field(default_factory=Counter)
    """Rows by tag."""


@dataclass
class GoodRows:
    """The rows of a source that can be tagged; the drop rules of a sweep play no part."""

    source: NamedSource
    tags: str
    """Field of a row that holds its tags."""
    on_bad_row: OnBadRow
    """Whether a row that is malformed, or whose tags are no list, stops everything."""
    skipped: int = 0
    """Bad rows, so far."""

    def __iter__(self) -> Iterator[ParsedRow]:
        """All good rows in the order of the files.

        Raises:
            InputError: after the last row, with the bad ones; or at once where different formats are said for
                files, which one file could not repeat. Rows that are told apart by their keys stay so.
        """
        bad: list[Problem] = []
        form, source = "", self.source.source
        told_by_keys = len({said_format(source, part) for part in source.parts}) == 1
        for one in read_files(source, self.source.data_dir):
            problem = one.found if isinstance(one.found, Problem) else _no_tags(one, self.tags)
            if problem is not None:
                self.skipped += 1
                bad.extend([problem] if len(bad) < SHOWN else [])
                continue
            form = form or one.form
            if one.form != form and not told_by_keys:
                remedy = f"tag it by itself: it is read as {one.form}, what comes before it as {form}"
                raise InputError([Problem("SOURCE", one.path, remedy)])
            yield one
        if bad and self.on_bad_row == "refuse":
            remedy = "correct them, or leave bad rows out and have them counted: --on-bad-row skip"
            raise InputError([*bad, Problem("SOURCE", f"{self.skipped} bad rows in all", remedy)])

    def conversations(self) -> Iterator[Conversation]:
        """What was read from them."""
        return (one.found for one in self if not isinstance(one.found, Problem))


def write_tagged(
    source: NamedSource, tagger: Tagger, out: Path, tags: str = "tags", on_bad_row: OnBadRow = "refuse"
) -> TagCounts:
    """Write every row with its tags as JSON Lines, in the order of the files; all or nothing.

    A row that is a bare text becomes `{"text": …}`, one of the built-in world `{"messages": …}`.

    Args:
        source: what to tag.
        tagger: gives tags.
        out: the file.
        tags: field of a row that holds its tags.
        on_bad_row: as in `GoodRows`.

    Raises:
        InputError: bad rows; `out` is one of the files that are read, or cannot be a file.
    """
    if any(out.resolve() == Path(path).resolve() for path in source.paths):
        raise InputError([Problem("--out", str(out), "is a file that is read; write to another")])
    rows, counts = GoodRows(source, tags, on_bad_row), TagCounts()
    with written_at_once(out) as file:
        for one in rows:
            if isinstance(one.found, Problem):
                continue
            given = tagger(one.found)
            counts.rows += 1
            counts.tagged += bool(given)
            counts.given.update(given)
            line = _line(one, one.found, given, tags)
            with explained(out):
                file.write(line)
    counts.skipped = rows.skipped
    return counts


def _no_tags(one: ParsedRow, tags: str) -> Problem | None:
    """What is wrong with the tags that a row has."""
    row = one.row.value
    value = row.get(tags) if isinstance(row, Mapping) else None
    if value is None or isinstance(value, str | list):
        return None
    return Problem(one.row.where, short(value), f"{tags} must be a text or a list; or use another --field")


def _line(one: ParsedRow, conversation: Conversation, given: Tags, tags: str) -> bytes:
    row = _fields(one.row.value, conversation)
    had = row.get(tags)
    before: list[Any] = had if isinstance(had, list) else [] if had is None else [had]
    row[tags] = [*before, *(tag for tag in given if tag not in before)]
    try:
        text = json.dumps(row, ensure_ascii=False)
        return f"{text}\n".encode()
    except UnicodeEncodeError:
        # half of a surrogate pair, in a field that is not read: it has no UTF-8, but JSON can spell it
        return f"{json.dumps(row)}\n".encode()
    except (TypeError, RecursionError) as error:
        remedy = f"has a field that JSON cannot hold: {error}"
        raise InputError([Problem(one.row.where, short(str(sorted(row))), remedy)]) from None


def _fields(value: object, conversation: Conversation) -> dict[str, Any]:
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, str):
        return {"text": value}
    return as_row(conversation)
