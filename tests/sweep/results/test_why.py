"""Why a run would make something: the field, the value in the store, the value that is asked for."""

from pathlib import Path
from typing import Any

import pytest
from support.finished_sweep import SCORES, STAGES, SWEEP, finish, write_sweep

from raysft.records import FailureRecord
from raysft.spec import load_sweep
from raysft.store import Store
from raysft.sweep.inputs.read import read_inputs
from raysft.sweep.results.standing import read_standing
from raysft.sweep.results.why import NO_PARENT, NOT_SCORED, NOT_TRAINED, NOTHING_LIKE_IT, Reasons, reasons
from raysft.sweep.run.messages import record_failure


@pytest.fixture
def store_url(tmp_path: Path) -> Path:
    finish(write_sweep(tmp_path), tmp_path / "store")
    return tmp_path / "store"


def asked(folder: Path, store_url: Path, **changes: Any) -> Reasons:
    inputs = read_inputs(load_sweep(write_sweep(folder, **changes)), str(store_url))
    store = Store.existing(store_url)
    return reasons(inputs, read_standing(inputs, store), store)


def test_a_finished_sweep_has_no_reason_for_anything(tmp_path: Path, store_url: Path) -> None:
    assert asked(tmp_path, store_url) == Reasons()


def test_another_recipe_is_named_where_training_parts_and_not_below(tmp_path: Path, store_url: Path) -> None:
    found = asked(tmp_path, store_url, recipe={**SWEEP["recipe"], "epochs": 2})
    assert len(found.stages) == STAGES
    first, *others = found.stages.values()
    assert first.text == "recipe.epochs 1 → 2"
    assert str(first) == f"recipe.epochs 1 → 2 (nearest: stage {str(first.nearest)[:12]})"
    assert {one.text for one in others} == {NO_PARENT}
    assert found.of_stages() == {"recipe.epochs 1 → 2": 1, NO_PARENT: STAGES - 1}
    assert set(found.of_scores()) == {NOT_TRAINED}
    assert found.of_scores()[NOT_TRAINED] == SCORES - 3, "the base is scored already"


def test_another_seed_and_another_base_are_named(tmp_path: Path, store_url: Path) -> None:
    study = {**SWEEP["studies"]["s"], "seed": 5}
    found = asked(tmp_path, store_url, studies={"s": study})
    first = next(iter(found.stages.values()))
    assert "seed 0 → 5" in first.text
    found = asked(tmp_path, store_url, models={"tiny": {"base": "world/base-small"}})
    assert "base.weights" in next(iter(found.stages.values())).text


def test_another_engine_precision_is_named_for_every_score(tmp_path: Path, store_url: Path) -> None:
    found = asked(tmp_path, store_url, evaluation={"precision": "bf16"})
    assert found.stages == {}
    assert found.of_scores() == {"evaluation.precision fp32 → bf16": SCORES}


def test_another_version_is_named_where_the_sweep_asks_for_the_same(tmp_path: Path) -> None:
    finish(write_sweep(tmp_path), tmp_path / "store", version="0.0.1")
    found = asked(tmp_path, tmp_path / "store", evaluation={"engine_version": "same"})
    (reason,) = found.of_scores()
    assert reason.startswith("engine version 0.0.1 → ")


def test_other_questions_and_limits_are_named(tmp_path: Path, store_url: Path) -> None:
    abilities = {
        name: {**one, "benchmark": {**one["benchmark"], "max_new_tokens": 7}}
        for name, one in SWEEP["abilities"].items()
    }
    found = asked(tmp_path, store_url, abilities=abilities)
    assert all(one.startswith("max_new_tokens ") and one.endswith(" → 7") for one in found.of_scores())
    abilities = {
        name: {**one, "benchmark": {**one["benchmark"], "limit": 3}}
        for name, one in SWEEP["abilities"].items()
    }
    found = asked(tmp_path, store_url, abilities=abilities)
    assert all(one.startswith("questions ") for one in found.of_scores())


def test_weights_that_were_never_scored_and_stages_like_no_other(tmp_path: Path, store_url: Path) -> None:
    store = Store.open(store_url)
    for body in list(store.read_documents("scores")):
        store.remove_document("scores", body["fingerprint"])
    assert asked(tmp_path, store_url).of_scores() == {NOT_SCORED: SCORES}
    study = {"model": "tiny", "strategy": {"single": "math"}, "amount": "1/2", "seed": 9}
    models = {"tiny": {"base": "world/base-small"}}
    found = asked(tmp_path, store_url, studies={"s": study}, models=models)
    assert set(found.of_stages()) == {NOTHING_LIKE_IT}


def test_a_failed_stage_gives_its_cause(tmp_path: Path, store_url: Path) -> None:
    study = {**SWEEP["studies"]["s"], "seed": 3}
    inputs = read_inputs(load_sweep(write_sweep(tmp_path, studies={"s": study})), str(store_url))
    first = next(iter(inputs.plan.stages))
    failure = FailureRecord(stage=first, kind="not_finite", cause="loss is nan", attempts=1)
    record_failure(Store.open(store_url), failure)
    assert (
        asked(tmp_path, store_url, studies={"s": study}).stages[first].text
        == "failed (not_finite): loss is nan"
    )


def test_another_batch_is_named_where_answers_depend_on_it(tmp_path: Path) -> None:
    """In bf16 alone: the scores of a sweep in fp32 are taken whatever the batch."""
    for precision, told in (
        ("fp32", {}),
        ("bf16", {"evaluation.batch_size 64 → 16": SCORES}),
    ):
        store = tmp_path / precision
        finish(write_sweep(tmp_path, evaluation={"precision": precision}), store)
        found = asked(tmp_path, store, evaluation={"precision": precision, "batch_size": 16})
        assert (found.stages, found.of_scores()) == ({}, told)
