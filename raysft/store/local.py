"""A store in a local or mounted folder.

Everything durable is fsynced before it gets its name, and so is the folder that holds the name. Exclusive
creation is a hard link of a finished temporary file, so that whoever sees the name sees every byte.
"""

import errno
import os
import secrets
import shutil
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from typing_extensions import override

from raysft.store.layout import WORK
from raysft.store.transport import Transport, store_errors
from raysft.store.workbench import discard, open_workspace

_TEMPORARY = ".tmp-"
_SYNCS_AT_ONCE = 8
_explained = store_errors(OSError)


@dataclass(frozen=True)
class LocalTransport(Transport):
    """See `Transport`. The folder must know hard links; file systems without them are refused at opening."""

    root: Path
    """Absolute."""
    read_only: ClassVar[bool] = False

    @property
    @override
    def url(self) -> str:
        return str(self.root)

    @property
    @override
    def bench_folder(self) -> Path:
        """On the same file system, so that publishing is a rename."""
        return self.root / WORK

    @override
    @_explained
    def top_names(self) -> frozenset[str]:
        """Everything in the folder, hidden files included."""
        try:
            return frozenset(os.listdir(self.root))
        except (FileNotFoundError, NotADirectoryError):
            return frozenset()

    @override
    @_explained
    def read(self, path: str) -> bytes:
        try:
            return (self.root / path).read_bytes()
        except (NotADirectoryError, IsADirectoryError) as error:
            raise FileNotFoundError(path) from error

    @override
    @_explained
    def create(self, path: str, data: bytes) -> None:
        self._write_then(os.link, path, data)

    @override
    @_explained
    def write(self, path: str, data: bytes) -> None:
        self._write_then(os.replace, path, data)

    @override
    @_explained
    def put(self, folder: Path, names: Sequence[str], path: str) -> None:
        """All files appear at once."""
        own = self.bench_folder in folder.parents and not any((folder / name).is_symlink() for name in names)
        if own:
            self._adopt(folder, path)
            return
        with open_workspace(self.bench_folder) as space:
            for name in names:
                (space / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(folder / name, space / name)
            self._adopt(space, path)

    @override
    def copy_here(self, path: str, names: Sequence[str]) -> Path:
        """The stored folder itself."""
        return self.root / path

    @override
    def forget_copy(self, path: str) -> bool:
        return False

    @override
    @_explained
    def names(self, path: str) -> list[str]:
        """Temporary files are no objects."""
        top = self.root / path
        return [
            Path(place, name).relative_to(top).as_posix()
            for place, _, names in os.walk(top, onerror=_unless_gone)
            for name in names
            if not name.startswith(_TEMPORARY)
        ]

    @override
    @_explained
    def move(self, path: str, to: str) -> None:
        """At one instant."""
        source, target = self.root / path, self.root / to
        _make_folder(target.parent)
        try:
            source.rename(target)
        except FileNotFoundError:
            return
        _sync(target.parent)
        _sync(source.parent)

    @override
    @_explained
    def remove(self, path: str) -> None:
        """At one instant."""
        discard(self.root / path, self.bench_folder)

    def _write_then(self, name_it: Callable[[Path, Path], None], path: str, data: bytes) -> None:
        target = self.root / path
        _make_folder(target.parent)
        temporary = target.parent / f"{_TEMPORARY}{secrets.token_hex(8)}"
        try:
            _write_durably(temporary, data)
            # `link` fails where the name exists, `replace` takes it; either shows all bytes at once or none.
            name_it(temporary, target)
        finally:
            temporary.unlink(missing_ok=True)
        # A name is in its folder, not in its file: a crash would keep the bytes and forget the name.
        _sync(target.parent)

    def _adopt(self, folder: Path, path: str) -> None:
        """Make a finished folder of the workbench the one at a path."""
        places = [Path(place) for place, _, _ in os.walk(folder)]
        written = [Path(place, name) for place, _, names in os.walk(folder) for name in names]
        # At once, so that the file system's journal is written once and not once per file.
        with ThreadPoolExecutor(max_workers=_SYNCS_AT_ONCE) as pool:
            list(pool.map(_sync, [*written, *places]))
        target = self.root / path
        _make_folder(target.parent)
        try:
            folder.rename(target)
        except FileNotFoundError:
            _make_folder(target.parent)  # Another process removed it just now, with all that it held.
            folder.rename(target)
        _sync(target.parent)


def _unless_gone(error: OSError) -> None:
    # A folder may go while it is being listed; one that may not be read must not look empty.
    if not isinstance(error, FileNotFoundError | NotADirectoryError):
        raise error


def _make_folder(folder: Path) -> None:
    if folder.is_dir():
        return
    _make_folder(folder.parent)
    try:
        folder.mkdir()
    except FileExistsError as error:
        if not folder.is_dir():
            raise NotADirectoryError(
                errno.ENOTDIR, "a file is where a folder must be", str(folder)
            ) from error
    _sync(folder.parent)


def _write_durably(path: Path, data: bytes) -> None:
    with path.open("xb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
