"""The sources of a sweep: read, checked, filtered, freed of copies, and split.

files ─► rows ─► drop rules ─► exact copies ─► near duplicates ─► contamination ─► held-out split
      ─► without what other sources of the sweep hold out ─► index

Texts lie in a temporary file (`raysft.data.spool`); in memory a conversation takes about 200 bytes.
"""

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from raysft.composition.order import SourceIndex, SourcePart, split_held_out
from raysft.data.clean.contamination import Compared, compare
from raysft.data.clean.copies import COPY, Copies
from raysft.data.clean.near_duplicates import near_duplicates
from raysft.data.conversation import Conversation
from raysft.data.sources.facts import Finding, SourceFacts
from raysft.data.sources.rows import SourceRows
from raysft.data.spool import Selection, Spool, spool
from raysft.errors import InputError, Problem, gathered
from raysft.identity import SourceKey
from raysft.spec.paths import source_field
from raysft.spec.source import SourceSpec


@dataclass(frozen=True)
class Source:
    """The training conversations of one source, and those split off from them."""

    index: SourceIndex
    facts: SourceFacts
    trained: Selection = field(compare=False)
    """The conversations of `index.ids`."""
    split_off: Selection = field(compare=False)
    """The conversations of `index.held_out`."""

    def conversation(self, one: str) -> Conversation:
        """The conversation with an id of `index.ids` or `index.held_out`.

        Raises:
            KeyError: none has it.
        """
        try:
            return self.trained.conversation(one)
        except KeyError:
            return self.split_off.conversation(one)

    @property
    def held_out(self) -> tuple[Conversation, ...]:
        """The conversations that were split off, in the order of their ids."""
        return tuple(self.split_off)


def load_sources(
    sources: Mapping[SourceKey, SourceSpec], data_dir: str, questions: Mapping[str, Sequence[str]]
) -> dict[SourceKey, Source]:
    """Read sources.

    What one of them holds out is taken from all others, copies included: nobody is asked what he was trained
    on. Not covered: conversations that differ in a single character.

    Args:
        sources: by key: the name of an ability, or `ability/variant`.
        data_dir: folder, or URL of one, that relative paths start from.
        questions: texts of the questions by benchmark, for the sources that ask to be compared with them.

    Raises:
        InputError: with the problems of all sources, at most 20 bad rows of each one by one.
    """
    problems: list[Problem] = []
    loaded: dict[SourceKey, Source] = {}
    for key, source in sources.items():
        with gathered(problems):
            loaded[key] = load_source(key, source, data_dir, questions)
    for key, read in loaded.items():
        others = [one for other, one in loaded.items() if other != key]
        reserved = {one for other in others for one in other.index.held_out}
        with gathered(problems):
            loaded[key] = _without(read, reserved) if reserved else read
    if problems:
        raise InputError(problems)
    return loaded


def load_source(
    key: SourceKey, source: SourceSpec, data_dir: str, questions: Mapping[str, Sequence[str]]
) -> Source:
    """Read one source, under a key; see `load_sources`.

    Copies that are kept have the content id with a number behind it (`id.2`, `id.3`), so ids are distinct and
    independent of the order of the file. Whatever happens to a conversation happens to all its copies; of one
    that is held out none stays in training and one in the held-out set. A conversation found in two parts
    belongs to the first of them, its second copy, where copies are kept, to the part it was found in.

    Raises:
        InputError: after the last row, with the malformed ones (unless `on_bad_row: skip`); at once for a
            file that cannot be read or has no known format; for a source, or a part of one, that leaves
            nothing to train on.
    """
    name = source_field(key)
    rows = SourceRows(source, data_dir, name)
    read = spool(rows.conversations())
    copies = Copies.of(read)
    facts = _facts(source, rows)
    if source.duplicates == "remove":
        facts = replace(facts, duplicates=len(copies.rows) - len(copies))
        copies = copies.single()
    if source.near_duplicates is not None:
        removed = near_duplicates(read.file, read.spans(copies.first), source.near_duplicates)
        facts = replace(facts, near_duplicates=_rows_of(copies, removed))
        copies = copies.without(removed)
    if source.contamination is not None:
        compared = compare(read.file, read.spans(copies.first), questions, source.contamination.words)
        facts = _with_contamination(facts, compared, copies, read)
        if source.contamination.mode == "remove":
            facts = replace(facts, decontaminated=facts.contaminated)
            copies = copies.without(compared.contaminated)
    if len(copies) <= source.held_out:
        raise InputError([_nothing_left(source, name, rows, len(copies))])
    return _split(key, source, facts, copies, read)


def _without(source: Source, reserved: Set[str]) -> Source:
    """A source without conversations that others hold out.

    Raises:
        InputError: nothing of it, or of a part of it, is left.
    """

    def stays(one: str) -> bool:
        return one.partition(COPY)[0] not in reserved

    trained = source.trained.only(stays)
    taken = len(source.trained) - len(trained)
    if not taken:
        return source
    parts = tuple(replace(part, ids=tuple(filter(stays, part.ids))) for part in source.index.parts)
    if not trained or not all(part.ids for part in parts):
        remedy = "other sources hold out all of its conversations, or all of one of its parts"
        raise InputError([Problem(source_field(source.index.name), f"{taken} conversations", remedy)])
    index = SourceIndex(source.index.name, trained.ids, source.index.held_out, parts)
    facts = replace(source.facts, held_out_elsewhere=taken, left=len(trained))
    return replace(source, index=index, facts=facts, trained=trained)


def _facts(source: SourceSpec, rows: SourceRows) -> SourceFacts:
    whole = source.limit is None
    return SourceFacts(
        rows.read,
        rows.bad_rows,
        dict(rows.dropped),
        dict(rows.cleaned),
        expected_rows=source.rows if whole and not source.is_world else None,
        expected_kept=source.kept if whole else None,
    )


def _with_contamination(facts: SourceFacts, compared: Compared, copies: Copies, read: Spool) -> SourceFacts:
    ids = copies.ids
    first = copies.first[[one.place for one in compared.shared]]
    findings = (
        Finding(ids[one.place], where, one.benchmark, one.words)
        for one, where in zip(compared.shared, read.file.where(read.spans(first)), strict=True)
    )
    contaminated = _rows_of(copies, compared.contaminated)
    return replace(facts, contaminated=contaminated, findings=tuple(findings))


def _rows_of(copies: Copies, conversations: NDArray[np.bool_]) -> int:
    return int(copies.counts[conversations].sum())


def _nothing_left(source: SourceSpec, name: str, rows: SourceRows, distinct: int) -> Problem:
    if distinct:
        return holds_out_all(source, name, distinct)
    field = f"{name}.join" if source.join else f"{name}.path"
    dropped = f", of which {rows.dropped.total()} were dropped by its rules" if rows.dropped.total() else ""
    return Problem(field, ", ".join(source.paths), f"no conversation in {rows.read} rows{dropped}")


def holds_out_all(source: SourceSpec, name: str, distinct: int) -> Problem:
    """What is wrong with a source, called `name` in the sweep file, that holds out all it has."""
    remedy = f"must be below {distinct}, the number of distinct conversations, or nothing is left to train on"
    return Problem(f"{name}.held_out", str(source.held_out), remedy)


def _split(key: SourceKey, source: SourceSpec, facts: SourceFacts, copies: Copies, read: Spool) -> Source:
    ids = copies.ids
    _, held_out = split_held_out(ids, source.held_out)
    chosen = set(held_out)
    is_held_out = np.fromiter((one in chosen for one in ids), np.bool_, len(ids))
    stay = copies.without(is_held_out)
    names = stay.row_ids
    # `id.10` comes before `id.2`
    order = sorted(range(len(names)), key=names.__getitem__)
    rows = stay.rows[order]
    trained = Selection(read.file, tuple(names[place] for place in order), read.spans(rows))
    parts = _parts(source, key, trained.ids, read.parts[rows])
    index = SourceIndex(key, trained.ids, held_out, parts)
    facts = replace(
        facts,
        duplicates=facts.duplicates + _rows_of(copies, is_held_out) - len(held_out),
        held_out=len(held_out),
        left=len(trained),
    )
    return Source(
        index, facts, trained, Selection(read.file, held_out, read.spans(copies.first[is_held_out]))
    )


def _parts(
    source: SourceSpec, key: SourceKey, names: tuple[str, ...], part_of: NDArray[np.uint16]
) -> tuple[SourcePart, ...]:
    """The ids of each part of a joined source.

    Raises:
        InputError: a part has none.
    """
    if not source.join:
        return ()
    ids: list[list[str]] = [[] for _ in source.join]
    for one, part in zip(names, part_of.tolist(), strict=True):
        ids[part].append(one)
    remedy = "nothing of this part is left to train on; leave it out, or look at its rules"
    empty = [
        Problem(f"{source_field(key)}.join[{place}].path", ", ".join(source.join[place].paths), remedy)
        for place, found in enumerate(ids)
        if not found
    ]
    if empty:
        raise InputError(empty)
    return tuple(SourcePart(part.weight, tuple(found)) for part, found in zip(source.join, ids, strict=True))
