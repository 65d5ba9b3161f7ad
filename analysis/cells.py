"""Cells: what remains of the points when their seeds are collapsed, and their course over the stages.

Intervals only; verdicts are not covered here.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

import pandas as pd

from .inputs import Row, Status, rows_of
from .keys import Key, by_key
from .labels import printable, strategy_order
from .scores import Column, Score, score_of, verdicts_of


@dataclass(frozen=True)
class PointState:
    """How one point of a cell ended."""

    point: str
    seed: int | None
    status: Status
    cause: str


@dataclass(frozen=True)
class Position:
    """A cell after one of its stages."""

    position: int
    """0 is the base."""
    trained_on: str
    """Such as `code 512 + math 2048`; empty for the base."""
    scores: tuple[Score, ...]


@dataclass(frozen=True)
class Cell:
    """One cell of a study: its points, its scores after the last stage, and its course."""

    key: Key
    points: tuple[PointState, ...]
    scores: tuple[Score, ...]
    """After the last stage; a benchmark that was not reached is absent."""
    course: tuple[Position, ...]
    """After the base and each stage, as far as they were scored."""

    def score(self, key: str) -> Score | None:
        """The score on the benchmark with this key after the last stage, or None if it was not reached."""
        return next((score for score in self.scores if score.column.key == key), None)

    @property
    def missing(self) -> tuple[PointState, ...]:
        """Points that are not done."""
        return tuple(point for point in self.points if point.status != "done")

    @property
    def seeds(self) -> int:
        """Seeds that every score rests on at least; 0 where nothing was scored."""
        return min((score.seeds for score in self.scores if score.value is not None), default=0)

    @property
    def has_one_seed(self) -> bool:
        """The recipe was not assessed: another run might come out otherwise. The base is no recipe."""
        return not self.key.is_base and self.seeds == 1


def collapse(results: pd.DataFrame, items: pd.DataFrame) -> list[Cell]:
    """Collapse the seeds of the tidy table into cells.

    Studies, models and details keep their order; inside, strategies are in the order of
    `labels.strategy_order`, amounts ascend.

    Args:
        results: the tidy table, one row per point, stage position and benchmark; columns as in `inputs.Row`.
        items: `stage`, `benchmark_key`, `question`, `value`, one row per verdict; null where unscored.

    Raises:
        InputError: columns are missing, a question occurs twice, or a score is not the mean of its items.
    """
    verdicts = verdicts_of(items)
    grouped = by_key(rows_of(results))
    studies = list(dict.fromkeys(key.study for key in grouped))
    models = list(dict.fromkeys(key.model for key in grouped))
    details = list(dict.fromkeys(key.details for key in grouped))
    abilities = list(dict.fromkeys(row.ability for rows in grouped.values() for row in rows if row.ability))

    def place(key: Key) -> tuple[object, ...]:
        order = strategy_order(key.strategy, abilities)
        return (
            studies.index(key.study),
            models.index(key.model),
            *order,
            details.index(key.details),
            key.amount_value,
            key.amount,
        )

    def scores(rows: Iterable[Row]) -> tuple[Score, ...]:
        return tuple(score_of(group, verdicts) for group in _by_benchmark(rows))

    cells = []
    for key in sorted(grouped, key=place):
        rows = grouped[key]
        reached = ((place, at, scores(at)) for place, at in _by_position(rows))
        course = tuple(Position(place, _trained_on(at), found) for place, at, found in reached if found)
        cells.append(Cell(key, _points(rows), scores(row for row in rows if row.is_final), course))
    return cells


def columns_of(cells: Sequence[Cell]) -> list[Column]:
    """Every column, in the order of their first appearance."""
    seen = (score for cell in cells for position in cell.course for score in position.scores)
    return list(dict.fromkeys(score.column for score in seen))


def usual_versions(cells: Sequence[Cell]) -> tuple[str, ...]:
    """Versions of the engine that gave the answers of most scores; empty where nothing is scored."""
    found = Counter(
        score.engine_versions for cell in cells for score in cell.scores if score.value is not None
    )
    return max(found, key=lambda versions: (found[versions], versions), default=())


def grids(cells: Sequence[Cell]) -> Iterator[list[Cell]]:
    """The cells of one study and one model at a time."""
    for _, group in groupby(cells, key=lambda cell: (cell.key.study, cell.key.model)):
        yield list(group)


def _by_benchmark(rows: Iterable[Row]) -> Iterator[list[Row]]:
    """Rows of one benchmark at a time; rows of a point that failed before it was scored say nothing."""
    grouped: dict[str, list[Row]] = {}
    for row in rows:
        if row.benchmark_key is not None and (row.value is not None or row.status == "done" or row.unscored):
            grouped.setdefault(row.benchmark_key, []).append(row)
    yield from grouped.values()


def _by_position(rows: Iterable[Row]) -> Iterator[tuple[int, list[Row]]]:
    grouped: dict[int, list[Row]] = {}
    for row in rows:
        if row.stage_position is not None:
            grouped.setdefault(row.stage_position, []).append(row)
    yield from sorted(grouped.items())


def _trained_on(rows: Iterable[Row]) -> str:
    return printable(next((row.trained_on for row in rows if row.trained_on), ""))


def _points(rows: Iterable[Row]) -> tuple[PointState, ...]:
    """One state per point: done only if every row of it is."""
    grouped: dict[str, list[Row]] = {}
    for row in rows:
        grouped.setdefault(row.point, []).append(row)
    found = []
    for point, group in grouped.items():
        worst = next((row for row in group if row.status != "done"), group[0])
        found.append(PointState(point, worst.seed, worst.status, printable(worst.cause or "")))
    return tuple(sorted(found, key=lambda state: (state.seed is None, state.seed or 0)))
