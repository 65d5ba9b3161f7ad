"""A store in a folder when the disk fails at any step."""

import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from raysft.errors import StoreError
from raysft.store import Store


class FullDisk:
    """Lets some calls of fsync pass, then says that no space is left, as network file systems do."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, passing: int) -> None:
        self._real, self._passing = os.fsync, passing
        monkeypatch.setattr("os.fsync", self)

    def __call__(self, handle: int) -> None:
        if self._passing <= 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        self._passing -= 1
        self._real(handle)


def outcome(work: Callable[[], object]) -> str:
    """What the store said: `done`, or its error."""
    try:
        work()
    except StoreError as error:
        return str(error)
    return "done"


def files_below(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


@pytest.mark.parametrize("passing", range(12))
def test_a_disk_that_fills_up_at_any_step_leaves_nothing_half_written(
    local_store: Store, weights: Path, monkeypatch: pytest.MonkeyPatch, passing: int
) -> None:
    with monkeypatch.context() as patch:
        FullDisk(patch, passing)
        said = outcome(lambda: local_store.publish("stages", "aa", weights, {"steps": 3}))
    assert "no space is left" in said or (said == "done" and passing >= 9)
    root = Path(local_store.url)
    if local_store.find("stages", "aa") is None:
        assert files_below(root) == []
    published = local_store.publish("stages", "aa", weights, {"steps": 3})
    assert local_store.fetch("stages", "aa") is not None
    assert {name.split("/")[2] for name in files_below(root)} == {published.attempt, "record.json"}


@pytest.mark.parametrize("passing", range(12))
def test_a_disk_that_fills_up_leaves_older_resume_state(
    local_store: Store, weights: Path, monkeypatch: pytest.MonkeyPatch, passing: int
) -> None:
    local_store.save_resume("aa", 8, "one", weights)
    with monkeypatch.context() as patch:
        FullDisk(patch, passing)
        said = outcome(lambda: local_store.save_resume("aa", 16, "one", weights))
    assert "no space is left" in said or (said == "done" and passing >= 7)
    state = local_store.latest_resume("aa")
    assert state is not None
    assert state.step in (8, 16)
    assert not (Path(local_store.url) / "damaged").exists()


def test_a_full_disk_while_a_workspace_is_written_is_said(local_store: Store) -> None:
    def write() -> None:
        with local_store.workspace("stages", "aa"):
            raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(StoreError, match="no space is left"):
        write()
    assert files_below(Path(local_store.url)) == []


def test_other_errors_in_a_workspace_stay_what_they_are(local_store: Store) -> None:
    def write() -> None:
        with local_store.workspace("stages", "aa"):
            raise ConnectionResetError("not the store's")

    with pytest.raises(ConnectionResetError):
        write()


def test_publishing_a_workspace_moves_it(local_store: Store) -> None:
    with local_store.workspace("stages", "aa") as folder:
        (folder / "model.safetensors").write_bytes(b"weights")
        inode = (folder / "model.safetensors").stat().st_ino
        local_store.publish("stages", "aa", folder, {})
    fetched = local_store.fetch("stages", "aa")
    assert fetched is not None
    assert (fetched / "model.safetensors").stat().st_ino == inode


def test_publishing_another_folder_leaves_it_as_it_is(local_store: Store, weights: Path) -> None:
    before = files_below(weights)
    local_store.publish("stages", "aa", weights, {})
    assert files_below(weights) == before


def test_links_in_a_workspace_are_stored_as_files(local_store: Store, tmp_path: Path) -> None:
    (tmp_path / "blob").write_bytes(b"weights")
    with local_store.workspace("stages", "aa") as folder:
        (folder / "model.safetensors").symlink_to(tmp_path / "blob")
        local_store.publish("stages", "aa", folder, {})
    (tmp_path / "blob").unlink()
    fetched = local_store.fetch("stages", "aa")
    assert fetched is not None
    assert (fetched / "model.safetensors").read_bytes() == b"weights"


def test_a_store_where_a_file_is_cannot_be_opened(tmp_path: Path) -> None:
    (tmp_path / "store").write_bytes(b"")
    with pytest.raises(StoreError, match="cannot be a store"):
        Store.open(tmp_path / "store")
