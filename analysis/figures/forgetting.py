"""Figure: what each stage adds and takes away, one panel per strategy, one line per benchmark."""

from collections.abc import Sequence

from matplotlib.axes import Axes

from ..cells import Cell, Position, columns_of
from ..keys import BASE
from ..labels import shortened
from ..scores import Column
from .canvas import Figure, end_labels, on_axis, panels, pen_of, style, to_svg
from .strategies import shown_amount

CAPTION = (
    "Score of the base and after each stage, as a percentage of a perfect model's score; below each stage "
    "the conversations it was trained on. Bars: 95% interval over items and, where there are several "
    "seeds, over seeds; hollow marks: suspect, not one answer could be read, so a fall to 0 may be a lost "
    "format."
)
HEIGHT = 2.45
"""Inches of one row of panels, of which titles and ticks take about 0.8."""


def draw_forgetting(grid: Sequence[Cell], title: str) -> Figure | None:
    """One figure for the cells of one study and model; None if no strategy has two scored stages."""
    amount = shown_amount(grid)
    columns = columns_of(grid)
    courses = {cell.key.recipe: _course(cell, grid) for cell in grid if cell.key.amount == amount}
    courses = {recipe: course for recipe, course in courses.items() if _stages(course) > 1}
    if not courses:
        return None
    with style():
        canvas, axes = panels(len(courses), HEIGHT, columns=2, share_y=True)
        for panel, (recipe, course) in zip(axes, courses.items(), strict=True):
            _panel(panel, recipe, course, columns)
        for panel in axes[::2]:
            panel.set_ylabel("% of best")
        return Figure(f"{title}, amount {amount}", CAPTION, to_svg(canvas, title))


def _course(cell: Cell, grid: Sequence[Cell]) -> list[Position]:
    """The scored positions of a cell, begun by the base of its study."""
    course = [position for position in cell.course if position.scores]
    if course and course[0].position == 0:
        return course
    base = next((one for one in grid if one.key.is_base and one.scores), None)
    return [Position(0, "", base.scores), *course] if base else course


def _stages(course: Sequence[Position]) -> int:
    return sum(position.position > 0 for position in course)


def _panel(axes: Axes, recipe: str, course: Sequence[Position], columns: Sequence[Column]) -> None:
    ends = []
    for index, column in enumerate(columns):
        points = [
            (place, score)
            for place, position in enumerate(course)
            for score in position.scores
            if score.column == column and score.per_cent_of_best is not None
        ]
        if not points:
            continue
        pen = pen_of(index)
        axes.plot(
            [place for place, _ in points],
            [on_axis(one.per_cent_of_best) for _, one in points],
            color=pen.colour,
            linewidth=1.6,
        )
        for place, score in points:
            share = score.per_cent_of_best or 0.0
            ends_of = None
            if score.low is not None and score.high is not None:
                ends_of = [[share - 100 * score.low / score.best], [100 * score.high / score.best - share]]
            face = "white" if score.suspect else pen.colour
            axes.errorbar(
                place, share, ends_of, fmt=pen.mark, color=pen.colour, mfc=face, markersize=5, elinewidth=1.2
            )
        ends.append((points[-1][1].per_cent_of_best or 0.0, shortened(column.key, 12), pen.colour))
    axes.set_title(shortened(recipe))
    axes.set_ylim(-3, 103)
    axes.set_xlim(-0.2, len(course) - 0.8)
    axes.set_xticks(range(len(course)), [_below(position, len(course)) for position in course], fontsize=8)
    end_labels(axes, len(course) - 1, ends, height=HEIGHT - 0.8)


def _below(position: Position, count: int) -> str:
    """What a stage was trained on, one source per line; narrower where there are many stages."""
    if position.position == 0:
        return BASE
    sources = [shortened(source, 18) for source in position.trained_on.split(" + ")]
    narrow = count > 3
    text = ("\n" if narrow else "\n+ ").join(sources)
    return (text.replace(" ", "\n") if narrow else text) or f"stage {position.position}"
