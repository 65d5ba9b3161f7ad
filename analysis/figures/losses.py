"""Figure: score against the loss on the reference answers, to tell a lost format from a lost ability."""

from collections.abc import Sequence

from matplotlib.axes import Axes

from ..caveats import silence
from ..cells import Cell, columns_of
from ..labels import shortened
from ..scores import Score
from .canvas import COLOURS, GREY, Figure, on_axis, panels, style, to_svg

CAPTION = (
    "Score against the mean loss per token on the reference answers, one dot per cell. A score near 0 with a "
    "low loss (orange, the first three named) is a lost format: the model still finds the right answers "
    "likely but does not write them readably. A score near 0 with a high loss is an ability that is not "
    "there. Hollow: suspect; square: the base. No intervals are drawn."
)
_FORMAT = COLOURS[1]
MOST_NAMES = 3
"""More would cover the dots; the page lists every lost format in words."""


def draw_losses(grid: Sequence[Cell], title: str) -> Figure | None:
    """One figure for the cells of one study and model; None if fewer than two of them have a loss."""
    columns = []
    for column in columns_of(grid):
        found = [(cell, score) for cell in grid if (score := cell.score(column.key)) and _is_drawn(score)]
        if len(found) > 1:
            columns.append((column.key, found))
    if not columns:
        return None
    with style():
        canvas, axes = panels(len(columns), 2.5)
        for panel, (key, found) in zip(axes, columns, strict=True):
            _panel(panel, key, found, grid)
        return Figure(title, CAPTION, to_svg(canvas, title))


def _is_drawn(score: Score) -> bool:
    return score.value is not None and score.reference_loss is not None


def _panel(axes: Axes, key: str, found: Sequence[tuple[Cell, Score]], grid: Sequence[Cell]) -> None:
    losses = [score.reference_loss or 0.0 for _, score in found]
    middle = (min(losses) + max(losses)) / 2
    named: set[str] = set()
    for cell, score in found:
        lost = silence(cell, score, grid) == "format"
        colour = GREY if cell.key.is_base else _FORMAT if lost else COLOURS[0]
        face = "white" if score.suspect else colour
        axes.plot(
            on_axis(score.reference_loss),
            on_axis(score.value),
            "s" if cell.key.is_base else "o",
            color=colour,
            mfc=face,
            markersize=5.5,
        )
        if lost and cell.key.recipe not in named and len(named) < MOST_NAMES:
            _name(axes, score, shortened(cell.key.recipe, 20), colour, middle, len(named))
            named.add(cell.key.recipe)
    axes.set_title(shortened(key))
    axes.set_xlabel("loss on reference answers")
    axes.set_ylabel(shortened(found[0][1].unit))
    axes.set_ylim(bottom=min(0.0, axes.get_ylim()[0]))


def _name(axes: Axes, score: Score, text: str, colour: str, middle: float, already: int) -> None:
    """A name above its dot, on the side where there is room; several names climb like stairs."""
    right = (score.reference_loss or 0.0) <= middle
    axes.annotate(
        text, (on_axis(score.reference_loss), on_axis(score.value)),
        xytext=(4 if right else -4, 7 + 11 * already), textcoords="offset points",
        ha="left" if right else "right", fontsize=8, color=colour,
    )  # fmt: skip
