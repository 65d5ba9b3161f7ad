import os
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import pytest

from raysft.data.parallel import in_order, processes_for
from raysft.errors import InputError, Problem


def begin_squares(offset):
    return partial(square, offset)


def square(offset, task):
    # every third task takes long, so results come out of order unless somebody orders them
    sum(range(10**6 if task % 3 == 0 else 0))
    return task * task + offset, os.getpid()


def begin_badly():
    raise InputError([Problem("tokenizer", "x", "is none")])


def begin_refusal():
    return refuse


def refuse(task):
    if task == 5:
        raise InputError([Problem("row", str(task), "is bad")])
    return task


@pytest.mark.parametrize("processes", [1, 2])
def test_results_come_in_the_order_of_the_tasks(processes):
    found = list(in_order(partial(begin_squares, 7), iter(range(40)), processes))
    assert [value for value, _ in found] == [k * k + 7 for k in range(40)]
    here = {process == os.getpid() for _, process in found}
    assert here == {processes == 1}


@pytest.mark.parametrize("processes", [1, 2])
def test_errors_arrive_as_what_they_are(processes):
    with pytest.raises(InputError, match="row: 5: is bad"):
        list(in_order(begin_refusal, range(40), processes))
    with pytest.raises(InputError, match="tokenizer: x: is none"):
        list(in_order(begin_badly, range(3), processes))


def test_tasks_are_taken_as_they_are_needed():
    taken = []
    results = in_order(partial(begin_squares, 0), (taken.append(k) or k for k in range(1000)), 2)
    next(results)
    results.close()
    assert len(taken) <= 5


def test_no_tasks_have_no_results():
    assert list(in_order(partial(begin_squares, 0), [], 2)) == []


def test_small_work_is_done_here():
    assert processes_for(99, 100) == processes_for(0, 100) == processes_for(199, 100) == 1
    assert 1 <= processes_for(10**12, 100) <= 16


ORPHANS = """
import os, signal
from functools import partial
from pathlib import Path
from raysft.data.parallel import in_order

def begin():
    return pid

def pid(task):
    return os.getpid()

if __name__ == "__main__":
    results = in_order(begin, range(100), 2)
    print(next(results), flush=True)
    signal.pause()
"""


def test_workers_end_with_the_process_that_started_them(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(ORPHANS)
    with subprocess.Popen(
        [sys.executable, script], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as parent:
        worker = int(parent.stdout.readline())
        os.kill(worker, 0)
        parent.kill()
        parent.wait()
        deadline = time.monotonic() + 60
        while is_running(worker) and time.monotonic() < deadline:
            signal.sigtimedwait([signal.SIGUSR2], 0.05)
        assert not is_running(worker)


def is_running(process):
    try:
        with open(f"/proc/{process}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


SCRIPT = """
import sys
sys.path.insert(0, sys.argv[1])
from doubling import begin
from raysft.data.parallel import in_order

if __name__ == "__main__":
    print(list(in_order(begin, range(8), 2)))
"""
TRAP = "import pathlib; pathlib.Path(__file__ + '.ran').touch()\n"


def test_workers_import_nothing_from_the_current_folder(tmp_path: Path) -> None:
    """A console script lies elsewhere: only the processes that it starts would look here."""
    tools, here = tmp_path / "bin", tmp_path / "here"
    tools.mkdir()
    here.mkdir()
    (tools / "command").write_text(SCRIPT)
    (tools / "doubling.py").write_text(
        "def begin():\n    return double\n\ndef double(x):\n    return 2 * x\n"
    )
    for name in ("calendar", "pickle", "struct", "tempfile", "queue", "numpy", "torch"):
        (here / f"{name}.py").write_text(TRAP)
    done = subprocess.run(
        [sys.executable, tools / "command", tools], cwd=here, capture_output=True, text=True, check=True
    )
    assert done.stdout.split("\n")[0] == str([2 * number for number in range(8)])
    assert sorted(one.name for one in here.glob("*.ran")) == []
