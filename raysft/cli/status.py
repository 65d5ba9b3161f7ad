"""What the store has of a sweep, on the terminal and as JSON."""

from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from raysft.identity import StageId
from raysft.plan.counts import count_points
from raysft.plan.tree import Point
from raysft.store import Store
from raysft.sweep.inputs.read import Inputs
from raysft.sweep.results.standing import Standing, point_status, read_standing
from raysft.sweep.results.why import reasons
from raysft.sweep.run.leases import stages_in_training

_STYLES = {"done": "green", "running": "yellow", "failed": "red", "blocked": "red"}


def status_json(inputs: Inputs, store: Store) -> dict[str, Any]:
    """Status of every point and stage, and how many of their scores exist; the keys are stable.

    `bases`: the models as they came, as `points`.
    `scores`: `in_store` and `to_make`, each counted once for all points, and `reasons` of the latter with how
    many scores each has; `stage_reasons`: the same of the stages that would be trained.
    """
    standing = read_standing(inputs, store)
    stages = _stages(inputs, store, standing)
    asked = sum(len(one.benchmarks) for one in inputs.asked.values())
    missing = reasons(inputs, standing, store)
    why = missing.of_scores()
    rows = {point.fingerprint: _point(inputs, point, standing, stages) for point in inputs.plan.points}
    return {
        "points": [rows[point.fingerprint] for point in inputs.plan.points if point.stages],
        "bases": [rows[point.fingerprint] for point in inputs.plan.points if not point.stages],
        "stages": stages,
        "scores": {
            "in_store": asked - why.total(),
            "to_make": why.total(),
            "reasons": dict(why.most_common()),
        },
        "stage_reasons": dict(missing.of_stages().most_common()),
    }


def _stages(inputs: Inputs, store: Store, standing: Mapping[StageId, Standing]) -> dict[StageId, str]:
    """`done`, `running`, `failed` or `waiting` for every stage."""
    found = {}
    for stage in inputs.plan.stages:
        one = standing[stage]
        found[stage] = "done" if one.record else "failed" if one.failure else "waiting"
    running = stages_in_training(store, [stage for stage, status in found.items() if status == "waiting"])
    return {stage: "running" if stage in running else status for stage, status in found.items()}


def _point(
    inputs: Inputs, point: Point, standing: Mapping[StageId, Standing], stages: Mapping[StageId, str]
) -> dict[str, Any]:
    status: str
    status, cause = point_status(inputs, point, standing)
    of_point = {stage: stages[stage] for stage in point.stages}
    if status == "waiting" and "running" in of_point.values():
        status = "running"
    subjects = [one for one, _ in inputs.plan.subjects(point)]
    return {
        "fingerprint": point.fingerprint,
        "model": point.model,
        "cells": [f"{cell.study}: {cell.text(point.model)}" for cell in point.cells],
        "status": status,
        "cause": cause,
        "stages": of_point,
        "scores": sum(key in standing[one].scores for one in subjects for key in inputs.benchmarks_of(one)),
        "scores_asked": sum(len(inputs.benchmarks_of(one)) for one in subjects),
    }


def show_status(console: Console, inputs: Inputs, store: Store) -> None:
    """One row per point: its cells, its stages, its scores; totals below."""
    found = status_json(inputs, store)
    table = Table("model", "point", "stages", "scores", "status", box=None, pad_edge=False)
    for point in (*found["bases"], *found["points"]):
        stages = "\n".join(f"{address[:8]} {status}" for address, status in point["stages"].items())
        status = f"[{_STYLES.get(point['status'], 'dim')}]{point['status']}[/]"
        cause = f"\n{point['cause']}" if point["cause"] else ""
        scores = f"{point['scores']}/{point['scores_asked']}"
        table.add_row(
            point["model"], escape("\n".join(point["cells"])), stages, scores, status + escape(cause)
        )
    console.print(table)
    counts = [
        f"{list(found['stages'].values()).count(one)} {one}"
        for one in ("done", "running", "waiting", "failed")
    ]
    done = sum(point["status"] == "done" for point in found["points"])
    console.print(f"{count_points(inputs.plan).text}; {done} of the distinct points done", highlight=False)
    console.print("stages: " + ", ".join(counts), highlight=False)
    show_counts(console, found["stage_reasons"])
    scores = found["scores"]
    console.print(f"scores: {scores['in_store']} in the store, {scores['to_make']} to make", highlight=False)
    show_counts(console, scores["reasons"])


def show_counts(console: Console, reasons_of: Mapping[str, int]) -> None:
    """Reasons, one a line, with how often each holds."""
    for reason, count in reasons_of.items():
        console.print(f"  {count:,} × {escape(reason)}", highlight=False, soft_wrap=True)
