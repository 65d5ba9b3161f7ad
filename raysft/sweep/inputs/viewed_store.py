"""A store as a command sees it that only looks: what is in it, and a temporary place for what is not."""

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from raysft.errors import NoStore
from raysft.identity import Json
from raysft.store import Store
from raysft.store.artifacts import Published


@dataclass(frozen=True)
class ViewedStore:
    """Reads from a store, and writes beside it."""

    kept: Store | None
    """For reading only; None where there is no store."""
    beside: Store
    """Holds what had to be made, such as tokenised sources that are to be counted."""

    def find(self, kind: str, key: str) -> Published | None:
        """What is known of an artifact; see `Store.find`."""
        found = self.kept.find(kind, key) if self.kept else None
        return found or self.beside.find(kind, key)

    def fetch(self, kind: str, key: str) -> Path | None:
        """A local folder with an artifact; see `Store.fetch`."""
        found = self.kept.fetch(kind, key) if self.kept else None
        return found or self.beside.fetch(kind, key)

    def workspace(self, kind: str, key: str) -> AbstractContextManager[Path]:
        """A folder to make an artifact in; see `Store.workspace`."""
        return self.beside.workspace(kind, key)

    def publish(self, kind: str, key: str, folder: Path, body: Mapping[str, Json]) -> Published:
        """Keep an artifact for as long as the view is open; see `Store.publish`."""
        return self.beside.publish(kind, key, folder, body)


@contextmanager
def viewed_store(url: str) -> Iterator[ViewedStore]:
    """Look into a store, which is neither made nor changed; there may be none.

    Raises:
        InputError: there may be one, but it cannot be read.
    """
    with tempfile.TemporaryDirectory() as folder:
        yield ViewedStore(_existing(url), Store.open(folder))


def _existing(url: str) -> Store | None:
    try:
        return Store.existing(url)
    except NoStore:
        return None
