"""The few operations on which everything else in the store rests, and what every form of them promises.

Two forms: `local.LocalTransport` for a folder, `objects.ObjectTransport` for any fsspec URL; around either
`ReadOnlyTransport`. Paths are relative to the store. FileNotFoundError and FileExistsError mean
what they say; all other failures are StoreError.
"""

import errno
import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Concatenate, NoReturn, ParamSpec, Protocol, TypeVar

from typing_extensions import override

from raysft.errors import StoreError

READS_AT_ONCE = 16
"""Small objects that are read side by side: one takes an object store some 25 ms, mostly of waiting."""

_Arguments = ParamSpec("_Arguments")
_Result = TypeVar("_Result")
_Self = TypeVar("_Self", bound="_Placed")
_NO_SPACE = {errno.ENOSPC, errno.EDQUOT}


class Transport(Protocol):
    """Operations on one store; picklable, and safe in several threads and processes at once."""

    @property
    def url(self) -> str:
        """Absolute local path, or URL, of the store."""
        ...

    @property
    def bench_folder(self) -> Path:
        """Local folder for what is being written, on the store's own file system where that is possible."""
        ...

    @property
    def read_only(self) -> bool:
        """Whether everything that would change the store raises StoreError."""
        ...

    def top_names(self) -> frozenset[str]:
        """Names of the files and folders at the top of the store; empty if there is no such place."""
        ...

    def read(self, path: str) -> bytes:
        """All bytes of one object; FileNotFoundError."""
        ...

    def create(self, path: str, data: bytes) -> None:
        """Make an object, whole and durable, or raise FileExistsError; of several callers one succeeds."""
        ...

    def write(self, path: str, data: bytes) -> None:
        """Make or replace an object: a reader sees all of the old bytes or all of the new ones."""
        ...

    def put(self, folder: Path, names: Sequence[str], path: str) -> None:
        """Store files of a local folder below a path, durable on return.

        A folder of the workbench is moved and is gone afterwards; any other is copied. Files may appear one
        by one.
        """
        ...

    def copy_here(self, path: str, names: Sequence[str]) -> Path:
        """A local folder with those of the named files that there are, not verified; not to be written in."""
        ...

    def forget_copy(self, path: str) -> bool:
        """Drop the local copy of a path, so that `copy_here` gets it anew; False if the store is local."""
        ...

    def names(self, path: str) -> list[str]:
        """Names, relative to the path, of every object below it; empty if there is none."""
        ...

    def move(self, path: str, to: str) -> None:
        """Move an object or everything below a path to a free place; nothing there is no error."""
        ...

    def remove(self, path: str) -> None:
        """Remove an object or everything below a path; nothing there is no error."""
        ...


@dataclass(frozen=True)
class ReadOnlyTransport(Transport):
    """Passes on what reads, and refuses what writes.

    Files of a remote store are still copied into the local cache: the store does not change by that.
    """

    inner: Transport
    read_only: ClassVar[bool] = True

    @property
    @override
    def url(self) -> str:
        return self.inner.url

    @property
    @override
    def bench_folder(self) -> Path:
        return self.inner.bench_folder

    @override
    def top_names(self) -> frozenset[str]:
        return self.inner.top_names()

    @override
    def read(self, path: str) -> bytes:
        return self.inner.read(path)

    @override
    def copy_here(self, path: str, names: Sequence[str]) -> Path:
        return self.inner.copy_here(path, names)

    @override
    def forget_copy(self, path: str) -> bool:
        return self.inner.forget_copy(path)

    @override
    def names(self, path: str) -> list[str]:
        return self.inner.names(path)

    @override
    def create(self, path: str, data: bytes) -> None:
        self._refuse(path)

    @override
    def write(self, path: str, data: bytes) -> None:
        self._refuse(path)

    @override
    def put(self, folder: Path, names: Sequence[str], path: str) -> None:
        self._refuse(path)

    @override
    def move(self, path: str, to: str) -> None:
        self._refuse(path)

    @override
    def remove(self, path: str) -> None:
        self._refuse(path)

    def _refuse(self, path: str) -> NoReturn:
        raise StoreError(f"{path} cannot be changed: the store {self.url} was opened for reading")


class _Placed(Protocol):
    @property
    def url(self) -> str: ...


def store_errors(
    kinds: type[Exception],
) -> Callable[
    [Callable[Concatenate[_Self, _Arguments], _Result]], Callable[Concatenate[_Self, _Arguments], _Result]
]:
    """Turn exceptions of a transport's method into StoreError with the place and a remedy."""

    def decorate(
        method: Callable[Concatenate[_Self, _Arguments], _Result],
    ) -> Callable[Concatenate[_Self, _Arguments], _Result]:
        @functools.wraps(method)
        def explained(self: _Self, /, *args: _Arguments.args, **named: _Arguments.kwargs) -> _Result:
            try:
                return method(self, *args, **named)
            except (StoreError, FileNotFoundError, FileExistsError):
                raise
            except kinds as error:
                raise explain(self.url, error) from error

        return explained

    return decorate


def is_full(error: Exception) -> bool:
    """Whether the cause is a full disk, or a used-up quota."""
    return isinstance(error, OSError) and error.errno in _NO_SPACE


def explain(url: str, error: Exception) -> StoreError:
    """What an exception means for the store at `url`."""
    if is_full(error):
        return StoreError(
            f"no space is left in the store {url}: make room and run the same command again; "
            "everything that is finished stays valid"
        )
    if isinstance(error, PermissionError):
        return StoreError(f"no permission in the store {url}: {error}")
    return StoreError(f"the store {url} failed: {type(error).__name__}: {error}")
