"""Several workers that share the weights, over gloo in processes of their own."""

import json
import os
import subprocess
import sys
from dataclasses import replace

import pytest
from safetensors.torch import load_file
from support.places import ROOT
from support.stage_factory import make_job

from raysft.train.group import SingleProcess
from raysft.train.loop import train_stage

PROGRAM = ROOT / "tests" / "support" / "sharded_worker.py"


def run_group(folder, size, **options):
    """Start the workers of a group, wait for them, and give what rank 0 found; None if it was stopped."""
    make_job(folder)  # its files, which two workers must not write at once
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "tests")]),
    }
    commands = [[sys.executable, str(PROGRAM), str(folder), str(rank), str(size), json.dumps(options)]
                for rank in range(size)]  # fmt: skip
    workers = [subprocess.Popen(one, env=environment, stderr=subprocess.PIPE, text=True) for one in commands]
    try:
        complaints = [worker.communicate(timeout=300)[1] for worker in workers]
    finally:
        for worker in workers:
            worker.kill()
            worker.communicate()
    if "stop" in options:  # rank 0 stops by itself, and the others lose it
        assert workers[0].returncode == 0, complaints[0]
        return None
    assert [worker.returncode for worker in workers] == [0] * size, "\n".join(complaints)
    return json.loads((folder / f"{options['output']}.json").read_text())


def silent(progress):
    pass


@pytest.mark.slow
@pytest.mark.parametrize(("size", "layout", "loss"), [(2, "padded", "token"), (3, "packed", "conversation")])
def test_workers_have_the_losses_of_one_process(tmp_path, size, layout, loss):
    options = {"layout": layout, "loss": loss, "weight_decay": 0.1, "micro_batch_tokens": 40}
    job = make_job(tmp_path, **options)
    alone = train_stage(job, SingleProcess(), silent)
    shared = run_group(tmp_path, size, output="shared", **options)
    assert shared["losses"] == pytest.approx([one.loss for one in alone.losses], abs=1e-4)
    assert shared["provenance"]["workers"] == size
    ours, theirs = (load_file(tmp_path / name / "model.safetensors") for name in ("trained", "shared"))
    assert ours.keys() == theirs.keys()
    assert max((ours[name] - theirs[name]).abs().max().item() for name in ours) < 1e-4


@pytest.mark.slow
def test_workers_pass_over_the_same_batches_without_targets(tmp_path):
    options = {"overflow": "drop", "max_length": 16, "batch_size": 1, "weight_decay": 0.1}
    alone = train_stage(make_job(tmp_path, **options), SingleProcess(), silent)
    shared = run_group(tmp_path, 2, output="shared", **options)
    assert 0 < alone.empty_steps < alone.steps
    assert shared["losses"] == pytest.approx([one.loss for one in alone.losses], abs=1e-4)
    ours, theirs = (load_file(tmp_path / name / "model.safetensors") for name in ("trained", "shared"))
    assert max((ours[name] - theirs[name]).abs().max().item() for name in ours) < 1e-4


@pytest.mark.slow
def test_a_group_goes_on_where_it_was_stopped_with_any_number_of_workers(tmp_path):
    whole = run_group(tmp_path, 2, output="whole", epochs=3)
    run_group(tmp_path, 2, output="stopped", epochs=3, resume_every_s=0, stop=4, fingerprint="a" * 32)
    again = run_group(tmp_path, 2, output="again", epochs=3, fingerprint="a" * 32)
    assert again["provenance"]["resumed_at"] == [4]
    assert again["digest"] == whole["digest"]
    three = run_group(tmp_path, 3, output="three", epochs=3, fingerprint="a" * 32)
    assert three["provenance"]["resumed_at"] == [4]
    assert three["losses"] == pytest.approx(whole["losses"], abs=1e-4)
    job = replace(make_job(tmp_path, epochs=3, output="alone"), fingerprint="a" * 32)
    alone = train_stage(job, SingleProcess(), silent)
    assert alone.provenance.resumed_at == (4,)
    assert [one.loss for one in alone.losses] == pytest.approx(whole["losses"], abs=1e-4)
