"""Files of the user that appear whole or not at all.

A temporary name in the same folder, flush, fsync, rename, fsync of the folder: whoever sees the name sees
every byte, also after the machine lost its power.
"""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from raysft.errors import InputError, Problem, Unwritable


@contextmanager
def written_at_once(path: Path) -> Iterator[BinaryIO]:
    """A file that takes its name when the block has ended well; otherwise what had that name stays.

    Raises:
        InputError: there is no such folder, or it lets nobody write.
        Unwritable: the disk fails or is full.
    """
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    file = _created(path, temporary)
    try:
        with file:
            yield file
            with explained(path):
                file.flush()
                os.fsync(file.fileno())
        rename_durably(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def rename_durably(temporary: Path, path: Path) -> None:
    """Give a file that is fsynced its name, in place of any other of that name in the same folder."""
    with explained(path):
        temporary.replace(path)
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turn what the system says about writing a file into an `Unwritable` that names it."""
    try:
        yield
    except OSError as error:
        raise Unwritable(f"{path}: {error.strerror or error}") from None


def _created(path: Path, temporary: Path) -> BinaryIO:
    if path.is_dir():
        raise InputError([Problem(str(path), "is a folder", "name a file")])
    try:
        return temporary.open("xb")
    except OSError as error:
        remedy = f"a file cannot be made there: {error.strerror or error}"
        raise InputError([Problem(str(path), str(path.parent), remedy)]) from None
