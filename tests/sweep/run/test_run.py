"""A whole run on a real Ray: what its processes warn of is found in the sweep's folder."""

import json
from pathlib import Path

import pytest
import yaml

from raysft.spec import load_sweep
from raysft.store import Store
from raysft.sweep.inputs.prepare import base_digest
from raysft.sweep.inputs.read import Inputs, read_inputs
from raysft.sweep.results.score_keys import answering, new_score, shard_key, shards
from raysft.sweep.run.run import run_sweep
from raysft.sweep.run.session import Session

pytestmark = pytest.mark.slow

SWEEP = {
    "name": "warned",
    "abilities": {
        "code": {
            "source": {"path": "world/code", "rows": 8},
            "benchmark": {"name": "world/code", "limit": 2, "max_new_tokens": 4},
        }
    },
    "models": {"tiny": {"base": "world/base"}},
    "recipe": {"epochs": 1, "batch_size": 8, "max_length": 256},
    "studies": {"s": {"model": "tiny", "strategy": {"single": "code"}}},
}


@pytest.fixture
def inputs(tmp_path: Path) -> Inputs:
    file = tmp_path / "sweep.yaml"
    file.write_text(yaml.safe_dump(SWEEP))
    return read_inputs(load_sweep(file), str(tmp_path / "store"))


def leave_resume_state_of_other_weights(store: Store, stage: str) -> None:
    with store.workspace("resume", stage) as folder:
        (folder / "progress.json").write_text(json.dumps({"form": 1, "fingerprint": stage, "parent": "x"}))
        store.save_resume(stage, 1, "earlier", folder)


def damage_answers(inputs: Inputs, store: Store) -> None:
    chosen = inputs.benchmarks["code"]
    digest = base_digest(store, inputs.bases["tiny"])
    spec, base = inputs.spec.evaluation, inputs.plan.bases["tiny"].fingerprint
    model = answering(inputs.plan, base, digest)
    key = shard_key(new_score(spec, chosen, model).answers, shards(spec, chosen)[0])
    store.transport.write(f"generations/{key}/record.json", b"half a rec")


def test_warnings_of_every_process_are_in_the_folder_of_the_sweep(
    inputs: Inputs, tmp_path: Path, ray_cluster: Session
) -> None:
    store = Store.open(tmp_path / "store")
    (stage,) = inputs.plan.stages
    leave_resume_state_of_other_weights(store, stage)
    damage_answers(inputs, store)
    store.transport.write(f"failures/{stage}.json", b"half a fail")
    snapshot = run_sweep(inputs, store, ray_cluster)
    assert (snapshot.trained, snapshot.scored, snapshot.failed) == (1, 2, {})
    logs = {
        path.name.split("-")[1]: path.read_text() for path in Path(store.sweep_path("warned/logs")).iterdir()
    }
    assert "resume state of other weights is dropped" in logs["trial"]
    assert f"failures/{stage}.json in the store" in logs["coordinator"]
    assert "record.json in the store" in logs["engine"]
    assert all(line[:4].isdigit() for text in logs.values() for line in text.splitlines())
