"""A plan as JSON. The keys are stable.

Top level, and again under each name of `by_study` and of `by_model` (which has its own `by_study`):
    points, distinct_points            cells that train, and those of them that differ
    stages, stages_without_sharing     training runs, and those if every cell were run by itself
    conversation_epochs, steps, tokens, supervised_tokens, flops, gpu_hours, cost (US dollars)
    conversation_epochs_without_sharing, gpu_hours_without_sharing, cost_without_sharing
    savings                            {against_one_run_per_point, against_dropping_equal_points}, as factors
Top level only:
    name, expected                     what of the plan rests on expectation: keys of sources, also of those
                                       that will lose conversations to questions not here yet, and models
    sources                            per key: rows, expected_rows, read, notes, counts, tokens_basis; the
                                       counts are those of raysft.data.sources.facts, with the first findings
    accelerators, memory, disk, evaluation, detectable
    point_list                         per point: fingerprint, model, cells, stages, and what they take
    stage_list                         per stage: fingerprint, parent, model, seed, epochs, batch_size,
                                       learning_rate, points (how many go through it), what it takes, its
                                       mixture in conversations and in supervised tokens of one epoch, and
                                       per source the digest of the ids of its conversations
"""

import json
from collections.abc import Iterator
from typing import Any, TextIO

from raysft.composition.amount import write_amount
from raysft.data.sources.facts import source_json
from raysft.plan.cost.bill import Totals, total
from raysft.plan.tree import Cell, Point, Stage
from raysft.sweep.inputs.plan_totals import Account


def write_plan(account: Account, out: TextIO) -> None:
    """Write everything that is known of a plan.

    The long lists have a line for each of their entries, written as it comes: the text of 100,000 points
    would take more memory than the plan.
    """
    plan = account.survey.plan
    lists: dict[str, Iterator[dict[str, Any]]] = {
        "point_list": (point_json(account, point) for point in plan.points),
        "stage_list": (_stage(account, stage) for stage in plan.stages.values()),
    }
    out.write(json.dumps(summary_json(account), indent=2).removesuffix("\n}"))
    for name, entries in lists.items():
        out.write(f',\n  "{name}": [')
        for place, entry in enumerate(entries):
            out.write((",\n    " if place else "\n    ") + json.dumps(entry))
        out.write("\n  ]")
    out.write("\n}\n")


def summary_json(account: Account) -> dict[str, Any]:
    """All but the lists of points and stages."""
    bill = account.bill
    return {
        "name": account.survey.spec.name,
        "expected": [*account.survey.absent, *account.survey.not_decontaminated],
        **totals_json(bill.whole),
        "by_study": {study: totals_json(one) for study, one in bill.by_study.items()},
        "by_model": {
            model: {
                **totals_json(one),
                "by_study": {
                    study: totals_json(part) for study, part in bill.by_model_and_study[model].items()
                },
            }
            for model, one in bill.by_model.items()
        },
        "sources": {key: _source(account, key) for key in account.survey.indexes},
        **_surroundings(account),
    }


def totals_json(totals: Totals) -> dict[str, Any]:
    """One group of points."""
    alone = totals.one_run_per_point
    return {
        "points": totals.points,
        "distinct_points": totals.distinct_points,
        "stages": totals.stages,
        "stages_without_sharing": totals.stages_without_sharing,
        **totals.shared._asdict(),
        "conversation_epochs_without_sharing": alone.conversation_epochs,
        "gpu_hours_without_sharing": alone.gpu_hours,
        "cost_without_sharing": alone.cost,
        "savings": {
            "against_one_run_per_point": totals.saved_against_one_run_per_point,
            "against_dropping_equal_points": totals.saved_against_dropping_equal_points,
        },
    }


def point_json(account: Account, point: Point) -> dict[str, Any]:
    """One point with its cells and its stages."""
    stages = account.survey.plan.stages
    return {
        "fingerprint": point.fingerprint,
        "model": point.model,
        "cells": [cell_json(cell) for cell in point.cells],
        "stages": [
            {
                "fingerprint": address,
                "mixture": mixture(stages[address]),
                "steps": stages[address].steps,
            }
            for address in point.stages
        ],
        **total([account.efforts[address] for address in point.stages])._asdict(),
    }


def mixture(stage: Stage) -> dict[str, int]:
    """Conversations per source."""
    return {portion.source: portion.count for portion in stage.portions}


def cell_json(cell: Cell) -> dict[str, Any]:
    """One cell as its user wrote it."""
    return {
        "study": cell.study,
        "model": cell.model,
        "strategy": cell.strategy,
        "amount": None if cell.amount is None else write_amount(cell.amount),
        "ratio": {ability: str(factor) for ability, factor in cell.ratio},
        "ratio_name": cell.ratio_name,
        "variant": dict(cell.variant),
        "recipe": cell.recipe,
        "seed": cell.seed,
    }


def _stage(account: Account, stage: Stage) -> dict[str, Any]:
    plan = account.survey.plan
    return {
        "fingerprint": stage.fingerprint,
        "parent": stage.parent,
        "model": stage.model,
        "mixture": mixture(stage),
        "supervised_mixture": {
            portion.source: account.survey.measure(stage.model, portion.source, stage.recipe)
            .total(stage.subset_seed, portion.count)
            .supervised
            for portion in stage.portions
        },
        "digests": {portion.source: portion.digest for portion in stage.portions},
        "epochs": stage.recipe.epochs,
        "batch_size": stage.recipe.batch_size,
        "learning_rate": stage.recipe.learning_rate,
        "seed": stage.seed,
        "points": plan.users[stage.fingerprint],
        **account.efforts[stage.fingerprint]._asdict(),
    }


def _source(account: Account, key: str) -> dict[str, Any]:
    survey = account.survey
    spec, source = survey.spec.sources[key], survey.sources.get(key)
    bases = {survey.measure(model, key, survey.spec.recipe_of(model)).basis for model in survey.plan.bases}
    return {
        "rows": survey.indexes[key].rows,
        "expected_rows": spec.kept or spec.rows,
        "read": None if source is None else source.facts.read,
        "notes": None if source is None else source.facts.unexpected,
        "counts": None if source is None else source_json(source.facts),
        "tokens_basis": ", ".join(sorted(bases)),
    }


def _surroundings(account: Account) -> dict[str, Any]:
    return {
        "accelerators": {model: machine.accelerator.name for model, machine in account.machines.items()},
        "memory": dict(_memory(account)),
        "disk": {keep: {"peak_bytes": disk.total} for keep, disk in account.disk.items()},
        "evaluation": {
            **account.evaluation._asdict(),
            "benchmarks": {key: size._asdict() for key, size in account.sizes.items()},
        },
        "detectable": {
            key: {
                "seeds": account.seeds,
                "items": account.sizes[key].items,
                "between_checkpoints": one.checkpoints,
                "between_recipes": one.recipes,
                "assumes": account.assumptions[key].text,
            }
            for key, one in account.detectable.items()
        },
    }


def _memory(account: Account) -> Iterator[tuple[str, dict[str, Any]]]:
    for model, one in account.memory.items():
        yield (
            model,
            {
                "bytes_per_gpu": one.needs.total,
                "of": {name: getattr(one.needs, name) for name in one.needs.__dataclass_fields__},
                "smallest_workers": dict(one.would_fit),
            },
        )
