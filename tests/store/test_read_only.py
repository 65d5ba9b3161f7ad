"""A store that is opened for reading is not changed by it, and none comes into being."""

import logging
import pickle
from pathlib import Path

import pytest

from raysft.errors import InputError, StoreError
from raysft.store import Store


@pytest.fixture
def reading(store: Store, weights: Path, tmp_path: Path) -> Store:
    """The store with one of everything, opened a second time."""
    store.publish("stages", "aa", weights, {"steps": 3})
    store.write_document("scores", "bb", {"value": 0.5})
    store.save_resume("cc", 4, "first", weights)
    store.write_file("sweep", "plan.json", b"{}")
    return Store.existing(store.url, cache=tmp_path / "another-cache")


def everything(store: Store) -> dict[str, bytes]:
    return {f"{top}/{name}": store.transport.read(f"{top}/{name}")
            for top in store.transport.top_names() for name in store.transport.names(top)}  # fmt: skip


def files_on_disk(folder: Path) -> dict[str, tuple[int, int]]:
    return {
        str(path): (path.stat().st_mtime_ns, path.stat().st_size) for path in [folder, *folder.rglob("*")]
    }


def test_where_there_is_no_store_none_is_made(store_url: str, tmp_path: Path) -> None:
    before = files_on_disk(tmp_path)
    with pytest.raises(InputError) as caught:
        Store.existing(store_url, cache=tmp_path / "cache")
    (problem,) = caught.value.problems
    assert (problem.field, problem.value) == ("store", store_url)
    assert "raysft run" in problem.remedy
    assert files_on_disk(tmp_path) == before


def test_a_store_that_was_only_opened_holds_nothing_to_read(store: Store) -> None:
    with pytest.raises(InputError):
        Store.existing(store.url)


@pytest.mark.parametrize("inside", [["notes.txt"], [], ["work", "data"]])
def test_a_folder_of_something_else_is_no_store(tmp_path: Path, inside: list[str]) -> None:
    for name in inside:
        (tmp_path / name).mkdir()
    with pytest.raises(InputError):
        Store.existing(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(inside)


def test_a_file_is_no_store(tmp_path: Path) -> None:
    (tmp_path / "stages").write_text("a file")
    with pytest.raises(InputError):
        Store.existing(tmp_path / "stages")


def test_all_that_is_in_it_can_be_read(reading: Store, weights: Path) -> None:
    assert reading.find("stages", "aa").body == {"steps": 3}
    assert (reading.fetch("stages", "aa") / "model.safetensors").read_bytes() == (
        weights / "model.safetensors"
    ).read_bytes()
    assert list(reading.keys("stages")) == ["aa"]
    assert reading.read_document("scores", "bb") == {"value": 0.5}
    assert reading.latest_resume("cc").step == 4
    assert reading.read_file("sweep", "plan.json") == b"{}"
    assert reading.lease("stages/aa", "me").claimed() is None


def test_reading_leaves_every_byte_and_time_as_it_was(
    local_store: Store, weights: Path, tmp_path: Path
) -> None:
    local_store.publish("stages", "aa", weights, {})
    before = files_on_disk(tmp_path / "store")
    again = Store.existing(local_store.url)
    again.fetch("stages", "aa")
    again.find("stages", "bb")
    again.latest_resume("aa")
    assert files_on_disk(tmp_path / "store") == before


def test_what_would_change_it_is_refused(reading: Store, store: Store, weights: Path) -> None:
    before = everything(store)
    for change in (
        lambda: reading.publish("stages", "new", weights, {}),
        lambda: reading.write_document("scores", "new", {}),
        lambda: reading.remove_document("scores", "bb"),
        lambda: reading.write_file("sweep", "plan.json", b"other"),
        lambda: reading.save_resume("cc", 5, "second", weights),
        lambda: reading.drop_resume("cc"),
        lambda: reading.lease("stages/aa", "me").acquire(),
    ):
        with pytest.raises(StoreError, match="opened for reading"):
            change()
    assert everything(store) == before


def test_damage_is_reported_and_left_where_it_is(
    reading: Store, store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    record = bytearray(store.transport.read("stages/aa/record.json"))
    record[-5] ^= 1
    store.transport.write("stages/aa/record.json", bytes(record))
    store.transport.write("scores/bb.json", b"half a li")
    before = everything(store)
    with caplog.at_level(logging.WARNING):
        assert reading.find("stages", "aa") is None
        assert reading.read_document("scores", "bb") is None
    assert everything(store) == before
    told = [one.getMessage() for one in caplog.records if one.name.startswith("raysft")]
    assert [text.partition(" ")[0] for text in told] == ["stages/aa/record.json", "scores/bb.json"]
    assert all("is damaged" in text for text in told)


def test_damaged_weights_are_reported_and_left_where_they_are(
    reading: Store, store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    published = store.find("stages", "aa")
    store.transport.write(f"stages/aa/{published.attempt}/model.safetensors", b"other bytes")
    with caplog.at_level(logging.WARNING):
        assert reading.fetch("stages", "aa") is None
    assert "model.safetensors" in caplog.text
    assert reading.find("stages", "aa") is not None


def test_it_travels_to_other_processes_as_it_is(reading: Store) -> None:
    again = pickle.loads(pickle.dumps(reading))
    assert again.read_document("scores", "bb") == {"value": 0.5}
    with pytest.raises(StoreError):
        again.write_file("sweep", "plan.json", b"")
