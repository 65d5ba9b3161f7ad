"""One trial: it follows one point from its base to its last stage. Read this first.

A trial is a light driver that holds nothing but a `driver` slot. It asks the coordinator for each stage in
turn, trains those that it is given, has everything scored, and reports once, with everything.
"""

from collections.abc import Mapping
from typing import Any

from ray import tune

from raysft.errors import DamagedArtifact, StageFailed
from raysft.identity import StageId
from raysft.plan.tree import Plan, Point
from raysft.process_log import start_process_log
from raysft.records import FailureRecord
from raysft.sweep.results.standing import scores_of
from raysft.sweep.run.client import CoordinatorClient
from raysft.sweep.run.context import SweepContext
from raysft.sweep.run.messages import record_failure
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


def run_point(config: Mapping[str, Any], context: SweepContext, coordinator: CoordinatorClient) -> None:
    """Tune's function: follow a point, report."""
    start_process_log(context.store, context.spec.name, "trial")
    point = context.plan.by_fingerprint[config["point"]]
    tune.report(follow_point(point, context, coordinator, tune.get_context().get_trial_id()))


def follow_point(
    point: Point, context: SweepContext, coordinator: CoordinatorClient, trial: str
) -> dict[str, Any]:
    """Train what is missing of a point and wait for its scores; returns what its trial reports.

    A point that fails or is blocked reports that, with its cause: to run it again at once would not help.

    Raises:
        Exception: whatever ended the training for a reason that may pass; Tune then starts the trial anew.
    """
    reached, failure = [(context.plan.bases[point.model].fingerprint, point.model)], None
    coordinator.post_evaluate(*reached[0])
    for stage in point.stages:
        failure = _ensure_stage(context, coordinator, stage, trial)
        if failure is not None:
            break
        if stage in context.asked:
            reached.append((stage, point.model))
            coordinator.post_evaluate(stage, point.model)
    coordinator.wait_for_scores(reached)
    return trial_row(context, point, failure)


def _ensure_stage(
    context: SweepContext, coordinator: CoordinatorClient, stage: StageId, trial: str
) -> FailureRecord | None:
    """Return when the weights of a stage are in the store, or say why they never will be."""
    admission = coordinator.admit(stage, trial)
    if admission.verdict != "train":
        return admission.failure
    try:
        done = train_once(context, context.plan.stages[stage], coordinator.post_progress)
    except DamagedArtifact:
        # Its parent must be trained again: Tune starts this trial anew, from the first stage that is open.
        parent = context.plan.stages[stage].parent
        if parent is not None:
            coordinator.lost(parent)
        raise
    except StageFailed as error:
        # Attempts that ended with their process, and those of the last one, in which Ray Train restarts too.
        attempts = admission.begun - 1 + error.attempts
        failure = FailureRecord(stage=stage, kind=error.kind, cause=error.cause, attempts=attempts)
        record_failure(context.store, failure)
        coordinator.failed(failure)
        return failure
    except Exception as error:
        # Tune starts this trial anew; the coordinator counts how often a stage is tried.
        coordinator.note(stage, f"{type(error).__name__}: {error}")
        raise
    coordinator.finished(stage, trained=done.trained, resumed=done.resumed)
    return None


def trial_row(context: SweepContext, point: Point, failure: FailureRecord | None) -> dict[str, Any]:
    """What a trial reports to Tune: scores of the last stage by benchmark, of stage k under `stage_k`."""
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
        base = context.plan.bases[model]
        scores = scores_of(context.store, context.spec.evaluation, context.benchmarks, digest, base)
        values: dict[str, float | None] = {key: score.value for key, score in scores.items()}
        row[f"stage_{position}"] = values
        if position == len(point.stages):
            row.update(values)
            row.update({f"{key}_standard_error": score.standard_error for key, score in scores.items()})
    return row
