"""What the kernel lets a generated program do: an allow-list of system calls, as a seccomp filter.

Everything that a program needs to compute is allowed; all else answers EPERM, so that the program sees a
`PermissionError` and goes on. Not on the list, hence refused: sockets, new processes and threads, execve,
ptrace, signals to anyone, raising a limit, and every change to the file system: a file opens only for
reading. Calls of another architecture (32-bit, x32) are refused as well.

Not covered: which files may be read (that needs Landlock, of Linux 5.13 and
later).

The encoding is that of classic BPF, `struct sock_filter` and `struct seccomp_data` of the kernel's
`filter.h` and `seccomp.h`; numbers are those of `asm/unistd_64.h` (x86_64) and `asm-generic/unistd.h`
(aarch64).
"""

import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from raysft.errors import ClusterError

CONFINEMENT_LEVEL = "seccomp allow-list, no capabilities, rlimits; tests in the program's process"
"""Recorded with each score: programs run at this level or not at all."""

_EVERY_BIT = 0xFFFF_FFFF_FFFF_FFFF
_OPEN_FOR_CHANGE = 0o3 | 0o100 | 0o1000 | 0o20000000
"""O_WRONLY, O_RDWR, O_CREAT, O_TRUNC and the bit of O_TMPFILE that O_DIRECTORY does not share."""
_FCNTL_OWNER = 8
"""Set in F_SETOWN (8), F_SETSIG (10) and F_SETOWN_EX (15), through which a file can send signals; in none of
F_DUPFD (0) to F_SETFL (4) and F_DUPFD_CLOEXEC (1030)."""


@dataclass(frozen=True)
class _Restriction:
    """A call is allowed only if one of its arguments has none of these bits."""

    argument: int
    forbidden: int


_RESTRICTIONS = {
    "open": _Restriction(1, _OPEN_FOR_CHANGE),
    "openat": _Restriction(2, _OPEN_FOR_CHANGE),
    "fcntl": _Restriction(1, _FCNTL_OWNER),
    "prlimit64": _Restriction(2, _EVERY_BIT),
}


@dataclass(frozen=True)
class _Architecture:
    """One machine: its AUDIT_ARCH value, and the numbers of the calls that are allowed."""

    audit: int
    calls: Mapping[str, int]


def _numbers(table: str) -> dict[str, int]:
    words = table.split()
    return dict(zip(words[::2], map(int, words[1::2]), strict=True))


_X86_64 = _numbers("""
    read 0  write 1  open 2  close 3  stat 4  fstat 5  lstat 6  poll 7  lseek 8  mmap 9  mprotect 10
    munmap 11  brk 12  rt_sigaction 13  rt_sigprocmask 14  rt_sigreturn 15  pread64 17  readv 19  writev 20
    access 21  pipe 22  select 23  sched_yield 24  mremap 25  madvise 28  dup 32  dup2 33  pause 34
    nanosleep 35  getitimer 36  alarm 37  setitimer 38  getpid 39  exit 60  uname 63  fcntl 72  getcwd 79
    chdir 80  fchdir 81  readlink 89  gettimeofday 96  getrlimit 97  getrusage 98  sysinfo 99  times 100
    getuid 102  getgid 104  geteuid 107  getegid 108  getppid 110  sigaltstack 131  gettid 186  time 201
    futex 202  sched_getaffinity 204  getdents64 217  set_tid_address 218  restart_syscall 219
    clock_gettime 228  clock_getres 229  clock_nanosleep 230  exit_group 231  openat 257  newfstatat 262
    readlinkat 267  faccessat 269  pselect6 270  ppoll 271  set_robust_list 273  dup3 292  pipe2 293
    prlimit64 302  getcpu 309  getrandom 318  membarrier 324  statx 332  rseq 334  close_range 436
    faccessat2 439
""")
_AARCH64 = _numbers("""
    getcwd 17  dup 23  dup3 24  fcntl 25  faccessat 48  chdir 49  fchdir 50  openat 56  close 57  pipe2 59
    getdents64 61  lseek 62  read 63  write 64  readv 65  writev 66  pread64 67  pselect6 72  ppoll 73
    readlinkat 78  newfstatat 79  fstat 80  exit 93  exit_group 94  set_tid_address 96  futex 98
    set_robust_list 99  nanosleep 101  getitimer 102  setitimer 103  clock_gettime 113  clock_getres 114
    clock_nanosleep 115  sched_getaffinity 123  sched_yield 124  restart_syscall 128  sigaltstack 132
    rt_sigaction 134  rt_sigprocmask 135  rt_sigreturn 139  times 153  uname 160  getrlimit 163
    getrusage 165  getcpu 168  gettimeofday 169  getpid 172  getppid 173  getuid 174  geteuid 175
    getgid 176  getegid 177  gettid 178  sysinfo 179  brk 214  munmap 215  mremap 216  mmap 222
    mprotect 226  madvise 233  prlimit64 261  getrandom 278  membarrier 283  statx 291  rseq 293
    close_range 436  faccessat2 439
""")
_ARCHITECTURES = {
    "x86_64": _Architecture(0xC000_003E, _X86_64),
    "aarch64": _Architecture(0xC000_00B7, _AARCH64),
}

# BPF: load a 32-bit word of seccomp_data; jump if equal, if any bit is shared; return.
_LOAD, _IF_EQUAL, _IF_ANY_BIT, _RETURN = 0x20, 0x15, 0x45, 0x06
# SECCOMP_RET_ERRNO has the error in its lower half: 1 is EPERM.
_ALLOW, _REFUSE, _KILL = 0x7FFF_0000, 0x0005_0000 | 1, 0x8000_0000
_AT_NUMBER, _AT_ARCHITECTURE, _AT_ARGUMENTS = 0, 4, 16


@dataclass(frozen=True)
class _Instruction:
    """One `struct sock_filter`: jumps count the instructions to pass over."""

    code: int
    value: int
    if_true: int = 0
    if_false: int = 0

    def packed(self) -> bytes:
        return struct.pack("=HBBI", self.code, self.if_true, self.if_false, self.value)


def seccomp_filter(machine: str) -> bytes:
    """The filter of one machine, as the bytes of an array of `struct sock_filter` (8 each).

    Args:
        machine: `x86_64` or `aarch64`, as `platform.machine()` names it.

    Raises:
        ClusterError: there is no table for that machine.
    """
    if machine not in _ARCHITECTURES:
        known = " or ".join(_ARCHITECTURES)
        raise ClusterError(f"generated programs can be confined on {known} only, not on {machine!r}")
    architecture = _ARCHITECTURES[machine]
    # The machine first, since a number means another call on each: 1 is `write` on x86_64, `exit` on i386.
    # An x32 call has bit 30 set in its number, is equal to none below, and comes to the refusal at the end.
    program = [
        _Instruction(_LOAD, _AT_ARCHITECTURE),
        _Instruction(_IF_EQUAL, architecture.audit, if_true=1),
        _Instruction(_RETURN, _KILL),
        _Instruction(_LOAD, _AT_NUMBER),
    ]
    for name, number in architecture.calls.items():
        program += _allowed(number, _RESTRICTIONS.get(name))
    program.append(_Instruction(_RETURN, _REFUSE))
    return _joined(program)


def _allowed(number: int, restriction: _Restriction | None) -> list[_Instruction]:
    """Instructions that end the filter if the call has that number, and fall through if it has not."""
    body = [_Instruction(_RETURN, _ALLOW)] if restriction is None else _restricted(restriction)
    return [_Instruction(_IF_EQUAL, number, if_false=len(body)), *body]


def _restricted(restriction: _Restriction) -> list[_Instruction]:
    """Look at the low and at the high half of the argument (both machines store the low half first)."""
    at = _AT_ARGUMENTS + 8 * restriction.argument
    low, high = restriction.forbidden & 0xFFFF_FFFF, restriction.forbidden >> 32
    # Of `open`, O_WRONLY | O_CREAT is 0o101 and shares bits: jump over three to the refusal. O_RDONLY is 0.
    # A pointer such as the new limit of `prlimit64` has to be null in both halves.
    return [
        _Instruction(_LOAD, at),
        _Instruction(_IF_ANY_BIT, low, if_true=3),
        _Instruction(_LOAD, at + 4),
        _Instruction(_IF_ANY_BIT, high, if_true=1),
        _Instruction(_RETURN, _ALLOW),
        _Instruction(_RETURN, _REFUSE),
    ]


def _joined(program: Iterable[_Instruction]) -> bytes:
    return b"".join(instruction.packed() for instruction in program)
