"""Figure: strategies side by side at one amount, a dot and its interval per strategy and benchmark."""

from collections.abc import Sequence

from matplotlib.axes import Axes

from ..cells import Cell, columns_of
from ..labels import shortened
from ..scores import Column
from .canvas import COLOURS, GREY, Figure, panels, style, to_svg, whiskers

BLUE = COLOURS[0]


def shown_amount(grid: Sequence[Cell]) -> str | None:
    """The amount at which most recipes can be compared, the largest of several; None for the base alone."""
    amounts = [
        (cell.key.amount, cell.key.amount_value) for cell in grid if not cell.key.is_base and cell.scores
    ]
    return max(amounts, key=lambda one: (amounts.count(one), one[1]), default=("", 0.0))[0] or None


def draw_strategies(grid: Sequence[Cell], title: str) -> Figure | None:
    """One figure for the cells of one study and model; None if fewer than two cells can be compared."""
    amount = shown_amount(grid)
    cells = [cell for cell in grid if cell.key.is_base or cell.key.amount == amount]
    columns = columns_of(cells)
    if amount is None or len(cells) < 2 or not columns:
        return None
    with style():
        canvas, axes = panels(len(columns), 0.9 + 0.27 * len(cells), share_y=True)
        for panel, column in zip(axes, columns, strict=True):
            _panel(panel, cells, column)
        axes[0].set_yticks(range(len(cells)), [shortened(cell.key.recipe) for cell in cells])
        axes[0].set_ylim(len(cells) - 0.4, -0.6)
        return Figure(title, _caption(grid, amount), to_svg(canvas, title))


def _panel(axes: Axes, cells: Sequence[Cell], column: Column) -> None:
    unit, highest = "", 0.0
    for row, cell in enumerate(cells):
        score = cell.score(column.key)
        if score is None or score.value is None:
            text = "unscored" if score else (cell.missing[0].status if cell.missing else "no score")
            axes.annotate(
                text, (0, row), xycoords=("axes fraction", "data"), xytext=(4, 0), textcoords="offset points",
                va="center", fontsize=8, fontstyle="italic", color=GREY,
            )  # fmt: skip
            continue
        colour = GREY if cell.key.is_base else BLUE
        if cell.key.is_base:
            axes.axvline(score.value, color=GREY, linestyle=":", linewidth=1.2)
        if score.seeds > 1:
            axes.plot(score.by_seed, [row] * score.seeds, "o", color=colour, alpha=0.3, markersize=3.5)
        face = "white" if score.suspect else colour
        axes.errorbar(
            score.value,
            row,
            xerr=whiskers(score),
            fmt="o",
            color=colour,
            mfc=face,
            markersize=5.5,
            elinewidth=1.5,
        )
        highest, unit = max(highest, score.high or 0.0, *score.by_seed), score.unit
    axes.set_title(shortened(column.key))
    axes.set_xlabel(shortened(unit))
    axes.set_xlim(-0.03 * highest, 1.05 * highest or 1)
    axes.grid(visible=True, axis="x")
    axes.tick_params(axis="y", length=0)


def _caption(grid: Sequence[Cell], amount: str) -> str:
    others = {cell.key.amount for cell in grid if not cell.key.is_base} - {amount}
    return (
        f"Scores after the last stage at amount {amount}, each panel on its own scale. Whiskers: 95% "
        "interval over items and, where there are several seeds, over seeds (with one seed the recipe was "
        "not assessed); faint dots: single seeds; hollow dots: suspect, not one answer could be read; "
        "dotted: the base model." + (" Other amounts are in the table." if others else "")
    )
