"""A plan as JSON. The keys are stable.

A point trains something; the models as they came, which every study has as a row, are counted apart as bases.

Top level, and again under each name of `by_study` and of `by_model` (which has its own `by_study`):
    points, distinct_points            cells that train (equal cells of two studies count each), and those of
                                       them that differ
    stages, stages_without_sharing     training runs, and those if every cell were run by itself
    conversation_epochs, steps, tokens, supervised_tokens, flops
    gpu_hours, core_hours              of training on GPUs and on CPU cores; their own unit each, never mixed
    cost                               US dollars of both
    conversation_epochs_without_sharing, gpu_hours_without_sharing, core_hours_without_sharing,
    cost_without_sharing
    savings                            as factors, of the hours (core-hours where no GPU trains):
                                       hours_against_one_run_per_point, hours_against_dropping_equal_points;
                                       of the conversation-epochs: against_one_run_per_point,
                                       against_dropping_equal_points
Top level only:
    name, expected                     what of the plan rests on expectation: keys of sources, also of those
                                       that will lose conversations to questions not here yet, and models
    bases                              how many models as they came
    seeds                              per study that trains, how many: with 1 no verdict about a recipe
    whole                              gpu_hours, core_hours, cost from an empty store, for each of training,
                                       starting (stages, their weights read and written), answering,
                                       loading (weights given to engines), and total
    assumptions                        by accelerator: what hours, money and memory rest on
    sources                            per key: rows, expected_rows, read, notes, counts, tokens_basis; the
                                       counts are those of raysft.data.sources.facts, with the first findings
    fitted                             per source, model and longest sequence: conversations (all, or those of
                                       a sample, as basis says); how many of them are cut, split and dropped;
                                       lost, how many the chat template loses text of, by kind
    wall_clock                         shortest_s and longest_s of the whole sweep from an empty store, an
                                       estimate; stages_at_once, engines; fixed_s, what the stages take
                                       together beside their steps; see raysft.plan.cost.wall_clock
    accelerators, memory, disk         by model; by model on GPUs; the store at its largest, where all stays
    evaluation                         scores, questions, answers; gpu_hours, core_hours, cost of answering;
                                       side_by_side, per model on GPUs how many
                                       answers are written at once, by benchmark, and bytes_per_gpu;
                                       judge_tokens, null where no judge reads; lacks_judge, the benchmarks
                                       whose answers will be left unscored for want of one; benchmarks
    detectable                         per benchmark, for the fewest seeds of a study: seeds, items,
                                       between_checkpoints, between_recipes (null with one seed), assumes;
                                       between_recipes_by_seeds for each number of seeds that a study has
    to_make                            stages and scores that are not in the store; stage_reasons and
                                       score_reasons: how many of them for which reason, such as a field that
                                       differs
    point_list                         per distinct point: fingerprint, model, cells, stages, what they take
    base_list                          the same of every base; its stages are empty
    stage_list                         per stage: fingerprint, parent, model, seed, epochs, batch_size,
                                       learning_rate, points (how many go through it), what it takes, its
                                       mixture in conversations and in supervised tokens of one epoch, and
                                       per source the digest of the ids of its conversations
"""

import json
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any, TextIO

from raysft.data.sources.facts import source_json
from raysft.identity import BenchmarkKey, SourceKey
from raysft.plan.cost.bill import Totals, total
from raysft.plan.tree import Cell, Point, Stage
from raysft.sweep.account.totals import Account
from raysft.sweep.results.why import Reasons


def write_plan(account: Account, missing: Reasons, out: TextIO) -> None:
    """Write everything that is known of a plan.

    The long lists have a line for each of their entries, written as it comes: the text of 100,000 points
    would take more memory than the plan.
    """
    plan = account.survey.plan
    lists: dict[str, Iterator[dict[str, Any]]] = {
        "point_list": (point_json(account, point) for point in plan.points if point.stages),
        "base_list": (point_json(account, point) for point in plan.points if not point.stages),
        "stage_list": (_stage(account, stage) for stage in plan.stages.values()),
    }
    summary = {**summary_json(account), "to_make": _to_make(missing)}
    out.write(json.dumps(summary, indent=2).removesuffix("\n}"))
    for name, entries in lists.items():
        out.write(f',\n  "{name}": [')
        for place, entry in enumerate(entries):
            out.write((",\n    " if place else "\n    ") + json.dumps(entry))
        out.write("\n  ]")
    out.write("\n}\n")


def _to_make(missing: Reasons) -> dict[str, Any]:
    scores = missing.of_scores()
    return {
        "stages": len(missing.stages),
        "stage_reasons": dict(missing.of_stages().most_common()),
        "scores": scores.total(),
        "score_reasons": dict(scores.most_common()),
    }


def summary_json(account: Account) -> dict[str, Any]:
    """All but the lists of points and stages."""
    bill = account.bill
    return {
        "name": account.survey.spec.name,
        "expected": [*account.survey.absent, *account.survey.not_decontaminated],
        "bases": account.counts.bases,
        "seeds": dict(account.seeds),
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
        "fitted": list(_fitted(account)),
        **_surroundings(account),
    }


def _fitted(account: Account) -> Iterator[dict[str, Any]]:
    for (model, source, max_length, overflow), fate in account.survey.measure.fates.items():
        yield {
            "source": source,
            "model": model,
            "max_length": max_length,
            "overflow": overflow,
            "basis": fate.basis,
            "conversations": fate.conversations,
            "cut": fate.cut,
            "split": fate.split,
            "dropped": fate.dropped,
            "lost": {kind: loss.conversations for kind, loss in fate.lost.items()},
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
        "core_hours_without_sharing": alone.core_hours,
        "cost_without_sharing": alone.cost,
        "savings": {
            "hours_against_one_run_per_point": totals.hours_saved_against_one_run_per_point,
            "hours_against_dropping_equal_points": totals.hours_saved_against_dropping_equal_points,
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
                "mixture": stages[address].mixture(),
                "steps": stages[address].steps,
            }
            for address in point.stages
        ],
        **total([account.efforts[address] for address in point.stages])._asdict(),
    }


def cell_json(cell: Cell) -> dict[str, Any]:
    """One cell as its user wrote it."""
    return {"study": cell.study, **cell.axes()}


def _stage(account: Account, stage: Stage) -> dict[str, Any]:
    plan = account.survey.plan
    return {
        "fingerprint": stage.fingerprint,
        "parent": stage.parent,
        "model": stage.model,
        "mixture": stage.mixture(),
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


def _source(account: Account, key: SourceKey) -> dict[str, Any]:
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
    machines = [*account.machines.values(), *account.engines.values()]
    return {
        "accelerators": {model: machine.accelerator.name for model, machine in account.machines.items()},
        "memory": dict(_memory(account)),
        "disk": {"all": {"peak_bytes": account.disk.total}},
        "whole": {
            **{name: part._asdict() for name, part in account.whole._asdict().items()},
            "total": account.whole.total._asdict(),
        },
        "assumptions": {
            chip.name: {key: value for key, value in asdict(chip).items() if key != "name"}
            for chip in dict.fromkeys(one.accelerator for one in machines)
        },
        "wall_clock": {
            **account.clock.bounds._asdict(),
            "stages_at_once": account.clock.fleet.slots,
            "engines": account.clock.fleet.engines,
            "fixed_s": account.clock.fixed_s,
        },
        "evaluation": {
            **account.evaluation._asdict(),
            "side_by_side": {
                model: {"rows": dict(fit.rows), "bytes_per_gpu": fit.needs.total}
                for model, fit in account.answering.items()
            },
            "judge_tokens": account.evaluation.judge_tokens or None,
            "lacks_judge": [key for key, size in account.sizes.items() if size.lacks_judge],
            "benchmarks": {key: size._asdict() for key, size in account.sizes.items()},
        },
        "detectable": {key: _detectable(account, key) for key in account.sizes},
    }


def _detectable(account: Account, key: BenchmarkKey) -> dict[str, Any]:
    by_seeds = {seeds: found[key] for seeds, found in account.detectable.items()}
    fewest = min(by_seeds)
    return {
        "seeds": fewest,
        "items": account.sizes[key].items,
        "between_checkpoints": by_seeds[fewest].checkpoints,
        "between_recipes": by_seeds[fewest].recipes,
        "between_recipes_by_seeds": {str(seeds): one.recipes for seeds, one in by_seeds.items()},
        "assumes": account.assumptions[key].text,
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
