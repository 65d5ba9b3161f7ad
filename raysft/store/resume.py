"""Resume state: what continues an unfinished stage. The newest good one counts; two are kept."""

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from raysft.errors import DamagedArtifact, StoreError
from raysft.store import layout
from raysft.store.envelope import seal, unseal
from raysft.store.exclusive import create_once
from raysft.store.manifest import FileEntry, inventory, read_entries
from raysft.store.quarantine import set_aside
from raysft.store.transport import Transport
from raysft.store.verified import verified_copy

_KEPT = 2
_FORM = 1


@dataclass(frozen=True)
class ResumeState:
    """Verified state of an unfinished stage."""

    step: int
    """Optimiser steps that it holds."""
    attempt: str
    """The attempt that saved it."""
    folder: Path
    """Local and verified; not to be written in, and gone once there are two newer states."""


def save_resume(transport: Transport, stage: str, step: int, attempt: str, folder: Path) -> None:
    """See `Store.save_resume`."""
    place = layout.resume_state(stage, step, attempt)
    if f"{place.rpartition('/')[2]}/{layout.MANIFEST}" in transport.names(layout.resume_states(stage)):
        return
    # What is left of a save that died half-way would stand in the way of a rename.
    transport.remove(place)
    files = inventory(folder)
    if any(entry.name == layout.MANIFEST for entry in files):
        raise StoreError(f"resume state must not hold a file called {layout.MANIFEST}: the store writes one")
    try:
        transport.put(folder, [entry.name for entry in files], place)
        create_once(transport, f"{place}/{layout.MANIFEST}", _sealed(stage, step, attempt, files))
    except BaseException:
        with contextlib.suppress(StoreError):
            transport.remove(place)
        raise
    _drop_older(transport, stage)


def latest_resume(transport: Transport, stage: str) -> ResumeState | None:
    """See `Store.latest_resume`."""
    for place in _complete(transport, stage):
        manifest = f"{place}/{layout.MANIFEST}"
        try:
            data = transport.read(manifest)
        except FileNotFoundError:
            continue
        try:
            return _state(transport, stage, place, unseal(data))
        except DamagedArtifact as error:
            set_aside(transport, manifest, data, str(error), place)
    return None


def drop_resume(transport: Transport, stage: str) -> None:
    """See `Store.drop_resume`."""
    for place in _complete(transport, stage):
        transport.remove(f"{place}/{layout.MANIFEST}")
    transport.remove(layout.resume_states(stage))
    transport.forget_copy(layout.resume_states(stage))


def _sealed(stage: str, step: int, attempt: str, files: tuple[FileEntry, ...]) -> bytes:
    return seal(
        {
            "form": _FORM,
            "stage": stage,
            "step": step,
            "attempt": attempt,
            "files": [entry.as_json() for entry in files],
        }
    )


def _state(transport: Transport, stage: str, place: str, content: Mapping[str, Any]) -> ResumeState:
    step, attempt = content.get("step"), content.get("attempt")
    if content.get("form") != _FORM or not isinstance(step, int) or not isinstance(attempt, str):
        raise DamagedArtifact("its manifest is not of the form that this version of raysft knows")
    if layout.resume_state(stage, step, attempt) != place:
        raise DamagedArtifact(f"its manifest belongs to step {step} of attempt {attempt}")
    return ResumeState(step, attempt, verified_copy(transport, place, read_entries(content)))


def _complete(transport: Transport, stage: str) -> list[str]:
    """Folders of states with a manifest, newest first."""
    top = layout.resume_states(stage)
    names = [name.partition("/")[0] for name in transport.names(top) if _is_manifest(name)]
    return [f"{top}/{name}" for name in sorted(names, reverse=True)]


def _is_manifest(name: str) -> bool:
    folder, _, last = name.partition("/")
    return last == layout.MANIFEST and layout.is_resume_state(folder)


def _drop_older(transport: Transport, stage: str) -> None:
    """Drop what is older than the newest complete states, and half-saved states of those times."""
    for place in _older(transport, stage):
        # The manifest first: what is left if this process dies now has none, and nobody takes it for a state.
        transport.remove(f"{place}/{layout.MANIFEST}")
        transport.remove(place)
        transport.forget_copy(place)


def _older(transport: Transport, stage: str) -> Iterator[str]:
    complete = _complete(transport, stage)
    if len(complete) < _KEPT:
        return
    top = layout.resume_states(stage)
    oldest_kept = complete[_KEPT - 1]
    for name in sorted({name.partition("/")[0] for name in transport.names(top)}):
        if f"{top}/{name}" < oldest_kept:
            yield f"{top}/{name}"
