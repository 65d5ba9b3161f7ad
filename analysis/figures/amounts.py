"""Figure: score against amount, one panel per benchmark, one line per recipe."""

import math
from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, NullLocator

from ..cells import Cell, columns_of
from ..labels import shortened
from ..scores import Column
from .canvas import GREY, Figure, Pen, on_axis, panels, pen_of, style, to_svg, whiskers

CAPTION = (
    "Share of every source used (log₂ axis) against the score, each panel on its own scale. Bars: 95% "
    "interval over items and, where there are several seeds, over seeds; faint dots: single seeds; hollow "
    "marks: suspect; dotted: the base model. A model trained on one ability is drawn in the panels of that "
    "ability only. Recipes with a single amount are not drawn, nor points that did not finish or are "
    "unscored."
)


def draw_amounts(grid: Sequence[Cell], title: str) -> Figure | None:
    """One figure for the cells of one study and model; None if no recipe has two amounts.

    A model trained on one ability alone is drawn only in the panels of that ability.
    """
    lines: dict[str, list[Cell]] = {}
    for cell in grid:
        if not cell.key.is_base and cell.key.amount_value > 0 and cell.scores:
            lines.setdefault(cell.key.recipe, []).append(cell)
    lines = {recipe: cells for recipe, cells in lines.items() if len({cell.key.amount for cell in cells}) > 1}
    drawn = [column for column in columns_of(grid) if _of_panel(lines, column)]
    if not drawn:
        return None
    pens = {name: index for index, name in enumerate(dict.fromkeys(_short(recipe) for recipe in lines))}
    with style():
        canvas, axes = panels(len(drawn), 2.5)
        for panel, column in zip(axes, drawn, strict=True):
            _panel(panel, grid, _of_panel(lines, column), pens, column)
        _legend(canvas, pens, with_base=any(cell.key.is_base for cell in grid))
        return Figure(title, CAPTION, to_svg(canvas, title))


def _of_panel(lines: dict[str, list[Cell]], column: Column) -> dict[str, list[Cell]]:
    """The lines of one panel; cells that are not scored there are left out."""
    found: dict[str, list[Cell]] = {}
    for recipe, cells in lines.items():
        if recipe.startswith("single(") and not recipe.startswith(f"single({column.ability})"):
            continue
        scored = [cell for cell in cells if (score := cell.score(column.key)) and score.value is not None]
        if scored:
            found[recipe] = sorted(scored, key=lambda cell: cell.key.amount_value)
    return found


def _panel(
    axes: Axes,
    grid: Sequence[Cell],
    lines: dict[str, list[Cell]],
    pens: dict[str, int],
    column: Column,
) -> None:
    highest, unit = 0.0, ""
    for recipe, cells in lines.items():
        pen = pen_of(pens[_short(recipe)])
        scores = [score for cell in cells if (score := cell.score(column.key))]
        places = [math.log2(cell.key.amount_value) for cell in cells]
        axes.plot(
            places,
            [on_axis(score.value) for score in scores],
            color=pen.colour,
            linestyle=pen.dash,
            linewidth=1.6,
        )
        for place, score in zip(places, scores, strict=True):
            if score.seeds > 1:
                axes.plot(
                    [place] * score.seeds, score.by_seed, "o", color=pen.colour, alpha=0.3, markersize=3
                )
            face = "white" if score.suspect else pen.colour
            axes.errorbar(
                place,
                on_axis(score.value),
                whiskers(score),
                color=pen.colour,
                fmt=pen.mark,
                markersize=5,
                mfc=face,
                elinewidth=1.2,
            )
            highest, unit = max(highest, score.high or 0.0, *score.by_seed), score.unit
    base = next((score for cell in grid if cell.key.is_base and (score := cell.score(column.key))), None)
    if base is not None and base.value is not None:
        axes.axhline(base.value, color=GREY, linestyle=":", linewidth=1.4)
        highest = max(highest, base.value)
    axes.set_ylim(0, 1.06 * highest or 1)
    axes.set_title(shortened(column.key))
    axes.set_ylabel(shortened(unit))
    _amount_axis(axes, [cell for cells in lines.values() for cell in cells])


def _amount_axis(axes: Axes, cells: Sequence[Cell]) -> None:
    """Ticks at the amounts that were used, in their exact text."""
    amounts = sorted({(math.log2(cell.key.amount_value), cell.key.amount) for cell in cells})
    axes.xaxis.set_major_locator(FixedLocator([place for place, _ in amounts]))
    axes.xaxis.set_minor_locator(NullLocator())
    crowded = len(amounts) > 6
    axes.set_xticklabels([shortened(text, 10) for _, text in amounts], rotation=45 if crowded else 0)
    axes.set_xlabel("amount")
    room = 0.08 * max(amounts[-1][0] - amounts[0][0], 1)
    axes.set_xlim(amounts[0][0] - room, amounts[-1][0] + room)


def _legend(canvas: Canvas, pens: dict[str, int], *, with_base: bool) -> None:
    """One legend for all panels: names at the ends of lines would take the width of the axes."""
    handles = [_sample(pen_of(index), name) for name, index in pens.items()]
    if with_base:
        handles.append(Line2D([], [], color=GREY, linestyle=":", label="base"))
    canvas.legend(
        handles=handles, loc="outside upper left", ncols=4 if max(map(len, pens)) < 14 else 2, frameon=False
    )


def _sample(pen: Pen, name: str) -> Line2D:
    return Line2D(
        [], [], color=pen.colour, linestyle=pen.dash, marker=pen.mark, markersize=5, label=shortened(name)
    )


def _short(recipe: str) -> str:
    """`single(math)` is just `single` in the panel of math."""
    name, bracket, rest = recipe.partition("(")
    return name + rest.partition(")")[2] if name == "single" and bracket else recipe
