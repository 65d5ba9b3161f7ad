"""The log of a process: in the sweep's folder, one line a record, whatever is written, wherever it runs."""

import logging
import subprocess
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest
from fsspec.implementations.memory import MemoryFileSystem
from support.places import ROOT

from raysft import process_log
from raysft.process_log import driver_log, escaped, start_process_log
from raysft.store import Store

LOG = logging.getLogger("raysft.some.room")
HOSTILE = "a\nb\r\x1b[31mred\x07\u202egnirts\u2028end\x00\ttab"


@pytest.fixture(params=["folder", "memory"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    yield Store.open(tmp_path / "store" if request.param == "folder" else "memory://logs", tmp_path / "cache")
    MemoryFileSystem.store.clear()


@pytest.fixture(autouse=True)
def nothing_started() -> Iterator[None]:
    before = logging.getLogger().handlers[:]
    yield
    for handler in process_log._started.values():
        process_log._stop(handler)
    process_log._started.clear()
    logging.captureWarnings(False)
    assert logging.getLogger().handlers == before


def logs(store: Store, sweep: str = "s") -> dict[str, list[str]]:
    """Lines of every log of a sweep, by the role in its name."""
    names = store.transport.names(f"sweeps/{sweep}")
    assert all(name.startswith("logs/") and name.endswith(".log") for name in names)
    return {
        name.split("-")[1]: store.read_file(sweep, name).decode().removesuffix("\n").split("\n")
        for name in names
    }


def warn(text: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(False)
        logging.captureWarnings(True)  # pytest has put itself in between
        warnings.warn(text, stacklevel=1)


def test_what_is_logged_is_in_the_folder_of_the_sweep(store: Store) -> None:
    with driver_log(store, "s"):
        LOG.warning("stage %s is damaged", "abc")
    (line,) = logs(store)["driver"]
    assert line.endswith(" WARNING raysft.some.room: stage abc is damaged")
    assert line[:4].isdigit()


def test_warnings_of_python_are_in_it(store: Store) -> None:
    with driver_log(store, "s"):
        warn("resume state of other weights is dropped")
    (line,) = logs(store)["driver"]
    assert "resume state of other weights is dropped" in line
    assert "py.warnings" in line


def test_a_quiet_process_leaves_no_file(store: Store) -> None:
    with driver_log(store, "s"):
        LOG.info("too little to tell")
    assert logs(store) == {}


def test_after_the_run_the_process_is_as_before(store: Store) -> None:
    with pytest.raises(ValueError, match="ends"), driver_log(store, "s"):
        raise ValueError("ends")
    LOG.warning("not ours any more")
    assert logs(store) == {}


def test_a_record_is_one_line_whatever_it_holds(store: Store) -> None:
    with driver_log(store, "s"):
        LOG.warning("%s", HOSTILE)
        try:
            raise ValueError(HOSTILE)
        except ValueError:
            LOG.exception("with a traceback")
    first, second = logs(store)["driver"]
    assert r"a\nb\r\x1b[31mred\x07\u202egnirts\u2028end\x00\ttab" in first
    assert r"with a traceback\nTraceback (most recent call last):\n" in second
    assert (first + second).isprintable()


def test_what_can_be_read_stays_as_it_is() -> None:
    assert escaped("wörd 東京 (50 %)") == "wörd 東京 (50 %)"
    assert escaped("half \ud800 a pair") == r"half \ud800 a pair"


def test_the_driver_shows_it_as_well(store: Store, capsys: pytest.CaptureFixture[str]) -> None:
    with driver_log(store, "s"):
        LOG.warning("a\x1b[2Jb")
    assert capsys.readouterr().err.endswith(" WARNING raysft.some.room: a\\x1b[2Jb\n")


def test_a_process_of_ray_begins_its_log_once(store: Store, capsys: pytest.CaptureFixture[str]) -> None:
    for _ in range(3):
        start_process_log(store, "s", "trial")
    LOG.warning("once")
    assert len(logs(store)["trial"]) == 1
    assert capsys.readouterr().err == ""


def test_a_process_that_is_used_again_writes_where_it_belongs(store: Store) -> None:
    start_process_log(store, "s", "trial")
    LOG.warning("first")
    start_process_log(store, "other", "trial")
    LOG.warning("second")
    assert [line.rpartition(" ")[2] for line in logs(store)["trial"]] == ["first"]
    assert [line.rpartition(" ")[2] for line in logs(store, "other")["trial"]] == ["second"]


def test_of_many_lines_on_object_storage_none_is_lost_at_the_end(store: Store) -> None:
    with driver_log(store, "s"):
        for number in range(250):
            LOG.warning("line %d", number)
    assert [int(line.rpartition(" ")[2]) for line in logs(store)["driver"]] == list(range(250))


def test_a_store_that_fails_does_not_end_the_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    store = Store.open(tmp_path / "store")
    (tmp_path / "store" / "sweeps").write_text("a file where a folder must be")
    with driver_log(store, "s"):
        LOG.warning("told")
    assert "told" in capsys.readouterr().err


def test_a_process_that_ends_has_written_everything(tmp_path: Path) -> None:
    code = (
        "import sys, warnings; from raysft.store import Store; from raysft.process_log import *\n"
        "start_process_log(Store.open(sys.argv[1]), 's', 'engine'); warnings.warn('as Python shows it')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], cwd=ROOT, capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (0, "")
    (line,) = logs(Store.open(tmp_path))["engine"]
    assert "as Python shows it" in line


def test_a_store_that_warns_while_it_is_written_to_is_written_to_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, writes = Store.open("memory://warning", tmp_path / "cache"), []

    def write(self: Store, sweep: str, name: str, data: bytes) -> None:
        writes.append(data)
        LOG.warning("the store is slow")

    monkeypatch.setattr(Store, "write_file", write)
    with driver_log(store, "s"):
        LOG.warning("one")
        assert len(writes) == 1
    assert b"the store is slow" in writes[-1], "its own line goes with the next write"
    MemoryFileSystem.store.clear()
