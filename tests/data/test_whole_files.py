from pathlib import Path

import pytest

from raysft.data.whole_files import written_at_once
from raysft.errors import InputError


def test_the_file_is_there_when_the_block_has_ended_and_not_before(tmp_path: Path) -> None:
    path = tmp_path / "out.jsonl"
    with written_at_once(path) as file:
        file.write(b"one\n")
        assert not path.exists()
    assert path.read_bytes() == b"one\n"
    assert list(tmp_path.iterdir()) == [path]


def test_a_block_that_fails_leaves_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "out.jsonl"
    path.write_bytes(b"old\n")

    def fails() -> None:
        with written_at_once(path) as file:
            file.write(b"new\n")
            raise RuntimeError("here")

    with pytest.raises(RuntimeError, match="here"):
        fails()
    assert path.read_bytes() == b"old\n"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("name", ["nowhere/out.jsonl", "folder"])
def test_a_place_where_no_file_can_be_is_refused_before_anything_is_done(name: str, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(InputError, match=name), written_at_once(tmp_path / name):
        pytest.fail("the block must not run")
