"""The cells of a study's grid: the product of its axes, linked ones side by side, less what is excluded."""

from collections.abc import Iterator, Sequence
from itertools import product
from typing import Any, NamedTuple

from raysft.composition.amount import Amount
from raysft.composition.strategy import Strategy
from raysft.spec.recipe import RecipeChange
from raysft.spec.study import AXES, Axes, RatioPoint, Study


class Choice(NamedTuple):
    """One value on every axis; the fields are the axes, in the order of the grid."""

    model: str
    strategy: Strategy
    amount: Amount
    ratio: RatioPoint
    variant: dict[str, str]
    recipe: RecipeChange
    seed: int


def choices(study: Study, abilities: Sequence[str]) -> Iterator[Choice]:
    """Every cell, row-major: the seed varies fastest. A linked group has the place of its first axis.

    Args:
        study: the grid.
        abilities: that take part, in their order; a strategy that stands for several becomes those.
    """
    groups = {group.given[0]: group for group in study.linked}
    linked = {axis for group in study.linked for axis in group.given}
    columns: list[tuple[tuple[str, ...], list[tuple[Any, ...]]]] = []
    for axis in AXES:
        if axis in groups:
            names = groups[axis].given
            columns.append((names, list(zip(*(getattr(groups[axis], name) for name in names), strict=True))))
        elif axis not in linked:
            columns.append(((axis,), [(value,) for value in getattr(study, axis)]))
    places = [([name for names, _ in columns for name in names]).index(axis) for axis in AXES]
    left_out = [_values(one, abilities) for one in study.exclude]
    for rows in product(*(_expanded(names, rows, abilities) for names, rows in columns)):
        values = [value for row in rows for value in row]
        choice = Choice(*(values[place] for place in places))
        if not any(_has_all(choice, one) for one in left_out):
            yield choice


def _expanded(
    names: Sequence[str], rows: Sequence[tuple[Any, ...]], abilities: Sequence[str]
) -> list[tuple[Any, ...]]:
    """Rows with every strategy that stands for several written out."""
    if "strategy" not in names:
        return list(rows)
    at = names.index("strategy")
    return [(*row[:at], one, *row[at + 1 :]) for row in rows for one in row[at].expanded(abilities)]


def _values(exclusion: Axes, abilities: Sequence[str]) -> dict[str, list[Any]]:
    """By axis, of those that an exclusion names."""
    rows = {axis: [(value,) for value in getattr(exclusion, axis)] for axis in exclusion.given}
    return {axis: [value for (value,) in _expanded((axis,), rows[axis], abilities)] for axis in rows}


def _has_all(choice: Choice, excluded: dict[str, list[Any]]) -> bool:
    return all(getattr(choice, axis) in values for axis, values in excluded.items())
