"""All figures of a report, study by study and model by model."""

from collections.abc import Callable, Sequence

from ..cells import Cell, grids
from .amounts import draw_amounts
from .canvas import Figure
from .forgetting import draw_forgetting
from .losses import draw_losses
from .strategies import draw_strategies

Draw = Callable[[Sequence[Cell], str], Figure | None]
"""Draws the cells of one study and model under a title, or says with None that there is nothing to draw."""
KINDS: dict[str, Draw] = {
    "Strategies side by side": draw_strategies,
    "Forgetting across stages": draw_forgetting,
    "Score against amount": draw_amounts,
    "Lost format or lost ability": draw_losses,
}
"""A new figure is one file and one row here."""


def draw_figures(cells: Sequence[Cell]) -> list[Figure]:
    """Every figure that the cells give rise to; none for cells without a score."""
    drawn = (
        draw(grid, f"{kind}: {grid[0].key.study}, {grid[0].key.model}")
        for grid in grids(cells)
        for kind, draw in KINDS.items()
    )
    return [figure for figure in drawn if figure is not None]
