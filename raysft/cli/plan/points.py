"""`raysft plan --points`: every cell, with the stages that it is trained in."""

from collections.abc import Iterator, Sequence

from rich.console import Console

from raysft.cli.plan.mixture import mixture_text
from raysft.cli.plan.tables import compact, hours_cell, hours_title
from raysft.cli.plan.wrapped import folded, write
from raysft.plan.tree import Point, Stage
from raysft.sweep.inputs.plan_totals import Account

_WIDTHS = (7, 8, 8, 13)
"""Of the columns of numbers, which come first: what follows them may be as long as it likes. Hours of two
kinds say which they are: `0.00747 core`."""
_INDENT = " " * (sum(_WIDTHS) + 2)


def show_points(console: Console, account: Account) -> None:
    """How many points; then the cells of each, and a line for each stage: numbers, fingerprint, mixture.

    Lines are written as they come, past rich: it takes a millisecond for each, and 100,000 points have
    300,000.
    """
    write(console, [account.counts.text])
    hours = hours_title(account.bill.whole.shared)
    titles = zip(*(_two(one) for one in ("steps", "conv.\nepochs", "superv.\ntokens", hours)), strict=True)
    write(console, map(_columns, titles), style="bold")
    stages = _Stages(account, console.width)
    for point in account.survey.plan.points:
        console.file.writelines(f"{line}\n" for line in _lines(stages, point, console.width))


def _two(title: str) -> list[str]:
    """A title on two lines, at the foot of them."""
    return ["", *title.split("\n")][-2:]


def _lines(stages: "_Stages", point: Point, width: int) -> Iterator[str]:
    for cell in point.cells:
        yield from folded(f"{cell.model}, {cell.study}: {cell.text()}", width, "    ")
    for address in point.stages:
        yield from stages.lines(address)


class _Stages:
    """The lines of stages; what many have in common is put into words once."""

    def __init__(self, account: Account, width: int) -> None:
        self._account, self._width = account, width
        self._numbers: dict[tuple[float, ...], str] = {}
        self._mixtures: dict[tuple[object, ...], str] = {}

    def lines(self, address: str) -> list[str]:
        """The numbers of a stage, its fingerprint, its mixture."""
        stage, effort = self._account.survey.plan.stages[address], self._account.efforts[address]
        if effort not in self._numbers:
            whole = self._account.bill.whole.shared
            counts = map(compact, (effort.steps, effort.conversation_epochs, effort.supervised_tokens))
            hours = hours_cell(effort, whole).replace("\n", " ")
            self._numbers[effort] = _columns([*counts, hours]) + "  "
        key = self._key(stage)
        if key not in self._mixtures:
            self._mixtures[key] = mixture_text(self._account, stage)
        return folded(
            f"{address[:8]} {self._mixtures[key]}", self._width, _INDENT, first=self._numbers[effort]
        )

    def _key(self, stage: Stage) -> tuple[object, ...]:
        """What the text of a mixture depends on."""
        measure = self._account.survey.measure
        bases = {measure(stage.model, one.source, stage.recipe).basis for one in stage.portions}
        # Another seed has other conversations, and so other tokens, where each of them is counted.
        seed = stage.subset_seed if "counted" in bases else None
        takes = tuple((one.source, one.count) for one in stage.portions)
        return (stage.model, id(stage.recipe), takes, seed)


def _columns(texts: Sequence[str]) -> str:
    return "".join(text.rjust(width) for text, width in zip(texts, _WIDTHS, strict=True))
