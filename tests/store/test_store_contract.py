"""What every store promises, whatever it is made of."""

import logging
import pickle
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from raysft.errors import StoreError
from raysft.store import Store

BODY = {"steps": 12, "losses": [{"step": 1, "loss": 2.5e-07}], "label": "dmt(k=1/16) ü", "unknown": None}


def contents(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def at_once(count: int, work: Callable[[int], object]) -> list[object]:
    """Results of `work(0)`, `work(1)`, ... begun at one instant in as many threads."""
    start, results = threading.Barrier(count), [None] * count

    def run(place: int) -> None:
        start.wait()
        results[place] = work(place)

    threads = [threading.Thread(target=run, args=(place,)) for place in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def flip(store: Store, path: str, place: int) -> None:
    data = bytearray(store.transport.read(path))
    data[place] ^= 1
    store.transport.write(path, bytes(data))


def model_path(store: Store, key: str = "aa") -> str:
    published = store.find("stages", key)
    assert published is not None
    return f"stages/{key}/{published.attempt}/model.safetensors"


def set_aside(store: Store) -> list[str]:
    return sorted(name.rpartition("/")[2] for name in store.transport.names("damaged"))


def test_a_published_folder_comes_back_whole(store: Store, weights: Path) -> None:
    published = store.publish("stages", "aa", weights, BODY)
    assert store.find("stages", "aa") == published
    assert published.body == BODY
    assert {entry.name: entry.size for entry in published.files} == {
        "empty.txt": 0,
        "model.safetensors": 2048,
        "nested/config [1].json": 13,
    }
    folder = store.fetch("stages", "aa")
    assert folder is not None
    assert contents(folder) == contents(weights)
    assert store.fetch("stages", "aa") == folder


def test_what_nobody_published_does_not_exist(store: Store) -> None:
    assert store.find("stages", "aa") is None
    assert store.fetch("stages", "aa") is None
    assert list(store.keys("stages")) == []
    assert store.read_document("scores", "aa") is None
    assert store.latest_resume("aa") is None
    assert store.read_file("sweep", "plan.json") is None
    store.remove_document("failures", "aa")
    store.drop_resume("aa")


def test_data_without_a_record_does_not_exist(store: Store, weights: Path) -> None:
    store.transport.put(weights, ["model.safetensors"], "stages/aa/someattempt")
    assert store.find("stages", "aa") is None
    assert list(store.keys("stages")) == []
    store.publish("stages", "aa", weights, BODY)
    assert not store.transport.names("stages/aa/someattempt"), "a dead attempt must go when another wins"


def test_keys_are_those_with_a_record(store: Store, weights: Path) -> None:
    (weights / "record.json").write_bytes(b"a file of the user's that is called like ours")
    for key in ("bb/shard-0001", "aa/shard-0000", "bb/shard-0000"):
        store.publish("generations", key, weights, {})
    store.publish("stages", "aa", weights, {})
    assert list(store.keys("generations")) == ["aa/shard-0000", "bb/shard-0000", "bb/shard-0001"]
    assert list(store.keys("stages")) == ["aa"]


def test_the_first_record_wins_and_the_second_leaves_nothing(store: Store, weights: Path) -> None:
    first = store.publish("stages", "aa", weights, {"by": "first"})
    (weights / "model.safetensors").write_bytes(b"other")
    assert store.publish("stages", "aa", weights, {"by": "second"}) == first
    assert {name.partition("/")[0] for name in store.transport.names("stages/aa")} == {
        "record.json",
        first.attempt,
    }


def test_of_many_publishers_at_once_exactly_one_wins(store: Store, weights: Path, tmp_path: Path) -> None:
    folders = [tmp_path / f"by-{place}" for place in range(6)]
    for place, folder in enumerate(folders):
        folder.mkdir()
        (folder / "model.safetensors").write_bytes(bytes([place]) * 5000)
    results = at_once(6, lambda place: store.publish("stages", "aa", folders[place], {"by": place}))
    winner = store.find("stages", "aa")
    assert winner is not None
    assert results == [winner] * 6
    fetched = store.fetch("stages", "aa")
    assert fetched is not None
    assert contents(fetched) == contents(folders[winner.body["by"]])
    assert {name.partition("/")[0] for name in store.transport.names("stages/aa")} == {
        "record.json",
        winner.attempt,
    }


def test_a_workspace_is_gone_afterwards_published_or_not(store: Store) -> None:
    with store.workspace("stages", "aa") as folder:
        assert list(folder.iterdir()) == []
        (folder / "model.safetensors").write_bytes(b"weights")
        store.publish("stages", "aa", folder, {})
    assert not folder.exists()
    fetched = store.fetch("stages", "aa")
    assert fetched is not None
    assert contents(fetched) == {"model.safetensors": b"weights"}
    with store.workspace("stages", "bb") as folder:
        (folder / "half").write_bytes(b"")
    assert not folder.exists()
    assert store.find("stages", "bb") is None


@pytest.mark.parametrize("damage", ["flip", "truncate", "grow", "remove"])
def test_a_damaged_artifact_is_set_aside_and_made_again(
    store: Store, weights: Path, damage: str, caplog: pytest.LogCaptureFixture
) -> None:
    store.publish("stages", "aa", weights, BODY)
    path = model_path(store)
    data = store.transport.read(path)
    match damage:
        case "flip":
            flip(store, path, 1000)
        case "truncate":
            store.transport.write(path, data[:-1])
        case "grow":
            store.transport.write(path, data + b"\0")
        case "remove":
            store.transport.remove(path)
    with caplog.at_level(logging.WARNING, logger="raysft"):
        assert store.fetch("stages", "aa") is None
    (warning,) = [record.getMessage() for record in caplog.records if record.name.startswith("raysft")]
    assert "stages/aa" in warning
    assert "model.safetensors" in warning
    assert store.find("stages", "aa") is None
    assert "record.json" in set_aside(store)
    assert "empty.txt" in set_aside(store)
    assert ("model.safetensors" in set_aside(store)) == (damage != "remove")
    store.publish("stages", "aa", weights, BODY)
    folder = store.fetch("stages", "aa")
    assert folder is not None
    assert contents(folder) == contents(weights)


def test_a_damaged_record_is_set_aside(store: Store, weights: Path) -> None:
    first = store.publish("stages", "aa", weights, BODY)
    flip(store, "stages/aa/record.json", 200)
    assert store.find("stages", "aa") is None
    assert set_aside(store) == ["record.json"]
    second = store.publish("stages", "aa", weights, BODY)
    assert second.attempt != first.attempt
    assert not store.transport.names(f"stages/aa/{first.attempt}")


def test_a_record_under_another_key_is_damaged(store: Store, weights: Path) -> None:
    store.publish("stages", "aa", weights, BODY)
    store.transport.write("stages/bb/record.json", store.transport.read("stages/aa/record.json"))
    assert store.find("stages", "bb") is None
    assert store.find("stages", "aa") is not None


def test_damage_done_after_a_first_fetch_is_found_where_the_copy_is_the_store(
    local_store: Store, weights: Path
) -> None:
    local_store.publish("stages", "aa", weights, BODY)
    assert local_store.fetch("stages", "aa") is not None
    flip(local_store, model_path(local_store), 7)
    assert local_store.fetch("stages", "aa") is None


@pytest.mark.parametrize("store_url", ["memory", "s3"], indirect=True)
def test_a_damaged_copy_is_fetched_anew_and_the_store_is_not_blamed(store: Store, weights: Path) -> None:
    store.publish("stages", "aa", weights, BODY)
    copy = store.fetch("stages", "aa")
    assert copy is not None
    (copy / "model.safetensors").write_bytes(b"damaged")
    again = store.fetch("stages", "aa")
    assert again is not None
    assert contents(again) == contents(weights)
    assert set_aside(store) == []


def test_documents_are_written_once(store: Store) -> None:
    assert store.write_document("scores", "aa", BODY)
    assert not store.write_document("scores", "aa", {"value": 2})
    assert not store.write_document("scores", "aa", BODY)
    assert store.read_document("scores", "aa") == BODY
    assert store.read_document("failures", "aa") is None
    store.remove_document("scores", "aa")
    assert store.read_document("scores", "aa") is None
    assert store.write_document("scores", "aa", {"value": 2})


def test_of_many_equal_documents_at_once_exactly_one_is_written(store: Store) -> None:
    assert sorted(at_once(8, lambda _: store.write_document("scores", "aa", BODY))) == [False] * 7 + [True]


def test_a_damaged_document_is_set_aside_by_readers_and_writers(store: Store) -> None:
    for key in ("aa", "bb"):
        store.write_document("scores", key, BODY)
        flip(store, f"scores/{key}.json", 90)
    assert store.read_document("scores", "aa") is None
    assert store.write_document("scores", "bb", {"value": 2})
    assert store.read_document("scores", "bb") == {"value": 2}
    assert set_aside(store) == ["aa.json", "bb.json"]


def save(store: Store, folder: Path, step: int, attempt: str = "one", stage: str = "aa") -> None:
    folder.mkdir(exist_ok=True)
    (folder / "optimizer.safetensors").write_bytes(f"{stage} {attempt} {step}".encode())
    store.save_resume(stage, step, attempt, folder)


def steps(store: Store, stage: str = "aa") -> list[int]:
    return sorted({int(name[:9]) for name in store.transport.names(f"resume/{stage}")})


def test_the_newest_resume_state_is_used_and_two_are_kept(store: Store, tmp_path: Path) -> None:
    for step in (8, 16, 100, 24):
        save(store, tmp_path / "state", step)
    assert steps(store) == [24, 100]
    state = store.latest_resume("aa")
    assert state is not None
    assert (state.step, state.attempt) == (100, "one")
    assert (state.folder / "optimizer.safetensors").read_bytes() == b"aa one 100"


def test_the_same_step_of_the_same_attempt_is_kept_once(store: Store, tmp_path: Path) -> None:
    save(store, tmp_path / "state", 8)
    save(store, tmp_path / "state", 8)
    save(store, tmp_path / "state", 8, attempt="two")
    assert steps(store) == [8]
    state = store.latest_resume("aa")
    assert state is not None
    assert (state.step, state.attempt) == (8, "two")


def test_a_damaged_newest_resume_state_is_set_aside_and_the_older_used(store: Store, tmp_path: Path) -> None:
    save(store, tmp_path / "state", 8)
    save(store, tmp_path / "state", 16)
    flip(store, "resume/aa/000000016-one/optimizer.safetensors", 0)
    state = store.latest_resume("aa")
    assert state is not None
    assert state.step == 8
    assert steps(store) == [8]
    assert set_aside(store) == ["manifest.json", "optimizer.safetensors"]


@pytest.mark.parametrize("damage", ["flip", "truncate"])
def test_a_damaged_manifest_counts_as_damage_of_its_state(store: Store, tmp_path: Path, damage: str) -> None:
    save(store, tmp_path / "state", 8)
    save(store, tmp_path / "state", 16)
    path = "resume/aa/000000016-one/manifest.json"
    if damage == "flip":
        flip(store, path, 100)
    else:
        store.transport.write(path, store.transport.read(path)[:50])
    state = store.latest_resume("aa")
    assert state is not None
    assert state.step == 8


def test_a_half_saved_resume_state_is_neither_used_nor_damaged(store: Store, tmp_path: Path) -> None:
    save(store, tmp_path / "state", 8)
    store.transport.put(tmp_path / "state", ["optimizer.safetensors"], "resume/aa/000000016-two")
    state = store.latest_resume("aa")
    assert state is not None
    assert state.step == 8
    assert set_aside(store) == []
    save(store, tmp_path / "state", 16, attempt="two")
    state = store.latest_resume("aa")
    assert state is not None
    assert state.step == 16


def test_dropping_a_stage_leaves_its_neighbours(store: Store, tmp_path: Path) -> None:
    save(store, tmp_path / "state", 8, stage="aa")
    save(store, tmp_path / "state", 8, stage="aab")
    store.drop_resume("aa")
    assert store.latest_resume("aa") is None
    assert store.transport.names("resume/aa") == []
    assert store.latest_resume("aab") is not None


def test_resume_state_in_a_workspace_is_taken_over(store: Store) -> None:
    with store.workspace("resume", "aa") as folder:
        (folder / "optimizer.safetensors").write_bytes(b"state")
        store.save_resume("aa", 3, "one", folder)
    state = store.latest_resume("aa")
    assert state is not None
    assert (state.folder / "optimizer.safetensors").read_bytes() == b"state"


def test_free_files_of_a_sweep_can_be_replaced(store: Store) -> None:
    store.write_file("quickstart", "plan.json", b"one")
    store.write_file("quickstart", "plan.json", b"two")
    store.write_file("quickstart", "figures/forgetting.svg", b"")
    assert store.read_file("quickstart", "plan.json") == b"two"
    assert store.read_file("quickstart", "figures/forgetting.svg") == b""
    assert store.sweep_path("quickstart") == f"{store.url}/sweeps/quickstart"
    assert store.sweep_path("quickstart/tune") == f"{store.url}/sweeps/quickstart/tune"


def test_a_store_travels_between_processes(store: Store, weights: Path) -> None:
    store.publish("stages", "aa", weights, BODY)
    travelled = pickle.loads(pickle.dumps(store))
    assert travelled == store
    assert travelled.find("stages", "aa") == store.find("stages", "aa")


def test_a_store_can_be_opened_again(store: Store, store_url: str, weights: Path, tmp_path: Path) -> None:
    store.publish("stages", "aa", weights, BODY)
    again = Store.open(store_url, cache=tmp_path / "another-cache")
    assert again.url == store.url
    assert list(again.keys("stages")) == ["aa"]
    assert store.transport.names("work") == [], "trying exclusive creation must leave nothing"


@pytest.mark.parametrize(
    "key", ["", "..", "../aa", "/aa", "aa/", "a//b", ".hidden", "a b", "a\n", "x" * 300, "*"]
)
def test_keys_that_are_no_plain_names_are_refused(store: Store, weights: Path, key: str) -> None:
    for attempt in (
        lambda: store.find("stages", key),
        lambda: store.find("generations", f"aa/{key}"),
        lambda: store.publish("stages", key, weights, {}),
        lambda: store.read_document("scores", key),
        lambda: store.write_document("scores", key, {}),
        lambda: store.save_resume(key, 1, "one", weights),
        lambda: store.save_resume("aa", 1, key, weights),
        lambda: store.lease(key, "me").acquire(),
        lambda: store.write_file(key, "plan.json", b""),
        lambda: store.read_file("quickstart", key),
        lambda: store.sweep_path(key),
        lambda: store.workspace("stages", key),
    ):
        with pytest.raises(StoreError):
            attempt()


def test_unknown_kinds_are_refused(store: Store, weights: Path) -> None:
    for attempt in (
        lambda: store.publish("models", "aa", weights, {}),
        lambda: list(store.keys("scores")),
        lambda: store.write_document("stages", "aa", {}),
    ):
        with pytest.raises(StoreError, match=r"no (artifacts|documents) of kind"):
            attempt()


def test_removing_takes_whole_names_only(store: Store) -> None:
    for name in ("a/b/1", "a/bc", "a/b.json"):
        store.transport.write(name, b"")
    store.transport.remove("a/b")
    assert sorted(store.transport.names("a")) == ["b.json", "bc"]


def test_a_silent_lease_is_taken_over_after_one_period(store: Store, clock: Any) -> None:
    holder = store.lease("stages/aa", "holder", 30.0, clock)
    waiter = store.lease("stages/aa", "waiter", 30.0, clock)
    assert holder.acquire()
    assert not waiter.acquire()
    clock.now_s = 29.0
    assert holder.heartbeat()
    assert not waiter.acquire()
    clock.now_s = 58.9
    assert not waiter.acquire()
    clock.now_s = 59.0
    assert waiter.acquire()
    assert not holder.heartbeat()
    assert not holder.acquire()
    assert waiter.heartbeat()


def test_of_many_who_want_a_lease_at_once_exactly_one_gets_it(store: Store, clock: Any) -> None:
    parties = [store.lease("aa", f"party {place}", 30.0, clock) for place in range(6)]
    assert sum(at_once(6, lambda place: parties[place].acquire())) == 1
    assert sum(party.heartbeat() for party in parties) == 1
    for party in parties:
        party.acquire()
    clock.now_s = 30.0
    assert sum(at_once(6, lambda place: parties[place].acquire())) <= 2, "the old holder and one successor"
    assert sum(party.heartbeat() for party in parties) == 1
