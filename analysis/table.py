"""The table of results: rows are cells, columns are abilities; for the page and for the terminal."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from rich import box
from rich.table import Table
from rich.text import Text

from .cells import Cell, columns_of, grids
from .inputs import Status
from .labels import fixed, listed, percent
from .scores import Column, Score

TERMINAL_WIDTH = 110
"""Columns of a terminal that the plain table never exceeds."""
_LEGEND = (
    "score ± standard error (items and seeds); below: answers without an answer · loss on reference answers\n"
    "† suspect: not one answer could be read"
)
_MOST_REMARKS = 8
_NOTHING = "\N{EN DASH}"
State = Literal["scored", "unscored", "absent"] | Status
_STYLES: dict[State, str] = {
    "failed": "red",
    "blocked": "red",
    "unscored": "yellow",
    "waiting": "dim",
    "absent": "dim",
}


@dataclass(frozen=True)
class Entry:
    """One cell of the table; empty texts where nothing is known."""

    state: State
    score: str = ""
    error: str = ""
    n: str = ""
    no_answer: str = ""
    loss: str = ""
    suspect: bool = False
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
    columns = heads(cells)
    return [
        Block(grid[0].key.study, grid[0].key.model, tuple(_line(cell, columns) for cell in grid))
        for grid in grids(cells)
    ]


def results_table(cells: Sequence[Cell]) -> Table:
    """The table for a terminal, at most 110 columns wide; names are shown as they are, never as markup."""
    columns, drawn = heads(cells), blocks(cells)
    counts = [_common_n(drawn, index) for index in range(len(columns))]
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, caption_justify="left", caption_style="")
    table.caption = Text("\n").join([Text(_LEGEND, style="dim"), *map(Text, _remarks(drawn, columns))])
    widths = _first_widths(drawn)
    for name, width in widths.items():
        table.add_column(name, max_width=width, overflow="fold")
    # Two spaces between columns, one more at the left of the first.
    room = (TERMINAL_WIDTH - 1 - sum(widths.values()) - 2 * (len(widths) + len(columns))) // max(
        1, len(columns)
    )
    for head, n in zip(columns, counts, strict=True):
        title = Text(f"{head.column.key}\n{head.unit}" + (f"\nn {n}" if n else ""), overflow="fold")
        table.add_column(title, max_width=max(6, room), overflow="fold")
    several = len(drawn) > 1
    for block in drawn:
        if several:
            table.add_section()
            table.add_row(Text(f"{block.study}, {block.model}", style="bold"))
        for line in block.lines:
            shown = [_plain(entry, with_n=not n) for entry, n in zip(line.entries, counts, strict=False)]
            table.add_row(Text(line.recipe), Text(line.amount), line.seeds, *(shown or [_word(line.state)]))
    return table


def _first_widths(drawn: Sequence[Block]) -> dict[str, int]:
    """Widths of what stands left of the scores: as wide as its content, within bounds."""
    lines = [line for block in drawn for line in block.lines]
    names = [f"{block.study}, {block.model}" for block in drawn if len(drawn) > 1]
    return {
        "strategy": min(30, max([8, *map(len, names), *(len(line.recipe) for line in lines)])),
        "amount": min(10, max([6, *(len(line.amount) for line in lines)])),
        "seeds": min(8, max([5, *(len(line.seeds) for line in lines)])),
    }


def _common_n(drawn: Sequence[Block], index: int) -> str:
    """The number of items of a column, if it is the same throughout; empty otherwise."""
    found = {line.entries[index].n for block in drawn for line in block.lines if line.entries} - {""}
    return found.pop() if len(found) == 1 else ""


def _remarks(drawn: Sequence[Block], columns: Sequence[ColumnHead]) -> list[str]:
    """What stands below the table: why scores are missing, each reason once."""
    lines = [line for block in drawn for line in block.lines]
    said = [" ".join((line.recipe, line.amount, f"{line.state}:", line.note)) for line in lines if line.note]
    for line in lines:
        for head, entry in zip(columns, line.entries, strict=False):
            if entry.note and entry.state not in ("scored", "absent"):
                said.append(f"{head.column.key} {entry.state}: {entry.note}")
    once = list(dict.fromkeys(said))
    return once[:_MOST_REMARKS] + (
        [f"and {len(once) - _MOST_REMARKS} more, see the report"] if once[_MOST_REMARKS:] else []
    )


def _line(cell: Cell, columns: Sequence[ColumnHead]) -> Line:
    asked = len(cell.points)
    seeds = "" if cell.key.is_base else str(cell.seeds) if cell.seeds == asked else f"{cell.seeds} of {asked}"
    line = Line(cell.key.recipe, cell.key.amount, seeds, cell.has_one_seed, ())
    if cell.missing and not cell.scores:
        return replace(line, state=cell.missing[0].status, note=_why_missing(cell))
    return replace(line, entries=tuple(_entry(cell, cell.score(head.column.key)) for head in columns))


def _why_missing(cell: Cell) -> str:
    """The causes of all points that are not done, each once; empty where none is known."""
    return "; ".join(dict.fromkeys(one.cause for one in cell.missing if one.cause))


def _entry(cell: Cell, score: Score | None) -> Entry:
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
        loss=loss,
        suspect=score.suspect,
        note=f"{score.unscored} unscored" if score.unscored else "",
        share=min(100.0, max(0.0, score.per_cent_of_best or 0.0)),
    )


def _plain(entry: Entry, *, with_n: bool) -> Text:
    if entry.state != "scored":
        return _word(entry.state)
    first = entry.score + (f" ±{entry.error}" if entry.error else "") + (" †" if entry.suspect else "")
    second = " · ".join((*([entry.n] if with_n else []), entry.no_answer or _NOTHING, entry.loss or _NOTHING))
    return Text(first) + Text(f"\n{second}" + (f"\n{entry.note}" if entry.note else ""), style="dim")


def _word(state: State) -> Text:
    return Text(_NOTHING if state == "absent" else state, style=_STYLES.get(state, ""))
