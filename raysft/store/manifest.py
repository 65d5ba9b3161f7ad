"""Files of a folder with sizes and digests: taken when it is written, compared when it is read."""

import errno
import hashlib
import os
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from raysft.errors import DamagedArtifact, StoreError
from raysft.store.layout import checked_file

_PARALLEL_FROM_BYTES = 64 * 2**20
"""Below this, starting threads costs more than hashing (about 1 GB/s for each of them)."""


@dataclass(frozen=True)
class FileEntry:
    """One file of a published folder."""

    name: str
    """Path within the folder, parts divided by `/`."""
    size: int
    """In bytes."""
    sha256: str
    """64 hexadecimal digits."""

    def as_json(self) -> dict[str, object]:
        """The entry as it is written in a record."""
        return {"name": self.name, "size": self.size, "sha256": self.sha256}


def read_entries(content: Mapping[str, Any]) -> tuple[FileEntry, ...]:
    """The entries of an unsealed record. DamagedArtifact if they are none, or lead out of their folder."""
    try:
        entries = tuple(FileEntry(**entry) for entry in content["files"])
        for entry in entries:
            checked_file(entry.name)
    except (KeyError, TypeError, AttributeError, StoreError) as error:
        raise DamagedArtifact(f"its list of files cannot be used: {error!r}") from error
    return entries


def inventory(folder: Path) -> tuple[FileEntry, ...]:
    """Every file below a folder, by name. Links to files count as the files; empty folders are not kept.

    Raises StoreError for a folder without files, and for anything in it that is neither file nor folder.
    """
    names = sorted(_file_names(folder))
    if not names:
        raise StoreError(f"{folder} holds no files, so there is nothing to publish")
    sizes = [(folder / name).stat().st_size for name in names]
    digests = _digests([folder / name for name in names], sum(sizes))
    return tuple(FileEntry(*row) for row in zip(names, sizes, digests, strict=True))


def damages(folder: Path, files: Sequence[FileEntry]) -> tuple[str, ...]:
    """What is wrong with a folder, in words; empty if every listed byte is as it was written.

    Sizes are compared before anything is hashed. Files that are not listed are not looked at: libraries leave
    caches beside what they read.
    """
    missized = tuple(found for entry in files if (found := _wrong_size(folder / entry.name, entry)))
    if missized:
        return missized
    try:
        digests = _digests([folder / entry.name for entry in files], sum(entry.size for entry in files))
    except OSError as error:
        if error.errno not in (errno.EIO, errno.ENOENT):
            raise
        return (f"{error.filename or folder} cannot be read: {error.strerror}",)
    pairs = zip(files, digests, strict=True)
    return tuple(f"{entry.name} has another digest" for entry, digest in pairs if entry.sha256 != digest)


def _file_names(folder: Path) -> Iterator[str]:
    for place, folders, files in os.walk(folder, onerror=_raise):
        for name in folders:
            if os.path.islink(os.path.join(place, name)):
                raise StoreError(f"{place}/{name} is a link to a folder; publish the files themselves")
        for name in files:
            path = Path(place, name)
            if not path.is_file():
                raise StoreError(f"{path} is not a file that can be published")
            yield checked_file(path.relative_to(folder).as_posix())


def _raise(error: OSError) -> None:
    raise error


def _wrong_size(path: Path, entry: FileEntry) -> str | None:
    try:
        size = path.stat().st_size
    except (FileNotFoundError, NotADirectoryError):
        return f"{entry.name} is missing"
    return None if size == entry.size else f"{entry.name} has {size} bytes instead of {entry.size}"


def _digests(paths: Sequence[Path], total_bytes: int) -> list[str]:
    if total_bytes < _PARALLEL_FROM_BYTES:
        return [_sha256(path) for path in paths]
    with ThreadPoolExecutor(max_workers=min(8, os.cpu_count() or 1)) as pool:
        return list(pool.map(_sha256, paths))


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
