import struct

import pytest

from raysft.errors import ClusterError
from raysft.sandbox.confinement import seccomp_filter

ALLOW, REFUSE, KILL = 0x7FFF0000, 0x00050001, 0x80000000
AUDIT = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
OPENAT = {"x86_64": 257, "aarch64": 56}
FCNTL = {"x86_64": 72, "aarch64": 25}
PRLIMIT = {"x86_64": 302, "aarch64": 261}
FORBIDDEN = {
    "x86_64": {
        "socket": 41, "connect": 42, "clone": 56, "fork": 57, "vfork": 58, "execve": 59, "kill": 62,
        "rename": 82, "mkdir": 83, "unlink": 87, "ptrace": 101, "setuid": 105, "mount": 165, "tkill": 200,
        "tgkill": 234, "unlinkat": 263, "memfd_create": 319, "bpf": 321, "execveat": 322,
        "io_uring_setup": 425, "clone3": 435, "openat2": 437, "write of the x32 table": 0x40000001,
    },
    "aarch64": {
        "unlinkat": 35, "mount": 40, "ptrace": 117, "kill": 129, "tkill": 130, "tgkill": 131, "setuid": 146,
        "socket": 198, "connect": 203, "clone": 220, "execve": 221, "memfd_create": 279, "bpf": 280,
        "execveat": 281, "io_uring_setup": 425, "clone3": 435, "openat2": 437,
    },
}  # fmt: skip
MACHINES = pytest.mark.parametrize("machine", ["x86_64", "aarch64"])


def answer(machine: str, number: int, *arguments: int, audit: int | None = None) -> int:
    """Play the kernel: run the filter over one call, by the rules of classic BPF."""
    values = [*arguments, 0, 0, 0, 0, 0, 0][:6]
    data = struct.pack("=IIQ6Q", number, AUDIT[machine] if audit is None else audit, 0, *values)
    program = list(struct.iter_unpack("=HBBI", seccomp_filter(machine)))
    held = at = 0
    while True:
        code, if_true, if_false, value = program[at]
        at += 1
        if code == 0x20:
            (held,) = struct.unpack_from("=I", data, value)
        elif code == 0x06:
            return value
        else:
            holds = held == value if code == 0x15 else bool(held & value)
            assert code in (0x15, 0x45)
            at += if_true if holds else if_false


@MACHINES
def test_what_computing_needs_is_allowed(machine: str) -> None:
    write, exit_group = {"x86_64": (1, 231), "aarch64": (64, 94)}[machine]
    assert [answer(machine, write, 3), answer(machine, exit_group, 0)] == [ALLOW, ALLOW]


@MACHINES
def test_what_reaches_others_is_refused(machine: str) -> None:
    allowed = [name for name, number in FORBIDDEN[machine].items() if answer(machine, number) != REFUSE]
    assert allowed == []


@MACHINES
@pytest.mark.parametrize(
    ("flags", "verdict"),
    [
        (0, ALLOW),
        (0o2000000, ALLOW),  # O_CLOEXEC
        (0o200000, ALLOW),  # O_DIRECTORY of x86_64
        (0o40000, ALLOW),  # O_DIRECTORY of aarch64
        (1, REFUSE),
        (2, REFUSE),
        (3, REFUSE),
        (0o100, REFUSE),
        (0o1000, REFUSE),
        (0o20200000, REFUSE),  # O_TMPFILE
    ],
)
def test_a_file_opens_only_for_reading(machine: str, flags: int, verdict: int) -> None:
    assert answer(machine, OPENAT[machine], 0, 0, flags) == verdict


@MACHINES
def test_a_file_sends_no_signals(machine: str) -> None:
    fcntl = FCNTL[machine]
    assert [answer(machine, fcntl, 3, command) for command in (0, 1, 2, 3, 4, 1030)] == [ALLOW] * 6
    assert [answer(machine, fcntl, 3, command) for command in (8, 10, 15)] == [REFUSE] * 3


@MACHINES
@pytest.mark.parametrize("pointer", [1, 0x8000_0000, 0x1_0000_0000, 0x7FFF_0000_0000])
def test_limits_are_read_and_never_set(machine: str, pointer: int) -> None:
    assert answer(machine, PRLIMIT[machine], 0, 0, 0) == ALLOW
    assert answer(machine, PRLIMIT[machine], 0, 0, pointer) == REFUSE


@MACHINES
def test_calls_of_another_architecture_end_the_program(machine: str) -> None:
    assert answer(machine, 1, audit=0x40000003) == KILL


def test_an_unknown_machine_is_refused() -> None:
    with pytest.raises(ClusterError, match="x86_64 or aarch64 only, not on 'riscv64'"):
        seccomp_filter("riscv64")
