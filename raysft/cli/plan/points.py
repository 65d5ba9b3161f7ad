"""`raysft plan --points`: every cell, with the stages that it is trained in."""

import textwrap
from collections.abc import Iterator, Sequence

from rich.console import Console
from rich.text import Text

from raysft.cli.plan.tables import compact, hours_cell, hours_title
from raysft.plan.cost.bill import Effort
from raysft.plan.tree import Point, Stage
from raysft.sweep.inputs.plan_totals import Account

_WIDTHS = (7, 8, 8, 10)
"""Of the columns of numbers, which come first: what follows them may be as long as it likes."""
_INDENT = sum(_WIDTHS) + 2


def show_points(console: Console, account: Account) -> None:
    """How many points; then the cells of each, and a line for each stage: numbers, fingerprint, mixture."""
    _say(console, account.counts.text)
    hours = hours_title(account.bill.whole.shared)
    for titles in zip(
        *(_two(one) for one in ("steps", "conv.\nepochs", "superv.\ntokens", hours)), strict=True
    ):
        _say(console, _columns(titles), style="bold")
    for point in account.survey.plan.points:
        for line in _lines(account, point, console.width):
            _say(console, line)


def _two(title: str) -> list[str]:
    """A title on two lines, at the foot of them."""
    return ["", *title.split("\n")][-2:]


def _say(console: Console, line: str, style: str = "") -> None:
    console.print(Text(line, style=style), soft_wrap=True)


def _lines(account: Account, point: Point, width: int) -> Iterator[str]:
    plan = account.survey.plan
    for cell in point.cells:
        yield from _wrapped(f"{cell.model}, {cell.study}: {cell.text()}", width, "    ", "")
    for stage in (plan.stages[address] for address in point.stages):
        yield from _stage_lines(stage, account.efforts[stage.fingerprint], account.bill.whole.shared, width)


def _stage_lines(stage: Stage, effort: Effort, whole: Effort, width: int) -> Iterator[str]:
    numbers = (effort.steps, effort.conversation_epochs, effort.supervised_tokens)
    columns = _columns([*map(compact, numbers), hours_cell(effort, whole)])
    said = f"{stage.fingerprint[:8]} {stage.mixture_text()}"
    yield from _wrapped(said, width, " " * _INDENT, f"{columns}  ")


def _columns(texts: Sequence[str]) -> str:
    return "".join(text.rjust(width) for text, width in zip(texts, _WIDTHS, strict=True))


def _wrapped(text: str, width: int, indent: str, first: str) -> list[str]:
    """On lines of at most some width, broken between words alone; a word that is too long stays whole."""
    return textwrap.wrap(
        text,
        max(width, _INDENT + 20),
        initial_indent=first,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )
