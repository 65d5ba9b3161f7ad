"""Numbers of tokens that were counted before, in the user's cache folder, so that planning again is quick.

What is kept is named by all that decides it: the conversations, tokenizer, template, longest sequence and the
version of the code. It may be removed at any time and is never needed: a file that is damaged, or that cannot
be written, is one that is not there. Files are written whole under another name first, so that several
processes may share the folder; the ones that were not used for longest go where there are too many.

Not covered: tokens themselves, which are in a store.
"""

import json
import os
import tempfile
import time
import zlib
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Columns = Mapping[str, NDArray[np.int64]]
"""Of as many rows each, by name."""

LARGEST = 64 * 2**20
"""Bytes of all files together: 100,000 conversations take about 0.2 MB."""
_SUFFIX, _UNFINISHED = ".counts", ".part"
_ABANDONED_S = 3600.0
"""Age of an unfinished file whose writer is taken to be gone."""
_NUMBER = np.dtype("<i8")
_MOST_NAMES = 10_000
"""Bytes of the line with names and rows."""


def user_cache_folder() -> Path | None:
    """`raysft/token-counts` in `$XDG_CACHE_HOME`, or in `~/.cache`; None where the user has no home."""
    base = os.environ.get("XDG_CACHE_HOME", "")
    if os.path.isabs(base):
        return Path(base) / "raysft" / "token-counts"
    with suppress(RuntimeError):
        return Path.home() / ".cache" / "raysft" / "token-counts"
    return None


@dataclass(frozen=True)
class CountsCache:
    """A folder of counts, which is made when the first are kept."""

    folder: Path | None
    """None keeps nothing."""
    largest: int = LARGEST

    def read(self, key: str, rows: int) -> Columns | None:
        """The columns that were kept under a key, if they are there, whole, and of so many rows."""
        if self.folder is None:
            return None
        path = self.folder / f"{key}{_SUFFIX}"
        try:
            found = _columns(path.read_bytes(), rows)
            os.utime(path)
        except OSError:
            return None
        return found

    def keep(self, key: str, columns: Columns) -> None:
        """Keep columns under a key; where that cannot be done nothing happens."""
        if self.folder is None:
            return
        with suppress(OSError):
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            handle, name = tempfile.mkstemp(_UNFINISHED, dir=self.folder)
            try:
                with open(handle, "wb") as out:
                    out.write(_bytes(columns))
                os.replace(name, self.folder / f"{key}{_SUFFIX}")
            finally:
                Path(name).unlink(missing_ok=True)
            self._make_room(self.folder)

    def _make_room(self, folder: Path) -> None:
        """Remove what was not used for longest, and what its writer left behind."""
        found: list[tuple[float, int, Path]] = []
        for path in folder.iterdir():
            with suppress(OSError):
                state = path.stat()
                if path.suffix == _SUFFIX:
                    found.append((state.st_mtime, state.st_size, path))
                elif path.suffix == _UNFINISHED and time.time() - state.st_mtime > _ABANDONED_S:
                    path.unlink()
        total = sum(size for _, size, _ in found)
        for _, size, path in sorted(found):
            if total <= self.largest:
                break
            with suppress(OSError):
                path.unlink()
            total -= size


def _bytes(columns: Columns) -> bytes:
    """Digest of what follows, then names and numbers, compressed."""
    rows = len(next(iter(columns.values()), ()))
    head = json.dumps({"rows": rows, "columns": list(columns)}).encode() + b"\n"
    body = zlib.compress(head + b"".join(one.astype(_NUMBER).tobytes() for one in columns.values()), 1)
    return sha256(body).digest() + body


def _columns(content: bytes, rows: int) -> Columns | None:
    """What `_bytes` wrote; None for anything else, or for another number of rows."""
    digest, body = content[:32], content[32:]
    if sha256(body).digest() != digest:
        return None
    try:
        plain = zlib.decompress(body)
        head, _, numbers = plain.partition(b"\n")
        said = json.loads(head[:_MOST_NAMES])
        names = [str(name) for name in said["columns"]]
    except (zlib.error, ValueError, KeyError, TypeError):
        return None
    size = rows * _NUMBER.itemsize
    if said["rows"] != rows or len(numbers) != size * len(names):
        return None
    return {
        name: np.frombuffer(numbers, _NUMBER, rows, place * size).astype(np.int64)
        for place, name in enumerate(names)
    }
