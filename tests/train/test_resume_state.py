import random
from dataclasses import replace

import pytest
from support.stage_factory import Shape, conversations, make_job

from raysft.model.scratch import SpecialTokens, write_scratch
from raysft.store import Store
from raysft.train.group import SingleProcess
from raysft.train.loop import train_stage


class Stopped(Exception):
    pass


def stop_at(step):
    def report(progress):
        if progress.step == step:
            raise Stopped

    return report


def silent(progress):
    pass


@pytest.mark.parametrize("layout", ["padded", "packed"])
def test_stopped_and_resumed_is_never_stopped_for_every_step(tmp_path, layout):
    whole = train_stage(make_job(tmp_path, layout=layout, output="whole"), SingleProcess(), silent)
    for step in range(1, whole.steps):
        job = make_job(tmp_path, layout=layout, resume_every_s=0, output=f"stopped-{step}")
        job = replace(job, fingerprint=f"{step:032d}")
        with pytest.raises(Stopped):
            train_stage(job, SingleProcess(), stop_at(step))
        resumed = train_stage(replace(job, attempt="attempt-2"), SingleProcess(), silent)
        assert resumed.provenance.resumed_at == (step,)
        assert resumed.losses == whole.losses
        assert resumed.weights_digest == whole.weights_digest


def test_stopped_again_and_again(tmp_path):
    rng = random.Random(1)
    whole = train_stage(make_job(tmp_path, epochs=4, output="whole"), SingleProcess(), silent)
    job = make_job(tmp_path, epochs=4, resume_every_s=0, output="stopped")
    stops = sorted(rng.sample(range(1, whole.steps), 4))
    for attempt, step in enumerate(stops):
        with pytest.raises(Stopped):
            train_stage(replace(job, attempt=f"attempt-{attempt}"), SingleProcess(), stop_at(step))
    resumed = train_stage(replace(job, attempt="last"), SingleProcess(), silent)
    assert resumed.provenance.resumed_at == tuple(stops)
    assert resumed.weights_digest == whole.weights_digest
    assert resumed.losses == whole.losses
    assert 0 < resumed.provenance.real_tokens < whole.provenance.real_tokens


def test_a_damaged_state_gives_way_to_the_one_before(tmp_path):
    whole = train_stage(make_job(tmp_path, output="whole"), SingleProcess(), silent)
    job = make_job(tmp_path, resume_every_s=0, output="stopped")
    with pytest.raises(Stopped):
        train_stage(job, SingleProcess(), stop_at(3))
    newest = Store.open(job.store_url).latest_resume(job.fingerprint)
    tensors = next(newest.folder.glob("*.safetensors"))
    damaged = bytearray(tensors.read_bytes())
    damaged[-1] ^= 1
    tensors.write_bytes(damaged)
    resumed = train_stage(replace(job, attempt="attempt-2"), SingleProcess(), silent)
    assert resumed.provenance.resumed_at == (2,)
    assert resumed.weights_digest == whole.weights_digest


def test_state_of_other_parent_weights_is_not_used(tmp_path):
    job = make_job(tmp_path, resume_every_s=0)
    with pytest.raises(Stopped):
        train_stage(job, SingleProcess(), stop_at(3))
    write_scratch(Shape(seed=1), 64, SpecialTokens(1, 2, 0), job.parent)
    with pytest.warns(UserWarning, match="other weights"):
        begun = train_stage(replace(job, attempt="attempt-2"), SingleProcess(), silent)
    assert begun.provenance.resumed_at == ()
    whole = train_stage(
        replace(job, fingerprint="e" * 32, output=tmp_path / "whole"), SingleProcess(), silent
    )
    assert begun.weights_digest == whole.weights_digest


def test_nothing_is_saved_before_its_time(tmp_path):
    job = make_job(tmp_path, conversations(6), resume_every_s=1e6)
    with pytest.raises(Stopped):
        train_stage(job, SingleProcess(), stop_at(3))
    assert Store.open(job.store_url).latest_resume(job.fingerprint) is None


def test_state_holds_only_safetensors_and_json(tmp_path):
    job = make_job(tmp_path, resume_every_s=0)
    with pytest.raises(Stopped):
        train_stage(job, SingleProcess(), stop_at(2))
    folder = Store.open(job.store_url).latest_resume(job.fingerprint).folder
    assert {one.suffix for one in folder.iterdir()} == {".safetensors", ".json"}
