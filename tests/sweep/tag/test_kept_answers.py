from pathlib import Path

import pytest

from raysft.errors import InputError
from raysft.sweep.tag.kept_answers import Said, kept_answers, partial_path

ONE, TWO = [Said("code", "stop"), Said("é\n", "length")], [Said("", "overflow")]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return partial_path(tmp_path / "out.jsonl")


def keep(path: Path) -> None:
    with kept_answers(path) as kept:
        kept.add("one", ONE)
        kept.add("two", TWO)


def test_answers_are_there_in_the_next_run(path: Path) -> None:
    keep(path)
    with kept_answers(path) as kept:
        assert kept.take("one", 2) == ONE
        assert kept.take("two", 1) == TWO
        assert kept.take("three", 1) is None
        kept.add("three", TWO)
    with kept_answers(path) as kept:
        assert [kept.take(key, count) for key, count in (("one", 2), ("three", 1))] == [ONE, TWO]


def test_a_unit_of_another_size_is_another(path: Path) -> None:
    keep(path)
    with kept_answers(path) as kept:
        assert kept.take("one", 3) is None


@pytest.mark.parametrize("cut", range(1, 40))
def test_an_unfinished_line_is_cut_off(path: Path, cut: int) -> None:
    keep(path)
    whole = path.read_bytes()
    path.write_bytes(whole[:-cut])
    with kept_answers(path) as kept:
        assert kept.take("one", 2) == ONE
        assert kept.take("two", 1) is None
        kept.add("two", TWO)
    assert path.read_bytes() == whole


@pytest.mark.parametrize(
    "line",
    [
        b"garbage",
        b'{"key": "two"}',
        b'{"key": 2, "answers": []}',
        b'{"key": "two", "answers": [["a"]]}',
        b'{"key": "two", "answers": [["a", "end"]]}',
        b'{"key": "two", "answers": [[1, "stop"]]}',
        b"\xff",
        b"[" * 100_000,
    ],
)
def test_a_damaged_line_is_passed_over(path: Path, line: bytes) -> None:
    path.write_bytes(line + b"\n")
    keep(path)
    with kept_answers(path) as kept:
        assert kept.take("one", 2) == ONE
        assert kept.take("two", 1) == TWO


def test_one_process_at_a_time(path: Path) -> None:
    with kept_answers(path), pytest.raises(InputError, match="another process"), kept_answers(path):
        pytest.fail("both have it")


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="--out"), kept_answers(tmp_path / "no" / "x.jsonl"):
        pytest.fail("it cannot be written")
