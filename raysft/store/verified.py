"""Local folders whose every byte was verified, once per process."""

import threading
from collections.abc import Sequence
from pathlib import Path

from raysft.errors import DamagedArtifact
from raysft.store.manifest import FileEntry, damages
from raysft.store.transport import Transport, explain

_Looks = tuple[tuple[int, int, int], ...]
_lock = threading.Lock()
_verified: dict[Path, _Looks] = {}
"""Size, time of change and inode of each file when it was hashed; one that changed is hashed again."""


def verified_copy(transport: Transport, path: str, files: Sequence[FileEntry]) -> Path:
    """A local folder that holds the files as they were written; DamagedArtifact says what is wrong.

    A copy from a remote store is fetched a second time before the store is blamed.
    """
    found = _try(transport, path, files)
    if isinstance(found, Path):
        return found
    if transport.forget_copy(path):
        found = _try(transport, path, files)
        if isinstance(found, Path):
            return found
    raise DamagedArtifact("; ".join(found))


def _try(transport: Transport, path: str, files: Sequence[FileEntry]) -> Path | tuple[str, ...]:
    folder = transport.copy_here(path, [entry.name for entry in files])
    looks = _looks(folder, files)
    with _lock:
        if looks is not None and _verified.get(folder) == looks:
            return folder
    try:
        wrong = damages(folder, files)
    except OSError as error:
        raise explain(transport.url, error) from error
    if wrong:
        return wrong
    if looks is not None:
        with _lock:
            _verified[folder] = looks
    return folder


def _looks(folder: Path, files: Sequence[FileEntry]) -> _Looks | None:
    """How the files look now; None if one is missing."""
    try:
        facts = [(folder / entry.name).stat() for entry in files]
    except (FileNotFoundError, NotADirectoryError):
        return None
    return tuple((fact.st_size, fact.st_mtime_ns, fact.st_ino) for fact in facts)
