"""One trial: it follows one point from its base to its last stage. Read this first.

A trial is a light driver that holds nothing but a `driver` slot. It asks the coordinator for each stage in
turn, trains those that it is given, has everything scored, and reports once, with everything.
"""

from collections.abc import Mapping
from typing import Any

import ray
from ray import tune
from ray.actor import ActorHandle

from raysft.errors import DamagedArtifact, StageFailed
from raysft.plan.tree import Plan, Point
from raysft.records import FailureRecord
from raysft.sweep.results.standing import scores_of
from raysft.sweep.run.context import SweepContext
from raysft.sweep.run.messages import Admission, record_failure
from raysft.sweep.run.train_once import train_once


def axes(plan: Plan, point: Point) -> dict[str, Any]:
    """The `config` of a point's trial: its axes, as the user wrote them.

    Of a point that several studies have, the axes are those of its first cell, and `studies` names them all.
    """
    cell = point.cells[0]
    return {
        "point": point.fingerprint,
        "studies": ",".join(dict.fromkeys(one.study for one in point.cells)),
        **cell.axes(),
        "model": point.model,
        # Tune's table has a column for each value, so what is a mapping by ability is put into words.
        "amount": None if cell.amount is None else str(cell.amount),
        "ratio": cell.ratio_text,
        "variant": cell.variant_text,
        "stages": len(point.stages),
        "conversations": sum(plan.stages[stage].conversations for stage in point.stages),
    }


def run_point(config: Mapping[str, Any], context: SweepContext, coordinator: ActorHandle) -> None:
    """Tune's function: train what is missing of a point, wait for its scores, report.

    A point that fails or is blocked reports that, with its cause: to run it again at once would not help.
    """
    point = context.plan.by_fingerprint[config["point"]]
    reached, failure = [(context.plan.bases[point.model].fingerprint, point.model)], None
    coordinator.evaluate.remote(*reached[0])
    for stage in point.stages:
        failure = _stand(context, coordinator, stage, tune.get_context().get_trial_id())
        if failure is not None:
            break
        if stage in context.asked:
            reached.append((stage, point.model))
            coordinator.evaluate.remote(stage, point.model)
    ray.get(coordinator.scores.remote(reached))
    tune.report(trial_row(context, point, failure))


def _stand(context: SweepContext, coordinator: ActorHandle, stage: str, trial: str) -> FailureRecord | None:
    """Return when the weights of a stage stand, or say why they never will."""
    admission: Admission = ray.get(coordinator.admit.remote(stage, trial))
    if admission.verdict != "train":
        return admission.failure
    try:
        done = train_once(context, context.plan.stages[stage], coordinator.report.remote)
    except DamagedArtifact:
        # Its parent must be trained again: Tune starts this trial anew, from the first stage that is open.
        parent = context.plan.stages[stage].parent
        if parent is not None:
            ray.get(coordinator.lost.remote(parent))
        raise
    except StageFailed as error:
        failure = FailureRecord(stage=stage, kind=error.kind, cause=error.cause, attempts=1)
        record_failure(context.store, failure)
        ray.get(coordinator.failed.remote(failure))
        return failure
    except Exception as error:
        # Tune starts this trial anew; the coordinator counts how often a stage is tried.
        ray.get(coordinator.note.remote(stage, f"{type(error).__name__}: {error}"))
        raise
    ray.get(coordinator.finished.remote(stage, trained=done.trained, resumed=done.resumed))
    return None


def trial_row(context: SweepContext, point: Point, failure: FailureRecord | None) -> dict[str, Any]:
    """What a trial reports to Tune: scores of the last stage by ability, of stage k under `stage_k`."""
    if failure is not None:
        own = failure.stage == point.stages[-1]
        return {
            "status": "failed" if own else "blocked",
            "done": 0,
            "cause": failure.cause,
            "failed_stage": failure.stage,
        }
    row: dict[str, Any] = {"status": "done", "done": 1, "cause": ""}
    for position, (subject, model) in enumerate(context.plan.subjects(point)):
        digest = context.digest(subject, model)
        scores = scores_of(context.store, context.spec.evaluation, context.benchmarks, digest)
        values = {name: score.value for name, score in scores.items()}
        row[f"stage_{position}"] = values
        if position == len(point.stages):
            row.update(values)
            row.update({f"{name}_standard_error": score.standard_error for name, score in scores.items()})
    return row
