"""From the files of a source to conversations, each with its place, past bad rows and drop rules."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain, islice

from raysft.data.clean.filters import DropRules
from raysft.data.conversation import Conversation, Message
from raysft.data.read.parsed_rows import ParsedRow, parsed_rows
from raysft.data.read.row import Row
from raysft.data.sources.bad_rows import SHOWN, RowCount, examples, too_many
from raysft.data.spool import Located
from raysft.data.world import ABILITIES, pretraining_documents, training_items
from raysft.data.world import conversation as world_conversation
from raysft.errors import InputError, Problem
from raysft.spec.paths import opened_path
from raysft.spec.source import WORLD, CleanRule, FormatName, PartSpec, SourceSpec

_PRETRAINING = "pretraining"

WORLD_ROWS: dict[str, int] = {"math": 2048, "code": 512, "general": 1024, _PRETRAINING: 160_000}
"""Rows of a built-in source unless `rows` says otherwise."""


def said_format(source: SourceSpec, part: PartSpec) -> FormatName:
    """The format that a sweep file says for a part of a source: its own, or that of the source."""
    return source.format if part.format == "auto" else part.format


def said_rules(source: SourceSpec, part: PartSpec) -> tuple[CleanRule, ...]:
    """The rules that clean the rows of a part of a source: its own and those of the source, each once."""
    return tuple(dict.fromkeys((*part.clean, *source.clean)))


@dataclass
class SourceRows:
    """The rows of one source, and what is counted while they pass."""

    source: SourceSpec
    data_dir: str
    """Folder that relative paths start from."""
    name: str
    """Field of the source in the sweep file, for messages."""
    files: dict[str, RowCount] = field(default_factory=dict)
    """By path, as far as they were read."""
    dropped: Counter[str] = field(default_factory=Counter)
    """Rows by the label of the rule that left them out."""
    cleaned: Counter[str] = field(default_factory=Counter)
    """Rows by the rule that changed what they say, dropped ones included."""
    _bad: list[Problem] = field(default_factory=list)
    """The first bad rows."""
    _refused: list[Problem] = field(default_factory=list)
    """What is wrong with whole files."""

    def conversations(self) -> Iterator[Located]:
        """Every conversation that no rule drops, copies included.

        Raises:
            InputError: after the last row, with the files that cannot be read or have no known format, and
                with the malformed rows, unless `skip` leaves them out, which are no more than `max_bad_rows`.
        """
        for place, part in enumerate(self.source.parts):
            rules = DropRules([*part.drop, *self.source.drop])
            self.dropped.update({rule.label: 0 for rule in (*part.drop, *self.source.drop)})
            self.cleaned.update(dict.fromkeys(said_rules(self.source, part), 0))
            for one in islice(self._parsed(part), _share_of_limit(self.source, part)):
                found = self._counted(one)
                if isinstance(found, Problem):
                    continue
                self.cleaned.update(one.cleaned)
                label = rules.dropping(one.row.value, found)
                if label is None:
                    yield Located(found, one.row.where, place)
                else:
                    self.dropped[label] += 1
        if problems := self._problems():
            raise InputError(problems)

    @property
    def read(self) -> int:
        """Rows, bad ones included."""
        return sum(one.rows for one in self.files.values())

    @property
    def bad_rows(self) -> int:
        """Malformed rows."""
        return sum(one.bad for one in self.files.values())

    def _parsed(self, part: PartSpec) -> Iterator[ParsedRow]:
        if self.source.is_world:
            return self._world(part.paths[0])
        form, clean = said_format(self.source, part), said_rules(self.source, part)
        paths = (opened_path(self.data_dir, path) for path in part.paths)
        return chain.from_iterable(self._file(path, parsed_rows(path, form, clean)) for path in paths)

    def _file(self, path: str, rows: Iterator[ParsedRow]) -> Iterator[ParsedRow]:
        """The rows of a file; one that is refused is told as that, in place of its rows."""
        before = len(self._bad)
        try:
            yield from rows
        except InputError as error:
            self._refused.extend(error.problems)
            self.files.pop(path, None)
            del self._bad[before:]

    def _world(self, path: str) -> Iterator[ParsedRow]:
        ability = path.removeprefix(WORLD)
        rows = self.source.rows or WORLD_ROWS[ability]
        if ability in ABILITIES:
            wanted = min(rows, self.source.limit or rows)
            found: Iterator[Conversation] = map(world_conversation, training_items(ability, wanted))
        else:
            found = (Conversation((Message("text", text),)) for text in pretraining_documents(rows))
        return (
            ParsedRow(path, "world", Row(f"{path}, row {number}", None), one)
            for number, one in enumerate(found, start=1)
        )

    def _counted(self, one: ParsedRow) -> Conversation | Problem:
        count = self.files.get(one.path) or self.files.setdefault(one.path, RowCount(one.path))
        count.rows += 1
        if isinstance(one.found, Problem):
            count.bad += 1
            self._bad.extend([one.found] if len(self._bad) < SHOWN else [])
        return one.found

    def _problems(self) -> list[Problem]:
        counts = self.files.values()
        if self.source.on_bad_row == "skip":
            problems = too_many(self.name, self.source.max_bad_rows, counts)
            return [*self._refused, *problems, *(examples(self._bad, counts) if problems else [])]
        more = self.bad_rows - len(self._bad)
        remedy = "correct them, or leave bad rows out and have them counted: on_bad_row: skip"
        told = [Problem(self.name, f"and {more} more bad rows", remedy)] if more else []
        return [*self._refused, *self._bad, *told]


def _share_of_limit(source: SourceSpec, part: PartSpec) -> int | None:
    """Rows that may be read of one part: the limit is shared by weight, so that every part is tried out."""
    if source.limit is None:
        return None
    return max(1, int(source.limit * part.weight / sum(one.weight for one in source.parts)))
