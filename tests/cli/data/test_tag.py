"""`raysft data tag --model` as its user runs it, killed in the middle, and run again."""

import json
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from support.command import until

ROWS = [{"prompt": f"What is {one} + {one}?", "completion": f"It is {2 * one}."} for one in range(256)]
MAIN = "from raysft.cli.data.app import data_app; data_app()"


def tagging(folder: Path) -> subprocess.Popen[bytes]:
    arguments = ["tag", "in.jsonl", "--out", "out.jsonl", "--model", "world/base", "--labels", "code,math"]
    command = [sys.executable, "-c", MAIN, *arguments, "--characters", "200"]
    with (folder / "log").open("wb") as log:
        return subprocess.Popen(command, cwd=folder, stdout=log, stderr=subprocess.STDOUT)


@pytest.mark.slow
def test_a_killed_run_goes_on_where_it_was(tmp_path: Path) -> None:
    (tmp_path / "in.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in ROWS))
    partial = tmp_path / "out.jsonl.partial.jsonl"
    process = tagging(tmp_path)
    until(lambda: partial.exists() and partial.read_bytes().count(b"\n") > 0, 300)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not (tmp_path / "out.jsonl").exists()
    kept = 64 * partial.read_bytes().count(b"\n")
    assert tagging(tmp_path).wait(timeout=400) == 0, (tmp_path / "log").read_text()
    said = (tmp_path / "log").read_text()
    assert re.search(r"out\.jsonl: 256 rows, \d+ tagged", said)
    assert f"{kept} answers were there from an earlier run" in said
    found = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    assert [{key: row[key] for key in ("prompt", "completion")} for row in found] == ROWS
    assert {tag for row in found for tag in row["tags"]} <= {"code", "math"}
    assert sorted(one.name for one in tmp_path.iterdir()) == ["in.jsonl", "log", "out.jsonl"]
