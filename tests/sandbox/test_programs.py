import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from raysft.errors import ClusterError
from raysft.sandbox import program_worker, programs
from raysft.sandbox.programs import Limits, Program, ProgramResult, run_programs

DOUBLE = "def double(x):\n    return 2 * x\n"
CHECK = "def check(candidate):\n    assert candidate(3) == 6\n"
LARGE = "import time\nblock = bytearray(100 << 20)\n"
"""Can be told from outside by its size, once it runs."""
SHORT = Limits(cpu_seconds=0.2)
"""4 s on the clock; SIGXCPU comes after a whole second."""


def run_one(source: str, tests: str = CHECK, limits: Limits | None = None) -> ProgramResult:
    (result,) = run_programs([Program("p", source, tests, "double")], limits)
    return result


def test_right_and_wrong_programs_keep_their_order() -> None:
    sources = [DOUBLE, "def double(x):\n    return x\n"] * 6
    given = [Program(str(place), source, CHECK, "double") for place, source in enumerate(sources)]
    results = run_programs(given)
    assert [result.id for result in results] == [str(place) for place in range(12)]
    assert [result.outcome for result in results] == ["passed", "failed"] * 6


def test_no_programs_need_no_process() -> None:
    assert run_programs([]) == []


def test_a_passed_program_has_no_reason_and_a_failed_one_names_the_error() -> None:
    assert run_one(DOUBLE) == ProgramResult("p", "passed", "")
    assert run_one("def double(x):\n    return y\n").reason == "NameError: name 'y' is not defined"


def test_a_reason_can_be_written_and_seen() -> None:
    result = run_one("raise ValueError('\\ud83d\\x1b[31m' + 'x' * 1000)\n")
    assert result.reason.startswith("ValueError: \\ud83d\\x1b[31mxxx")
    assert len(result.reason.encode()) < 310
    assert run_one("class E(Exception):\n    def __str__(self): 1/0\nraise E").outcome == "failed"


@pytest.mark.parametrize(
    "said", [{"outcome": "won", "reason": "x"}, {}, {"outcome": ["passed"], "reason": 3}]
)
def test_a_word_that_is_no_outcome_is_a_failure(
    said: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = iter([{"refused": ""}, said])
    monkeypatch.setattr(programs._Worker, "ask", lambda *_: next(asked))
    result = run_one(DOUBLE)
    assert result.outcome == "failed"
    assert "which is none" in result.reason


@pytest.mark.parametrize(
    "source",
    [
        "def double(x:\n",  # no Python
        "double = 1\n",  # not a function
        "def triple(x):\n    return 3 * x\n",  # another name
        "\0",
        "x = '\udc80'",  # no UTF-8
        "",
    ],
)
def test_what_is_no_program_has_failed(source: str) -> None:
    assert run_one(source).outcome == "failed"


@pytest.mark.parametrize(
    "source",
    [
        "import sys\nsys.exit(0)\n",
        "import os\nos._exit(0)\n",
        "def double(x):\n    import os\n    os._exit(0)\n",
        "def double(x):\n    raise SystemExit(0)\n",
        "def double(x):\n    raise KeyboardInterrupt\n",
        "import os\nos.closerange(0, 64)\n" + DOUBLE,
        "import os\nos.abort()\n",
        "import signal\nsignal.setitimer(signal.ITIMER_REAL, 0.01)\nsignal.pause()\n",
        'import os\nos.write(3, b\'["", "passed", ""]\')\nos._exit(0)\n',
        "import os\nwhile True: os.write(3, b'passed' * 1000)\n",
        "class E(Exception):\n    def __str__(self): raise self\nraise E\n",
        "class E(Exception):\n    def __str__(self):\n        import os\n        os._exit(0)\nraise E\n",
        "def double(x):\n    return double(x)\n",
        "import sys\nsys.setrecursionlimit(10**9)\ndef double(x):\n    return sorted([x], key=double)\n",
        "block = bytearray(1 << 30)\n" + DOUBLE,
        "hoard = []\nwhile True: hoard.append(bytearray(1 << 20))\n",
    ],
)
def test_a_program_that_ends_early_or_asks_too_much_has_failed(source: str) -> None:
    assert run_one(source).outcome == "failed"


@pytest.mark.parametrize(
    "source",
    [
        "while True: pass\n",
        "def double(x):\n    while True: pass\n",
        "import signal\nsignal.signal(signal.SIGXCPU, signal.SIG_IGN)\nwhile True: pass\n",
        "import os\nos.close(3)\nwhile True: pass\n",
        "while True:\n    try:\n        while True: pass\n    except BaseException: pass\n",
    ],
)
def test_cpu_time_decides_a_time_out(source: str) -> None:
    result = run_one(source, limits=SHORT)
    assert (result.outcome, result.reason) == ("timed_out", "it used more than 0.2 s of CPU time")


def test_a_right_answer_after_the_cpu_time_has_timed_out() -> None:
    busy = "import time\nwhile time.process_time() < 0.4: pass\n"
    assert run_one(busy + DOUBLE, limits=SHORT).outcome == "timed_out"
    assert run_one(busy + DOUBLE).outcome == "passed"


def test_a_sleeper_fails_at_the_wall_cap() -> None:
    result = run_one("import time\ntime.sleep(3600)\n", limits=SHORT)
    assert (result.outcome, result.reason) == ("failed", "it was still waiting after 4 s")


def test_a_short_sleep_is_no_cpu_time() -> None:
    assert run_one("import time\ntime.sleep(0.5)\n" + DOUBLE, limits=SHORT).outcome == "passed"


REFUSED = {
    "a socket": "import socket\nsocket.socket()",
    "a pair of sockets": "import socket\nsocket.socketpair()",
    "a process": "import os\nos.fork()",
    "a shell": "import subprocess\nsubprocess.run(['true'])",
    "another program": "import os\nos.execv('/bin/true', ['true'])",
    "a signal to the worker": "import os, signal\nos.kill(os.getppid(), signal.SIGKILL)",
    "a signal to everyone": "import os, signal\nos.kill(-1, signal.SIGKILL)",
    "a signal through a file": "import fcntl, os\nfcntl.fcntl(os.pipe()[0], fcntl.F_SETOWN, os.getppid())",
    "a file": "open('flood', 'w')",
    "a file elsewhere": "open('/tmp/raysft-escaped', 'x')",
    "truncation": "import os\nos.open('/etc/hostname', os.O_RDONLY | os.O_TRUNC)",
    "an unnamed file": "import os\nos.open('/tmp', os.O_TMPFILE | os.O_RDWR)",
    "a folder": "import os\nos.mkdir('folder')",
    "removal": "import os\nos.rmdir(os.getcwd())",
    "a file in memory": "import os\nos.memfd_create('x')",
    "another user": "import os\nos.setuid(12345)",
    "a longer time": "import resource\nresource.setrlimit(resource.RLIMIT_CPU, (1, 1))",
    "memory of the worker": "import os\nopen(f'/proc/{os.getppid()}/mem', 'rb+')",
}


@pytest.mark.parametrize("source", REFUSED.values(), ids=REFUSED)
def test_the_kernel_refuses(source: str) -> None:
    attempt = f"try:\n{_indented(source)}\nexcept (PermissionError, ValueError) as e:\n    error = e\n"
    told = attempt + "assert 'not permitted' in str(error) or 'not allowed' in str(error), error\n"
    assert run_one(told + DOUBLE) == ProgramResult("p", "passed", "")


def test_the_kernel_refuses_a_thread() -> None:
    source = "import threading\nthreading.Thread(target=print).start()\n"
    assert "can't start new thread" in run_one(source).reason


def _indented(source: str) -> str:
    return "\n".join("    " + line for line in source.splitlines())


def test_a_fork_bomb_harms_nobody_and_the_next_program_is_judged() -> None:
    bomb = "import os\nwhile True:\n    try:\n        os.fork()\n    except OSError: pass\n"
    given = [Program("bomb", bomb, CHECK, "double"), Program("next", DOUBLE, CHECK, "double")]
    assert [result.outcome for result in run_programs(given, SHORT)] == ["timed_out", "passed"]


def test_output_goes_nowhere(capfd: pytest.CaptureFixture[str]) -> None:
    source = "import os, sys\nprint('x' * 10_000_000)\nos.write(2, b'y' * 1_000_000)\n" + DOUBLE
    assert run_one(source).outcome == "passed"
    assert capfd.readouterr() == ("", "")


def test_input_environment_and_folder_are_empty() -> None:
    source = "import os, sys\nassert sys.stdin.read() == '' and os.listdir('.') == []\n"
    source += "assert set(os.environ) <= {'PYTHONHASHSEED', 'LC_CTYPE'}, os.environ\n"
    source += (
        "assert not [path for path in sys.path if 'site-packages' in path or 'evaluate' in path], sys.path\n"
    )
    assert run_one(source + DOUBLE) == ProgramResult("p", "passed", "")


def test_no_descriptor_of_the_worker_is_left_open() -> None:
    source = "import os\nfor fd in range(4, 64):\n    try: os.fstat(fd)\n    except OSError: continue\n"
    source += "    raise IOError(fd)\n"
    assert run_one(source + DOUBLE) == ProgramResult("p", "passed", "")


def test_capabilities_are_gone() -> None:
    source = (
        "caps = [line for line in open('/proc/thread-self/status') if line[:6] in ('CapEff', 'CapPrm')]\n"
    )
    source += "assert [int(line.split()[1], 16) for line in caps] == [0, 0], caps\n"
    assert run_one(source + DOUBLE) == ProgramResult("p", "passed", "")


def test_programs_see_nothing_of_one_another() -> None:
    spoiled = "import builtins, math\nbuiltins.len = math.floor = None\nglobal_name = 1\n" + DOUBLE
    clean = "import math\nassert len([math.floor(1.5)]) == 1 and 'global_name' not in globals()\n" + DOUBLE
    given = [Program(source, source, CHECK, "double") for source in (spoiled, clean)]
    assert [result.outcome for result in run_programs(given)] == ["passed", "passed"]


def test_chance_is_the_same_each_time() -> None:
    shown = "import random\nraise ValueError([random.random(), hash('word'), list({'a', 'b', 'c'})])\n"
    assert run_one(shown).reason == run_one(shown).reason


def test_helpers_of_the_program_are_seen_by_the_tests_and_main_blocks_stay_still() -> None:
    source = "import dataclasses\n@dataclasses.dataclass\nclass Two:\n    value: 'int' = 2\n"
    source += "def double(x):\n    return Two().value * x\nif __name__ == '__main__':\n    raise ValueError\n"
    tests = "def check(candidate):\n    assert candidate(3) == double(3) == 6\n"
    assert run_one(source, tests) == ProgramResult("p", "passed", "")


def test_a_check_of_the_program_does_not_replace_that_of_the_tests() -> None:
    assert run_one("def check(candidate): pass\ndef double(x): return 0\n").outcome == "failed"


def test_a_worker_killed_from_outside_leaves_its_program_unscored_and_the_rest_judged() -> None:
    given = [Program("first", LARGE + "time.sleep(60)\n" + DOUBLE, CHECK, "double")]
    given += [Program(str(place), DOUBLE, CHECK, "double") for place in range(3)]
    before = _workers()
    killer = threading.Thread(target=lambda: os.kill(_new_worker(before), signal.SIGKILL))
    killer.start()
    results = run_programs(given)
    killer.join()
    assert [result.outcome for result in results] == ["unscored", "passed", "passed", "passed"]
    assert "ended" in results[0].reason


def test_a_program_ends_with_the_caller(tmp_path: Path) -> None:
    """The caller is killed outright; the worker sees its socket close and takes its child along."""
    source = LARGE + "time.sleep(3600)\n"
    code = f"from raysft.sandbox.programs import *\nrun_programs([Program('p', {source!r}, '', 'f')])"
    before = _workers()
    caller = subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=Path(programs.__file__).parents[2],
        env={**os.environ, "TMPDIR": str(tmp_path)},  # it has no chance to clean up
    )
    worker = _new_worker(before)
    caller.kill()
    caller.wait()
    deadline = time.monotonic() + 20
    while worker in _workers() and time.monotonic() < deadline:
        pass
    assert worker not in _workers()


def _workers() -> set[int]:
    found = set()
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            command = (folder / "cmdline").read_bytes()
            state = (folder / "stat").read_text().rsplit(")", 1)[1].split()[0]
        except (FileNotFoundError, ProcessLookupError):
            continue
        if b"program_worker.py" in command and state != "Z":
            found.add(int(folder.name))
    return found


def _new_worker(before: set[int]) -> int:
    """The worker that appears, as soon as its child runs a large program."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        for worker in _workers() - before:
            children = Path(f"/proc/{worker}/task/{worker}/children")
            if children.exists() and any(map(_is_large, children.read_text().split())):
                return worker
    raise AssertionError("no worker appeared")


def _is_large(pid: str) -> bool:
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    sizes = [int(line.split()[1]) for line in status.splitlines() if line.startswith("VmSize:")]
    return any(size > 100 << 10 for size in sizes)


SET_UP = program_worker._SetUp(3.0, 60.0, 512 << 20, 1 << 20, "")


@pytest.mark.parametrize(
    ("stopped", "cpu_seconds", "killer", "outcome"),
    [
        ("starved", 0.5, signal.SIGKILL, "unscored"),
        ("starved", 3.5, signal.SIGKILL, "timed_out"),
        ("asleep", 0.5, signal.SIGKILL, "failed"),
        ("", 0.5, signal.SIGKILL, "unscored"),
        ("", 2.99, signal.SIGXCPU, "timed_out"),
        ("", 0.5, signal.SIGSEGV, "failed"),
        ("", 0.5, 0, "passed"),
    ],
)
def test_only_what_the_program_did_counts_against_it(
    stopped: str, cpu_seconds: float, killer: int, outcome: str
) -> None:
    """A busy machine and its own killer cannot be had on demand, so what they leave is judged here."""
    ending = program_worker._Ending(b'["word", "passed", ""]', stopped, cpu_seconds, killer)
    assert program_worker._decide(ending, "word", SET_UP)[0] == outcome
    assert program_worker._decide(ending, "another word", SET_UP)[0] == outcome.replace("passed", "failed")


def test_where_programs_cannot_be_confined_none_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(programs, "_filter", lambda: b"\0" * 8)  # no valid filter: the kernel refuses it
    with pytest.raises(ClusterError, match=r"cannot be run here: .*prctl\(22\).*unconfined"):
        run_one(DOUBLE)


def test_a_filter_that_lets_a_socket_through_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    allow_all = (0x06).to_bytes(2, "little") + b"\0\0" + (0x7FFF0000).to_bytes(4, "little")
    monkeypatch.setattr(programs, "_filter", lambda: allow_all)
    with pytest.raises(ClusterError, match="let a socket through"):
        run_one(DOUBLE)


def test_other_systems_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    with pytest.raises(ClusterError, match="Linux only"):
        run_one(DOUBLE)


def test_the_caller_itself_is_not_confined() -> None:
    run_one(DOUBLE)
    with socket.socket() as ours:
        assert ours.fileno() > 0
