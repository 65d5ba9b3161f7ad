"""A store that may be looked at and not touched: what commands such as `status` and `report` read through."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, NoReturn

from typing_extensions import override

from raysft.errors import StoreError
from raysft.store.transport import Transport


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
