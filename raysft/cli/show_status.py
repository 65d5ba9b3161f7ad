"""What stands of a sweep, on the terminal and as JSON."""

from typing import Any

from rich.console import Console
from rich.table import Table

from raysft.plan.tree import Point
from raysft.store import Store
from raysft.sweep.inputs import Inputs
from raysft.sweep.results import Standing, point_status, read_standing


def status_json(inputs: Inputs, store: Store) -> dict[str, Any]:
    """Status of every point and stage, and the scores that stand; the keys are stable."""
    standing = read_standing(inputs, store)
    return {
        "points": [_point(inputs, point, standing) for point in inputs.plan.points],
        "stages": {
            address: {"status": _stage_status(one), "scores": sorted(one.scores)}
            for address, one in standing.items()
            if address in inputs.plan.stages
        },
    }


def _point(inputs: Inputs, point: Point, standing: dict[str, Standing]) -> dict[str, Any]:
    status, cause = point_status(point, standing)
    return {
        "fingerprint": point.fingerprint,
        "model": point.model,
        "cells": [f"{cell.study}: {_cell(cell.strategy, cell.amount, cell.seed)}" for cell in point.cells],
        "status": status,
        "cause": cause,
        "stages": {stage: _stage_status(standing[stage]) for stage in point.stages},
        "scores": f"{sum(len(standing[one].scores) for one, _ in inputs.plan.subjects(point))}",
    }


def _cell(strategy: str, amount: object, seed: int | None) -> str:
    return (
        strategy + ("" if amount is None else f" amount {amount}") + ("" if seed is None else f" seed {seed}")
    )


def _stage_status(one: Standing) -> str:
    if one.record:
        return "done"
    return "failed" if one.failure else "waiting"


def show_status(console: Console, inputs: Inputs, store: Store) -> None:
    """One row per point: its cells, its stages, its scores."""
    found = status_json(inputs, store)
    table = Table("model", "point", "stages", "scores", "status", box=None, pad_edge=False)
    wanted = len(inputs.benchmarks)
    for point in found["points"]:
        stages = " ".join(f"{address[:6]}:{status}" for address, status in point["stages"].items())
        scores = f"{point['scores']}/{wanted * (len(point['stages']) + 1)}"
        note = point["status"] + (f": {point['cause']}" if point["cause"] else "")
        table.add_row(point["model"], "\n".join(point["cells"]), stages, scores, note)
    console.print(table)
