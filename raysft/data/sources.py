"""The sources of a sweep: read, checked, freed of copies, and split.

files ─► rows ─► conversations ─► content ids ─► kept | held out ─► SourceIndex

All conversations of a sweep are held in memory (about 2 kB each for short ones).
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain, islice

from raysft.composition.order import SourceIndex, split_held_out
from raysft.data.conversation import Conversation, Message
from raysft.data.formats import detect_format, parse_row
from raysft.data.reading import read_rows
from raysft.data.world import ABILITIES, pretraining_documents, training_items
from raysft.data.world import conversation as world_conversation
from raysft.errors import InputError, Problem
from raysft.spec.file import resolve
from raysft.spec.source import WORLD, SourceSpec
from raysft.spec.sweep import SweepSpec

_SHOWN = 20
"""Bad rows of one source that are shown one by one."""

_PRETRAINING = "pretraining"

WORLD_ROWS: dict[str, int] = {"math": 2048, "code": 512, "general": 1024, _PRETRAINING: 160_000}
"""Rows of a built-in source unless `rows` says otherwise."""


@dataclass(frozen=True)
class SourceFacts:
    """What was found while a source was read."""

    read: int
    """Rows, bad ones and copies included."""
    bad_rows: int
    """Malformed rows that were skipped."""
    duplicates: int
    """Copies that were removed; `read` = bad rows + duplicates + held out + what is left."""
    held_out: int
    """Conversations split off."""
    expected_rows: int | None
    """Rows that the sweep file says there are."""


@dataclass(frozen=True)
class Source:
    """The training conversations of one ability, and those split off from them."""

    index: SourceIndex
    facts: SourceFacts
    _contents: Mapping[str, Conversation]
    """Every conversation that is kept or held out, by id."""

    def conversation(self, one: str) -> Conversation:
        """The conversation with an id of `index.ids` or `index.held_out`."""
        return self._contents[one]

    @property
    def held_out(self) -> tuple[Conversation, ...]:
        """The conversations that were split off, in the order of their ids."""
        return tuple(self._contents[one] for one in self.index.held_out)


def load_sources(spec: SweepSpec) -> dict[str, Source]:
    """Read the source of every ability.

    Raises:
        InputError: with the problems of all sources, at most 20 bad rows of each one by one.
    """
    problems: list[Problem] = []
    loaded: dict[str, Source] = {}
    for name in spec.abilities:
        try:
            loaded[name] = load_source(spec, name)
        except InputError as error:
            problems.extend(error.problems)
    if problems:
        raise InputError(problems)
    return loaded


def load_source(spec: SweepSpec, name: str) -> Source:
    """Read the source of the ability with this name.

    Copies that are kept have the content id with a number behind it (`id.2`, `id.3`), so ids are distinct and
    independent of the order of the file. A conversation that is held out is held out with all its copies, of
    which none stays in training and one in the held-out set.

    Raises:
        InputError: as `read_source`; and for a source of another size than `rows`, or that leaves nothing to
            train on.
    """
    source, tally = spec.abilities[name].source, _Tally(f"abilities.{name}.source")
    counts: Counter[str] = Counter()
    contents: dict[str, Conversation] = {}
    for conversation in _conversations(spec, source, tally):
        counts[conversation.id] += 1
        contents.setdefault(conversation.id, conversation)
    problems = list(_size_problems(source, tally, len(contents)))
    if problems:
        raise InputError(problems)
    kept, held_out = split_held_out(contents, source.held_out)
    if source.duplicates == "keep":
        for one in kept:
            contents.update((f"{one}.{number}", contents[one]) for number in range(2, counts[one] + 1))
        kept = tuple(sorted(contents.keys() - set(held_out)))
    removed = counts.total() - len(kept) - len(held_out)
    facts = SourceFacts(tally.read, tally.bad_rows, removed, len(held_out), source.rows)
    return Source(SourceIndex(name, kept, held_out), facts, contents)


def read_source(spec: SweepSpec, name: str) -> Iterator[Conversation]:
    """The conversations of an ability's source as its files have them, copies included.

    Raises:
        InputError: after the last row, with the malformed ones (unless `on_bad_row: skip`); at once for a
            file that cannot be read or has no known format.
    """
    return _conversations(spec, spec.abilities[name].source, _Tally(f"abilities.{name}.source"))


@dataclass
class _Tally:
    """What is counted while rows pass."""

    name: str
    read: int = 0
    bad_rows: int = 0
    shown: list[Problem] = field(default_factory=list)

    def add(self, problem: Problem) -> None:
        self.bad_rows += 1
        if self.bad_rows <= _SHOWN:
            self.shown.append(problem)

    def problems(self) -> list[Problem]:
        more = self.bad_rows - len(self.shown)
        remedy = "mend them, or leave bad rows out and have them counted: on_bad_row: skip"
        return [*self.shown, Problem(self.name, f"and {more} more bad rows", remedy)] if more else self.shown


def _conversations(spec: SweepSpec, source: SourceSpec, tally: _Tally) -> Iterator[Conversation]:
    rows = _world(source) if source.is_world else _files(spec, source)
    for one in islice(rows, source.limit):
        tally.read += 1
        if isinstance(one, Problem):
            tally.add(one)
        else:
            yield one
    if tally.bad_rows and source.on_bad_row == "refuse":
        raise InputError(tally.problems())


def _files(spec: SweepSpec, source: SourceSpec) -> Iterator[Conversation | Problem]:
    return chain.from_iterable(_file(resolve(spec, path), source.format) for path in source.paths)


def _file(path: str, form: str) -> Iterator[Conversation | Problem]:
    """The conversations of one file; `auto` is decided anew for each, by its first row that is JSON."""
    for row in read_rows(path):
        if isinstance(row, Problem):
            yield row
            continue
        if form == "auto":
            form = detect_format(row.where, row.value)
        yield parse_row(form, row.where, row.value)


def _world(source: SourceSpec) -> Iterator[Conversation]:
    ability = source.paths[0].removeprefix(WORLD)
    rows = source.rows or WORLD_ROWS[ability]
    if ability in ABILITIES:
        return map(world_conversation, training_items(ability, min(rows, source.limit or rows)))
    return (Conversation((Message("text", text),)) for text in pretraining_documents(rows))


def _size_problems(source: SourceSpec, tally: _Tally, distinct: int) -> Iterator[Problem]:
    if source.rows is not None and source.limit is None and not source.is_world and source.rows != tally.read:
        remedy = f"there are {tally.read} rows; mend the number or the path, or leave `rows` out"
        yield Problem(f"{tally.name}.rows", str(source.rows), remedy)
    if not distinct:
        yield Problem(f"{tally.name}.path", ", ".join(source.paths), f"no conversation in {tally.read} rows")
    elif distinct <= source.held_out:
        remedy = (
            f"must be below {distinct}, the number of distinct conversations, or nothing is left to train on"
        )
        yield Problem(f"{tally.name}.held_out", str(source.held_out), remedy)
