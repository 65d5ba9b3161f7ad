"""Several processes on one store, and writers that are killed at any instant."""

import multiprocessing
import os
import random
import signal
from multiprocessing.synchronize import Barrier, Event
from pathlib import Path
from typing import Any

import pytest

from raysft.store import Store

_processes = multiprocessing.get_context("forkserver")
_processes.set_forkserver_preload(["raysft.store"])
_FILES = 5
KILLS = 25


def payload(attempt: int, place: int) -> bytes:
    return f"{attempt} {place} ".encode() * (2000 * (place + 1))


def write_weights(folder: Path, attempt: int) -> None:
    for place in range(_FILES):
        (folder / f"part-{place}.safetensors").write_bytes(payload(attempt, place))


def publish_together(
    store: Store, start: Barrier, attempt: int, keys: int, answers: Any, settings: dict[str, str]
) -> None:
    os.environ.update(settings)  # The server of forks is older than the S3 server of these tests.
    for key in range(keys):
        with store.workspace("stages", f"k{key}") as folder:
            write_weights(folder, attempt)
            start.wait(60)
            answers.put((key, store.publish("stages", f"k{key}", folder, {"by": attempt})))


def check_whole(store: Store, key: str) -> None:
    published, folder = store.find("stages", key), store.fetch("stages", key)
    assert published is not None
    assert folder is not None
    for place in range(_FILES):
        data = (folder / f"part-{place}.safetensors").read_bytes()
        assert data == payload(published.body["by"], place)


@pytest.mark.parametrize("store_url", ["folder", "s3"], indirect=True)
def test_of_several_processes_exactly_one_wins_each_key(store: Store) -> None:
    rivals, keys = 3, 4
    start, answers = _processes.Barrier(rivals), _processes.Queue()
    processes = [
        _processes.Process(
            target=publish_together, args=(store, start, attempt, keys, answers, dict(os.environ))
        )
        for attempt in range(rivals)
    ]
    for process in processes:
        process.start()
    told = [answers.get(timeout=60) for _ in range(rivals * keys)]
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0] * rivals
    for key in range(keys):
        winner = store.find("stages", f"k{key}")
        assert winner is not None
        assert [published for number, published in told if number == key] == [winner] * rivals
        check_whole(store, f"k{key}")
        below = {name.partition("/")[0] for name in store.transport.names(f"stages/k{key}")}
        assert below == {"record.json", winner.attempt}


def write_for_ever(store: Store, attempt: int, ready: Event) -> None:
    ready.set()
    step = 0
    while True:
        key = f"k{attempt}-{step // 2}"
        with store.workspace("stages", key) as folder:
            write_weights(folder, attempt)
            store.publish("stages", key, folder, {"by": attempt})
        with store.workspace("resume", "stage") as folder:
            write_weights(folder, attempt)
            store.save_resume("stage", step, f"a{attempt}", folder)
        store.write_document("scores", key, {"by": attempt})
        store.write_file("sweep", "plan.json", payload(attempt, 3))
        step += 1


@pytest.mark.slow
def test_a_writer_killed_at_any_instant_leaves_only_whole_things(
    local_store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    chance, found = random.Random(7), 0
    for attempt in range(KILLS):
        ready = _processes.Event()
        writer = _processes.Process(target=write_for_ever, args=(local_store, attempt, ready))
        writer.start()
        assert ready.wait(60)
        writer.join(chance.uniform(0.0, 0.3))
        writer.kill()
        writer.join()
        store = Store.open(local_store.url)
        keys = list(store.keys("stages"))
        for key in keys:
            check_whole(store, key)  # Hashed once per process: what was looked at before costs nothing.
        found = len(keys)
        plan = store.read_file("sweep", "plan.json")
        assert plan is None or plan in [payload(one, 3) for one in range(KILLS)]
        state = store.latest_resume("stage")
        if state is not None:
            by = int(state.attempt[1:])
            assert (state.folder / "part-4.safetensors").read_bytes() == payload(by, 4)
        assert list((Path(store.url) / "work").iterdir()) == [], "what the dead left must go"
        store.drop_resume("stage")
    assert found >= 5, "the writers were killed before they got anywhere"
    documents = store.transport.names("scores")
    assert all(store.read_document("scores", name.removesuffix(".json")) for name in documents)
    assert store.transport.names("damaged") == []
    assert not caplog.records


def hold_workspace(store: Store, ready: Event) -> None:
    with store.workspace("stages", "aa") as folder:
        (folder / "half").write_bytes(b"")
        ready.set()
        signal.pause()


def test_workspaces_of_the_living_stay_and_those_of_the_dead_go(local_store: Store) -> None:
    ready = _processes.Event()
    writer = _processes.Process(target=hold_workspace, args=(local_store, ready))
    writer.start()
    assert ready.wait(60)
    work = Path(local_store.url) / "work"
    Store.open(local_store.url)
    assert len(list(work.iterdir())) == 1
    writer.kill()
    writer.join()
    Store.open(local_store.url)
    assert list(work.iterdir()) == []
