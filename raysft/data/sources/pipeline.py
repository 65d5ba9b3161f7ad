"""The sources of a sweep: read, checked, filtered, freed of copies, and split.

files ─► rows ─► drop rules ─► exact copies ─► near duplicates ─► contamination ─► held-out split
      ─► without what other sources of the sweep hold out ─► index

Texts lie in a temporary file (`raysft.data.spool`); in memory a conversation takes about 200 bytes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from raysft.composition.order import SourceIndex, SourcePart
from raysft.data.clean.contamination import Compared, compare
from raysft.data.clean.copies import Copies
from raysft.data.clean.near_duplicates import near_duplicates
from raysft.data.clean.questions import HeldOutQuestions, distinct_questions, hold_out
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
    questions: NDArray[np.uint64] = field(compare=False)
    """`Conversation.question` of each of `trained`."""
    asked: NDArray[np.uint64] = field(compare=False)
    """The questions that are held out, sorted."""

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

    Whatever answers a question that one of them holds out is taken from all others, copies included: nobody
    is asked what he was trained on. Not covered: questions that differ in more than white space, and turns of
    a dialogue that are questions elsewhere; see `Conversation.question`.

    Args:
        sources: by key: the name of an ability, or `ability/variant`.
        data_dir: folder, or URL of one, that relative paths start from.
        questions: texts of the questions by benchmark, for the sources that ask to be compared with them.

    Raises:
        InputError: with the problems of all sources, at most 20 bad rows of each one by one; what is wrong
            with a file that several sources read is told once.
    """
    problems: list[Problem] = []
    loaded: dict[SourceKey, Source] = {}
    for key, source in sources.items():
        with gathered(problems):
            loaded[key] = load_source(key, source, data_dir, questions)
    for key, read in loaded.items():
        reserved = [other.asked for place, other in loaded.items() if place != key]
        with gathered(problems):
            loaded[key] = _without(read, np.concatenate([read.questions[:0], *reserved]))
    if problems:
        raise InputError(list(dict.fromkeys(problems)))
    return loaded


def load_source(
    key: SourceKey, source: SourceSpec, data_dir: str, questions: Mapping[str, Sequence[str]]
) -> Source:
    """Read one source, under a key; see `load_sources`.

    Copies that are kept have the content id with a number behind it (`id.2`, `id.3`), so ids are distinct and
    independent of the order of the file. Whatever happens to a conversation happens to all its copies. Of a
    question that is held out no answer stays in training and one is in the held-out set. A conversation found
    in two parts belongs to the first of them, its second copy, where copies are kept, to the part it was
    found in.

    Raises:
        InputError: after the last row, as `SourceRows.conversations` says; for a source, or a part of one,
            that leaves nothing to train on.
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
    asked = distinct_questions(read.questions[copies.first])
    if asked <= source.held_out:
        raise InputError([_nothing_left(source, name, rows, asked)])
    return _split(key, source, facts, copies, read)


def _without(source: Source, reserved: NDArray[np.uint64]) -> Source:
    """A source without answers to questions that others hold out.

    Raises:
        InputError: nothing of it, or of a part of it, is left.
    """
    stays = ~np.isin(source.questions, reserved)
    taken = int((~stays).sum())
    if not taken:
        return source
    trained = source.trained.only(stays.tolist())
    left = set(trained.ids) if source.index.parts else set()
    parts = tuple(
        replace(part, ids=tuple(filter(left.__contains__, part.ids))) for part in source.index.parts
    )
    if not trained or not all(part.ids for part in parts):
        remedy = "other sources hold out all of its conversations, or all of one of its parts"
        raise InputError([Problem(source_field(source.index.name), f"{taken} conversations", remedy)])
    index = SourceIndex(source.index.name, trained.ids, source.index.held_out, parts)
    facts = replace(source.facts, held_out_elsewhere=taken, left=len(trained))
    return replace(source, index=index, facts=facts, trained=trained, questions=source.questions[stays])


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


def _nothing_left(source: SourceSpec, name: str, rows: SourceRows, questions: int) -> Problem:
    if questions:
        return holds_out_all(source, name, questions)
    field = f"{name}.join" if source.join else f"{name}.path"
    dropped = f", of which {rows.dropped.total()} were dropped by its rules" if rows.dropped.total() else ""
    return Problem(field, ", ".join(source.paths), f"no conversation in {rows.read} rows{dropped}")


def holds_out_all(source: SourceSpec, name: str, questions: int) -> Problem:
    """What is wrong with a source, called `name` in the sweep file, that holds out all it has."""
    remedy = f"must be below {questions}, the number of distinct questions, or nothing is left to train on"
    return Problem(f"{name}.held_out", str(source.held_out), remedy)


def _split(key: SourceKey, source: SourceSpec, facts: SourceFacts, copies: Copies, read: Spool) -> Source:
    found = hold_out(read.questions[copies.first], source.held_out)
    ids = copies.ids
    held_out = tuple(ids[place] for place in np.flatnonzero(found.asked).tolist())
    stay = copies.without(found.asked | found.further)
    names = stay.row_ids
    # `id.10` comes before `id.2`
    order = sorted(range(len(names)), key=names.__getitem__)
    rows = stay.rows[order]
    trained = Selection(read.file, tuple(names[place] for place in order), read.spans(rows))
    parts = _parts(source, key, trained.ids, read.parts[rows])
    return Source(
        SourceIndex(key, trained.ids, held_out, parts),
        _split_facts(facts, copies, found, len(trained)),
        trained,
        Selection(read.file, held_out, read.spans(copies.first[found.asked])),
        read.questions[rows],
        found.digests,
    )


def _split_facts(facts: SourceFacts, copies: Copies, found: HeldOutQuestions, left: int) -> SourceFacts:
    held_out = int(found.asked.sum())
    return replace(
        facts,
        duplicates=facts.duplicates + _rows_of(copies, found.asked) - held_out,
        held_out=held_out,
        held_out_answers=_rows_of(copies, found.further),
        left=left,
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
