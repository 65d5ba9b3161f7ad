"""Names of abilities, and which comes last."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from raysft.pilot.abilities import ability_names, choose_last
from raysft.pilot.data_files import DataFile, Kind
from raysft.spec.sweep import Name


def file(rows: int = 100, turns: float = 1.0, kind: Kind = "closed", answer: int = 10) -> DataFile:
    ids = frozenset(number.to_bytes(4, "big") for number in range(rows))
    lengths = (50.0,) * rows
    seen = (ids, frozenset[int](), 0, lengths, 20.0, turns)
    return DataFile("f", "alpaca", rows, 0, "", {}, *seen, answer, kind, "", counted=False)


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("data/math.jsonl", "math"),
        ("/x/my data (v1.2).json.gz", "my_data_v1_2"),
        ("s3://bucket/code.jsonl.zst", "code"),
        ("hf://sahil2801/CodeAlpaca-20k", "CodeAlpaca-20k"),
        ("hf://owner/name/config:train", "name"),
        ("数学.jsonl", "ability"),
        ("..jsonl", "ability"),
    ],
)
def test_an_ability_is_called_like_its_file(path: str, name: str) -> None:
    assert ability_names([path]) == [name]


def test_names_are_told_apart() -> None:
    assert ability_names(["a/x.jsonl", "b/x.json", "x_2.json", "c/x.parquet"]) == ["x", "x_2", "x_2_2", "x_3"]


@given(st.lists(st.text(min_size=1), min_size=1, max_size=5))
def test_every_name_is_allowed_and_stands_once(paths: list[str]) -> None:
    names = ability_names(paths)
    assert len(set(names)) == len(paths)
    for one in names:
        TypeAdapter(Name).validate_python(one)


@pytest.mark.parametrize("name", ["general", "my_sharegpt_v3", "chat-en", "Dolly_15k", "instruct"])
def test_a_name_that_says_general_comes_last(name: str) -> None:
    last = choose_last({name: file(), "code": file(5000), "math": file(turns=4)})
    assert last.ability == name
    assert "name" in last.why


@pytest.mark.parametrize("name", ["math_instruct", "code_chat", "sql-instruct"])
def test_a_name_that_is_special_besides_does_not(name: str) -> None:
    assert choose_last({name: file(), "b": file(5000)}).ability == "b"


def test_without_a_name_dialogues_then_open_answers_then_size_decide() -> None:
    assert choose_last({"a": file(turns=2.5), "b": file(900)}).ability == "a"
    opened = choose_last(
        {"a": file(kind="open", answer=300), "b": file(900), "c": file(900, kind="programs")}
    )
    assert opened.ability == "a"
    largest = choose_last({"a": file(), "b": file(900)})
    assert largest.ability == "b"
    assert "900" in largest.why
