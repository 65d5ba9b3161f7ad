"""Generated programs, run in a process of their own: a program and its tests in, an outcome out.

    run_programs ─► program_worker.py (a bare interpreter, own session) ─► one forked child per program

What confines a child: an allow-list of system calls (see `confinement.py`: no network, no process or thread,
no signal, no file opened for writing), no capabilities, limits on CPU time, memory, file size, stack and open
files, an empty environment, an empty working folder, /dev/null for its input and output. Where any of
these cannot be had, nothing runs.

A verdict passes through a pipe and is believed only with a random word that the program is not given; a program
that ends early, with whatever status, has failed. CPU time decides a time-out, so that a busy machine
changes no verdict. Hashes of strings and `random` begin the same each time, for the same reason.

Not covered yet: the tests run in the program's own process, so one that searches its process for that word,
or whose objects claim to equal everything, can forge a pass; and files that this user may read can be read
(nothing read can leave, save through a verdict). Programs have the standard library only.
"""

import json
import os
import platform
import select
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from raysft.errors import ClusterError
from raysft.evaluate.confinement import seccomp_filter

CONFINEMENT_LEVEL = "seccomp allow-list, no capabilities, rlimits; tests in the program's process"
"""Recorded with each score: programs run at this level or not at all."""

Outcome = Literal["passed", "failed", "timed_out", "unscored"]

_WORKER = Path(__file__).with_name("program_worker.py")
_GRACE_SECONDS = 30.0
"""What a worker may take beyond a program's own wall time before it counts as dead."""


@dataclass(frozen=True)
class Limits:
    """What one program may use."""

    cpu_seconds: float = 3
    """CPU time; more is `timed_out`."""
    memory_bytes: int = 512 << 20
    """Address space; more is a MemoryError in the program."""
    file_bytes: int = 1 << 20
    """Size of a file. A second line of defence, for no file can be opened for writing."""

    @property
    def wall_seconds(self) -> float:
        """After this time on the clock, 20 times the CPU time, a sleeper has failed."""
        return 20 * self.cpu_seconds


@dataclass(frozen=True)
class Program:
    """A generated program with the tests that it must pass."""

    id: str
    """Named again in the result."""
    source: str
    """Run first."""
    tests: str
    """Run next, in the same module; defines `check(candidate)`, which raises where the candidate is wrong."""
    entry_point: str
    """Name of the function that `check` is given last."""


@dataclass(frozen=True)
class ProgramResult:
    """How a program fared."""

    id: str
    outcome: Outcome
    """`unscored` where the fault is ours or the machine's."""
    reason: str
    """Why it did not pass; empty if it did."""


class _WorkerDied(Exception):
    """The worker closed its pipe or is silent; what it was working on has no verdict."""


class _Worker:
    """One running worker and the two pipes to it."""

    def __init__(self, process: "subprocess.Popen[bytes]") -> None:
        self._process = process

    def ask(self, frame: dict[str, Any], seconds: float) -> dict[str, Any]:
        """Send a frame and wait for the answer; raises _WorkerDied."""
        body = json.dumps(frame).encode()
        deadline = time.monotonic() + seconds
        try:
            assert self._process.stdin is not None  # noqa: S101 - it was started with pipes
            self._process.stdin.write(struct.pack(">I", len(body)) + body)
        except BrokenPipeError as error:
            raise _WorkerDied("the process that runs programs has ended") from error
        (length,) = struct.unpack(">I", self._read(4, deadline))
        answer: dict[str, Any] = json.loads(self._read(length, deadline))
        return answer
