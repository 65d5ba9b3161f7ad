"""What is wrong with the grid of a study as a whole: its size, repeated values, and what is excluded."""

from collections.abc import Hashable, Iterator, Sequence
from typing import Any

from raysft.composition.strategy import Strategy
from raysft.errors import Problem
from raysft.spec.grid import (
    Exclusions,
    cells_of,
    columns_of,
    key_of,
    product_of_axes,
    with_one_of_others,
)
from raysft.spec.study import Study

MOST_CELLS = 250_000
"""Cells of a study, and of a sweep; a plan of them takes minutes and some GB."""


def grid_problems(field: str, study: Study, abilities: Sequence[str]) -> Iterator[Problem]:
    """Everything that is wrong with a grid; of one that is too large nothing else.

    Args:
        field: of the study.
        study: of one without a value on some axis only repeated values are told.
        abilities: that take part.
    """
    yield from _repeats(field, study)
    cells = cells_of(study, abilities)
    if not cells:
        return
    if cells > MOST_CELLS:
        yield too_large(field, cells)
        return
    wrong = list(_unknown(field, study, abilities))
    yield from wrong
    if study.exclude and not wrong:
        yield from _excluded(field, study, abilities)


def too_large(field: str, cells: int) -> Problem:
    """A grid of more cells than can be planned."""
    shown = f"{cells:,} cells" if cells < 10**15 else "more than 10^15 cells"
    return Problem(field, shown, f"has at most {MOST_CELLS:,} cells: give fewer values, or link axes")


def _repeats(field: str, study: Study) -> Iterator[Problem]:
    for column in columns_of(study):
        if len(column.rows) < 2:
            continue
        at = f"{field}.{column.axes[0] if len(column.axes) == 1 else 'linked'}"
        seen: set[Hashable] = set()
        told: set[Hashable] = set()
        for row in column.rows:
            key = tuple(map(key_of, row))
            if key in seen and key not in told:
                told.add(key)
                shown = ", ".join(_label(value) for value in row)
                yield Problem(at, shown, "is given twice: leave one")
            seen.add(key)


def _unknown(field: str, study: Study, abilities: Sequence[str]) -> Iterator[Problem]:
    """Values that no cell has: they exclude nothing, and are most likely a slip."""
    known: dict[str, set[Hashable]] = {}
    for place, exclusion in enumerate(study.exclude):
        for axis in exclusion.given:
            at = f"{field}.exclude[{place}].{axis}"
            if axis not in known:
                known[axis] = _values(study, axis, abilities)
            for value in getattr(exclusion, axis):
                if isinstance(value, Strategy) and value.stands_for(abilities) > MOST_CELLS:
                    yield Problem(at, value.label, "are too many to be excluded one by one")
                elif key_of(value) not in known[axis]:
                    yield Problem(at, _label(value), f"the study has no such value of {axis}")


def _values(study: Study, axis: str, abilities: Sequence[str]) -> set[Hashable]:
    """Keys of all values on an axis, of strategies also of those which they stand for."""
    given = list(study.values(axis))
    several = [one for rule in given for one in rule.expanded(abilities)] if axis == "strategy" else []
    return {key_of(one) for one in (*given, *several)}


def _excluded(field: str, study: Study, abilities: Sequence[str]) -> Iterator[Problem]:
    """Entries that exclude nothing, and whether anything is left."""
    exclusions = Exclusions(study.exclude, abilities)
    idle = set(range(1, len(study.exclude) + 1))
    left = False
    named = {axis for one in study.exclude for axis in one.given}
    for _, keys in product_of_axes(with_one_of_others(study, named), abilities):
        hits = set(exclusions.of_cell(keys))
        left = left or not hits
        idle -= hits
        if left and not idle:
            return
    for place in sorted(idle):
        axes = ", ".join(study.exclude[place - 1].given)
        remedy = "no cell of the study has these values together: it excludes nothing"
        yield Problem(f"{field}.exclude[{place - 1}]", axes, remedy)
    if not left:
        yield Problem(f"{field}.exclude", "every cell", "leave at least one cell of the grid")


def _label(value: Any) -> str:  # noqa: ANN401 - a value of any axis
    if isinstance(value, dict):
        return ", ".join(f"{name}: {one}" for name, one in value.items()) or "{}"
    return str(getattr(value, "label", value)) or "{}"
