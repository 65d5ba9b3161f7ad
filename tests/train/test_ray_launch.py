"""A whole stage through Ray Train, on the session's own cluster."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from support.stage_factory import make_job

from raysft.errors import StageFailed
from raysft.store import Store
from raysft.train.group import SingleProcess
from raysft.train.loop import train_stage
from raysft.train.ray_launch import fit_stage

pytestmark = [
    pytest.mark.slow,
    pytest.mark.usefixtures("ray_cluster"),
    pytest.mark.filterwarnings(r"ignore::DeprecationWarning:ray\..*"),  # Ray warns of its own options
]


def test_two_workers_of_ray_train_have_the_losses_of_one_process(tmp_path):
    job = make_job(tmp_path)
    alone = train_stage(job, SingleProcess(), lambda progress: None)
    # The nested function travels by value: workers need not be able to import this file.
    reached = tmp_path / "reached"

    def report(progress):
        with reached.open("a") as file:
            file.write(f"{progress.step}\n")

    record = fit_stage(replace(job, output=Path()), 2, 0, 1, report)
    assert [one.loss for one in record.losses] == pytest.approx([one.loss for one in alone.losses], abs=1e-4)
    assert (record.provenance.workers, record.provenance.backend) == (2, "fsdp2")
    assert reached.read_text().split() == [str(step) for step in range(1, alone.steps + 1)]
    store = Store.open(job.store_url)
    assert (store.fetch("stages", job.fingerprint) / "model.safetensors").is_file()


def test_what_a_worker_of_ray_train_warns_of_is_in_the_folder_of_the_sweep(tmp_path):
    job = replace(make_job(tmp_path), output=Path(), sweep="warned")
    store = Store.open(job.store_url)
    with store.workspace("resume", job.fingerprint) as folder:
        body = {"form": 1, "fingerprint": job.fingerprint, "parent": "other weights"}
        (folder / "progress.json").write_text(json.dumps(body))
        store.save_resume(job.fingerprint, 1, "earlier", folder)
    fit_stage(job, 1, 0, 1, print)
    (log,) = Path(store.sweep_path("warned/logs")).iterdir()
    assert "-trainer-" in log.name
    assert "resume state of other weights is dropped" in log.read_text()


def test_a_loss_that_is_not_finite_comes_back_as_such(tmp_path):
    job = make_job(tmp_path, learning_rate=1e30, warmup=0.0)
    with pytest.raises(StageFailed, match="at step 2") as caught:
        fit_stage(replace(job, output=Path()), 1, 0, 3, print)
    assert (caught.value.kind, caught.value.stage) == ("not_finite", job.fingerprint)


def test_a_worker_that_breaks_is_a_failure_of_the_infrastructure_after_all_its_attempts(tmp_path):
    tries = tmp_path / "tries"

    def report(progress):
        with tries.open("a") as file:
            file.write("x")
        raise ConnectionError("the line is dead")

    with pytest.raises(StageFailed, match="the line is dead") as caught:
        fit_stage(replace(make_job(tmp_path), output=Path()), 1, 0, 2, report)
    assert (caught.value.kind, caught.value.attempts) == ("infrastructure", len(tries.read_text()))
    assert caught.value.attempts == 2
