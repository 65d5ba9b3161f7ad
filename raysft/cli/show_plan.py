"""A plan on the terminal and as JSON."""

from dataclasses import asdict
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.tree import Tree

from raysft.plan.cost import cost
from raysft.plan.estimate import Estimate, estimate
from raysft.plan.tree import Cell, Plan, Point, Stage
from raysft.store import Store
from raysft.sweep.inputs import Inputs
from raysft.sweep.results import Standing, read_standing


def plan_json(plan: Plan) -> dict[str, Any]:
    """Totals, points and stages; the keys are stable."""
    totals = asdict(cost(plan))
    return {
        **totals,
        "point_list": [_point_json(point) for point in plan.points],
        "stage_list": [_stage_json(plan, stage) for stage in plan.stages.values()],
    }


def _point_json(point: Point) -> dict[str, Any]:
    return {
        "fingerprint": point.fingerprint,
        "model": point.model,
        "stages": list(point.stages),
        "cells": [_cell_json(cell) for cell in point.cells],
    }


def _cell_json(cell: Cell) -> dict[str, Any]:
    return {
        "study": cell.study,
        "strategy": cell.strategy,
        "amount": None if cell.amount is None else str(cell.amount),
        "ratio": {ability: str(factor) for ability, factor in cell.ratio},
        "seed": cell.seed,
    }


def _stage_json(plan: Plan, stage: Stage) -> dict[str, Any]:
    return {
        "fingerprint": stage.fingerprint,
        "parent": stage.parent,
        "model": stage.model,
        "mixture": {portion.ability: portion.count for portion in stage.portions},
        "conversation_epochs": stage.conversation_epochs,
        "steps": stage.steps,
        "seed": stage.seed,
        "points": plan.users[stage.fingerprint],
    }


def show_plan(console: Console, inputs: Inputs, store: Store | None) -> None:
    """Draw the stage trees, then the totals with what is done and the estimated time of the rest."""
    standing = read_standing(inputs, store) if store else {}
    for model, base in inputs.plan.bases.items():
        tree = Tree(f"[bold]{model}[/] base {base.fingerprint[:8]}")
        roots = [one for one in inputs.plan.children.get(None, ()) if inputs.plan.stages[one].base == base]
        for root in roots:
            _grow(tree, inputs.plan, root, standing)
        console.print(tree)
    for ability, source in inputs.sources.items():
        facts = source.facts
        notes = f"{source.index.rows:,} conversations"
        notes += f", {facts.duplicates} copies removed" if facts.duplicates else ""
        notes += f", {facts.bad_rows} bad rows skipped" if facts.bad_rows else ""
        notes += f", {facts.held_out} held out" if facts.held_out else ""
        console.print(f"{ability}: {notes}", highlight=False)
    console.print(_totals(inputs.plan, estimate(inputs.plan, _records(standing))))


def _records(standing: dict[str, Standing]) -> dict[str, tuple[int, float]]:
    """Steps and seconds of every finished stage."""
    return {
        address: (one.record.steps, one.record.provenance.seconds)
        for address, one in standing.items()
        if one.record
    }


def _grow(tree: Tree, plan: Plan, address: str, standing: dict[str, Standing]) -> None:
    stage = plan.stages[address]
    mixture = " + ".join(f"{portion.ability} {portion.count}" for portion in stage.portions)
    shared = f", shared by {plan.users[address]} points" if plan.users[address] > 1 else ""
    done = " [green]done[/]" if address in standing and standing[address].record else ""
    branch = tree.add(f"{address[:8]} {mixture}, seed {stage.seed}, {stage.steps} steps{shared}{done}")
    for child in plan.children.get(address, ()):
        _grow(branch, plan, child, standing)


def _totals(plan: Plan, time: Estimate) -> Table:
    totals = cost(plan)
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_row("points", f"{totals.distinct_points} ({totals.points} cells)")
    table.add_row("stages", f"{totals.stages} ({totals.stages_without_sharing} without sharing)")
    saved = f", {totals.saving:.2f}× saved" if totals.saving else ""
    table.add_row(
        "conversation-epochs",
        f"{totals.conversation_epochs:,} ({totals.conversation_epochs_without_sharing:,} unshared{saved})",
    )
    table.add_row("optimiser steps", f"{totals.steps:,}")
    table.add_row("left to train", f"{time.steps_left:,} steps, {time.text}")
    return table
