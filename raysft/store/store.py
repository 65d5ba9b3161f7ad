"""The store as everyone else sees it."""

import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from raysft.errors import InputError, NoStore, Problem, StoreError
from raysft.extras import refuse_without_library
from raysft.identity import Json
from raysft.store import artifacts, documents, layout, resume
from raysft.store.artifacts import Published
from raysft.store.exclusive import refuse_unless_exclusive
from raysft.store.lease import Lease
from raysft.store.local import LocalTransport
from raysft.store.objects import ObjectTransport
from raysft.store.resume import ResumeState
from raysft.store.transport import ReadOnlyTransport, Transport, explain, is_full
from raysft.store.workbench import open_workspace, remove_leftovers
from raysft.wording import argument

_CACHE = Path.home() / ".cache" / "raysft"
_SQUEEZED_URL = re.compile(r"[A-Za-z][A-Za-z0-9+]+:/[^/]")


@dataclass(frozen=True)
class Store:
    """Where everything finished lives. Picklable; safe in several threads and processes at once.

    Every method raises StoreError when the store cannot do what it must: no space, no permission, no network,
    a key that is no plain name. A damaged thing raises nothing: it is set aside with a logged warning, and
    does not exist.

    Example:
    >>> import tempfile
    >>> place = tempfile.TemporaryDirectory()
    >>> store = Store.open(place.name)
    >>> with store.workspace("stages", "3d0f57f3") as folder:
    ...     _ = (folder / "model.safetensors").write_bytes(b"weights")
    ...     _ = store.publish("stages", "3d0f57f3", folder, {"steps": 12})
    >>> store.find("stages", "3d0f57f3").body["steps"]
    12
    >>> (store.fetch("stages", "3d0f57f3") / "model.safetensors").read_bytes()
    b'weights'
    >>> list(Store.existing(place.name).keys("stages"))
    ['3d0f57f3']
    >>> place.cleanup()
    """

    transport: Transport

    @classmethod
    def open(cls, url: str | Path, cache: Path | None = None) -> "Store":
        """Open a store for writing, or make one.

        Args:
            url: a folder, or any fsspec URL such as `s3://bucket/prefix`.
            cache: local folder for copies from a remote store; default `~/.cache/raysft`. It only grows.

        Raises:
            InputError: the library for such a URL is not installed.
            StoreError: nothing can be written there, or nothing created exclusively: that is tried.
        """
        transport = _transport(url, cache or _CACHE)
        try:
            refuse_unless_exclusive(transport)
            remove_leftovers(transport.bench_folder)
        except OSError as error:
            raise explain(transport.url, error) from error
        return cls(transport)

    @classmethod
    def existing(cls, url: str | Path, cache: Path | None = None) -> "Store":
        """Open a store for reading. Nothing is made and nothing is tried, not even where there is no store.

        What would change the store raises StoreError; a damaged thing is reported and left where it is. Files
        of a remote store are copied into the cache.

        Args:
            url: as for `open`.
            cache: as for `open`.

        Raises:
            NoStore: there is none, or nothing has been put into it yet.
            InputError: it cannot be looked at: no permission, no credentials, no such kind of URL.
        """
        transport = _transport(url, cache or _CACHE)
        try:
            found = transport.top_names()
        except StoreError as error:
            raise InputError([Problem(argument("--store"), str(url), f"cannot be read: {error}")]) from None
        if not layout.TOP_NAMES & found:
            remedy = "there is no store; give the one that the sweep was run with, or `raysft run` makes one"
            raise NoStore([Problem(argument("--store"), str(url), remedy)])
        return cls(ReadOnlyTransport(transport))

    @property
    def url(self) -> str:
        """Absolute path, or URL."""
        return self.transport.url

    def workspace(self, kind: str, key: str) -> AbstractContextManager[Path]:
        """An empty local folder to write an artifact (or, with kind `resume`, the state of a stage) in.

        What is then published is moved out of it where the store is local; what is not is removed at the end.
        """
        _ = layout.resume_states(key) if kind == layout.RESUME else layout.artifact(kind, key)
        return self._workspace()

    def publish(self, kind: str, key: str, folder: Path, body: Mapping[str, Json]) -> Published:
        """Make the files of a folder an artifact, and return the artifact that exists then.

        If another attempt was faster, that one is returned and ours leaves nothing behind. `body` is whatever
        JSON the caller wants beside the files. Empty folders are not kept.
        """
        return artifacts.publish(self.transport, kind, key, folder, body)

    def find(self, kind: str, key: str) -> Published | None:
        """The artifact, if there is one. Cheap: its record is verified, its files are not looked at."""
        return artifacts.find(self.transport, kind, key)

    def fetch(self, kind: str, key: str) -> Path | None:
        """A local folder with every file of the artifact, each byte verified; not to be written in.

        Verified once per process, and again if a file's size, time or inode changed. None if there is no such
        artifact, or if it was damaged: then it has been set aside.
        """
        return artifacts.fetch(self.transport, kind, key)

    def find_all(self, kind: str) -> Iterator[Published]:
        """All artifacts of a kind, in the order of their keys; their files are not looked at."""
        return artifacts.find_all(self.transport, kind)

    def keys(self, kind: str) -> Iterator[str]:
        """Keys of all artifacts of a kind, in order."""
        return artifacts.keys(self.transport, kind)

    def write_document(self, kind: str, key: str, body: Mapping[str, Json]) -> bool:
        """Make a document (`scores`, `failures`); False if there is one, which then stays as it is."""
        return documents.write_document(self.transport, kind, key, body)

    def read_document(self, kind: str, key: str) -> dict[str, Any] | None:
        """The body of a document; None if there is none, or if it was damaged and has been set aside."""
        return documents.read_document(self.transport, kind, key)

    def read_documents(self, kind: str) -> Iterator[dict[str, Any]]:
        """The bodies of all documents of a kind, in the order of their keys."""
        return documents.read_documents(self.transport, kind)

    def remove_document(self, kind: str, key: str) -> None:
        """Remove a document, such as a failure that is tried again; nothing there is no error."""
        documents.remove_document(self.transport, kind, key)

    def save_resume(self, stage: str, step: int, attempt: str, folder: Path) -> None:
        """Keep state that continues a stage after `step` optimiser steps; the newest two are kept.

        The same step of the same attempt is kept once.
        """
        resume.save_resume(self.transport, stage, step, attempt, folder)

    def latest_resume(self, stage: str) -> ResumeState | None:
        """The newest state of a stage whose every byte is as it was written; damaged ones are set aside."""
        return resume.latest_resume(self.transport, stage)

    def drop_resume(self, stage: str) -> None:
        """Remove all resume state of a stage that is finished."""
        resume.drop_resume(self.transport, stage)

    def lease(
        self, key: str, owner: str, period_s: float = 30.0, clock: Callable[[], float] = time.monotonic
    ) -> Lease:
        """A lease on a key, not yet held.

        Args:
            key: what is to be worked on, such as `stages/<fingerprint>`.
            owner: who works, for people to read; two leases with one owner are still two parties.
            period_s: seconds of silence after which the lease may be taken over; the same for all parties.
            clock: monotonic seconds.
        """
        return Lease(self.transport, key, owner, period_s, clock)

    def write_file(self, sweep: str, name: str, data: bytes) -> None:
        """Make or replace a free file of a sweep, whole at every instant. It carries no digest."""
        self.transport.write(layout.sweep_file(sweep, name), data)

    def read_file(self, sweep: str, name: str) -> bytes | None:
        """A free file of a sweep; None if there is none."""
        try:
            return self.transport.read(layout.sweep_file(sweep, name))
        except FileNotFoundError:
            return None

    def sweep_path(self, name: str) -> str:
        """Local path or URL of a sweep's folder, or one below it (`quickstart/tune`); it need not exist."""
        return f"{self.url}/{layout.sweep_folder(name)}"

    @contextmanager
    def _workspace(self) -> Iterator[Path]:
        try:
            with open_workspace(self.transport.bench_folder) as folder:
                yield folder
        except OSError as error:
            if is_full(error):
                raise explain(self.url, error) from error
            raise


def _transport(url: str | Path, cache: Path) -> Transport:
    text = str(url)
    if _SQUEEZED_URL.match(text):
        raise StoreError(f"{text!r} was a URL before it became a Path; give the store as a string")
    parts = urlsplit(text)
    if parts.scheme == "file" and parts.netloc in ("", "localhost"):
        return LocalTransport(Path(unquote(parts.path)))
    if "://" not in text and "::" not in text:
        return LocalTransport(Path(text).expanduser().absolute())
    refuse_without_library(argument("--store"), text)
    return ObjectTransport(text.rstrip("/"), cache.expanduser().absolute())
