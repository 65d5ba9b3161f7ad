"""One score of one cell: seeds collapsed, with its evidence."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from raysft.errors import InputError, Problem

from .inputs import ITEM_COLUMNS, ITEMS, Row
from .labels import percent, printable
from .uncertainty import crossed

Verdicts = Mapping[tuple[str, str], "pd.Series[float]"]
"""Of each (stage, key of the benchmark), the verdicts by question; NaN where an item is unscored."""


@dataclass(frozen=True)
class Column:
    """A column of the table: what is measured, and by what."""

    key: str
    """An ability, or `ability/name` for a benchmark to report by."""
    ability: str
    benchmark: str
    """Its name, which two abilities may share."""


@dataclass(frozen=True)
class Score:
    """A cell on one benchmark; numbers in the unit that is shown, such as per cent."""

    column: Column
    metric: str
    best: float
    """Value of a perfect model."""
    value: float | None
    """Mean over the seeds that were scored; None if none was, and never 0 for that reason."""
    standard_error: float | None
    """Items and seeds crossed; items only where there is one seed."""
    low: float | None
    """Lower end of the 95% interval."""
    high: float | None
    """Upper end of the 95% interval."""
    n: int
    """Items graded for at least one seed."""
    by_seed: tuple[float, ...]
    """One value per seed that was scored."""
    unscored: int
    """Items that could not be graded, summed over seeds."""
    reasons: tuple[str, ...]
    """Why items are unscored, each reason once."""
    no_answer_rate: float | None
    """Mean over seeds, as are the next five."""
    strict_rate: float | None
    flexible_rate: float | None
    cut_off_rate: float | None
    overflow_rate: float | None
    reference_loss: float | None
    """Mean loss per token on the reference answers."""
    suspect: bool
    """For at least one seed not one answer could be read."""
    engine_versions: tuple[str, ...]
    """Of the library that gave the answers."""
    batch_sizes: tuple[str, ...] = ()
    """Questions side by side at most, each number once; empty where answers do not depend on it."""

    @property
    def unit(self) -> str:
        """What the value counts, for axes: `accuracy, best 100`."""
        return f"{self.metric}, best {self.best:g}"

    @property
    def seeds(self) -> int:
        """How many seeds the value rests on."""
        return len(self.by_seed)

    @property
    def per_cent_of_best(self) -> float | None:
        """The value as a percentage of a perfect model's."""
        return None if self.value is None or not self.best else 100 * self.value / self.best


def readings(score: Score) -> str:
    """Shares of answers that are right by the strict and the flexible reading; empty without both."""
    if score.strict_rate is None or score.flexible_rate is None:
        return ""
    return f"strict {percent(score.strict_rate)}, flexible {percent(score.flexible_rate)}"


def verdicts_of(items: pd.DataFrame) -> Verdicts:
    """Index the verdicts by stage and benchmark.

    Raises:
        InputError: a column is missing, or a question occurs twice for one stage and benchmark.
    """
    lacking = [
        Problem(ITEMS, f"no column {name}", "write the results again")
        for name in ITEM_COLUMNS
        if name not in items
    ]
    if lacking:
        raise InputError(lacking)
    twice = items[items.duplicated(["stage", "benchmark_key", "question"])]
    if len(twice):
        first = twice.iloc[0]
        where = f"{ITEMS}, stage {first['stage']}, benchmark {first['benchmark_key']}"
        raise InputError([Problem(where, str(first["question"]), "one verdict per question")])
    return {
        (str(group["stage"].iloc[0]), str(group["benchmark_key"].iloc[0])): pd.Series(
            group["value"].to_numpy(dtype=np.float64, na_value=np.nan), index=group["question"].to_numpy()
        )
        for _, group in items.groupby(["stage", "benchmark_key"], sort=False)
    }


def score_of(rows: Sequence[Row], verdicts: Verdicts) -> Score:
    """Collapse the seeds of one cell on one benchmark; a stage that several rows name counts once.

    Raises:
        InputError: a scored row has no items, or its value is not their mean.
    """
    rows = list({row.stage: row for row in rows}.values())
    scored = [row for row in rows if row.value is not None]
    first = (scored or rows)[0]
    scale = 1.0 if first.scale is None else first.scale
    estimate = crossed(_aligned(scored, verdicts)) if scored else None

    def shown(number: float | None) -> float | None:
        return None if number is None else number * scale

    return Score(
        column=_column(first),
        metric=printable(first.metric or ""),
        best=scale if first.best is None else first.best,
        value=shown(estimate.value) if estimate else None,
        standard_error=shown(estimate.standard_error) if estimate else None,
        low=shown(estimate.low) if estimate else None,
        high=shown(estimate.high) if estimate else None,
        n=estimate.n if estimate else 0,
        by_seed=tuple(row.value for row in scored if row.value is not None),
        unscored=sum(row.unscored or 0 for row in rows),
        reasons=tuple(dict.fromkeys(printable(row.reason) for row in rows if row.reason)),
        no_answer_rate=_mean([row.no_answer_rate for row in scored]),
        strict_rate=_mean([row.strict_rate for row in scored]),
        flexible_rate=_mean([row.flexible_rate for row in scored]),
        cut_off_rate=_mean([row.cut_off_rate for row in scored]),
        overflow_rate=_mean([row.overflow_rate for row in scored]),
        reference_loss=_mean([row.reference_loss for row in rows]),
        suspect=any(bool(row.suspect) for row in rows),
        engine_versions=tuple(sorted({one for row in scored for one in _versions(row)})),
        batch_sizes=tuple(sorted({printable(row.batch_sizes) for row in scored if row.batch_sizes})),
    )


def _column(row: Row) -> Column:
    return Column(*(printable(text or "") for text in (row.benchmark_key, row.ability, row.benchmark)))


def _versions(row: Row) -> list[str]:
    return [printable(one) for one in (row.engine_version or "").split(", ") if one]


def _aligned(scored: Sequence[Row], verdicts: Verdicts) -> NDArray[np.float64]:
    """Verdicts of all seeds side by side, one row per question."""
    problems = [problem for row in scored if (problem := _disagreement(row, verdicts))]
    if problems:
        raise InputError(problems)
    columns = [verdicts[str(row.stage), str(row.benchmark_key)] for row in scored]
    return pd.concat(columns, axis=1).to_numpy(dtype=np.float64)


def _disagreement(row: Row, verdicts: Verdicts) -> Problem | None:
    """The table and the items come from the same store: where they part, no number can be trusted."""
    where = f"{ITEMS}, stage {row.stage}, benchmark {row.benchmark_key}"
    column = verdicts.get((str(row.stage), str(row.benchmark_key)))
    if column is None or column.isna().all():
        return Problem(where, "no graded item", "the score needs its items")
    mean = float(column.mean()) * (1.0 if row.scale is None else row.scale)
    if row.value is None or abs(mean - row.value) <= 1e-6 * max(1.0, abs(mean)):
        return None
    return Problem(where, f"mean {mean:g}", f"the table says {row.value:g}; write the results again")


def _mean(numbers: Sequence[float | None]) -> float | None:
    known = [number for number in numbers if number is not None]
    return fmean(known) if known else None
