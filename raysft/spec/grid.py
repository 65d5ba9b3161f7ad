"""The cells of a study's grid: the product of its axes, linked ones side by side, less what is excluded."""

from collections.abc import Collection, Hashable, Iterator, Sequence
from itertools import product
from math import prod
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


class _Column(NamedTuple):
    """Axes that go together, and their values side by side."""

    axes: tuple[str, ...]
    rows: list[tuple[Any, ...]]


Keys = dict[str, Hashable]
"""Of a cell, by axis, what is equal for equal values and can be looked up."""


def choices(study: Study, abilities: Sequence[str]) -> Iterator[Choice]:
    """Every cell, row-major: the seed varies fastest. A linked group has the place of its first axis.

    Args:
        study: the grid.
        abilities: that take part, in their order; a strategy that stands for several becomes those.
    """
    left_out = Exclusions(study.exclude, abilities)
    for choice, keys in product_of_axes(study, abilities):
        if not any(left_out.of_cell(keys)):
            yield choice


def product_of_axes(study: Study, abilities: Sequence[str]) -> Iterator[tuple[Choice, Keys]]:
    """Every cell, those that are excluded among them; with keys for the axes that exclusions name."""
    columns = columns_of(study)
    axes = [name for column in columns for name in column.axes]
    places = [axes.index(axis) for axis in AXES]
    named = {axis for one in study.exclude for axis in one.given}
    for rows in product(*(_with_keys(column, abilities, named) for column in columns)):
        values = [value for row, _ in rows for value in row]
        keys = {axis: key for _, some in rows for axis, key in some.items()}
        yield Choice(*(values[place] for place in places)), keys


def _with_keys(
    column: "_Column", abilities: Sequence[str], named: Collection[str]
) -> list[tuple[tuple[Any, ...], Keys]]:
    return [
        (row, {axis: key_of(value) for axis, value in zip(column.axes, row, strict=True) if axis in named})
        for row in _expanded(column, abilities)
    ]


def key_of(value: Any) -> Hashable:  # noqa: ANN401 - a value of any axis
    """Equal for equal values, and hashable."""
    if isinstance(value, Strategy):
        return value.label
    if isinstance(value, RatioPoint):
        return value.name, tuple(sorted(value.factors.items()))
    return tuple(sorted(value.items())) if isinstance(value, dict) else value


def columns_of(study: Study) -> list[_Column]:
    """The axes in their order, linked ones as one column."""
    groups = {group.given[0]: group for group in study.linked}
    linked = {axis for group in study.linked for axis in group.given}
    columns = []
    for axis in AXES:
        if axis in groups:
            names = groups[axis].given
            columns.append(
                _Column(names, list(zip(*(getattr(groups[axis], name) for name in names), strict=True)))
            )
        elif axis not in linked:
            columns.append(_Column((axis,), [(value,) for value in getattr(study, axis)]))
    return columns


def cells_of(study: Study, abilities: Sequence[str]) -> int:
    """How many cells the product has before anything is excluded; none of them is made."""
    return prod(_length(column, abilities) for column in columns_of(study))


def _length(column: _Column, abilities: Sequence[str]) -> int:
    if "strategy" not in column.axes:
        return len(column.rows)
    at = column.axes.index("strategy")
    return sum(row[at].stands_for(abilities) for row in column.rows)


def with_one_of_others(study: Study, kept: Collection[str]) -> Study:
    """The study with one value only on every axis that is neither kept nor linked."""
    linked = {axis for group in study.linked for axis in group.given}
    others = [axis for axis in AXES if axis not in kept and axis not in linked]
    return study.model_copy(update={axis: getattr(study, axis)[:1] for axis in others})


def _expanded(column: _Column, abilities: Sequence[str]) -> list[tuple[Any, ...]]:
    """Rows with every strategy that stands for several written out."""
    if "strategy" not in column.axes:
        return column.rows
    at = column.axes.index("strategy")
    return [(*row[:at], one, *row[at + 1 :]) for row in column.rows for one in row[at].expanded(abilities)]


class Exclusions:
    """Which of a study's exclusions a cell is excluded by."""

    def __init__(self, exclusions: Sequence[Axes], abilities: Sequence[str]) -> None:
        self._entries = [_excluded_values(one, abilities) for one in exclusions]
        self._by_value: dict[str, dict[Hashable, list[int]]] = {}
        """Each entry by the axis on which it has the fewest values: so few entries are looked at."""
        for place, entry in enumerate(self._entries):
            axis = min(entry, key=lambda one: len(entry[one]))
            for key in entry[axis]:
                self._by_value.setdefault(axis, {}).setdefault(key, []).append(place)

    def of_cell(self, keys: Keys) -> Iterator[int]:
        """Places, from 1, of the entries that name the cell: on every axis one of its values."""
        for axis, entries in self._by_value.items():
            for place in entries.get(keys[axis], ()):
                if all(keys[other] in values for other, values in self._entries[place].items()):
                    yield place + 1


def _excluded_values(exclusion: Axes, abilities: Sequence[str]) -> dict[str, set[Hashable]]:
    """By axis, of those that an exclusion names, the keys of its values."""
    columns = [_Column((axis,), [(value,) for value in getattr(exclusion, axis)]) for axis in exclusion.given]
    return {one.axes[0]: {key_of(value) for (value,) in _expanded(one, abilities)} for one in columns}
