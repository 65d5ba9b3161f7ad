"""SIGKILL at random instants, the same command again: bit for bit what an undisturbed run makes."""

import random
import signal
import subprocess
from pathlib import Path

import pytest
import yaml
from support.command import digests, run, start, until
from support.places import SWEEPS

from raysft.records import StageRecord
from raysft.store import Store

SMOKE = SWEEPS / "smoke.yaml"
DRIVER_KILLS = 3

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]


def steps_kept(store: Path) -> list[int]:
    """Steps of the resume states in the store."""
    return [int(path.parent.name.split("-")[0]) for path in store.glob("resume/*/*/manifest.json")]


def resumed_at(store: Path) -> list[int]:
    opened = Store.open(store)
    records = [opened.find("stages", key) for key in opened.keys("stages")]
    found = [StageRecord.model_validate(one.body) for one in records if one is not None]
    return [step for record in found for step in record.provenance.resumed_at]


def processes_of(driver: subprocess.Popen[bytes], name: str) -> list[int]:
    """Processes below a driver whose title begins so; Ray names its workers by what they do."""
    listed = subprocess.run(["ps", "-eo", "pid,ppid,args"], capture_output=True, text=True, check=True).stdout
    rows = [line.split(None, 2) for line in listed.splitlines()[1:]]
    parents = {int(pid): int(parent) for pid, parent, _ in rows}

    def below(pid: int) -> bool:
        while pid in parents and pid != driver.pid:
            pid = parents[pid]
        return pid == driver.pid

    return [int(pid) for pid, _, title in rows if title.startswith(name) and below(int(pid))]


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    store = tmp_path_factory.mktemp("undisturbed") / "store"
    assert "stages trained: 3 (resumed: 0)" in run(SMOKE, store)
    return digests(store)


def test_killed_drivers_change_nothing(undisturbed: dict[str, str], tmp_path: Path) -> None:
    store = tmp_path / "store"
    instants = [random.uniform(0, 6) for _ in range(DRIVER_KILLS)]
    for seconds in instants:
        process = start(SMOKE, store)
        until(lambda process=process: bool(steps_kept(store)) or process.poll() is not None, 200)
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.wait()
    run(SMOKE, store)
    assert digests(store) == undisturbed, f"killed at {instants}"
    assert max(resumed_at(store)) > 0
    assert not steps_kept(store)
    assert "stages trained: 0 (resumed: 0); scores made: 0" in run(SMOKE, store)


def test_a_killed_trial_goes_on_within_the_run(undisturbed: dict[str, str], tmp_path: Path) -> None:
    store = tmp_path / "store"
    process = start(SMOKE, store)
    until(lambda: bool(steps_kept(store)), 200)
    trials = processes_of(process, "ray::ImplicitFunc")
    assert trials
    for pid in trials:
        subprocess.run(["kill", "-9", str(pid)], check=True)
    assert process.wait(timeout=400) == 0
    assert digests(store) == undisturbed
    assert max(resumed_at(store)) > 0


def test_killed_engines_lose_no_score(undisturbed: dict[str, str], tmp_path: Path) -> None:
    store, killed = tmp_path / "store", 0
    process = start(SMOKE, store)
    while process.poll() is None and killed < 2:
        # at work or between two shards: to be met in a shard of milliseconds is luck on a busy machine
        for pid in processes_of(process, "ray::EngineActor"):
            killed += subprocess.run(["kill", "-9", str(pid)], check=False).returncode == 0
    assert process.wait(timeout=400) == 0
    assert killed, "no engine was met"
    assert digests(store) == undisturbed
    assert len(list((store / "scores").iterdir())) == 4 * 3


def test_a_damaged_stage_is_set_aside_and_made_again(tmp_path: Path) -> None:
    raw = yaml.safe_load(SMOKE.read_text())
    raw["abilities"]["math"]["source"]["rows"] = 64
    small = tmp_path / "small.yaml"
    small.write_text(yaml.safe_dump(raw))
    store = tmp_path / "store"
    run(small, store)
    before = digests(store)
    opened = Store.open(store)
    parents = {
        str(found.body["identity"]["parent"]) for key in before if (found := opened.find("stages", key))
    }
    (shared,) = parents - {"None"}
    (weights,) = store.glob(f"stages/{shared}/*/model.safetensors")
    damaged = bytearray(weights.read_bytes())
    damaged[len(damaged) // 2] ^= 1
    weights.write_bytes(damaged)
    raw["studies"]["strategy"]["strategy"].append({"dmt": {"k": "1/2"}})
    small.write_text(yaml.safe_dump(raw))
    assert "stages trained: 2" in run(small, store), "the damaged one, and the new one that continues from it"
    assert before.items() <= digests(store).items()
    assert list(store.glob("damaged/**/model.safetensors"))
