"""Stores whose exclusive creation is missing, wrong or rough, as servers have it."""

import errno
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import fsspec
import pytest
from fsspec.spec import AbstractFileSystem

from raysft.errors import StoreError
from raysft.store import Store


class ServerError(Exception):
    """What botocore raises: the answer of the server lies in `response`."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.response = {"Error": {"Code": code}}


class Objects(AbstractFileSystem):
    """Objects in a dictionary, with the exclusive creation that a subclass gives it."""

    protocol = "objects"
    objects: ClassVar[dict[str, bytes]] = {}

    def pipe_file(self, path: str, value: bytes, mode: str = "overwrite", **kwargs: object) -> None:
        if mode == "create":
            self.create(path, value)
        else:
            self.objects[path] = value

    def create(self, path: str, value: bytes) -> None:
        if self.objects.setdefault(path, value) is not value:
            raise FileExistsError(path)

    def cat_file(self, path: str, *args: object, **kwargs: object) -> bytes:
        if path not in self.objects:
            raise FileNotFoundError(path)
        return self.objects[path]

    def rm(self, path: str, *args: object, **kwargs: object) -> None:
        self.objects.pop(path, None)

    def find(self, path: str, *args: object, **kwargs: object) -> list[str]:
        return [name for name in self.objects if name.startswith(f"{path}/")]


class Forgetful(Objects):
    """Takes the condition and forgets it, like servers older than it."""

    protocol = "forgetful"

    def create(self, path: str, value: bytes) -> None:
        self.objects[path] = value


class Unable(Objects):
    """Knows no exclusive creation at all."""

    protocol = "unable"

    def create(self, path: str, value: bytes) -> None:
        raise NotImplementedError("mode")


class LooksFirst(Objects):
    """Has fsspec's own form: looks first and writes then."""

    protocol = "looksfirst"
    pipe_file = AbstractFileSystem.pipe_file


class Terse(Objects):
    """Refuses without saying which condition failed, and asks to try again when two come at once."""

    protocol = "terse"
    conflicts: ClassVar[list[str]] = []

    def create(self, path: str, value: bytes) -> None:
        if self.conflicts:
            raise OSError(errno.EIO, "conflict") from ServerError(self.conflicts.pop())
        if self.objects.setdefault(path, value) is not value:
            raise OSError(errno.EINVAL, "precondition") from ServerError("PreconditionFailed")


class LosesAnswers(Objects):
    """Does what it was asked, loses the answer, and is asked again by its client."""

    protocol = "losesanswers"

    def create(self, path: str, value: bytes) -> None:
        super().create(path, value)
        raise FileExistsError(path)


@pytest.fixture(autouse=True)
def _file_systems() -> Iterator[None]:
    for kind in (Forgetful, Unable, LooksFirst, Terse, LosesAnswers):
        fsspec.register_implementation(kind.protocol, kind, clobber=True)
    yield
    Objects.objects.clear()
    Terse.conflicts.clear()


def opened(url: str, tmp_path: Path) -> Store:
    return Store.open(url, cache=tmp_path / "cache")


@pytest.mark.parametrize("protocol", ["forgetful", "unable", "looksfirst"])
def test_a_store_that_cannot_create_exclusively_is_refused(protocol: str, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="cannot be a store"):
        opened(f"{protocol}://place", tmp_path)


def test_a_folder_without_hard_links_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_links(*args: object) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr("os.link", no_links)
    with pytest.raises(StoreError, match="cannot be a store"):
        Store.open(tmp_path / "store")


def test_a_terse_refusal_is_understood(tmp_path: Path) -> None:
    store = opened("terse://place", tmp_path)
    assert store.write_document("scores", "aa", {"value": 1})
    assert not store.write_document("scores", "aa", {"value": 2})


def test_a_conflict_is_tried_again(tmp_path: Path) -> None:
    store = opened("terse://place", tmp_path)
    Terse.conflicts[:] = ["ConditionalRequestConflict", "409"]
    assert store.write_document("scores", "aa", {"value": 1})
    assert Terse.conflicts == []


def test_a_request_sent_again_after_a_lost_answer_has_succeeded(tmp_path: Path) -> None:
    store = opened("losesanswers://place", tmp_path)
    assert store.write_document("scores", "aa", {"value": 1})
    assert not store.write_document("scores", "aa", {"value": 1})


def test_an_unknown_protocol_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="nosuch"):
        opened("nosuch://place", tmp_path)


def test_a_bucket_that_is_not_there_is_refused(s3_bucket: str, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="no bucket"):
        opened(f"{s3_bucket}-missing/store", tmp_path)


def test_a_url_that_was_made_a_path_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(StoreError, match="as a string"):
        Store.open(Path("s3://bucket/store"))
    assert list(tmp_path.iterdir()) == []


def test_relative_folders_and_file_urls_become_absolute(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert Store.open("runs/store").url == str(tmp_path / "runs" / "store")
    assert Store.open(f"file://{tmp_path}/my%20runs").url == str(tmp_path / "my runs")
