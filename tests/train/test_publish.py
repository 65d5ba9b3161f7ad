"""From a job to the store: what is published, what the record says, and who wins."""

from dataclasses import replace

import pytest
import torch
from safetensors.torch import load_file
from support.stage_factory import make_job

from raysft.errors import StageFailed
from raysft.model.digest import weights_digest
from raysft.store import Store
from raysft.train import publish as module
from raysft.train.group import SingleProcess
from raysft.train.loop import train_stage
from raysft.train.publish import train_and_publish


class Stopped(Exception):
    pass


def silent(progress):
    pass


def stop_at_two(progress):
    if progress.step == 2:
        raise Stopped


def test_the_store_has_the_trained_weights_and_the_record_that_was_given(tmp_path):
    job = make_job(tmp_path, epochs=1)
    job = replace(job, identity={"recipe": {"epochs": 1}})
    alone = train_stage(replace(job, output=tmp_path / "alone"), SingleProcess(), silent)
    record = train_and_publish(job, SingleProcess(), silent)
    store = Store.open(job.store_url)
    assert store.find("stages", job.fingerprint).body == record.model_dump(mode="json")
    assert record.weights_digest == alone.weights_digest == weights_digest(
        store.fetch("stages", job.fingerprint)
    )  # fmt: skip
    assert record.parent_weights_digest == weights_digest(job.parent)
    assert (record.fingerprint, record.identity) == (job.fingerprint, {"recipe": {"epochs": 1}})
    assert (record.steps, record.losses, record.used) == (3, alone.losses, alone.used)
    assert not job.output.exists(), "it is exported into a workspace of the store"


def test_of_two_attempts_the_first_one_counts(tmp_path):
    job = make_job(tmp_path, epochs=1)
    first = train_and_publish(job, SingleProcess(), silent)
    other = replace(job, attempt="attempt-2", seed=8)
    assert train_and_publish(other, SingleProcess(), silent) == first
    found = Store.open(job.store_url).fetch("stages", job.fingerprint)
    assert weights_digest(found) == first.weights_digest


def test_resume_states_go_once_the_stage_is_published_and_not_before(tmp_path):
    job, store = make_job(tmp_path, resume_every_s=0), Store.open(tmp_path / "store")
    with pytest.raises(Stopped):
        train_and_publish(job, SingleProcess(), stop_at_two)
    assert store.find("stages", job.fingerprint) is None
    assert store.latest_resume(job.fingerprint).step == 2
    record = train_and_publish(replace(job, attempt="attempt-2"), SingleProcess(), silent)
    assert record.provenance.resumed_at == (2,)
    assert store.latest_resume(job.fingerprint) is None


def test_a_stage_that_fails_is_not_in_the_store(tmp_path):
    job = make_job(tmp_path, learning_rate=1e30, warmup=0.0)
    with pytest.raises(StageFailed) as caught:
        train_and_publish(job, SingleProcess(), silent)
    assert caught.value.kind == "not_finite"
    assert Store.open(job.store_url).find("stages", job.fingerprint) is None


class Second(SingleProcess):
    """A worker that is not the first: it hears what rank 0 said."""

    rank = 1

    def __init__(self, heard):
        super().__init__()
        self.heard = heard

    def broadcast(self, text):
        return self.heard


def test_another_worker_trains_along_and_takes_the_record_of_rank_0(tmp_path, monkeypatch):
    job = make_job(tmp_path, epochs=1)
    record = train_and_publish(job, SingleProcess(), silent)
    elsewhere = replace(job, store_url=str(tmp_path / "other store"))
    outputs = []
    monkeypatch.setattr(module, "train_stage", lambda job, group, report: outputs.append(job.output))
    assert train_and_publish(elsewhere, Second(record.model_dump_json()), silent) == record
    assert [str(one) for one in outputs] == ["."], "it exports nothing, but every worker must train"
    assert Store.open(elsewhere.store_url).find("stages", job.fingerprint) is None


def test_what_was_published_is_a_parent_of_the_next_stage(tmp_path):
    job = make_job(tmp_path, epochs=1, weights_dtype="bf16")
    first = train_and_publish(job, SingleProcess(), silent)
    parent = Store.open(job.store_url).fetch("stages", job.fingerprint)
    assert {one.dtype for one in load_file(parent / "model.safetensors").values()} == {torch.bfloat16}
    following = replace(
        job, fingerprint="a" * 32, parent=parent, parent_digest=first.weights_digest
    )  # fmt: skip
    second = train_and_publish(following, SingleProcess(), silent)
    assert second.parent_weights_digest == first.weights_digest != second.weights_digest
