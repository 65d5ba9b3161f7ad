"""The table of results for a terminal: as wide as what is in it, and no wider than the terminal.

A row has two lines: the strategy with its scores, and below amount and seeds with the evidence of each score.
"""

from collections.abc import Iterable, Sequence

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from .cells import Cell
from .table import Block, ColumnHead, Entry, Line, State, blocks, heads

WIDEST = 110
"""Columns of a terminal that the table never exceeds."""
_MOST_REMARKS = 8
_NOTHING = "\N{EN DASH}"
_GAP = 2
"""Columns between two columns of the table."""
_STYLES: dict[State, str] = {
    "failed": "red",
    "blocked": "red",
    "unscored": "yellow",
    "waiting": "dim",
    "absent": "dim",
}


def results_table(cells: Sequence[Cell], width: int = WIDEST) -> RenderableType:
    """The table, at most `width` columns wide and never wider than 110.

    Names are shown as they are, never as markup. The legend explains the marks that are there.
    """
    columns, drawn = heads(cells), blocks(cells)
    counts = [_common_n(drawn, index) for index in range(len(columns))]
    widths = _widths(drawn, columns, counts, min(width, WIDEST))
    parts: list[RenderableType] = []
    for block in drawn or [Block("", "", ())]:
        if len(drawn) > 1:
            parts.append(Text(f"\n{block.study}, {block.model}", style="bold"))
        parts.append(_block(block, columns, counts, widths))
    notes = [Text(note, style="dim") for note in _legend(drawn)]
    return Group(*parts, *notes, *map(Text, _remarks(drawn, columns)))


def _block(
    block: Block, columns: Sequence[ColumnHead], counts: Sequence[str], widths: Sequence[int]
) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, _GAP, 0, 0))
    table.add_column("strategy", width=widths[0], overflow="fold")
    for head, n, wide in zip(columns, counts, widths[1:], strict=True):
        table.add_column(Text(_title(head, n), overflow="fold"), width=wide, overflow="fold")
    for line in block.lines:
        shown = [_plain(entry, with_n=not n) for entry, n in zip(line.entries, counts, strict=False)]
        table.add_row(_first(line), *(shown or [_word(line.state)]))
    return table


def _title(head: ColumnHead, n: str) -> str:
    return "\n".join((head.column.key, *head.unit.split(", ")[:2], *([f"n {n}"] if n else [])))


def _first(line: Line) -> Text:
    return Text(line.recipe) + Text(_below(line), style="dim")


def _below(line: Line) -> str:
    seeds = f"{line.seeds} {'seed' if line.seeds == '1' else 'seeds'}" if line.seeds else ""
    told = [text for text in (f"at {line.amount}" if line.amount else "", seeds) if text]
    return f"\n  {' · '.join(told)}" if told else ""


def _widths(
    drawn: Sequence[Block], columns: Sequence[ColumnHead], counts: Sequence[str], width: int
) -> list[int]:
    """As wide as the content; where that is too much, the scores share what the first column leaves."""
    lines = [line for block in drawn for line in block.lines]
    first = [_longest(_first(line)) for line in lines]
    wanted = [min(30, max([len("strategy"), *first]))]
    for index, (head, n) in enumerate(zip(columns, counts, strict=True)):
        entries = (line.entries[index] for line in lines if line.entries)
        texts = (_longest(_plain(entry, with_n=not n)) for entry in entries)
        wanted.append(max([*map(len, _title(head, n).splitlines()), *texts, 6]))
    room = width - 1 - wanted[0] - _GAP * (len(wanted) + 1)
    if columns and sum(wanted[1:]) > room:
        share = max(6, room // len(columns))
        wanted[1:] = [min(one, share) for one in wanted[1:]]
    return wanted


def _longest(text: Text) -> int:
    return max((len(line) for line in text.plain.splitlines()), default=0)


def _common_n(drawn: Sequence[Block], index: int) -> str:
    """The number of items of a column, if it is the same throughout; empty otherwise."""
    found = {line.entries[index].n for block in drawn for line in block.lines if line.entries} - {""}
    return found.pop() if len(found) == 1 else ""


def _legend(drawn: Sequence[Block]) -> Iterable[str]:
    entries = [entry for block in drawn for line in block.lines for entry in line.entries]
    if any(entry.error for entry in entries):
        yield "score ± standard error (items and seeds)"
    if any(entry.no_answer or entry.loss for entry in entries):
        yield "below: share of answers that hold no answer · loss on the reference answers"
    if any(entry.suspect for entry in entries):
        yield "† suspect: not one answer could be read"
    if any(entry.other_version for entry in entries):
        yield "‡ answered by another version of the engine than most"


def _remarks(drawn: Sequence[Block], columns: Sequence[ColumnHead]) -> list[str]:
    """What comes below the table: why scores are missing, each reason once."""
    lines = [line for block in drawn for line in block.lines]
    said = [" ".join((line.recipe, line.amount, f"{line.state}:", line.note)) for line in lines if line.note]
    for line in lines:
        for head, entry in zip(columns, line.entries, strict=False):
            if entry.note and entry.state not in ("scored", "absent"):
                said.append(f"{head.column.key} {entry.state}: {entry.note}")
    once = list(dict.fromkeys(said))
    more = len(once) - _MOST_REMARKS
    return once[:_MOST_REMARKS] + ([f"and {more} more, see the report"] if more > 0 else [])


def _plain(entry: Entry, *, with_n: bool) -> Text:
    if entry.state != "scored":
        return _word(entry.state)
    marks = (" †" if entry.suspect else "") + (" ‡" if entry.other_version else "")
    first = entry.score + (f" ±{entry.error}" if entry.error else "") + marks
    second = " · ".join((*([entry.n] if with_n else []), entry.no_answer or _NOTHING, entry.loss or _NOTHING))
    return Text(first) + Text(f"\n{second}" + (f"\n{entry.note}" if entry.note else ""), style="dim")


def _word(state: State) -> Text:
    return Text(_NOTHING if state == "absent" else state, style=_STYLES.get(state, ""))
