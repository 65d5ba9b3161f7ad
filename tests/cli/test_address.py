"""`raysft run --address` on a cluster that is there: two nodes, and a stage on two workers."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from command import digests, log_of, run, start

from raysft.records import StageRecord
from raysft.store import Store

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

RAY = str(Path(sys.executable).with_name("ray"))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def node(folder: Path, *arguments: str) -> subprocess.Popen[bytes]:
    with (folder / "ray.log").open("ab") as log:
        return subprocess.Popen([RAY, "start", "--block", *arguments], stdout=log, stderr=log)


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[str]:
    port, dashboard = free_port(), free_port()
    address = f"127.0.0.1:{port}"
    ports = [f"--port={port}", f"--dashboard-port={dashboard}", "--dashboard-host=127.0.0.1"]
    head = ["--node-ip-address=127.0.0.1", "--num-cpus=0", '--resources={"driver": 10}']
    os.environ["RAY_API_SERVER_ADDRESS"] = f"http://127.0.0.1:{dashboard}"
    nodes = [node(tmp_path, "--head", *ports, *head)]
    try:
        ready = subprocess.run([RAY, "health-check", "--address", address], check=False)
        while ready.returncode:
            assert nodes[0].poll() is None, (tmp_path / "ray.log").read_text()
            ready = subprocess.run([RAY, "health-check", "--address", address], check=False)
        nodes.append(node(tmp_path, f"--address={address}", "--num-cpus=3"))
        yield address
    finally:
        for one in reversed(nodes):
            one.terminate()
        for one in nodes:
            one.wait(timeout=60)
        del os.environ["RAY_API_SERVER_ADDRESS"]


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


def test_a_sweep_on_a_cluster_of_two_nodes(cluster: str, tmp_path: Path) -> None:
    shared, alone = tmp_path / "shared", tmp_path / "alone"
    assert "stages trained: 1" in run(sweep_file(tmp_path, 2), shared, "--address", cluster)
    run(sweep_file(tmp_path, 1), alone, "--address", cluster)
    assert losses(shared) == pytest.approx(losses(alone), abs=1e-4)
    assert digests(shared).keys() == digests(alone).keys(), "the number of workers is no part of identity"


def test_a_cluster_without_a_driver_slot_is_refused(tmp_path: Path) -> None:
    port, dashboard = free_port(), free_port()
    head = node(tmp_path, "--head", f"--port={port}", f"--dashboard-port={dashboard}", "--num-cpus=1")
    try:
        store = tmp_path / "store"
        while subprocess.run([RAY, "health-check", "--address", f"127.0.0.1:{port}"], check=False).returncode:
            assert head.poll() is None
        process = start(sweep_file(tmp_path, 1), store, "--address", f"127.0.0.1:{port}")
        assert process.wait(timeout=120) == 1
        assert "offers `driver`" in log_of(store).read_text()
    finally:
        head.terminate()
        head.wait(timeout=60)
