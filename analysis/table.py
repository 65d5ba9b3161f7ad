"""The table of results, as texts: rows are cells, columns are benchmarks; for the page and the terminal."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from .cells import Cell, columns_of, grids, usual_versions
from .inputs import Status
from .labels import fixed, listed, percent
from .scores import Column, Score, readings

State = Literal["scored", "unscored", "absent"] | Status


@dataclass(frozen=True)
class Entry:
    """One cell of the table; empty texts where nothing is known."""

    state: State
    score: str = ""
    error: str = ""
    n: str = ""
    no_answer: str = ""
    readings: str = ""
    """`strict 41%, flexible 47%`, where the benchmark has both readings."""
    cut_off: str = ""
    """Share of answers cut off at the token limit; empty for none."""
    loss: str = ""
    suspect: bool = False
    other_version: bool = False
    """Answered by another version of the engine than most scores of the table."""
    note: str = ""
    """Why there is no score, or what it leaves out."""
    share: float = 0.0
    """Percentage of the best value, for a bar; 0 without a score."""


@dataclass(frozen=True)
class Line:
    """One row of the table."""

    recipe: str
    amount: str
    seeds: str
    """How many seeds the scores rest on, `2 of 3` where points are missing; empty for the base."""
    one_seed: bool
    entries: tuple[Entry, ...]
    """One per column; empty where no column was reached, which `state` and `note` then explain."""
    state: State = "scored"
    note: str = ""


@dataclass(frozen=True)
class Block:
    """The rows of one study and one model."""

    study: str
    model: str
    lines: tuple[Line, ...]


@dataclass(frozen=True)
class ColumnHead:
    """A column: what is measured, and by what."""

    column: Column
    unit: str
    """Such as `accuracy, best 100`."""


def heads(cells: Sequence[Cell]) -> list[ColumnHead]:
    """The columns, in the order of the tidy table."""
    units = {score.column: score.unit for cell in cells for at in cell.course for score in at.scores}
    return [ColumnHead(column, units[column]) for column in columns_of(cells)]


def blocks(cells: Sequence[Cell]) -> list[Block]:
    """The rows, study by study and model by model."""
    columns, usual = heads(cells), usual_versions(cells)
    return [
        Block(grid[0].key.study, grid[0].key.model, tuple(_line(cell, columns, usual) for cell in grid))
        for grid in grids(cells)
    ]


def _line(cell: Cell, columns: Sequence[ColumnHead], usual: tuple[str, ...]) -> Line:
    asked = len(cell.points)
    seeds = "" if cell.key.is_base else str(cell.seeds) if cell.seeds == asked else f"{cell.seeds} of {asked}"
    line = Line(cell.key.recipe, cell.key.amount, seeds, cell.has_one_seed, ())
    if cell.missing and not cell.scores:
        return replace(line, state=cell.missing[0].status, note=_why_missing(cell))
    entries = (_entry(cell, cell.score(head.column.key), usual) for head in columns)
    return replace(line, entries=tuple(entries))


def _why_missing(cell: Cell) -> str:
    """The causes of all points that are not done, each once; empty where none is known."""
    return "; ".join(dict.fromkeys(one.cause for one in cell.missing if one.cause))


def _entry(cell: Cell, score: Score | None, usual: tuple[str, ...]) -> Entry:
    if score is None:
        return Entry(cell.missing[0].status if cell.missing else "absent", note=_why_missing(cell))
    loss = "" if score.reference_loss is None else f"{score.reference_loss:.2f}"
    if score.value is None:
        reasons = listed(score.reasons, 2) or _why_missing(cell) or "no reason given"
        return Entry("unscored", loss=loss, suspect=score.suspect, note=reasons)
    return Entry(
        "scored",
        score=fixed(score.value, score.best),
        error="" if score.standard_error is None else fixed(score.standard_error, score.best),
        n=str(score.n),
        no_answer="" if score.no_answer_rate is None else percent(score.no_answer_rate),
        readings=readings(score),
        cut_off=percent(score.cut_off_rate) if score.cut_off_rate else "",
        loss=loss,
        suspect=score.suspect,
        other_version=score.engine_versions != usual,
        note=f"{score.unscored} unscored" if score.unscored else "",
        share=min(100.0, max(0.0, score.per_cent_of_best or 0.0)),
    )
