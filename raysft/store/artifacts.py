"""Artifacts: folders of files under a key. Data first, record last; the first record wins."""

import contextlib
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from raysft.errors import DamagedArtifact, StoreError
from raysft.identity import Json
from raysft.store import layout
from raysft.store.envelope import seal, unseal
from raysft.store.exclusive import TRIES, create_once
from raysft.store.manifest import FileEntry, inventory, read_entries
from raysft.store.quarantine import set_aside
from raysft.store.transport import READS_AT_ONCE, Transport
from raysft.store.verified import verified_copy

_FORM = 1
"""Raised when the form of the record changes."""


@dataclass(frozen=True)
class Published:
    """An artifact that exists: the content of its record."""

    kind: str
    key: str
    attempt: str
    """Name of the attempt that won."""
    files: tuple[FileEntry, ...]
    """Every file, by name."""
    body: Mapping[str, Json]
    """What the publisher wrote beside the files."""

    def sealed(self) -> bytes:
        """The bytes of the record."""
        content = {
            "form": _FORM,
            "kind": self.kind,
            "key": self.key,
            "attempt": self.attempt,
            "files": [entry.as_json() for entry in self.files],
            "body": self.body,
        }
        return seal(content)


def publish(transport: Transport, kind: str, key: str, folder: Path, body: Mapping[str, Json]) -> Published:
    """See `Store.publish`."""
    existing = find(transport, kind, key)
    if existing is not None:
        return existing
    ours = Published(kind, key, layout.new_attempt(), inventory(folder), dict(body))
    sealed = ours.sealed()
    place = layout.attempt(kind, key, ours.attempt)
    try:
        # Whoever dies between these two lines leaves files that no record names; the next winner removes
        # them.
        transport.put(folder, [entry.name for entry in ours.files], place)
        winner = _claim(transport, ours, sealed)
    except BaseException:
        _take_back(transport, ours)
        raise
    if winner.attempt != ours.attempt:
        transport.remove(place)
    else:
        _sweep_losers(transport, ours)
    return winner


def find(transport: Transport, kind: str, key: str) -> Published | None:
    """See `Store.find`."""
    found = _read(transport, kind, key)
    return found.published if found else None


def fetch(transport: Transport, kind: str, key: str) -> Path | None:
    """See `Store.fetch`."""
    found = _read(transport, kind, key)
    if found is None:
        return None
    place = layout.attempt(kind, key, found.published.attempt)
    try:
        return verified_copy(transport, place, found.published.files)
    except DamagedArtifact as error:
        set_aside(transport, layout.record(kind, key), found.sealed, str(error), place)
        return None


def keys(transport: Transport, kind: str) -> Iterator[str]:
    """See `Store.keys`."""
    depth = layout.ARTIFACT_DEPTHS.get(kind)
    if depth is None:
        raise StoreError(f"no artifacts of kind {kind!r}; there are {', '.join(layout.ARTIFACT_DEPTHS)}")
    for name in sorted(transport.names(kind)):
        key, _, last = name.rpartition("/")
        if last == layout.RECORD and key.count("/") == depth - 1:
            yield key


def find_all(transport: Transport, kind: str) -> Iterator[Published]:
    """See `Store.find_all`."""
    names = list(keys(transport, kind))
    with ThreadPoolExecutor(READS_AT_ONCE) as threads:
        found = threads.map(lambda key: find(transport, kind, key), names)
        yield from (one for one in found if one is not None)


@dataclass(frozen=True)
class _Found:
    published: Published
    sealed: bytes


def _read(transport: Transport, kind: str, key: str) -> _Found | None:
    path = layout.record(kind, key)
    try:
        data = transport.read(path)
    except FileNotFoundError:
        return None
    try:
        return _Found(_parse(unseal(data), kind, key), data)
    except DamagedArtifact as error:
        set_aside(transport, path, data, str(error))
        return None


def _parse(content: Mapping[str, Any], kind: str, key: str) -> Published:
    if content.get("form") != _FORM:
        raise StoreError(
            f"{kind}/{key} was written by another version of raysft (form {content.get('form')})"
        )
    if (content.get("kind"), content.get("key")) != (kind, key):
        raise DamagedArtifact(f"its record belongs to {content.get('kind')}/{content.get('key')}")
    return Published(kind, key, content["attempt"], read_entries(content), content["body"])


def _claim(transport: Transport, ours: Published, sealed: bytes) -> Published:
    """Create the record; whoever's record exists is the winner."""
    for _ in range(TRIES):
        if create_once(transport, layout.record(ours.kind, ours.key), sealed):
            return ours
        winner = find(transport, ours.kind, ours.key)
        if winner is not None:
            return winner
    raise StoreError(f"the record of {ours.kind}/{ours.key} was damaged {TRIES} times in a row")


def _take_back(transport: Transport, ours: Published) -> None:
    """Remove the files of an attempt that failed, unless its record exists all the same.

    A store may fail after it did what was asked. Where it fails here too, the files stay for the next winner.
    """
    with contextlib.suppress(StoreError):
        existing = find(transport, ours.kind, ours.key)
        if existing is None or existing.attempt != ours.attempt:
            transport.remove(layout.attempt(ours.kind, ours.key, ours.attempt))


def _sweep_losers(transport: Transport, winner: Published) -> None:
    """Remove other attempts: those that died before their record, and those that will find ours."""
    place = layout.artifact(winner.kind, winner.key)
    others = {name.partition("/")[0] for name in transport.names(place)}
    for other in sorted(others - {winner.attempt, layout.RECORD}):
        transport.remove(f"{place}/{other}")
