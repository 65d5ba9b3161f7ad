"""What is in the files of a source, row by row, before any rule.

Rows pass one by one; what is kept of a row is its number of turns and of characters, 16 bytes.
"""

from array import array
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from raysft.data.read.formats import short
from raysft.data.read.parsed_rows import ParsedRow, parsed_rows
from raysft.data.read.row import Row
from raysft.data.sources.bad_rows import SHOWN
from raysft.data.sources.rows import SourceRows, said_format, said_rules
from raysft.errors import InputError, Problem, gathered
from raysft.spec.paths import opened_path
from raysft.spec.source import PartSpec, SourceSpec

_MOST_KEYS = 200
"""Different unused keys of one file and format that are told by name; a row may name its keys as it likes."""
_OTHER_KEYS = "(others)"


def read_files(source: SourceSpec, data_dir: str) -> Iterator[ParsedRow]:
    """Every row of every file of a source, one after the other; `drop` and `limit` play no part.

    Args:
        source: what to read.
        data_dir: folder that its relative paths start from.

    Raises:
        InputError: a file cannot be read, or has no known format.
    """
    return chain.from_iterable(_files(source, data_dir))


def _files(source: SourceSpec, data_dir: str) -> Iterator[Iterator[ParsedRow]]:
    for part in source.parts:
        for path in part.paths:
            yield _world(source) if source.is_world else _file(source, part, opened_path(data_dir, path))


def _file(source: SourceSpec, part: PartSpec, path: str) -> Iterator[ParsedRow]:
    asked = {rule.field for rule in (*part.drop, *source.drop)}
    for row in parsed_rows(path, said_format(source, part), said_rules(source, part)):
        # what a drop rule looks at is used
        unused = tuple(key for key in row.unused if key not in asked) if row.unused else ()
        yield row._replace(unused=unused)


def _world(source: SourceSpec) -> Iterator[ParsedRow]:
    rows = SourceRows(source.model_copy(update={"drop": (), "limit": None}), "", "SOURCE")
    for found in rows.conversations():
        yield ParsedRow(source.paths[0], "world", Row(found.where, None), found.conversation)


@dataclass(frozen=True)
class FileFacts:
    """One file of a source."""

    path: str
    form: str
    """Its format, or all of them."""
    rows: int
    bad_rows: int
    unused: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    """Keys with a value that is not used, by format: how often each is there, inside messages too."""


@dataclass(frozen=True)
class Spread:
    """How large something is, over all rows; percentiles by nearest rank, so each is a value that occurs."""

    least: int
    median: int
    p95: int
    most: int
    total: int

    @classmethod
    def of(cls, values: NDArray[np.int64]) -> "Spread | None":
        """The spread of some values; None if there are none."""
        if not len(values):
            return None
        ranks = [0, *(-(-len(values) * share // 100) - 1 for share in (50, 95)), len(values) - 1]
        least, median, p95, most = np.partition(values, ranks)[ranks].tolist()
        return cls(least, median, p95, most, int(values.sum()))


@dataclass(frozen=True)
class Inspection:
    """The rows of all files of a source."""

    files: tuple[FileFacts, ...]
    problems: tuple[Problem, ...]
    """The first bad rows, as many as were asked for."""
    roles: Mapping[str, int]
    """Messages by role."""
    turns: Spread | None
    """Answers of a conversation; a document has none."""
    characters: Spread | None
    """Of all messages of a conversation."""
    not_learnt: int = 0
    """Answers that their rows mark as read and not learnt."""
    with_reasoning: int = 0
    """Answers with reasoning before them."""
    end_with_question: int = 0
    """Conversations whose last turn is the user's: it is read, and nothing is learnt from it."""

    @property
    def rows(self) -> int:
        """Rows of all files, bad ones included."""
        return sum(one.rows for one in self.files)

    @property
    def bad_rows(self) -> int:
        """Malformed rows of all files."""
        return sum(one.bad_rows for one in self.files)


@dataclass
class _Tally:
    rows: int = 0
    bad_rows: int = 0
    forms: dict[str, None] = field(default_factory=dict)
    """In the order in which they were first seen."""
    unused: dict[str, Counter[str]] = field(default_factory=dict)

    def add_unused(self, form: str, keys: Sequence[str]) -> None:
        found = self.unused.setdefault(form, Counter())
        for key in map(short, keys):
            found[key if key in found or len(found) < _MOST_KEYS else _OTHER_KEYS] += 1


@dataclass
class _Counting:
    shown: int
    files: dict[str, _Tally] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    roles: Counter[str] = field(default_factory=Counter)
    turns: "array[int]" = field(default_factory=lambda: array("q"))
    characters: "array[int]" = field(default_factory=lambda: array("q"))
    notable: Counter[str] = field(default_factory=Counter)

    def add(self, one: ParsedRow) -> None:
        file = self.files.setdefault(one.path, _Tally())
        file.rows += 1
        if one.form:
            file.forms[one.form] = None
        if isinstance(one.found, Problem):
            file.bad_rows += 1
            if len(self.problems) < self.shown:
                self.problems.append(one.found)
            return
        if one.unused:
            file.add_unused(one.form, one.unused)
        messages = one.found.messages
        roles = [message.role for message in messages]
        self.roles.update(roles)
        self.turns.append(roles.count("assistant"))
        self.characters.append(sum(len(message.written) for message in messages))
        self.notable["not_learnt"] += sum(not message.supervised for message in messages)
        self.notable["with_reasoning"] += sum(bool(message.reasoning) for message in messages)
        self.notable["end_with_question"] += roles[-1] == "user"


def inspect_files(source: SourceSpec, data_dir: str, shown: int = SHOWN) -> Inspection:
    """Read all files of a source; see `read_files`.

    Args:
        source: what to read.
        data_dir: folder that its relative paths start from.
        shown: bad rows that are told one by one, about 500 bytes each.

    Raises:
        InputError: with every file that cannot be read, or has no known format.
    """
    counting = _Counting(
        shown, {opened_path(data_dir, path): _Tally() for path in source.paths if not source.is_world}
    )
    problems: list[Problem] = []
    for rows in _files(source, data_dir):
        with gathered(problems):
            for one in rows:
                counting.add(one)
    if problems:
        raise InputError(problems)
    files = (
        FileFacts(path, ", ".join(one.forms), one.rows, one.bad_rows, one.unused)
        for path, one in counting.files.items()
    )
    turns, characters = (np.frombuffer(one, np.int64) for one in (counting.turns, counting.characters))
    order = sorted(counting.roles)
    return Inspection(
        tuple(files),
        tuple(counting.problems),
        {role: counting.roles[role] for role in order},
        Spread.of(turns),
        Spread.of(characters),
        **counting.notable,
    )
