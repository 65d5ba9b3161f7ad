"""SIGKILL at random instants, the same command again: bit for bit what an undisturbed run makes."""

import hashlib
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from raysft.records import StageRecord
from raysft.store import Store

SMOKE = Path(__file__).parents[2] / "sweeps" / "smoke.yaml"
KILLS = 3

pytestmark = pytest.mark.slow


def start(store: Path, log: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "raysft.cli.main", "run", str(SMOKE), "--store", str(store)]
    return subprocess.Popen(command, stdout=log.open("ab"), stderr=subprocess.STDOUT, cwd=store.parent)


def finish(store: Path, log: Path) -> str:
    process = start(store, log)
    assert process.wait(timeout=300) == 0, log.read_text()
    return log.read_text()


def digests(store: Path) -> dict[str, str]:
    """SHA-256 of the weights of every finished stage."""
    opened = Store.open(store)
    return {
        key: hashlib.sha256((opened.fetch("stages", key) / "model.safetensors").read_bytes()).hexdigest()
        for key in opened.keys("stages")
    }


def resume_states(store: Path) -> list[Path]:
    return list((store / "resume").glob("*/*"))


def wait_for(what: Iterator[bool], seconds: float) -> None:
    """Poll for an event of another process, which cannot be waited for otherwise."""
    limit = time.monotonic() + seconds
    while not next(what):
        assert time.monotonic() < limit, "it did not happen in time"
        os.sched_yield()


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    store = tmp_path_factory.mktemp("undisturbed") / "store"
    finish(store, store.parent / "log")
    return digests(store)


def test_killed_drivers_change_nothing(undisturbed: dict[str, str], tmp_path: Path) -> None:
    store, log = tmp_path / "store", tmp_path / "log"
    rng = random.Random(f"{time.time_ns()}")
    for _ in range(KILLS):
        process = start(store, log)
        wait_for((bool(resume_states(store)) or process.poll() is not None for _ in iter(int, 1)), 120)
        with_luck = rng.uniform(0, 8)
        try:
            process.wait(with_luck)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.wait()
    finish(store, log)
    assert digests(store) == undisturbed
    opened = Store.open(store)
    records = [StageRecord.model_validate(opened.find("stages", key).body) for key in opened.keys("stages")]
    assert any(step > 0 for record in records for step in record.provenance.resumed_at)
    assert not resume_states(store)
    assert "stages trained: 0" in finish(store, log).splitlines()[-2:][0] + log.read_text().splitlines()[-1]
