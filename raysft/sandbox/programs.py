"""Generated programs, run in a process of their own: a program and its tests in, an outcome out.

    run_programs ─► program_worker.py (a bare interpreter, own session) ─► one forked child per program

What confines a child: an allow-list of system calls (see `confinement.py`: no network, no process or thread,
no signal, no file opened for writing), no capabilities, limits on CPU time, memory, file size, stack and open
files, an empty environment, an empty working folder, /dev/null for its input and output. Where any of
these cannot be had, nothing runs.

A verdict passes through a pipe and is believed only with a random word that the program is not given; a
program that ends early, with whatever status, has failed. CPU time decides a time-out, so that a busy machine
changes no verdict. Hashes of strings and `random` begin the same each time, for the same reason.

Not covered yet: the tests run in the program's own process, so one that searches its process for that word,
or whose objects claim to equal everything, can forge a pass; and files that this user may read can be read
(nothing read can leave, save through a verdict). Programs have the standard library only.
"""

import json
import platform
import socket
import struct
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, BinaryIO, Literal

from raysft.errors import ClusterError
from raysft.harmless_text import shortened
from raysft.sandbox.confinement import seccomp_filter

Outcome = Literal["passed", "failed", "timed_out", "unscored"]

_WORKER = Path(__file__).with_name("program_worker.py")
_FLAGS = ("-P", "-s", "-S", "-B")
"""A bare interpreter, as with -I; but that would not heed the seed of hashes."""
_START_SECONDS = 120.0
"""Within this a worker must have started and tried its confinement."""
_LONGEST_REASON = 300
"""Characters."""
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
    """Why it did not pass; empty if it did. Of at most 300 characters, all of which can be seen."""


class _WorkerDied(Exception):
    """The worker ended or is silent; what it was working on has no verdict."""


class _Worker:
    """A running worker, as seen through the socket that is its stdin and stdout."""

    def __init__(self, channel: socket.socket, incoming: BinaryIO) -> None:
        self._channel, self._incoming = channel, incoming

    def ask(self, frame: Mapping[str, Any], seconds: float) -> dict[str, Any]:
        """Send a frame and wait for the answer; raises _WorkerDied."""
        body = json.dumps(frame).encode()
        self._channel.settimeout(seconds)
        try:
            self._channel.sendall(struct.pack(">I", len(body)) + body)
            answer: dict[str, Any] = json.loads(self._exactly(struct.unpack(">I", self._exactly(4))[0]))
        except (OSError, ValueError, RecursionError) as error:
            raise _WorkerDied(f"the process that runs programs did not answer: {error}") from error
        return answer

    def _exactly(self, count: int) -> bytes:
        data = self._incoming.read(count)
        if len(data) < count:
            raise _WorkerDied("the process that runs programs has ended")
        return data


def run_programs(programs: Sequence[Program], limits: Limits | None = None) -> list[ProgramResult]:
    """Run programs with their tests, each in a fresh confined process; results in the order of the programs.

    They run one after the other. A worker that dies is replaced, and only its program is unscored.

    Args:
        programs: what to run; ids need not differ.
        limits: what each may use; None takes the defaults of `Limits`.

    Raises:
        ClusterError: programs cannot be confined on this machine, so none was run.
    """
    limits = limits or Limits()
    results: list[ProgramResult] = []
    while len(results) < len(programs):
        with _started(limits) as worker:
            try:
                for program in programs[len(results) :]:
                    results.append(_run_one(worker, program, limits))
            except _WorkerDied as death:
                results.append(ProgramResult(programs[len(results)].id, "unscored", str(death)))
    return results


def _run_one(worker: _Worker, program: Program, limits: Limits) -> ProgramResult:
    frame = {"source": program.source, "tests": program.tests, "entry_point": program.entry_point}
    return _result(program.id, worker.ask(frame, limits.wall_seconds + _GRACE_SECONDS))


def _result(id_: str, said: Mapping[str, Any]) -> ProgramResult:
    """What a worker said, part of which comes from the program: a word that is no outcome is *failed*."""
    reason = shortened(str(said.get("reason", "")), _LONGEST_REASON)
    match said.get("outcome"):
        case "passed" | "failed" | "timed_out" | "unscored" as outcome:
            return ProgramResult(id_, outcome, reason)
        case other:
            told = shortened(f"its outcome was {other!r}, which is none: {reason}", _LONGEST_REASON)
            return ProgramResult(id_, "failed", told)


@contextmanager
def _started(limits: Limits) -> Iterator[_Worker]:
    """A worker that has shown that it confines its children; it is gone when the block ends."""
    set_up = {**asdict(limits), "wall_seconds": limits.wall_seconds, "filter": _filter().hex()}
    ours, theirs = socket.socketpair()
    incoming = ours.makefile("rb")
    with ours, incoming, tempfile.TemporaryDirectory(prefix="raysft-programs-") as folder:
        with theirs:
            process = subprocess.Popen(
                [sys.executable, *_FLAGS, str(_WORKER)],
                env={"PYTHONHASHSEED": "0"},
                stdin=theirs.fileno(),
                stdout=theirs.fileno(),
                cwd=folder,
                start_new_session=True,
            )
        try:
            worker = _Worker(ours, incoming)
            _refuse_unconfined(worker, set_up)
            yield worker
        finally:
            process.kill()  # its child, if there is one, is killed with it
            process.wait()


def _refuse_unconfined(worker: _Worker, set_up: Mapping[str, Any]) -> None:
    try:
        refusal = worker.ask(set_up, _START_SECONDS)["refused"]
    except _WorkerDied as death:
        refusal = str(death)
    if refusal:
        raise ClusterError(f"generated programs cannot be run here: {refusal}; raysft runs none unconfined")


def _filter() -> bytes:
    if sys.platform != "linux":
        raise ClusterError(f"generated programs can be confined on Linux only, and this is {sys.platform}")
    return seccomp_filter(platform.machine())
