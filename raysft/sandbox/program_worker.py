"""Runs generated programs, one forked child each; started by `raysft.sandbox.programs`, not imported by it.

It is a script for a bare interpreter and knows nothing but the standard library. Frames pass through stdin
and stdout: four bytes of length (big end first), then JSON. First comes the set-up, answered by
`{"refused": ""}` once a probe has shown that a child really is confined; then programs, one at a time, each
answered by `{"outcome": ..., "reason": ...}`. When stdin ends, the worker ends, and its child with it.

This is the only file of raysft with `exec`: running a program is what it is for. What confines a child, and
what does not, is told in `programs.py`.
"""

import ctypes
import gc
import importlib
import json
import math
import os
import random
import resource
import select
import signal
import socket
import struct
import sys
import time
import types
from collections.abc import Callable
from typing import Any, NamedTuple

_PRELOADED = ("bisect", "collections", "copy", "functools", "hashlib", "heapq", "itertools", "re", "string")
"""Imported once, so that no program spends its own time on them."""
_VERDICT = 3
"""File descriptor through which a child reports; 0, 1 and 2 are /dev/null, and there is no other."""
_LONGEST_VERDICT = 4096
_STACK_BYTES = 8 << 20
_OPEN_FILES = 64
_CAPABILITY_VERSION = 0x2008_0522
_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_SET_SECCOMP, _PR_SET_NO_NEW_PRIVS = 1, 4, 22, 38
_SECCOMP_MODE_FILTER = 2
_LIBC = ctypes.CDLL(None, use_errno=True)


class _SetUp(NamedTuple):
    """What holds for every program: `programs.Limits`, and the seccomp filter."""

    cpu_seconds: float
    wall_seconds: float
    memory_bytes: int
    file_bytes: int
    filter: str
    """In hexadecimal."""


class _Ending(NamedTuple):
    """How a child ended, as its supervisor saw it."""

    written: bytes
    """What came through the channel of the verdict."""
    stopped: str
    """Why the supervisor killed it: `flood`, `asleep`, `starved`; empty if it did not."""
    cpu_seconds: float
    signal: int
    """Signal that killed it; 0 if none did."""


class _Attempt:
    """A block that either passes or, whatever it raises, ends with another outcome and a reason.

    SystemExit, MemoryError and KeyboardInterrupt are taken as well: a program must not end its own judgement.
    """

    def __init__(self, otherwise: str) -> None:
        self.outcome, self.reason, self._otherwise = "passed", "", otherwise

    def __enter__(self) -> "_Attempt":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> bool:
        if kind is not None:
            self.outcome, self.reason = self._otherwise, f"{kind.__name__}: {error}"[:300]
        return True


def main() -> None:
    """Answer frames until stdin ends."""
    for name in _PRELOADED:
        importlib.import_module(name)
    given = _received()
    if given is None:
        return
    set_up = _SetUp(**given)
    gc.collect()
    gc.freeze()  # children share these pages until the end
    _send({"refused": _in_child(_probe, set_up)["reason"]})  # why it cannot be confined here
    while (program := _received()) is not None:
        _send(_in_child(lambda: _execute(**program), set_up))


def _received() -> dict[str, Any] | None:
    """The next frame, or None when stdin has ended."""
    header = sys.stdin.buffer.read(4)
    if len(header) < 4:
        return None
    (length,) = struct.unpack(">I", header)
    frame: dict[str, Any] = json.loads(sys.stdin.buffer.read(length))
    return frame


def _send(frame: dict[str, str]) -> None:
    body = json.dumps(frame).encode()
    sys.stdout.buffer.write(struct.pack(">I", len(body)) + body)
    sys.stdout.buffer.flush()


def _probe() -> None:
    """Try what is forbidden, in a child."""
    for name, forbidden in (("a socket", socket.socket), ("a new process", os.fork)):
        try:
            forbidden()
        except PermissionError:
            continue
        raise RuntimeError(f"the seccomp filter let {name} through")


def _execute(source: str, tests: str, entry_point: str) -> None:
    """Run the program, then its tests, in one fresh module; raises whatever they raise."""
    random.seed(0)  # a program that draws numbers gets the same verdict each time
    module = types.ModuleType("candidate")
    sys.modules["candidate"] = module
    for title, text in (("<program>", source), ("<tests>", tests)):
        exec(compile(text, title, "exec", dont_inherit=True), module.__dict__)  # noqa: S102 - see the top
    if entry_point not in module.__dict__:
        raise NameError(f"the program defines no {entry_point}")
    module.__dict__["check"](module.__dict__[entry_point])


def _in_child(work: Callable[[], None], set_up: _SetUp) -> dict[str, str]:
    """Do some work in a confined child, and say how it went."""
    nonce = os.urandom(16).hex()
    worker = os.getpid()
    reading, writing = os.pipe()
    try:
        try:
            child = os.fork()
            if child == 0:
                _be_child(work, set_up, nonce, writing, worker)
        finally:
            os.close(writing)
        outcome, reason = _decide(_supervise(child, reading, set_up), nonce, set_up)
    except OSError as error:
        outcome, reason = "unscored", f"it could not be run: {error}"
    finally:
        os.close(reading)
    return {"outcome": outcome, "reason": reason}


def _be_child(work: Callable[[], None], set_up: _SetUp, nonce: str, writing: int, worker: int) -> None:
    """Confine this process, do the work, report, and end without ever returning."""
    try:
        with _Attempt("unscored") as attempt:
            _confine(set_up, writing, worker)
        if not attempt.reason:
            with _Attempt("failed") as attempt:
                work()
        os.write(_VERDICT, json.dumps([nonce, attempt.outcome, attempt.reason]).encode())
    finally:
        os._exit(0)


def _confine(set_up: _SetUp, writing: int, worker: int) -> None:
    """Give up all that a program does not need; raises OSError if something cannot be given up."""
    null = os.open(os.devnull, os.O_RDWR)
    if writing != _VERDICT:
        os.dup2(writing, _VERDICT)
    for descriptor in (0, 1, 2):
        os.dup2(null, descriptor)
    os.closerange(_VERDICT + 1, resource.getrlimit(resource.RLIMIT_NOFILE)[0])
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != worker:  # it died before the line above, whose signal will never come
        raise ProcessLookupError("the worker is gone")
    _set_limits(set_up)
    _drop_capabilities()
    _prctl(_PR_SET_DUMPABLE, 0)  # nobody reads its memory through /proc
    _prctl(_PR_SET_NO_NEW_PRIVS, 1)  # or a filter takes a right given up above
    filter_bytes = ctypes.create_string_buffer(bytes.fromhex(set_up.filter))
    count = len(set_up.filter) // 16  # instructions of 8 bytes, in hexadecimal
    sock_fprog = ctypes.create_string_buffer(struct.pack("@HP", count, ctypes.addressof(filter_bytes)))
    # Last, for the filter refuses setrlimit, capset and prctl.
    _prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.addressof(sock_fprog))


def _set_limits(set_up: _SetUp) -> None:
    seconds = math.ceil(set_up.cpu_seconds)
    for kind, soft, hard in (
        (resource.RLIMIT_CPU, seconds, seconds + 1),  # SIGXCPU; a second later SIGKILL for who ignores it
        (resource.RLIMIT_AS, set_up.memory_bytes, set_up.memory_bytes),
        (resource.RLIMIT_FSIZE, set_up.file_bytes, set_up.file_bytes),
        (resource.RLIMIT_STACK, _STACK_BYTES, _STACK_BYTES),
        (resource.RLIMIT_NOFILE, _OPEN_FILES, _OPEN_FILES),
        (resource.RLIMIT_NPROC, 0, 0),
        (resource.RLIMIT_CORE, 0, 0),
    ):
        ceiling = resource.getrlimit(kind)[1]
        if ceiling != resource.RLIM_INFINITY:
            soft, hard = min(soft, ceiling), min(hard, ceiling)
        resource.setrlimit(kind, (soft, hard))


def _drop_capabilities() -> None:
    """Even root keeps none: effective, permitted and inheritable sets, 64 bits each, all zero."""
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION, 0)
    _checked("capset", _LIBC.capset(header, (ctypes.c_uint32 * 6)()))


def _prctl(option: int, *values: int) -> None:
    arguments = [ctypes.c_ulong(value) for value in (*values, 0, 0, 0, 0)[:4]]
    _checked(f"prctl({option})", _LIBC.prctl(option, *arguments))


def _checked(call: str, result: int) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{call}: {os.strerror(number)}")


def _supervise(child: int, reading: int, set_up: _SetUp) -> _Ending:
    """Watch a child until it has ended, by itself or by our hand."""
    try:
        exited = os.pidfd_open(child)
        try:
            written, stopped = _watch(child, exited, reading, set_up.wall_seconds)
        finally:
            os.close(exited)
    finally:
        os.kill(child, signal.SIGKILL)  # nothing happens to one that has ended: it is not yet waited for
        _, status, usage = os.wait4(child, 0)
    killer = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
    return _Ending(written, stopped, usage.ru_utime + usage.ru_stime, killer)


def _watch(child: int, exited: int, reading: int, wall_seconds: float) -> tuple[bytes, str]:
    """What the child wrote, and why it must be stopped (empty if it has ended)."""
    began, written = time.monotonic(), b""
    poller = select.poll()
    for descriptor in (exited, reading, sys.stdin.fileno()):
        poller.register(descriptor, select.POLLIN)
    while True:
        left = began + wall_seconds - time.monotonic()
        ready = dict(poller.poll(max(0.0, left) * 1000))
        if sys.stdin.fileno() in ready:  # no frame is due: whoever started this worker has gone
            raise SystemExit(0)
        if reading in ready:
            piece = os.read(reading, _LONGEST_VERDICT)
            written += piece
            if not piece:
                poller.unregister(reading)
            if len(written) > _LONGEST_VERDICT:
                return written, "flood"
        elif exited in ready:
            return written, ""
        elif left <= 0:
            return written, _why_unfinished(child, time.monotonic() - began)


def _why_unfinished(child: int, elapsed: float) -> str:
    """Tell a program that slept from one that was ready to run and got no processor for half of the time."""
    with open(f"/proc/{child}/schedstat", encoding="ascii") as statistics:
        waited_ns = int(statistics.read().split()[1])  # ready, without a processor: 6 of 10 s is starved
    return "starved" if waited_ns / 1e9 > elapsed / 2 else "asleep"


def _decide(ending: _Ending, nonce: str, set_up: _SetUp) -> tuple[str, str]:
    """Outcome and reason, from what was seen from outside first, and from the child's own report last."""
    if ending.stopped == "flood":
        return "failed", "it wrote to the channel of the verdict"
    if ending.signal == signal.SIGXCPU or ending.cpu_seconds > set_up.cpu_seconds:
        return "timed_out", f"it used more than {set_up.cpu_seconds:g} s of CPU time"
    if ending.stopped == "starved":
        return "unscored", f"the machine was too busy to run it within {set_up.wall_seconds:g} s"
    if ending.stopped == "asleep":
        return "failed", f"it was still waiting after {set_up.wall_seconds:g} s"
    if ending.signal == signal.SIGKILL:
        return "unscored", "it was killed from outside, such as for a lack of memory on the machine"
    if ending.signal:
        return "failed", f"it was ended by {signal.Signals(ending.signal).name}"
    return _reported(ending.written, nonce)


def _reported(written: bytes, nonce: str) -> tuple[str, str]:
    try:
        said, outcome, reason = json.loads(written)
    except (ValueError, TypeError):
        said = outcome = reason = ""
    return (outcome, reason) if said == nonce else ("failed", "it ended before its tests did")


if __name__ == "__main__":
    main()
