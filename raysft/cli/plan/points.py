"""`raysft plan --points`: every cell, with the stages that it is trained in."""

from collections.abc import Iterator, Sequence

from rich.console import Console

from raysft.cli.plan.mixture import mixture_text
from raysft.cli.plan.tables import compact, hours_cell, hours_title
from raysft.cli.plan.wrapped import folded, write
from raysft.identity import StageId
from raysft.plan.tree import Point, Stage
from raysft.sweep.account.totals import Account

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
    yield from map(stages.lines, point.stages)


class _Stages:
    """The lines of stages; those that differ in nothing but their fingerprints are laid out once."""

    def __init__(self, account: Account, width: int) -> None:
        self._account, self._width = account, width
        self._laid_out: dict[tuple[object, ...], tuple[str, str]] = {}
        """What comes before a fingerprint, and what after it."""

    def lines(self, address: StageId) -> str:
        """The numbers of a stage, its fingerprint, its mixture."""
        stage = self._account.survey.plan.stages[address]
        key = self._key(stage)
        if key not in self._laid_out:
            self._laid_out[key] = self._lay_out(stage)
        before, after = self._laid_out[key]
        return f"{before}{address[:8]}{after}"

    def _lay_out(self, stage: Stage) -> tuple[str, str]:
        effort, whole = self._account.efforts[stage.fingerprint], self._account.bill.whole.shared
        counts = map(compact, (effort.steps, effort.conversation_epochs, effort.supervised_tokens))
        before = _columns([*counts, hours_cell(effort, whole).replace("\n", " ")]) + "  "
        place = stage.fingerprint[:8]
        said = f"{place} {mixture_text(self._account, stage)}"
        lines = "\n".join(folded(said, self._width, _INDENT, first=before))
        return before, lines.removeprefix(before + place)

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
