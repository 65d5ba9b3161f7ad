"""Local folders in which attempts are written, and what dead writers left of theirs.

Each folder is locked (flock) as long as its writer lives; the kernel lifts the lock of a killed process.
Where the file system has no such locks, leftovers stay until someone removes `work/`.
"""

import fcntl
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from raysft.errors import StoreError


@contextmanager
def open_workspace(bench: Path) -> Iterator[Path]:
    """An empty folder on the workbench, removed afterwards unless it was moved away."""
    folder, handle = _new_folder(bench)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(handle)


def discard(folder: Path, bench: Path) -> None:
    """Remove a file or folder at one instant, as others see it: it is first renamed onto the workbench."""
    bench.mkdir(parents=True, exist_ok=True)
    doomed = bench / f"discarded-{secrets.token_hex(8)}"
    try:
        folder.rename(doomed)
    except (FileNotFoundError, NotADirectoryError):
        return
    if doomed.is_dir():
        shutil.rmtree(doomed, ignore_errors=True)
    else:
        doomed.unlink(missing_ok=True)


def remove_leftovers(bench: Path) -> None:
    """Remove what writers that are no longer alive left behind."""
    if not bench.is_dir():
        return
    for leftover in bench.iterdir():
        handle = _lock(leftover)
        if handle is None:
            continue
        if leftover.is_dir():
            shutil.rmtree(leftover, ignore_errors=True)
        os.close(handle)


def _new_folder(bench: Path) -> tuple[Path, int]:
    bench.mkdir(parents=True, exist_ok=True)
    for _ in range(100):
        folder = bench / secrets.token_hex(8)
        folder.mkdir()
        handle = _lock_if_possible(folder)
        # Between mkdir and the lock, another process may have taken the folder for a leftover.
        if handle is not None and folder.is_dir():
            return folder, handle
    raise StoreError(f"no workspace could be made in {bench}")


def _lock_if_possible(folder: Path) -> int | None:
    try:
        handle = os.open(folder, os.O_RDONLY)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        return None
    except OSError:
        return handle  # No such locks here: then `remove_leftovers` gets none either, and touches nothing.
    return handle


def _lock(leftover: Path) -> int | None:
    try:
        handle = os.open(leftover, os.O_RDONLY)
    except OSError:
        return None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(handle)
        return None
    return handle
