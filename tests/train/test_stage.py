"""The begin of a stage and its end: what is opened, refused, exported and put on record."""

from dataclasses import replace
from itertools import pairwise

import pytest
import torch
from safetensors.torch import load_file
from support.stage_factory import make_job

from raysft.errors import StageFailed
from raysft.model.digest import weights_digest
from raysft.train.batching.corpus import read_corpus
from raysft.train.group import SingleProcess
from raysft.train.schedule import learning_rate
from raysft.train.stage import KEPT_LOSSES, begin_stage, chosen_layout, finish_stage

GPU = torch.device("cuda")


def begun(job):
    return begin_stage(job, read_corpus(job)[0], SingleProcess())


def finished(training, threads=1, seconds=2.5):
    return finish_stage(training, (), SingleProcess(), threads, seconds)


@pytest.mark.parametrize(
    ("asked", "device", "layout"),
    [
        ("auto", None, "padded"),
        ("auto", GPU, "packed"),
        ("packed", None, "packed"),
        ("padded", GPU, "padded"),
    ],
)
def test_auto_packs_on_a_gpu_and_what_is_said_counts(tmp_path, asked, device, layout):
    assert chosen_layout(make_job(tmp_path, layout=asked), SingleProcess(device)) == layout


def test_a_stage_begins_with_the_weights_of_its_parent_and_without_moments(tmp_path):
    job = make_job(tmp_path)
    training = begun(job)
    held = load_file(job.parent / "model.safetensors")
    named = dict(training.model.causal.named_parameters())
    assert named.keys() == held.keys()
    for name, one in named.items():
        assert torch.equal(one, held[name].float())
        state = training.optimiser.state[one]
        assert state["step"] == 0
        assert not state["exp_avg"].any()
        assert not state["exp_avg_sq"].any()
    assert (training.course.step, training.course.losses, training.course.resumed_at) == (0, [], ())
    assert training.parent_digest == weights_digest(job.parent)


def test_other_weights_than_were_planned_are_refused(tmp_path):
    job = make_job(tmp_path)
    assert begun(replace(job, parent_digest=weights_digest(job.parent))).layout == "padded"
    with pytest.raises(StageFailed, match="does not hold the weights that were planned") as caught:
        begun(replace(job, parent_digest="0" * 64))
    assert (caught.value.kind, caught.value.stage) == ("user", job.fingerprint)
    assert str(job.parent) in caught.value.cause


@pytest.mark.parametrize(("dtype", "kind"), [("fp32", torch.float32), ("bf16", torch.bfloat16)])
def test_the_export_is_the_weights_in_the_format_of_the_recipe(tmp_path, dtype, kind):
    training = begun(make_job(tmp_path, weights_dtype=dtype))
    with torch.no_grad():
        for one in training.model.parameters():
            one.add_(1 / 3)
    trained = finished(training)
    written = load_file(training.job.output / "model.safetensors")
    named = dict(training.model.causal.named_parameters())
    assert written.keys() == named.keys()
    for name, one in named.items():
        assert torch.equal(written[name], one.detach().to(kind))
    assert trained.weights_digest == weights_digest(training.job.output) != trained.parent_weights_digest


@pytest.mark.parametrize("steps", [1, 2, KEPT_LOSSES, KEPT_LOSSES + 1, 777])
def test_a_record_keeps_losses_evenly_with_the_first_and_the_last(tmp_path, steps):
    job = make_job(tmp_path, epochs=None, steps=steps)
    training = begun(job)
    training.course.losses = [1000.0 + one for one in range(1, steps + 1)]
    training.course.step = steps
    trained = finished(training)
    kept = [one.step for one in trained.losses]
    assert trained.steps == steps
    assert len(kept) == len(set(kept)) == min(steps, KEPT_LOSSES)
    assert (kept[0], kept[-1]) == (1, steps)
    gaps = {later - one for one, later in pairwise(kept)}
    assert max(gaps, default=1) - min(gaps, default=1) <= 1
    for one in trained.losses:
        assert one.loss == 1000.0 + one.step
        assert one.learning_rate == learning_rate(job.recipe, one.step, steps)


def test_the_record_says_how_it_was_computed(tmp_path):
    training = begun(make_job(tmp_path, layout="packed"))
    training.course.tokens, training.course.resumed_at = 321, (4, 7)
    found = finished(training, threads=3).provenance
    assert (found.workers, found.backend, found.device, found.layout) == (1, "inline", "cpu", "packed")
    assert (found.threads, found.seconds, found.real_tokens, found.resumed_at) == (3, 2.5, 321, (4, 7))
    assert found.versions["torch"] == torch.__version__
    assert found.versions.keys() == {"torch", "transformers", "raysft"}


@pytest.mark.parametrize("layout", ["padded", "packed"])
def test_the_probe_leaves_no_trace(tmp_path, layout):
    training = begun(make_job(tmp_path, layout=layout))
    assert all(one.grad is None and one.requires_grad for one in training.model.parameters())
    assert not training.model.training
