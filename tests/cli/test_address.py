"""`raysft run --address` on a cluster that is there: two nodes, and a stage on two workers."""

from pathlib import Path

import pytest
import yaml
from support.command import digests, log_of, run, start
from support.ray_nodes import Node, head

from raysft.records import StageRecord
from raysft.store import Store

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


def sweep_file(folder: Path, workers: int) -> Path:
    raw = {
        "name": "joined",
        "abilities": {
            name: {
                "source": {"path": f"world/{name}", "rows": 16},
                "benchmark": {"name": f"world/{name}", "limit": 4, "max_new_tokens": 16},
            }
            for name in ("code", "math", "general")
        },
        "models": {"tiny": {"base": "world/base", "workers": workers}},
        "recipe": {"epochs": 1, "batch_size": 8, "learning_rate": 1e-3, "max_length": 256},
        "studies": {"s": {"model": "tiny", "strategy": "multi_task"}},
    }
    file = folder / f"joined{workers}.yaml"
    file.write_text(yaml.safe_dump(raw))
    return file


def losses(store: Path) -> list[float]:
    opened = Store.open(store)
    (key,) = opened.keys("stages")
    found = opened.find("stages", key)
    assert found is not None
    return [point.loss for point in StageRecord.model_validate(found.body).losses]


def test_a_sweep_on_a_cluster_of_two_nodes(tmp_path: Path) -> None:
    shared, alone = tmp_path / "shared", tmp_path / "alone"
    with head(tmp_path, "--num-cpus=0", '--resources={"driver": 10}') as first:
        second = Node(tmp_path, f"--address={first.address}", "--num-cpus=3")
        assert "stages trained: 1" in run(sweep_file(tmp_path, 2), shared, "--address", first.address)
        run(sweep_file(tmp_path, 1), alone, "--address", first.address)
        second.stop()
    assert losses(shared) == pytest.approx(losses(alone), abs=1e-4)
    assert digests(shared).keys() == digests(alone).keys(), "the number of workers is no part of identity"


def test_a_cluster_without_a_driver_slot_is_refused(tmp_path: Path) -> None:
    store = tmp_path / "store"
    with head(tmp_path, "--num-cpus=1") as node:
        process = start(sweep_file(tmp_path, 1), store, "--address", node.address)
        assert process.wait(timeout=120) == 1
    assert "offers `driver`" in log_of(store).read_text()
