"""`raysft why`: what a run would make, and in which field that differs from what is in the store."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.markup import escape

from raysft.cli.status import show_counts
from raysft.errors import InputError, Problem
from raysft.plan.tree import Point
from raysft.spec.sweep import SweepSpec
from raysft.store import Store
from raysft.sweep.inputs.read import Inputs, view_inputs
from raysft.sweep.results.standing import read_standing
from raysft.sweep.results.why import Reasons, StageReason, reasons
from raysft.wording import counted


def explain(spec: SweepSpec, store_url: str, chosen: str | None) -> dict[str, Any]:
    """Every point, or some, with what would be made of it and why; the keys are stable.

    `points`: of each its `fingerprint`, `cells`, and `stages` and `scores` in their order. A stage has
    `stage`, `trains_on`, `would_train`, null if it is in the store, and `nearest`, the stage it was compared
    with. Scores have `of` (a base or stage),
    `benchmark`, and `would_make`, null if they are in the store.

    Args:
        spec: the sweep.
        store_url: of a store that exists.
        chosen: only points whose fingerprint begins with this, or whose text has it.

    Raises:
        InputError: no point is like that; there is no store.
    """
    store = Store.existing(store_url)
    inputs = view_inputs(spec, store_url)
    found = reasons(inputs, read_standing(inputs, store), store)
    points = [point for point in inputs.plan.points if chosen is None or _is_meant(point, chosen)]
    if not points:
        raise InputError([Problem("POINT", str(chosen), "no point is like that; `raysft status` lists all")])
    return {"points": [_point(inputs, found, point) for point in points]}


def _is_meant(point: Point, chosen: str) -> bool:
    return point.fingerprint.startswith(chosen) or any(
        chosen in f"{cell.study}: {cell.text(point.model)}" for cell in point.cells
    )


def _point(inputs: Inputs, found: Reasons, point: Point) -> dict[str, Any]:
    stages = [inputs.plan.stages[address] for address in point.stages]
    return {
        "fingerprint": point.fingerprint,
        "cells": [f"{cell.study}: {cell.text(point.model)}" for cell in point.cells],
        "stages": [
            {
                "stage": stage.fingerprint,
                "trains_on": stage.mixture_text(),
                **_why_trained(found.stages.get(stage.fingerprint)),
            }
            for stage in stages
        ],
        "scores": [
            {"of": subject, "benchmark": key, "would_make": found.scores.get((subject, key))}
            for subject, _ in inputs.plan.subjects(point)
            for key in inputs.benchmarks_of(subject)
        ],
    }


def _why_trained(reason: StageReason | None) -> dict[str, str | None]:
    if reason is None:
        return {"would_train": None, "nearest": None}
    return {"would_train": reason.text, "nearest": reason.nearest}


def show_reasons(found: Mapping[str, Any], console: Console) -> None:
    """Points of which something would be made; then how many stages and scores that is, by reason."""
    stages: dict[str, str | None] = {}
    scores: dict[tuple[str, str], str | None] = {}
    for point in found["points"]:
        stages.update({one["stage"]: one["would_train"] for one in point["stages"]})
        scores.update({(one["of"], one["benchmark"]): one["would_make"] for one in point["scores"]})
        _show_point(point, console)
    for noun, verb, told in (("stages", "train", stages), ("scores", "make", scores)):
        missing = [reason for reason in told.values() if reason is not None]
        console.print(
            f"{noun}: {len(told) - len(missing)} in the store, {len(missing)} to {verb}", highlight=False
        )
        show_counts(console, dict(Counter(missing).most_common()))


def _show_point(point: Mapping[str, Any], console: Console) -> None:
    stages = [one for one in point["stages"] if one["would_train"] is not None]
    reasons_of = Counter(one["would_make"] for one in point["scores"] if one["would_make"] is not None)
    if not stages and not reasons_of:
        return
    title = "\n".join(point["cells"])
    console.print(f"[bold]{escape(title)}[/]  {point['fingerprint'][:12]}", highlight=False)
    for one in stages:
        reason = StageReason(one["would_train"], one["nearest"])
        text = f"  stage {one['stage'][:12]} ({one['trains_on']}): {reason}"
        console.print(escape(text), highlight=False, soft_wrap=True)
    for reason, count in reasons_of.items():
        console.print(escape(f"  {counted(count, 'score')}: {reason}"), highlight=False, soft_wrap=True)
