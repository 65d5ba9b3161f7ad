"""A cache of counts: what is kept comes back, and anything else is as if it were not there."""

import os
import threading
from pathlib import Path

import numpy as np
import pytest

from raysft.data.tokens.counts_cache import Columns, CountsCache, user_cache_folder

COLUMNS: Columns = {"tokens": np.arange(100), "supervised": np.arange(100)[::-1] * 2**33}


@pytest.fixture
def cache(tmp_path: Path) -> CountsCache:
    return CountsCache(tmp_path / "cache" / "counts")


def kept(cache: CountsCache, key: str, rows: int = 100) -> dict[str, list[int]] | None:
    found = cache.read(key, rows)
    return None if found is None else {name: one.tolist() for name, one in found.items()}


def test_what_is_kept_comes_back_under_its_key_alone(cache: CountsCache) -> None:
    assert kept(cache, "a") is None
    cache.keep("a", COLUMNS)
    assert kept(cache, "a") == {name: one.tolist() for name, one in COLUMNS.items()}
    assert kept(cache, "b") is None
    assert kept(cache, "a", rows=99) is None
    cache.keep("none", {"tokens": np.zeros(0, np.int64)})
    assert kept(cache, "none", rows=0) == {"tokens": []}


def test_a_file_that_is_damaged_anywhere_is_not_there_and_is_written_again(cache: CountsCache) -> None:
    cache.keep("a", COLUMNS)
    (path,) = cache.folder.iterdir()
    whole = path.read_bytes()
    for damaged in (b"", whole[:10], whole[:-1], whole + b"x", b"\0" * len(whole)):
        path.write_bytes(damaged)
        assert kept(cache, "a") is None
    for place in range(0, len(whole), 7):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        assert kept(cache, "a") is None, place
    cache.keep("a", COLUMNS)
    assert path.read_bytes() == whole


def test_a_folder_that_cannot_be_made_or_written_to_costs_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    for folder in (tmp_path / "file", tmp_path / "file" / "below", None):
        cache = CountsCache(folder)
        cache.keep("a", COLUMNS)
        assert kept(cache, "a") is None
    assert (tmp_path / "file").read_text() == "no folder"


def test_what_was_not_used_for_longest_goes_first(tmp_path: Path) -> None:
    columns = {"tokens": np.random.default_rng(0).integers(0, 2**62, 1000)}
    largest = 3 * 8200  # what does not compress is 8,000 bytes, and a little for its digest and names
    cache = CountsCache(tmp_path, largest)
    for age, key in enumerate("abc"):
        cache.keep(key, columns)
        os.utime(tmp_path / f"{key}.counts", (1000 + age, 1000 + age))
    assert kept(cache, "a", 1000), "this makes it the newest"
    cache.keep("d", columns)
    assert {path.stem for path in tmp_path.iterdir()} == {"a", "c", "d"}
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) <= largest


def test_what_a_writer_left_behind_goes_once_it_is_old(cache: CountsCache) -> None:
    cache.keep("a", COLUMNS)
    old, new = cache.folder / "x.part", cache.folder / "y.part"
    for path in (old, new):
        path.write_bytes(b"half")
    os.utime(old, (1000, 1000))
    cache.keep("b", COLUMNS)
    assert not old.exists()
    assert new.exists()


def test_writers_at_the_same_time_leave_whole_files(cache: CountsCache) -> None:
    def work(number: int) -> None:
        for turn in range(20):
            cache.keep(f"{turn % 3}", {"tokens": np.full(500, number)})
            found = cache.read(f"{turn % 3}", 500)
            assert found is None or len(set(found["tokens"].tolist())) == 1

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert sorted(path.name for path in cache.folder.iterdir()) == ["0.counts", "1.counts", "2.counts"]


def test_the_folder_is_that_of_the_user(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert user_cache_folder() == tmp_path / "raysft" / "token-counts"
    for said in ("", "relative/folder"):
        monkeypatch.setenv("XDG_CACHE_HOME", said)
        monkeypatch.setenv("HOME", str(tmp_path / "home"))
        assert user_cache_folder() == tmp_path / "home" / ".cache" / "raysft" / "token-counts"
