"""A store at any fsspec URL: s3://, gs://, and memory:// for tests.

What fsspec offers for exclusive creation is `pipe_file(..., mode="create")`: s3fs sends `If-None-Match: *`,
gcsfs `ifGenerationMatch=0`. Its default form for other file systems looks first and writes then, so those are
refused. A server that does not heed those headers is found by trying, see `exclusive`.
"""

import shutil
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from fsspec.asyn import AsyncFileSystem
from fsspec.core import url_to_fs
from fsspec.implementations.memory import MemoryFileSystem
from fsspec.spec import AbstractFileSystem
from typing_extensions import override

from raysft.errors import StoreError
from raysft.identity import digest_bytes
from raysft.store.layout import WORK
from raysft.store.transport import Transport, store_errors
from raysft.store.workbench import open_workspace

_CONFLICT_WAITS_S = (0.05, 0.1, 0.2, 0.4, 0.8)
"""S3 answers 409 to one of two creations under way at once and asks to try again: for 1.55 s in all."""
_MEMORY_LOCK = threading.Lock()
_explained = store_errors(Exception)


@dataclass(frozen=True)
class ObjectTransport(Transport):
    """See `Transport`. Credentials and endpoints come from the cloud's own settings and never travel."""

    root: str
    """URL, without a slash at its end."""
    cache: Path
    """Local folder for copies of what is read; grows until someone empties it."""
    read_only: ClassVar[bool] = False

    @property
    @override
    def url(self) -> str:
        return self.root

    @property
    @override
    def bench_folder(self) -> Path:
        """In the cache: uploads start from there."""
        return self._copies / WORK

    @override
    @_explained
    def top_names(self) -> frozenset[str]:
        """One listing, which does not go into the folders."""
        files, place = self._at("")
        try:
            found = files.ls(place.rstrip("/"), detail=False)
        except (FileNotFoundError, NotADirectoryError):
            return frozenset()
        return frozenset(str(one).rstrip("/").rpartition("/")[2] for one in found)

    @override
    @_explained
    def read(self, path: str) -> bytes:
        files, place = self._at(path)
        return bytes(files.cat_file(place))

    @override
    @_explained
    def create(self, path: str, data: bytes) -> None:
        files, place = self._at(path)
        if isinstance(files, MemoryFileSystem):
            with _MEMORY_LOCK:  # It looks first and writes then, but all who write are in this process.
                files.pipe_file(place, data, mode="create")
            return
        if not _creates_exclusively(files):
            raise StoreError(f"{type(files).__name__} cannot create an object exclusively")
        for wait_s in (*_CONFLICT_WAITS_S, None):
            if _created(files, place, data):
                return
            if wait_s is not None:
                time.sleep(wait_s)
        raise StoreError(f"{self.url}/{path} could not be created: others kept trying at the same instants")

    @override
    @_explained
    def write(self, path: str, data: bytes) -> None:
        files, place = self._at(path)
        files.pipe_file(place, data)

    @override
    @_explained
    def put(self, folder: Path, names: Sequence[str], path: str) -> None:
        """Files appear one by one, and a folder of the workbench stays as it is."""
        files, place = self._at(path)
        files.put([str(folder / name) for name in names], [f"{place}/{name}" for name in names])

    @override
    @_explained
    def copy_here(self, path: str, names: Sequence[str]) -> Path:
        """Downloaded once, whole or not at all."""
        target = self._copies / path
        if not target.is_dir():
            files, place = self._at(path)
            there = sorted(set(names) & set(self.names(path)))
            with open_workspace(self.bench_folder) as space:
                for name in there:
                    (space / name).parent.mkdir(parents=True, exist_ok=True)
                if there:
                    files.get([f"{place}/{name}" for name in there], [str(space / name) for name in there])
                target.parent.mkdir(parents=True, exist_ok=True)
                if not target.is_dir():
                    _rename_unless_there(space, target)
        return target

    @override
    @_explained
    def forget_copy(self, path: str) -> bool:
        shutil.rmtree(self._copies / path, ignore_errors=True)
        return True

    @override
    @_explained
    def names(self, path: str) -> list[str]:
        files, place = self._at(path)
        return [str(name)[len(place) + 1 :] for name in files.find(place) if str(name) != place]

    @override
    @_explained
    def move(self, path: str, to: str) -> None:
        """Object by object, each copied before it is removed."""
        files, place = self._at(path)
        _, target = self._at(to)
        below = self.names(path)
        for name in below:
            _move_object(files, f"{place}/{name}", f"{target}/{name}")
        if not below and files.isfile(place):
            _move_object(files, place, target)

    @override
    @_explained
    def remove(self, path: str) -> None:
        files, place = self._at(path)
        try:
            files.rm(place, recursive=True)
        except FileNotFoundError:
            return

    @property
    def _copies(self) -> Path:
        return self.cache / digest_bytes(self.url.encode())

    def _at(self, path: str) -> tuple[Any, str]:
        # Made anew each time (fsspec keeps one per process): a file system does not outlive a fork.
        files, root = url_to_fs(self.url, use_listings_cache=False)
        return files, f"{root.rstrip('/')}/{path}"


def _creates_exclusively(files: AbstractFileSystem) -> bool:
    # s3fs and gcsfs are of this kind. fsspec's own `pipe_file` looks first and writes then: two who look at
    # the same instant would both write.
    if isinstance(files, AsyncFileSystem):
        return True
    return type(files).pipe_file is not AbstractFileSystem.pipe_file


def _created(files: Any, place: str, data: bytes) -> bool:  # noqa: ANN401
    """True if the object was made now, False for a conflict that asks to try again; FileExistsError."""
    try:
        files.pipe_file(place, data, mode="create")
    except FileNotFoundError as error:
        raise StoreError(f"there is no bucket for {place}") from error
    except FileExistsError:
        raise  # an OSError as well, without a code that could be told below
    except OSError as error:
        match _http_code(error):
            case "PreconditionFailed" | "412":
                # Servers other than Amazon's do not say which condition failed; ours is the only one.
                raise FileExistsError(place) from error
            case "ConditionalRequestConflict" | "OperationAborted" | "409":
                return False
        raise
    return True


def _move_object(files: Any, place: str, target: str) -> None:  # noqa: ANN401
    try:
        files.cp_file(place, target)
        files.rm_file(place)
    except FileNotFoundError:
        return  # Someone else moved or removed it at the same instant.


def _http_code(error: OSError) -> str:
    """The code in the answer of an S3 server, which s3fs leaves in the cause."""
    response = getattr(error.__cause__, "response", None)
    return str(response.get("Error", {}).get("Code", "")) if isinstance(response, dict) else ""


def _rename_unless_there(space: Path, target: Path) -> None:
    try:
        space.rename(target)
    except OSError:
        if not target.is_dir():
            raise
