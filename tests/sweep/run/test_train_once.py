"""An admitted stage: trained once, under a lease, wherever it trains, and reported now and then."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.example_context import context_of, publish_stage, stage_record

from raysft.errors import StageFailed
from raysft.plan.tree import Stage
from raysft.records import StageRecord
from raysft.sweep.run import train_once as module
from raysft.sweep.run.context import SweepContext
from raysft.sweep.run.train_once import Done, Throttled, train_once
from raysft.train.job import Progress


def progress(step: int) -> Progress:
    return Progress("f", 0, step, 100, 2.0, 10, 0.1)


def nobody(_: Progress) -> None:
    pass


@pytest.fixture
def stage(context: SweepContext) -> Stage:
    return next(iter(context.plan.stages.values()))


class Trainer:
    """In place of the training loop and of Ray Train."""

    def __init__(
        self, context: SweepContext, resumed_at: tuple[int, ...] = (), publishes: bool = True
    ) -> None:
        self.context, self.resumed_at, self.publishes = context, resumed_at, publishes
        self.jobs: list[tuple[Any, ...]] = []

    def __call__(self, job: str, *settings: Any) -> StageRecord:
        self.jobs.append((job, *settings[:-1]))
        settings[-1](progress(1))
        assert self.context.store.lease(f"stages/{job}", "another").claimed(), "it is trained under a lease"
        if self.publishes:
            publish_stage(self.context, job)
        return stage_record(self.context, job, self.resumed_at)


@pytest.fixture
def train_with(monkeypatch: pytest.MonkeyPatch) -> Callable[[Trainer], Trainer]:
    def use(trainer: Trainer) -> Trainer:
        monkeypatch.setattr(module, "train_and_publish", trainer)
        monkeypatch.setattr(module, "fit_stage", trainer)
        monkeypatch.setattr(SweepContext, "job", lambda self, stage, attempt: stage.fingerprint)
        return trainer

    return use


def test_a_stage_is_trained_in_the_process_of_its_trial(
    context: SweepContext, stage: Stage, train_with: Callable[[Trainer], Trainer]
) -> None:
    trainer = train_with(Trainer(context))
    told: list[Progress] = []
    assert train_once(context, stage, told.append) == Done(trained=True, resumed=False)
    (job, group), *_ = trainer.jobs
    assert (job, group.size) == (stage.fingerprint, 1)
    assert told == [progress(1)]


def test_a_stage_that_went_on_says_so(
    context: SweepContext, stage: Stage, train_with: Callable[[Trainer], Trainer]
) -> None:
    train_with(Trainer(context, resumed_at=(3,)))
    assert train_once(context, stage, nobody) == Done(trained=True, resumed=True)


def test_what_another_driver_finished_meanwhile_is_not_trained(
    context: SweepContext, stage: Stage, train_with: Callable[[Trainer], Trainer]
) -> None:
    trainer = train_with(Trainer(context))
    publish_stage(context, stage.fingerprint)
    assert train_once(context, stage, nobody) == Done(trained=False, resumed=False)
    assert trainer.jobs == []


def test_several_workers_train_through_ray_train(
    tmp_path: Path, train_with: Callable[[Trainer], Trainer]
) -> None:
    models = {"tiny": {"base": "world/base", "workers": 2}, "other": {"base": "world/base"}}
    context = context_of(tmp_path, models=models, run={"attempts": 5})
    trainer = train_with(Trainer(context))
    stage = next(iter(context.plan.stages.values()))
    assert train_once(context, stage, nobody).trained
    assert trainer.jobs == [(stage.fingerprint, 2, 0, 5)]


def test_weights_that_went_to_another_disk_are_not_taken_for_finished(
    tmp_path: Path, train_with: Callable[[Trainer], Trainer]
) -> None:
    context = context_of(tmp_path, inline=False)
    train_with(Trainer(context, publishes=False))
    stage = next(iter(context.plan.stages.values()))
    with pytest.raises(StageFailed, match="use a shared store") as caught:
        train_once(context, stage, nobody)
    assert caught.value.kind == "user"


def test_progress_is_passed_on_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    now_s = 100.0
    monkeypatch.setattr(module.time, "monotonic", lambda: now_s)
    told: list[int] = []
    throttled = Throttled(lambda one: told.append(one.step))
    for step in range(1, 9):
        throttled(progress(step))
        now_s += module.REPORT_S / 2
    assert told == [1, 3, 5, 7]


def test_the_first_step_is_reported_at_once() -> None:
    told: list[Progress] = []
    Throttled(told.append)(progress(1))
    assert told == [progress(1)]
