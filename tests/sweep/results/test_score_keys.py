"""Which answers a sweep takes as they are: of any version of the engine, unless it asks for the same."""

from pathlib import Path

import pytest
from support.finished_sweep import SCORES, finish, scored, write_sweep

from raysft.evaluate.engine import Answering, EngineIdentity
from raysft.records import ScoreRecord
from raysft.spec import load_sweep
from raysft.spec.evaluation import EvaluationSpec
from raysft.store import Store
from raysft.sweep.inputs.read import read_inputs
from raysft.sweep.results import score_keys
from raysft.sweep.results.score_keys import (
    answering,
    engine_identities,
    engine_version,
    read_score,
    shard_key,
    shards,
)
from raysft.sweep.results.standing import read_standing


def count(file: Path, store_url: Path) -> int:
    inputs = read_inputs(load_sweep(file), str(store_url))
    return sum(len(one.scores) for one in read_standing(inputs, Store.existing(store_url)).values())


def with_engine(folder: Path, **evaluation: object) -> Path:
    return write_sweep(folder, evaluation=evaluation)


def test_an_update_of_the_library_keeps_every_score(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file, store = write_sweep(tmp_path), tmp_path / "store"
    finish(file, store)
    assert count(file, store) == SCORES
    monkeypatch.setattr(score_keys, "engine_version", lambda _: "99.0")
    engine_identities.cache_clear()
    assert count(file, store) == SCORES
    engine_identities.cache_clear()


def test_a_sweep_that_asks_for_the_same_version_takes_no_answer_of_another(tmp_path: Path) -> None:
    store = tmp_path / "store"
    finish(write_sweep(tmp_path), store, version="0.0.1")
    assert count(write_sweep(tmp_path), store) == SCORES
    assert count(with_engine(tmp_path, engine_version="same"), store) == 0


def test_either_choice_finds_what_the_other_one_made_with_this_version(tmp_path: Path) -> None:
    for made, asked in (("any", "same"), ("same", "any")):
        store = tmp_path / made
        finish(with_engine(tmp_path, engine_version=made), store)
        assert count(with_engine(tmp_path, engine_version=asked), store) == SCORES


def test_answers_of_several_versions_are_not_of_the_same(tmp_path: Path) -> None:
    file = with_engine(tmp_path, engine_version="same")
    inputs = read_inputs(load_sweep(file), str(tmp_path / "store"))
    (_, every), this = engine_identities(inputs.spec.evaluation), engine_version(inputs.spec.evaluation)
    assert every == EngineIdentity("transformers", None, "fp32")
    (chosen, *_) = inputs.benchmarks.values()
    identities = list(score_keys.score_identities(inputs.spec.evaluation, chosen, Answering("w" * 32, "t")))
    assert score_keys.is_usable(inputs.spec.evaluation, identities[1], (this,))
    assert not score_keys.is_usable(inputs.spec.evaluation, identities[1], (this, "0.0.1"))
    assert not score_keys.is_usable(inputs.spec.evaluation, identities[1], ())


def test_another_precision_is_another_score(tmp_path: Path) -> None:
    store = tmp_path / "store"
    finish(write_sweep(tmp_path), store)
    assert count(with_engine(tmp_path, precision="bf16"), store) == 0


def test_what_is_kept_reads_back_and_says_who_answered(tmp_path: Path) -> None:
    inputs, store = finish(write_sweep(tmp_path), tmp_path / "store", version="1.2.3")
    standing = read_standing(inputs, store)
    (key, *_), (subject, *_) = inputs.benchmarks, inputs.asked
    weights = standing[subject].weights
    read = read_score(
        store, inputs.spec.evaluation, inputs.benchmarks[key], answering(inputs.plan, subject, weights)
    )
    assert isinstance(read, ScoreRecord)
    assert read == scored(inputs, key, answering(inputs.plan, subject, weights), "1.2.3")
    assert read.engine_versions == ("1.2.3",)
    assert read.identity["generations"]["engine"]["version"] is None


def test_shards_cover_every_question_once_and_have_keys_of_their_own(tmp_path: Path) -> None:
    inputs = read_inputs(load_sweep(write_sweep(tmp_path)), str(tmp_path / "store"))
    (chosen, *_) = inputs.benchmarks.values()
    cut = shards(EvaluationSpec(shard_size=3), chosen)
    places = [place for shard in cut for place in range(shard.start, shard.stop)]
    assert places == list(range(len(chosen.benchmark.questions)))
    assert len({shard_key("g", shard) for shard in cut}) == len(cut)


def test_the_same_weights_under_another_template_have_scores_of_their_own(tmp_path: Path) -> None:
    store = tmp_path / "store"
    finish(write_sweep(tmp_path), store)
    assert (
        count(write_sweep(tmp_path, models={"tiny": {"base": "world/base", "template": "own"}}), store)
        == SCORES
    )
    assert (
        count(write_sweep(tmp_path, models={"tiny": {"base": "world/base", "template": "vicuna"}}), store)
        == 0
    )
