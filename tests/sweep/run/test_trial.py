"""One trial, from its base to its last stage, with the real coordinator and no Ray."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from support.example_context import context_of, publish_score, publish_stage
from support.local_coordinator import LocalClient, local_coordinator

from raysft.errors import DamagedArtifact, StageFailed
from raysft.plan.tree import Point, Stage
from raysft.records import FailureRecord
from raysft.sweep.run import trial as trial_module
from raysft.sweep.run.context import SweepContext
from raysft.sweep.run.messages import record_failure
from raysft.sweep.run.train_once import Done
from raysft.sweep.run.trial import axes, follow_point, trial_row
from raysft.train.job import Progress


@pytest.fixture
def client(context: SweepContext) -> Iterator[LocalClient]:
    with local_coordinator(context) as client:
        yield client


class Training:
    """In place of training: weights of a few bytes, or the next of the failures of a stage."""

    def __init__(self) -> None:
        self.trained: list[str] = []
        self.failures: dict[str, list[Exception]] = {}

    def __call__(self, context: SweepContext, stage: Stage, report: Callable[[Progress], object]) -> Done:
        report(Progress(stage.fingerprint, 0, 1, stage.steps, 2.0, 10, 0.1))
        if self.failures.get(stage.fingerprint):
            raise self.failures[stage.fingerprint].pop(0)
        publish_stage(context, stage.fingerprint)
        self.trained.append(stage.fingerprint)
        return Done(trained=True, resumed=False)


@pytest.fixture
def training(monkeypatch: pytest.MonkeyPatch) -> Training:
    training = Training()
    monkeypatch.setattr(trial_module, "train_once", training)
    return training


def point_of(context: SweepContext, strategy: str) -> Point:
    return next(
        point for point in context.plan.points if any(cell.strategy == strategy for cell in point.cells)
    )


def test_a_point_is_trained_stage_by_stage_scored_and_reported(
    context: SweepContext, client: LocalClient, training: Training
) -> None:
    point = point_of(context, "mixed_sequential")
    row = follow_point(point, context, client, "one")
    assert training.trained == list(point.stages)
    assert (row["status"], row["done"], row["cause"]) == ("done", 1, "")
    assert row["math"] == row["stage_2"]["math"] == 50.0
    assert row.keys() >= {"stage_0", "stage_1", "stage_2", "math_standard_error"}
    snapshot = client.snapshot()
    assert (snapshot.trained, snapshot.scored, len(snapshot.scores)) == (2, 9, 9)


def test_what_others_trained_is_not_trained_again(
    context: SweepContext, client: LocalClient, training: Training
) -> None:
    follow_point(point_of(context, "mixed_sequential"), context, client, "one")
    other = point_of(context, "dmt(k=1/4)")
    follow_point(other, context, client, "two")
    assert training.trained.count(other.stages[0]) == 1
    assert client.snapshot().trained == 3


def test_the_base_is_a_point_without_stages(
    context: SweepContext, client: LocalClient, training: Training
) -> None:
    row = follow_point(point_of(context, "base"), context, client, "one")
    assert training.trained == []
    assert row["status"] == "done"
    assert row["general"] == row["stage_0"]["general"]
    assert "stage_1" not in row


def test_only_what_is_asked_for_is_scored(tmp_path: Path, training: Training) -> None:
    context = context_of(tmp_path, evaluation={"stages": "leaves"})
    with local_coordinator(context) as client:
        row = follow_point(point_of(context, "mixed_sequential"), context, client, "one")
        assert client.snapshot().scored == 6
    assert row["stage_1"] == {}
    assert set(row["stage_2"]) == set(context.benchmarks)


def test_a_failure_is_kept_reported_and_blocks_what_is_below(
    context: SweepContext, client: LocalClient, training: Training
) -> None:
    point = point_of(context, "mixed_sequential")
    training.failures[point.stages[0]] = [StageFailed(point.stages[0], "not_finite", "loss nan at step 3")]
    row = follow_point(point, context, client, "one")
    assert (row["status"], row["done"]) == ("blocked", 0)
    assert (row["cause"], row["failed_stage"]) == ("loss nan at step 3", point.stages[0])
    kept = FailureRecord.model_validate(context.store.read_document("failures", point.stages[0]))
    assert (kept.kind, kept.cause, kept.attempts) == ("not_finite", "loss nan at step 3", 1)
    other = follow_point(point_of(context, "dmt(k=1/4)"), context, client, "two")
    assert other["status"] == "blocked"
    assert training.trained == []
    assert client.snapshot().scored == 3, "the base is scored all the same"


def test_a_point_whose_last_stage_fails_has_failed_itself(
    context: SweepContext, client: LocalClient, training: Training
) -> None:
    point = point_of(context, "mixed_sequential")
    training.failures[point.stages[1]] = [StageFailed(point.stages[1], "user", "x")]
    assert follow_point(point, context, client, "one")["status"] == "failed"
    assert follow_point(point_of(context, "dmt(k=1/4)"), context, client, "two")["status"] == "done"


def test_a_failure_counts_every_attempt_of_this_run(
    context: SweepContext, client: LocalClient, training: Training
) -> None:
    """One attempt ended with its process; in the next, Ray Train started its workers three times."""
    point = point_of(context, "single(general)")
    (stage,) = point.stages
    training.failures[stage] = [
        ConnectionError("gone"),
        StageFailed(stage, "infrastructure", "worker died", attempts=3),
    ]
    with pytest.raises(ConnectionError):
        follow_point(point, context, client, "one")
    follow_point(point, context, client, "one")
    assert FailureRecord.model_validate(context.store.read_document("failures", stage)).attempts == 4


def test_an_error_that_may_pass_is_raised_and_the_next_trial_goes_on(
    context: SweepContext, client: LocalClient, training: Training
) -> None:
    point = point_of(context, "mixed_sequential")
    training.failures[point.stages[1]] = [OSError("disk is busy")]
    with pytest.raises(OSError, match="disk is busy"):
        follow_point(point, context, client, "one")
    client.post_release("one")
    assert follow_point(point, context, client, "two")["status"] == "done"
    assert training.trained == list(point.stages)
    assert client.snapshot().failed == {}


def test_an_error_that_does_not_pass_becomes_the_cause(
    context: SweepContext, client: LocalClient, training: Training
) -> None:
    point = point_of(context, "single(general)")
    (stage,) = point.stages
    attempts = context.spec.run.attempts
    training.failures[stage] = [OSError("disk is gone") for _ in range(attempts)]
    for _ in range(attempts):
        with pytest.raises(OSError, match="disk is gone"):
            follow_point(point, context, client, "one")
    row = follow_point(point, context, client, "one")
    assert row["status"] == "failed"
    assert "disk is gone" in row["cause"]
    assert FailureRecord.model_validate(context.store.read_document("failures", stage)).attempts == attempts


def test_a_parent_whose_files_are_damaged_is_trained_again(
    context: SweepContext, client: LocalClient, training: Training
) -> None:
    point = point_of(context, "mixed_sequential")
    first, second = point.stages
    training.failures[second] = [DamagedArtifact(f"the files of stage {first} are damaged")]
    with pytest.raises(DamagedArtifact):
        follow_point(point, context, client, "one")
    assert first not in client.snapshot().done


# ---- rows and axes


def test_a_row_of_scores_has_the_last_stage_by_ability_and_the_others_by_number(
    context: SweepContext,
) -> None:
    point = point_of(context, "mixed_sequential")
    for stage in point.stages:
        publish_stage(context, stage)
    publish_score(context, context.plan.bases["tiny"].fingerprint, "tiny", "math", right=0)
    publish_score(context, point.stages[0], "tiny", "math", right=1)
    publish_score(context, point.stages[1], "tiny", "math", right=2)
    row = trial_row(context, point, None)
    assert [row[f"stage_{number}"] for number in range(3)] == [{"math": 0.0}, {"math": 50.0}, {"math": 100.0}]
    assert row["math"] == 100.0
    assert "code" not in row, "a score that was not made is not there, and not 0"


def test_the_row_of_a_blocked_point_names_the_stage_that_failed(context: SweepContext) -> None:
    point = point_of(context, "mixed_sequential")
    failure = FailureRecord(stage=point.stages[0], kind="user", cause="too long", attempts=1)
    assert trial_row(context, point, failure) == {
        "status": "blocked",
        "done": 0,
        "cause": "too long",
        "failed_stage": point.stages[0],
    }


def test_an_older_failure_is_reported_as_it_was_kept(context: SweepContext, training: Training) -> None:
    point = point_of(context, "single(general)")
    failure = FailureRecord(stage=point.stages[0], kind="user", cause="from another run", attempts=2)
    record_failure(context.store, failure)
    with local_coordinator(context) as client:
        row = follow_point(point, context, client, "one")
    assert (row["status"], row["cause"]) == ("failed", "from another run")


@pytest.mark.parametrize(
    ("strategy", "wanted"),
    [
        ("base", {"amount": None, "ratio": "", "seed": None, "stages": 0, "conversations": 0}),
        ("mixed_sequential", {"amount": "1", "stages": 2, "studies": "s", "model": "tiny"}),
        ("dmt(k=1/4)", {"stages": 2}),
    ],
)
def test_the_axes_of_a_trial_are_those_of_the_sweep_file(
    context: SweepContext, strategy: str, wanted: dict[str, Any]
) -> None:
    point = point_of(context, strategy)
    found = axes(context.plan, point)
    assert found["point"] == point.fingerprint
    assert found["strategy"] == strategy
    assert {name: found[name] for name in wanted} == wanted
    assert found["conversations"] == sum(context.plan.stages[stage].conversations for stage in point.stages)


def test_a_point_of_two_studies_names_both(tmp_path: Path) -> None:
    context = context_of(
        tmp_path,
        "{one: {model: tiny, strategy: multi_task}, "
        "two: {model: tiny, strategy: multi_task, ratio: [{general: 1}, {general: 1/2}]}}",
    )
    found = [axes(context.plan, point) for point in context.plan.points]
    assert {one["studies"] for one in found if one["strategy"] == "multi_task"} == {"one,two", "two"}
    assert {one["ratio"] for one in found if one["studies"] == "two"} == {"general×1/2"}
