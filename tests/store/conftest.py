"""Stores of three forms: a folder, fsspec's memory, and a real S3 server on loopback."""

import uuid
from collections.abc import Iterator
from pathlib import Path

import fsspec
import pytest
from fsspec.implementations.memory import MemoryFileSystem

from raysft.store import Store

_REGION = "eu-west-1"


@pytest.fixture(scope="session")
def s3_bucket() -> Iterator[str]:
    """URL of a bucket on a server of this session, which the environment points to."""
    from moto.server import (
        ThreadedMotoServer,
    )  # Here, so that only tests on S3 fail where it is not installed.

    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
        patch.setenv("AWS_ACCESS_KEY_ID", "test")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "test")
        patch.setenv("AWS_DEFAULT_REGION", _REGION)
        s3 = fsspec.filesystem("s3", use_listings_cache=False)
        s3.call_s3(
            "create_bucket", Bucket="raysft", CreateBucketConfiguration={"LocationConstraint": _REGION}
        )
        yield "s3://raysft"
    server.stop()


@pytest.fixture(params=["folder", "memory", "s3"])
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A place for a store that nobody has used."""
    match request.param:
        case "folder":
            yield str(tmp_path / "store")
        case "memory":
            yield "memory://store"
            MemoryFileSystem.store.clear()
            MemoryFileSystem.pseudo_dirs[:] = [""]
        case _:
            yield f"{request.getfixturevalue('s3_bucket')}/{uuid.uuid4().hex}"


@pytest.fixture
def store(store_url: str, tmp_path: Path) -> Store:
    return Store.open(store_url, cache=tmp_path / "cache")


@pytest.fixture
def local_store(tmp_path: Path) -> Store:
    return Store.open(tmp_path / "store")


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    """A folder such as a stage ends in: a file, an empty one, one further down."""
    folder = tmp_path / "weights"
    (folder / "nested").mkdir(parents=True)
    (folder / "model.safetensors").write_bytes(bytes(range(256)) * 8)
    (folder / "empty.txt").write_bytes(b"")
    (folder / "nested" / "config [1].json").write_bytes(b'{"width": 96}')
    return folder


class Clock:
    """Seconds that pass only when told to."""

    def __init__(self, now_s: float = 0.0) -> None:
        self.now_s = now_s

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def later_clock() -> Clock:
    """A clock of another machine, which shows something else."""
    return Clock(1e9)
