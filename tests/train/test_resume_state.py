import random
from dataclasses import replace

import pytest
import torch
from support.stage_factory import Shape, conversations, make_job

from raysft.data.tokens.template import Encoded
from raysft.errors import StageFailed
from raysft.model.scratch import SpecialTokens, write_scratch
from raysft.store import Store
from raysft.train.batching.corpus import read_corpus
from raysft.train.group import SingleProcess
from raysft.train.loop import train_stage
from raysft.train.optimiser import named_state
from raysft.train.resume_state import continue_stage, save_state
from raysft.train.stage import begin_stage


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


def test_stopped_and_resumed_is_never_stopped_where_batches_are_empty(tmp_path):
    long = Encoded([5] * 80, [False] * 40 + [True] * 40, [80])
    rows = {
        one: row if place % 3 == 0 else long for place, (one, row) in enumerate(conversations(12).items())
    }
    settings = {"overflow": "drop", "batch_size": 2}
    whole = train_stage(make_job(tmp_path, rows, output="whole", **settings), SingleProcess(), silent)
    assert whole.empty_steps > 1
    for step in range(1, whole.steps):
        job = make_job(tmp_path, rows, resume_every_s=0, output=f"stopped-{step}", **settings)
        job = replace(job, fingerprint=f"{step:032d}")
        with pytest.raises(Stopped):
            train_stage(job, SingleProcess(), stop_at(step))
        resumed = train_stage(replace(job, attempt="attempt-2"), SingleProcess(), silent)
        assert (resumed.losses, resumed.empty_steps) == (whole.losses, whole.empty_steps)
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


def begun(job):
    return begin_stage(job, read_corpus(job)[0], SingleProcess())


def altered(training, step, seed=0):
    """As after some steps: other weights, moments and losses."""
    generator = torch.Generator().manual_seed(seed)
    for _, one in named_state(training.model, training.optimiser):
        one.copy_(torch.randn(one.shape, generator=generator))
    course = training.course
    course.step, course.losses, course.tokens = step, [0.1 + one for one in range(step)], 17 * step
    return training


def test_every_bit_and_number_comes_back(tmp_path):
    job = make_job(tmp_path)
    saved = altered(begun(job), 3)
    save_state(saved, SingleProcess())
    loaded = begun(job)
    expected = dict(named_state(saved.model, saved.optimiser))
    for name, one in named_state(loaded.model, loaded.optimiser):
        assert torch.equal(one, expected.pop(name)), name
    assert not expected
    assert {float(one["step"]) for one in loaded.optimiser.state.values()} == {3}
    assert (loaded.course.step, loaded.course.losses) == (3, [0.1, 1.1, 2.1])
    assert (loaded.course.tokens, loaded.course.resumed_at) == (51, (3,))


def test_tokens_are_those_of_one_attempt_and_interruptions_those_of_all(tmp_path):
    job = make_job(tmp_path)
    save_state(altered(begun(job), 2), SingleProcess())
    second = replace(job, attempt="attempt-2")
    again = begun(second)
    assert (again.course.tokens, again.course.resumed_at) == (0, (2,))
    save_state(altered(again, 5), SingleProcess())
    third = begun(second)
    assert (third.course.tokens, third.course.resumed_at) == (85, (2, 5))


def test_the_state_of_one_stage_is_none_of_another(tmp_path):
    job = make_job(tmp_path)
    save_state(altered(begun(job), 2), SingleProcess())
    assert begun(replace(job, fingerprint="a" * 32)).course.step == 0
    assert begun(job).course.step == 2


class Apart(SingleProcess):
    """Two workers, of which the other one sees no folder of ours."""

    size = 2


@pytest.mark.parametrize("act", [save_state, continue_stage])
def test_workers_that_share_no_disk_are_an_error_of_the_user(tmp_path, act):
    job = make_job(tmp_path)
    training = begun(job)
    if act is continue_stage:
        save_state(altered(begun(job), 2), SingleProcess())
    with pytest.raises(StageFailed, match="on a disk that all workers share") as caught:
        act(training, Apart())
    assert (caught.value.kind, training.course.step) == ("user", 0)
