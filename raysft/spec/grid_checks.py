"""What is wrong with the grid of a study as a whole: its size, repeated values, and what is excluded."""

from collections.abc import Hashable, Iterator, Mapping, Sequence
from typing import Any

from raysft.errors import Problem
from raysft.spec.grid import (
    cells_of,
    columns_of,
    excluded_values,
    has_all,
    key_of,
    product_of_axes,
    with_one_of_others,
)
from raysft.spec.study import Axes, Study

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
    places = {f"{field}.exclude[{place}]": one for place, one in enumerate(study.exclude)}
    wrong = [problem for at, one in places.items() for problem in _unknown(at, one, study, abilities)]
    yield from wrong
    if places and not wrong:
        yield from _excluded(field, places, study, abilities)


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


def _unknown(field: str, exclusion: Axes, study: Study, abilities: Sequence[str]) -> Iterator[Problem]:
    """Values that no cell has: they exclude nothing, and are most likely a slip."""
    for axis in exclusion.given:
        known = {key_of(one) for one in study.values(axis)}
        values = list(getattr(exclusion, axis))
        if axis == "strategy":
            if sum(rule.stands_for(abilities) for rule in values) > MOST_CELLS:
                yield Problem(f"{field}.{axis}", "all orders", "are too many to be excluded one by one")
                continue
            known |= {key_of(one) for rule in study.values(axis) for one in rule.expanded(abilities)}
        for value in values:
            if key_of(value) not in known:
                yield Problem(f"{field}.{axis}", _label(value), f"the study has no such value of {axis}")


def _excluded(
    field: str, places: Mapping[str, Axes], study: Study, abilities: Sequence[str]
) -> Iterator[Problem]:
    """Entries that exclude nothing, and whether anything is left."""
    entries = {at: excluded_values(one, abilities) for at, one in places.items()}
    idle = set(entries)
    left = False
    named = {axis for one in places.values() for axis in one.given}
    for _, keys in product_of_axes(with_one_of_others(study, named), abilities):
        hits = {at for at, one in entries.items() if has_all(keys, one)}
        left = left or not hits
        idle -= hits
        if left and not idle:
            return
    for at in entries:
        if at in idle:
            axes = ", ".join(places[at].given)
            yield Problem(at, axes, "no cell of the study has these values together: it excludes nothing")
    if not left:
        yield Problem(f"{field}.exclude", "every cell", "leave at least one cell of the grid")


def _label(value: Any) -> str:  # noqa: ANN401 - a value of any axis
    if isinstance(value, dict):
        return ", ".join(f"{name}: {one}" for name, one in value.items()) or "{}"
    return str(getattr(value, "label", value)) or "{}"
