"""Running raysft as its user does: the command, in a process of its own."""

import hashlib
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from raysft.store import Store


@dataclass(frozen=True)
class Done:
    """What became of a command."""

    code: int
    printed: str
    said: str
    """On the error stream."""


Command = Callable[..., Done]
"""Runs a command in this process, in a folder of its own: see the fixture `command`."""


def raysft(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Any command of raysft, to its end."""
    return subprocess.run(
        [sys.executable, "-m", "raysft.cli.main", *arguments],
        cwd=cwd,
        capture_output=True,
        text=True,
    )


def start(sweep: Path, store: Path, *arguments: str) -> subprocess.Popen[bytes]:
    """`raysft run`, its output going to a file beside the store."""
    command = [sys.executable, "-m", "raysft.cli.main", "run", str(sweep), "--store", str(store), *arguments]
    with log_of(store).open("ab") as log:
        return subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, cwd=store.parent)


def run(sweep: Path, store: Path, *arguments: str) -> str:
    """`raysft run` to its end, which must be good; returns what it printed."""
    before = len(log_of(store).read_text()) if log_of(store).exists() else 0
    code = start(sweep, store, *arguments).wait(timeout=400)
    said = log_of(store).read_text()[before:]
    assert code == 0, said
    return said


def log_of(store: Path) -> Path:
    return store.with_suffix(".log")


def digests(store: Path) -> dict[str, str]:
    """SHA-256 of the weights of every finished stage."""
    opened, found = Store.open(store), {}
    for key in opened.keys("stages"):
        folder = opened.fetch("stages", key)
        assert folder is not None, f"stage {key} is damaged"
        found[key] = hashlib.sha256((folder / "model.safetensors").read_bytes()).hexdigest()
    return found


def until(happened: Callable[[], bool], seconds: float) -> None:
    """Return when something has happened in another process, which nobody can be told of otherwise."""
    limit = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < limit, "it did not happen in time"
        time.sleep(0.05)
