"""Results as tables: one row per cell, stage and benchmark, read from the store and nowhere else."""

import io
import json
from collections.abc import Iterator, Mapping
from importlib.metadata import version
from typing import Any

import pandas as pd

from raysft.composition.amount import Amount
from raysft.data.sources.facts import source_json
from raysft.evaluate.benchmarks.catalogue import AbilityBenchmark
from raysft.plan.tree import Cell, Point, Stage
from raysft.records import ScoreRecord, StageRecord
from raysft.spec.model import ModelSpec
from raysft.store import Store
from raysft.sweep.inputs.read import Inputs
from raysft.sweep.results.standing import Standing, point_status

TOY_CAUTION = "A toy world that shows the tool, not how large models behave."

INTEGERS = ("seed", "conversations", "supervised_tokens", "steps", "n", "unscored")


def tidy_table(inputs: Inputs, standing: Mapping[str, Standing]) -> pd.DataFrame:
    """One row per cell × stage (the base is stage 0) × benchmark."""
    studies = list(inputs.spec.studies)
    cells = [(cell, point) for point in inputs.plan.points for cell in point.cells]
    cells.sort(key=lambda pair: (studies.index(pair[0].study), pair[0].place))
    rows = [row for cell, point in cells for row in _cell_rows(inputs, point, cell, standing)]
    table = pd.DataFrame(rows)
    return table.astype({name: "Int64" for name in INTEGERS if name in table})


def _cell_rows(
    inputs: Inputs, point: Point, cell: Cell, standing: Mapping[str, Standing]
) -> Iterator[dict[str, Any]]:
    status, cause = point_status(point, standing)
    for position, (subject, _) in enumerate(inputs.plan.subjects(point)):
        stage = inputs.plan.stages.get(subject)
        # Without any benchmark a point still has its rows, with nothing in the columns of scores.
        asked = inputs.asked.get(subject)
        for key in (asked.benchmarks if asked else ()) or [None]:
            chosen = inputs.benchmarks[key] if key else None
            score = standing[subject].scores.get(key) if key else None
            yield {
                **_cell_columns(point, cell),
                **_stage_columns(subject, position, point, stage, standing[subject].record),
                "ability": key,
                **_benchmark_columns(chosen),
                **_score_columns(score),
                "status": status,
                "cause": cause,
            }


def _cell_columns(point: Point, cell: Cell) -> dict[str, Any]:
    axes = cell.axes()
    return {
        "study": cell.study,
        "point": point.fingerprint,
        **axes,
        "amount": "" if cell.amount is None else str(cell.amount),
        "amount_value": None if cell.amount is None else _number(cell.amount),
        "amount_unit": "" if cell.amount is None else cell.amount.unit,
        "ratio": json.dumps(axes["ratio"]),
        "variant": json.dumps(axes["variant"]),
    }


def _number(amount: Amount) -> float | None:
    value = amount.value()
    return None if value is None else float(value)


def _stage_columns(
    subject: str, position: int, point: Point, stage: Stage | None, record: StageRecord | None
) -> dict[str, Any]:
    return {
        "stage": subject,
        "stage_position": position,
        "stages": len(point.stages),
        "is_final": position == len(point.stages),
        "trained_on": stage.mixture_text() if stage else "",
        "conversations": stage.conversations if stage else 0,
        "supervised_tokens": sum(used.supervised_tokens for used in record.used) if record else None,
        "steps": stage.steps if stage else 0,
    }


def _benchmark_columns(chosen: AbilityBenchmark | None) -> dict[str, Any]:
    metric = chosen.benchmark.metric if chosen else None
    return {
        "benchmark": chosen.benchmark.name if chosen else None,
        "metric": metric.name if metric else None,
        "scale": metric.scale if metric else None,
        "best": metric.best if metric else None,
    }


def _score_columns(score: ScoreRecord | None) -> dict[str, Any]:
    return {
        "value": score.value if score else None,
        "standard_error": score.standard_error if score else None,
        "n": score.n if score else None,
        "unscored": score.unscored if score else None,
        "reason": score.reason if score else "not scored yet",
        "no_answer_rate": score.no_answer_rate if score else None,
        "cut_off_rate": score.cut_off_rate if score else None,
        "overflow_rate": score.overflow_rate if score else None,
        "suspect": bool(score and score.suspect),
        "reference_loss": score.reference_loss if score else None,
    }


def items_table(standing: Mapping[str, Standing]) -> pd.DataFrame:
    """The grade of every item of every score, so that statistics can be paired by item."""
    rows = [
        {
            "stage": subject,
            "ability": ability,
            "benchmark": score.benchmark,
            "question": item.question,
            "value": item.value,
        }
        for subject, one in standing.items()
        for ability, score in one.scores.items()
        for item in score.items
    ]
    return pd.DataFrame(rows, columns=["stage", "ability", "benchmark", "question", "value"])


def write_results(inputs: Inputs, standing: Mapping[str, Standing], store: Store) -> pd.DataFrame:
    """Write the tables of a sweep into its folder of the store; returns the tidy table."""
    table = tidy_table(inputs, standing)
    name = inputs.spec.name
    store.write_file(name, "results.parquet", _parquet(table))
    store.write_file(name, "results.csv", table.to_csv(index=False).encode())
    store.write_file(name, "items.parquet", _parquet(items_table(standing)))
    store.write_file(name, "sweep.json", json.dumps(about(inputs), indent=2).encode())
    return table


def about(inputs: Inputs) -> dict[str, Any]:
    """What a report says about the sweep itself."""
    spec, plan = inputs.spec, inputs.plan
    toy = any(_is_world(model) for model in spec.models.values())
    return {
        "name": spec.name,
        "toy": toy,
        "caution": TOY_CAUTION if toy else None,
        "abilities": {name: list(ability.source.paths) for name, ability in spec.abilities.items()},
        "sources": {key: source_json(source.facts) for key, source in inputs.sources.items()},
        "models": {name: model.label for name, model in spec.models.items()},
        "recipe": spec.recipe.model_dump(mode="json"),
        "points": len(plan.points),
        "stages": len(plan.stages),
        "generated_by": f"raysft {version('raysft')}",
    }


def _is_world(model: ModelSpec) -> bool:
    return isinstance(model.base, str) and model.base.startswith("world/")


def _parquet(table: pd.DataFrame) -> bytes:
    buffer = io.BytesIO()
    table.to_parquet(buffer, index=False)
    return buffer.getvalue()
