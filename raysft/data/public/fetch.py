"""Fetching one public file: what is kept has the checksum that was expected, or the user has accepted it.

The bytes go to a temporary name in the same folder, and take their own name when they have been verified and
fsynced. What an interrupted download has left is resumed where a checksum will tell whether the whole is
right, and thrown away where there is none; it is never used as it is. Two downloads of one file exclude each
other.
"""

import fcntl
import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPResponse
from io import BufferedRandom, BufferedReader
from pathlib import Path

from raysft.data.public.catalogue import PublicSet
from raysft.data.public.https import Interrupted, NoSuchRange, answer, checked_url, network
from raysft.data.whole_files import explained, rename_durably
from raysft.errors import FetchFailed, InputError, Problem

MOST_BYTES = 1 << 30
"""Largest file that is taken where its size is not known."""

_BLOCK = 1 << 18
_PARTIAL_CONTENT = 206

Watch = Callable[[int, int | None], None]
"""Told how many bytes there are, and how many there will be, as far as that is known."""


@dataclass(frozen=True)
class Fetched:
    """A file that is in its place already."""

    path: Path
    size: int
    """In bytes."""
    sha256: str
    verified: bool
    """Whether its checksum is the known one; otherwise none is known, and the user has accepted it."""
    was_there: bool
    """Nothing was downloaded."""


def fetch(
    wanted: PublicSet,
    folder: Path,
    url: str | None = None,
    *,
    accept_unverified: bool = False,
    watch: Watch = lambda _done, _whole: None,
) -> Fetched:
    """Fetch a file, unless it is there already.

    Args:
        wanted: what.
        folder: where to; it is made if it is not there.
        url: another place that has the same file; None for the authors' own.
        accept_unverified: take a file of which no checksum is known.
        watch: told how far it is.

    Raises:
        InputError: the URL is of another kind; or another file of that name is there.
        FetchFailed: the file cannot be had, or is not the one that was expected. Nothing new is left behind,
            but for what may be resumed.
        Unwritable: the folder cannot be written.
    """
    place = checked_url(url or wanted.url, "--from" if url else "url", loopback=url is not None)
    path = folder / wanted.file
    if path.exists():
        return _already(path, wanted)
    with explained(folder):
        folder.mkdir(parents=True, exist_ok=True)
    with _part(path, wanted) as file:
        _download(wanted, place, file, watch)
        found = _sha256(file)
        _accept(wanted, place, found, accept_unverified=accept_unverified)
        with explained(path):
            os.fsync(file.fileno())
        size = file.seek(0, os.SEEK_END)
        rename_durably(_part_of(path), path)
    return Fetched(path, size, found, wanted.sha256 is not None, was_there=False)


def _accept(wanted: PublicSet, url: str, found: str, *, accept_unverified: bool) -> None:
    if wanted.sha256 is None and not accept_unverified:
        raise FetchFailed(
            f"no checksum of {wanted.file} is known, so what came from {url} could not be verified and "
            f"was not kept; its SHA-256 is {found}; to keep it all the same: --unverified"
        )
    if wanted.sha256 not in (None, found):
        raise FetchFailed(
            f"{url} gave a file with SHA-256 {found}, not {wanted.sha256}: it is not the file that is "
            "wanted, and was not kept"
        )


def _already(path: Path, wanted: PublicSet) -> Fetched:
    with explained(path), path.open("rb") as file:
        found, size = _sha256(file), file.seek(0, os.SEEK_END)
    if wanted.sha256 not in (None, found):
        remedy = (
            f"another file is there, with SHA-256 {found}, not {wanted.sha256}; move it, or use another --to"
        )
        raise InputError([Problem("--to", str(path), remedy)])
    return Fetched(path, size, found, wanted.sha256 is not None, was_there=True)


def _part_of(path: Path) -> Path:
    return path.with_name(f".{path.name}.part")


@contextmanager
def _part(path: Path, wanted: PublicSet) -> Iterator[BufferedRandom]:
    """The temporary file, ours alone, with what an interrupted download has left in it.

    After an error it is gone, unless the rest may still be fetched.
    """
    part = _part_of(path)
    with explained(part):
        file = part.open("a+b")
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise FetchFailed(f"{path} is just being fetched by another process") from None
        # another process may have given the file its name between our opening and our locking it
        if not part.exists() or not os.path.samestat(os.fstat(file.fileno()), part.stat()):
            raise FetchFailed(f"{path} has just been fetched by another process")
        try:
            yield file
        except Exception as error:
            if not (isinstance(error, Interrupted) and wanted.sha256 and part.stat().st_size):
                part.unlink(missing_ok=True)
            raise


def _download(wanted: PublicSet, url: str, file: BufferedRandom, watch: Watch) -> None:
    """Bring a file to its end; a resumed one that turned out to be wrong is fetched again as a whole."""
    start = file.seek(0, os.SEEK_END)
    if wanted.sha256 is None or (wanted.size is not None and start > wanted.size):
        start = 0
    if start and start == wanted.size and _sha256(file) == wanted.sha256:
        return
    if start and _resumed(wanted, url, file, watch) and _sha256(file) == wanted.sha256:
        return
    file.truncate(0)
    with answer(url, 0) as response:
        _take(wanted, response, file, 0, watch)


def _resumed(wanted: PublicSet, url: str, file: BufferedRandom, watch: Watch) -> bool:
    """Whether a server went on where an earlier download had ended."""
    start = file.seek(0, os.SEEK_END)
    try:
        with answer(url, start) as response:
            goes_on = response.headers.get("Content-Range", "").startswith(f"bytes {start}-")
            if response.status != _PARTIAL_CONTENT or not goes_on:
                return False
            _take(wanted, response, file, start, watch)
            return True
    except NoSuchRange:
        return False


def _take(wanted: PublicSet, response: HTTPResponse, file: BufferedRandom, start: int, watch: Watch) -> None:
    """Append what comes to a file of `start` bytes."""
    announced = response.headers.get("Content-Length", "")
    whole = start + int(announced) if announced.isdecimal() else None
    most = MOST_BYTES if wanted.size is None else wanted.size
    if response.headers.get("Content-Encoding", "identity") != "identity":
        raise FetchFailed(f"{response.url} comes in an encoding that was not asked for")
    if whole is not None and (whole > most or wanted.size not in (None, whole)):
        expected = f"at most {most:,} are taken" if wanted.size is None else f"{most:,} were expected"
        raise FetchFailed(f"{response.url} has {whole:,} bytes, {expected}; nothing was kept")
    done = start
    with network(response.url):
        while block := response.read(_BLOCK):
            done += len(block)
            if done > most:
                raise FetchFailed(f"{response.url} has more than {most:,} bytes; nothing was kept")
            with explained(Path(file.name)):
                file.write(block)
            watch(done, whole)
    with explained(Path(file.name)):
        file.flush()
    if whole is not None and done < whole:
        hint = "run it again to go on" if wanted.sha256 else "run it again"
        raise Interrupted(f"{response.url}: the connection ended after {done:,} of {whole:,} bytes; {hint}")


def _sha256(file: BufferedRandom | BufferedReader) -> str:
    file.seek(0)
    return hashlib.file_digest(file, "sha256").hexdigest()
