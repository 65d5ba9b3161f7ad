"""The folder that one stands in: its files are data, never programs, whatever they are called."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from support.ray_nodes import head
from support.traps import set_traps, sprung

RAYSFT = str(Path(sys.executable).with_name("raysft"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Traps, a sweep file and one of its sources, all named from here."""
    here = tmp_path / "research"
    here.mkdir()
    set_traps(here)
    rows = [{"prompt": f"Say {number}.", "response": str(number)} for number in range(16)]
    (here / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    raw = {
        "name": "trapped",
        "abilities": {
            "code": {"source": "rows.jsonl"},
            "general": {
                "source": {"path": "world/general", "rows": 16},
                "benchmark": {"name": "world/general", "limit": 4, "max_new_tokens": 8},
            },
        },
        "models": {"tiny": {"base": "world/base"}},
        "recipe": {"epochs": 1, "batch_size": 8, "learning_rate": 1e-3, "max_length": 256},
        "studies": {"s": {"model": "tiny", "strategy": "multi_task"}},
    }
    (here / "sweep.yaml").write_text(yaml.safe_dump(raw))
    return here


def run_there(folder: Path, *arguments: str) -> str:
    command = [RAYSFT, "run", "sweep.yaml", "--store", "runs/store", *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=400)
    assert sprung(folder) == []
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.slow
def test_a_run_imports_nothing_from_there(folder: Path) -> None:
    said = run_there(folder)
    assert "stages trained: 1" in said
    assert "\x1b" not in said
    assert (folder / "runs/store/sweeps/trapped/report.html").is_file()


@pytest.mark.slow
def test_nor_does_a_run_on_a_cluster_that_is_there(folder: Path, tmp_path: Path) -> None:
    with head(tmp_path, "--num-cpus=2", '--resources={"driver": 10}') as node:
        assert "stages trained: 1" in run_there(folder, "--address", node.address)


def test_nor_does_python_with_m(folder: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "raysft", "--version"], cwd=folder, capture_output=True, text=True
    )
    assert done.stdout.startswith("raysft ")
    assert sprung(folder) == []


def test_nor_do_processes_that_share_the_reading(tmp_path: Path) -> None:
    here, script = tmp_path / "here", tmp_path / "elsewhere" / "script.py"
    here.mkdir()
    script.parent.mkdir()
    set_traps(here)
    script.write_text(
        "from raysft.data.parallel import in_order\n"
        "def begin(): return str\n"
        "if __name__ == '__main__': print(*in_order(begin, range(4), 2))\n"
    )
    done = subprocess.run([sys.executable, str(script)], cwd=here, capture_output=True, text=True)
    assert done.stdout == "0 1 2 3\n", done.stderr
    assert sprung(here) == []
