"""Results as tables: one row per cell, stage and benchmark."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from raysft.composition.amount import Amount
from raysft.evaluate.benchmarks.catalogue import AbilityBenchmark
from raysft.evaluate.engine import INDEPENDENT
from raysft.identity import StageId
from raysft.plan.tree import Cell, Point, Stage
from raysft.records import ScoreRecord, StageRecord
from raysft.sweep.inputs.read import Inputs
from raysft.sweep.results.standing import Standing, point_status

INTEGERS = ("seed", "conversations", "supervised_tokens", "presentations", "steps", "n", "unscored")


def tidy_table(inputs: Inputs, standing: Mapping[StageId, Standing]) -> pd.DataFrame:
    """One row per cell × stage (the base is stage 0) × benchmark."""
    studies = list(inputs.spec.studies)
    cells = [(cell, point) for point in inputs.plan.points for cell in point.cells]
    cells.sort(key=lambda pair: (studies.index(pair[0].study), pair[0].place))
    rows = [row for cell, point in cells for row in _cell_rows(inputs, point, cell, standing)]
    table = pd.DataFrame(rows)
    return table.astype({name: "Int64" for name in INTEGERS if name in table})


def _cell_rows(
    inputs: Inputs, point: Point, cell: Cell, standing: Mapping[StageId, Standing]
) -> Iterator[dict[str, Any]]:
    status, cause = point_status(inputs, point, standing)
    for position, (subject, _) in enumerate(inputs.plan.subjects(point)):
        stage = inputs.plan.stages.get(subject)
        # Without any benchmark a point still has its rows, with nothing in the columns of scores.
        for key in inputs.benchmarks_of(subject) or [None]:
            chosen = inputs.benchmarks[key] if key else None
            score = standing[subject].scores.get(key) if key else None
            yield {
                **_cell_columns(point, cell),
                **_stage_columns(subject, position, point, stage, standing[subject].record),
                "benchmark_key": key,
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
        "axes": cell.values,
    }


def _number(amount: Amount) -> float | None:
    value = amount.value()
    return None if value is None else float(value)


def _stage_columns(
    subject: StageId, position: int, point: Point, stage: Stage | None, record: StageRecord | None
) -> dict[str, Any]:
    return {
        "stage": subject,
        "stage_position": position,
        "stages": len(point.stages),
        "is_final": position == len(point.stages),
        "trained_on": _trained_on(stage, record) if stage else "",
        "conversations": _conversations(stage, record),
        "supervised_tokens": sum(used.supervised_tokens for used in record.used) if record else None,
        "presentations": sum(used.presentations or 0 for used in record.used) if record else None,
        "steps": stage.steps if stage else 0,
    }


def _trained_on(stage: Stage, record: StageRecord | None) -> str:
    """The mixture in words; `code 112 of 225` where training ended before all of it had come up."""
    used = record.used if record else ()
    if all((one.presentations or 0) >= (one.asked or 0) for one in used):
        return stage.mixture_text()
    return " + ".join(
        f"{portion.source} {one.conversations:,} of {portion.count:,}"
        for portion, one in zip(stage.portions, used, strict=True)
    )


def _conversations(stage: Stage | None, record: StageRecord | None) -> int:
    """Distinct conversations that the stage trained on; before it has, those that it is to train on."""
    if record is not None:
        return sum(used.conversations for used in record.used)
    return stage.conversations if stage else 0


def _benchmark_columns(chosen: AbilityBenchmark | None) -> dict[str, Any]:
    metric = chosen.benchmark.metric if chosen else None
    return {
        "ability": chosen.ability if chosen else None,
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
        "strict_rate": score.strict_rate if score else None,
        "flexible_rate": score.flexible_rate if score else None,
        "cut_off_rate": score.cut_off_rate if score else None,
        "overflow_rate": score.overflow_rate if score else None,
        "suspect": bool(score and score.suspect),
        "reference_loss": score.reference_loss if score else None,
        "engine_version": ", ".join(score.engine_versions) if score else None,
        "batch_sizes": _batch_sizes(score) if score else None,
    }


def _batch_sizes(score: ScoreRecord) -> str | None:
    """Questions side by side at most; None where answers do not depend on it, or it is not known."""
    sizes = score.settings.get("batch_sizes")
    if not sizes or score.settings.get("precision") in INDEPENDENT:
        return None
    return ", ".join(map(str, sizes))


def items_table(inputs: Inputs, standing: Mapping[StageId, Standing]) -> pd.DataFrame:
    """The grade of every item of every score, so that statistics can be paired by item."""
    rows = [
        {
            "stage": subject,
            "benchmark_key": key,
            "ability": inputs.benchmarks[key].ability,
            "benchmark": score.benchmark,
            "question": item.question,
            "value": item.value,
        }
        for subject, one in standing.items()
        for key, score in one.scores.items()
        for item in score.items
    ]
    return pd.DataFrame(rows, columns=["stage", "benchmark_key", "ability", "benchmark", "question", "value"])
