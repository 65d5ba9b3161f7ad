"""Training an admitted stage: under a lease, inline or by Ray Train, from its parent's bytes to the store."""

import math
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass

from raysft.errors import StageFailed
from raysft.plan.tree import Stage
from raysft.sweep.run.context import SweepContext
from raysft.sweep.run.leases import stage_lease
from raysft.train.group import SingleProcess
from raysft.train.job import Progress
from raysft.train.publish import train_and_publish
from raysft.train.ray_launch import fit_stage

REPORT_S = 0.5
"""Seconds between two reports of progress."""


@dataclass(frozen=True)
class Done:
    """What became of an admitted stage."""

    trained: bool
    """False if another driver had finished it by then."""
    resumed: bool
    """Whether it went on from a step above 0."""


def train_once(context: SweepContext, stage: Stage, report: Callable[[Progress], object]) -> Done:
    """Train a stage unless it is in the store by the time that its lease is ours.

    Raises:
        StageFailed: it cannot be trained; the cause is classified.
    """
    with stage_lease(context.store, stage.fingerprint):
        if context.store.find("stages", stage.fingerprint) is not None:
            return Done(trained=False, resumed=False)
        job = context.job(stage, uuid.uuid4().hex[:12])
        if context.trains_inline(stage):
            record = train_and_publish(job, SingleProcess(), Throttled(report))
        else:
            model, attempts = context.spec.models[stage.model], context.spec.run.attempts
            record = fit_stage(job, model.workers, model.gpus_per_worker, attempts, Throttled(report))
            if context.store.find("stages", stage.fingerprint) is None:
                cause = (
                    f"its workers published it where {context.store.url} does not show it: use a shared store"
                )
                raise StageFailed(stage.fingerprint, "user", cause)
        return Done(trained=True, resumed=bool(record.provenance.resumed_at))


class Throttled:
    """Passes a report on at most every `REPORT_S` seconds; picklable, since workers of Ray Train call it."""

    def __init__(self, report: Callable[[Progress], object]) -> None:
        self._report = report
        self._last_s = -math.inf

    def __call__(self, progress: Progress) -> None:
        """Pass it on, or not."""
        now_s = time.monotonic()
        if now_s - self._last_s >= REPORT_S:
            self._last_s = now_s
            self._report(progress)
