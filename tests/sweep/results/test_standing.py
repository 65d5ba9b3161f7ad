"""What the store has of a sweep, and what a run would still have to do."""

from pathlib import Path

import pytest
from support.finished_sweep import SCORES, STAGES, SUBJECTS, finish, write_sweep

from raysft.records import FailureRecord, ScoreRecord
from raysft.store import Store
from raysft.sweep.inputs.read import Inputs
from raysft.sweep.results.standing import (
    Missing,
    forget_failures,
    is_finished,
    note_experiment,
    point_status,
    read_standing,
    what_is_missing,
)
from raysft.sweep.results.why import reasons
from raysft.sweep.run.messages import record_failure


@pytest.fixture
def finished(tmp_path: Path) -> tuple[Inputs, Store]:
    return finish(write_sweep(tmp_path), tmp_path / "store")


def rewritten(store: Store, **changes: object) -> None:
    """The first score of the store, with other contents under the same key."""
    score = ScoreRecord.model_validate(next(store.read_documents("scores")))
    store.remove_document("scores", score.fingerprint)
    changed = score.model_copy(update=changes)
    store.write_document("scores", score.fingerprint, changed.model_dump(mode="json"))


def states(inputs: Inputs, store: Store) -> set[tuple[str, str]]:
    standing = read_standing(inputs, store)
    return {point_status(inputs, point, standing) for point in inputs.plan.points}


def test_everything_of_a_finished_sweep_is_there(finished: tuple[Inputs, Store]) -> None:
    inputs, store = finished
    standing = read_standing(inputs, store)
    assert len(standing) == SUBJECTS
    assert sum(one.record is not None for one in standing.values()) == STAGES
    assert sum(len(one.scores) for one in standing.values()) == SCORES
    assert not what_is_missing(inputs, standing)
    assert states(inputs, store) == {("done", "")}


def test_a_point_without_one_of_its_scores_is_not_done(finished: tuple[Inputs, Store]) -> None:
    inputs, store = finished
    last = inputs.plan.points[-1].stages[-1]
    weights = read_standing(inputs, store)[last].weights
    gone = next(one for one in store.read_documents("scores") if one["subject"] == weights)
    store.remove_document("scores", gone["fingerprint"])
    assert states(inputs, store) == {("done", ""), ("waiting", "1 score to make")}
    assert what_is_missing(inputs, read_standing(inputs, store)) == Missing(points=1, scores=1)


def test_what_could_not_be_graded_is_made_again_unless_it_did_not_fit(finished: tuple[Inputs, Store]) -> None:
    inputs, store = finished
    score = ScoreRecord.model_validate(next(store.read_documents("scores")))
    broken = score.items[0].model_copy(update={"value": None, "reason": "the judge is down"})
    rewritten(store, items=(broken, *score.items[1:]), unscored=1, reason="the judge is down")
    standing = read_standing(inputs, store)
    assert what_is_missing(inputs, standing).scores == 1
    assert reasons(inputs, standing, store).of_scores() == {
        "1 item could not be graded: the judge is down": 1
    }
    assert ("waiting", "1 score to make") in states(inputs, store)
    forget_failures(inputs, read_standing(inputs, store), store, every=False)
    assert store.read_document("scores", score.fingerprint) is None
    store.write_document("scores", score.fingerprint, score.model_dump(mode="json"))
    too_long = broken.model_copy(update={"ends": ("overflow",)})
    rewritten(store, items=(too_long, *score.items[1:]), unscored=1)
    assert not what_is_missing(inputs, read_standing(inputs, store)), "another try would end alike"


def test_a_failure_fails_its_point_and_blocks_those_that_need_it(tmp_path: Path) -> None:
    inputs, store = finish(write_sweep(tmp_path), tmp_path / "full")
    empty = Store.open(tmp_path / "empty")
    shared = next(iter(inputs.plan.stages))
    failure = FailureRecord(stage=shared, kind="user", cause="a bad row", attempts=1)
    record_failure(empty, failure)
    found = states(inputs, empty)
    assert ("blocked", f"stage {shared[:12]} (user): a bad row") in found
    record_failure(store, failure)
    assert states(inputs, store) == {("done", "")}, "weights that exist are worth more than an old failure"


@pytest.mark.parametrize("every", [False, True])
def test_failures_of_the_infrastructure_are_tried_again_and_others_on_demand(
    tmp_path: Path, every: bool
) -> None:
    inputs, _ = finish(write_sweep(tmp_path), tmp_path / "full")
    store = Store.open(tmp_path / "empty")
    kinds = dict(zip(inputs.plan.stages, ("user", "infrastructure", "not_finite"), strict=True))
    for stage, kind in kinds.items():
        record_failure(store, FailureRecord(stage=stage, kind=kind, cause="x", attempts=1))
    forget_failures(inputs, read_standing(inputs, store), store, every=every)
    left = {kinds[stage] for stage in kinds if store.read_document("failures", stage) is not None}
    assert left == (set() if every else {"user", "not_finite"})


def test_a_sweep_is_finished_once_its_newest_experiment_holds_every_point(
    finished: tuple[Inputs, Store],
) -> None:
    inputs, store = finished
    standing = read_standing(inputs, store)
    assert not is_finished(inputs, standing, store), "Tune has not reported"
    note_experiment(inputs, store, "run-1", list(inputs.plan.by_fingerprint)[:1])
    assert not is_finished(inputs, standing, store)
    note_experiment(inputs, store, "run-2", inputs.plan.by_fingerprint)
    assert is_finished(inputs, standing, store)
