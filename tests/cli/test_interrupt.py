"""Ctrl-C and SIGTERM in the midst of a run: nothing is left behind, and the same command goes on."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from support.command import log_of, run, until
from support.places import SWEEPS

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

RAYSFT = str(Path(sys.executable).with_name("raysft"))
GO_ON = "interrupted; run the same command to go on"


def start_as_a_terminal_does(store: Path) -> subprocess.Popen[bytes]:
    """In a process group of its own, which is what Ctrl-C is sent to."""
    command = [RAYSFT, "run", str(SWEEPS / "smoke.yaml"), "--store", str(store)]
    with log_of(store).open("wb") as log:
        return subprocess.Popen(
            command, stdout=log, stderr=subprocess.STDOUT, cwd=store.parent, start_new_session=True
        )


def processes_started_by(session: int) -> list[str]:
    """What runs in a session; Ray starts none of its processes in another one."""
    listed = subprocess.run(["ps", "-eo", "sid,stat,args"], capture_output=True, text=True, check=True).stdout
    rows = [line.split(None, 2) for line in listed.splitlines()[1:]]
    return [title for sid, state, title in rows if int(sid) == session and not state.startswith("Z")]


def said(store: Path) -> str:
    return log_of(store).read_text()


@pytest.mark.parametrize(
    ("number", "code", "awaited"),
    [(signal.SIGINT, 130, "Ray starts"), (signal.SIGTERM, 143, "begins: ")],
)
def test_a_signal_ends_a_run_in_order(
    number: signal.Signals, code: int, awaited: str, tmp_path: Path
) -> None:
    store = tmp_path / "store"
    process = start_as_a_terminal_does(store)
    until(lambda: awaited in said(store), 200)
    assert processes_started_by(process.pid)
    os.killpg(process.pid, number)
    until(lambda: "interrupted; stopping" in said(store), 60)
    if process.poll() is None:
        process.send_signal(number)  # of somebody who is impatient
    assert process.wait(timeout=60) == code
    assert "Traceback" not in said(store)
    until(lambda: not processes_started_by(process.pid), 30)


def test_the_same_command_goes_on(tmp_path: Path) -> None:
    store = tmp_path / "store"
    process = start_as_a_terminal_does(store)
    until(lambda: bool(list(store.glob("resume/*/*/manifest.json"))), 200)
    os.killpg(process.pid, signal.SIGINT)
    assert process.wait(timeout=60) == 130
    assert said(store).splitlines()[-1] == GO_ON
    assert "Traceback" not in said(store)
    until(lambda: not processes_started_by(process.pid), 30)
    assert "stages trained: 3 (resumed: 1)" in run(SWEEPS / "smoke.yaml", store)
