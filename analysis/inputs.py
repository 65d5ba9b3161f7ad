"""What a report is made from: the tidy table, the verdict on every item, and a few facts about the sweep."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import BaseModel, ConfigDict, ValidationError

from raysft.errors import InputError, Problem
from raysft.wording import in_words

RESULTS, ITEMS, SWEEP = "results.parquet", "items.parquet", "sweep.json"
ITEM_COLUMNS = ("stage", "benchmark_key", "question", "value")
Status = Literal["done", "failed", "blocked", "waiting"]
_REMEDY = "write the results again: raysft report SWEEP"


class Row(BaseModel):
    """One row of the tidy table: one point at one stage position on one benchmark.

    `benchmark_key` is None where a point has nothing that measures it, or failed before it was measured.
    Numbers that are not known are None, never 0.
    """

    model_config = ConfigDict(extra="ignore", frozen=True)

    study: str
    point: str
    model: str
    strategy: str
    amount: str | None
    amount_value: float | None
    ratio: str | None
    ratio_name: str | None = None
    """What the sweep file calls the ratio."""
    variant: str | None = None
    """JSON: of some abilities, the variant whose source was used."""
    recipe: str | None = None
    """What the study changed of the recipe."""
    axes: str | None = None
    """JSON: the value on every axis but the seed. Rows of one study are one cell where it is equal; all other
    columns are labels, which two cells may share."""
    seed: int | None
    stage: str | None
    stage_position: int | None
    stages: int | None
    is_final: bool
    trained_on: str | None
    conversations: int | None
    supervised_tokens: int | None
    steps: int | None
    benchmark_key: str | None
    """An ability, or `ability/name` for a benchmark to report by: what tells two columns apart."""
    ability: str | None
    """Whose benchmark it is."""
    benchmark: str | None
    """Its name, which two abilities may share."""
    metric: str | None
    scale: float | None
    best: float | None
    value: float | None
    standard_error: float | None
    n: int | None
    unscored: int | None
    reason: str | None
    no_answer_rate: float | None
    strict_rate: float | None
    flexible_rate: float | None
    cut_off_rate: float | None
    overflow_rate: float | None
    suspect: bool | None
    reference_loss: float | None
    engine_version: str | None
    """Of the library that gave the answers; several, with commas, where it was updated in between."""
    batch_sizes: str | None = None
    """Questions answered side by side at most, where answers depend on it; several, with commas, where memory
    ran out in between."""
    status: Status
    cause: str | None


class NotWhole(BaseModel):
    """A source of which a stage did not train on every conversation as it is."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    source: str
    model: str
    max_length: int
    overflow: str
    conversations: int
    cut: int
    split: int
    dropped: int
    lost: dict[str, int] = {}
    """Conversations of which the chat template lost text, by what it is."""


class SweepFacts(BaseModel):
    """What the report says about the sweep as a whole; keys that are not known are passed over."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    name: str
    toy: bool = False
    """The sweep runs on the built-in world."""
    abilities: dict[str, Any] = {}
    caution: str | None = None
    """A line for the head of the page."""
    not_whole: list[NotWhole] = []
    generated_by: Any = None
    """Program and version, as text or as a mapping."""


@dataclass(frozen=True)
class Inputs:
    """Everything a report is made from."""

    sweep: SweepFacts
    results: pd.DataFrame
    items: pd.DataFrame


def read_folder(folder: Path) -> Inputs:
    """Read a results folder.

    Raises:
        InputError: a file is missing, cannot be read, or lacks columns; every problem at once.
    """
    missing = [name for name in (RESULTS, ITEMS, SWEEP) if not (folder / name).is_file()]
    if missing:
        raise InputError([Problem(str(folder / name), "missing", _REMEDY) for name in missing])
    results, items = _frame(folder / RESULTS), _frame(folder / ITEMS)
    lacking = [*_lacking(RESULTS, results, tuple(Row.model_fields)), *_lacking(ITEMS, items, ITEM_COLUMNS)]
    if lacking:
        raise InputError(lacking)
    return Inputs(_facts(folder / SWEEP), results, items)


def rows_of(results: pd.DataFrame) -> list[Row]:
    """The tidy table as typed rows, NaN as None; refuses a table whose columns or types are wrong."""
    lacking = _lacking(RESULTS, results, tuple(Row.model_fields))
    if lacking:
        raise InputError(lacking)
    rows, problems = [], []
    for position, raw in enumerate(pa.Table.from_pandas(results, preserve_index=False).to_pylist()):
        try:
            rows.append(Row.model_validate(raw))
        except ValidationError as error:
            problems += [
                Problem(
                    f"{RESULTS}, row {position}, {'.'.join(map(str, one['loc']))}",
                    repr(one["input"]),
                    in_words(one),
                )
                for one in error.errors()
            ]
    if problems:
        raise InputError(problems)
    return rows


def _frame(path: Path) -> pd.DataFrame:
    try:
        frame: pd.DataFrame = pq.read_table(path).to_pandas()
    except (OSError, pa.ArrowException) as error:
        raise InputError([Problem(str(path), str(error), _REMEDY)]) from error
    return frame


def _lacking(name: str, frame: pd.DataFrame, columns: tuple[str, ...]) -> list[Problem]:
    absent = [column for column in columns if column not in frame.columns]
    return [Problem(name, f"no column {column}", _REMEDY) for column in absent]


def _facts(path: Path) -> SweepFacts:
    try:
        return SweepFacts.model_validate(json.loads(path.read_text(encoding="utf-8")))
    except ValueError as error:
        raise InputError([Problem(str(path), str(error), _REMEDY)]) from error
