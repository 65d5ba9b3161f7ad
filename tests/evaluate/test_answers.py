from pathlib import Path
from typing import get_args

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from raysft.errors import DamagedArtifact
from raysft.evaluate.answers import SCHEMA, read_answers, write_answers
from raysft.evaluate.benchmark import Answer, End

ENDS = st.sampled_from(get_args(End))
ANSWERS = st.lists(
    st.builds(
        lambda name, turns: Answer(name, tuple(text for text, _ in turns), tuple(end for _, end in turns)),
        st.text(),
        st.lists(st.tuples(st.text(), ENDS), max_size=3),
    ),
    max_size=5,
)


@settings(max_examples=60, deadline=None)
@given(ANSWERS)
def test_what_is_read_is_what_was_written(
    tmp_path_factory: pytest.TempPathFactory, answers: list[Answer]
) -> None:
    path = tmp_path_factory.mktemp("answers") / "answers.parquet"
    write_answers(path, answers)
    assert read_answers(path) == answers


@settings(max_examples=30, deadline=None)
@given(st.lists(st.characters(categories=["Cs"])))
def test_half_surrogate_pairs_become_the_replacement_character(
    tmp_path_factory: pytest.TempPathFactory, halves: list[str]
) -> None:
    path = tmp_path_factory.mktemp("answers") / "answers.parquet"
    write_answers(path, [Answer("one", ("a".join(halves),), ("stop",))])
    assert read_answers(path)[0].texts == ("a".join("\ufffd" * len(halves)),)


def test_odd_characters_survive(tmp_path: Path) -> None:
    text = "\x00 \ufeff \u202e \U0001f468\u200d\U0001f469 e\u0301 \r\n \ufffd"
    answers = [Answer("q/1", (text, ""), ("length", "overflow"))]
    write_answers(tmp_path / "answers.parquet", answers)
    assert read_answers(tmp_path / "answers.parquet") == answers


def test_a_lone_surrogate_is_replaced_and_a_pair_joined(tmp_path: Path) -> None:
    write_answers(
        tmp_path / "answers.parquet", [Answer("one", ("a\ud800b", "\ud83d\ude00"), ("stop", "stop"))]
    )
    assert read_answers(tmp_path / "answers.parquet")[0].texts == ("a\ufffdb", "\U0001f600")


def test_a_file_of_something_else_is_damaged(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("not Parquet")
    with pytest.raises(DamagedArtifact, match="not a Parquet file"):
        read_answers(tmp_path / "text")
    pq.write_table(pa.table({"question": ["one"]}), tmp_path / "other")
    with pytest.raises(DamagedArtifact, match="not a file of answers"):
        read_answers(tmp_path / "other")


@pytest.mark.parametrize("ends", [["stop", "stop"], ["asleep"], [None]])
def test_ends_that_no_engine_gives_are_damage(tmp_path: Path, ends: list[str | None]) -> None:
    row = {"question": ["one"], "texts": [["two"]], "ends": [ends]}
    pq.write_table(pa.table(row, schema=SCHEMA), tmp_path / "answers.parquet")
    with pytest.raises(DamagedArtifact, match="one: 1 texts"):
        read_answers(tmp_path / "answers.parquet")
