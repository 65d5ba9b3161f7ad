import json
from pathlib import Path
from typing import Any

import pytest

from raysft.errors import InputError
from raysft.evaluate.answer_file import read_answer_file
from raysft.evaluate.answers import write_answers
from raysft.evaluate.benchmark import Answer, Question

QUESTIONS = [Question(f"Made/{place}", ("?",)) for place in range(3)]


def write(folder: Path, rows: list[Any]) -> str:
    path = folder / "answers.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return str(path)


@pytest.mark.parametrize(
    "row",
    [
        {"task_id": "Made/0", "completion": "said"},
        {"question_id": 0, "choices": [{"index": 0, "turns": ["said"]}]},
        {"question": "Made/0", "texts": ["said"], "ends": ["stop"]},
        {"id": "0", "answer": "said"},
    ],
)
def test_rows_are_read_in_the_forms_that_people_have(row: dict[str, Any], tmp_path: Path) -> None:
    path = write(tmp_path, [row])
    assert read_answer_file(path, QUESTIONS[:1]) == [Answer("Made/0", ("said",), ("stop",))]


def test_each_choice_of_a_row_is_a_sample(tmp_path: Path) -> None:
    choices = [{"index": 0, "turns": ["a", "b"]}, {"index": 1, "turns": ["c", "d"]}]
    found = read_answer_file(write(tmp_path, [{"question_id": 0, "choices": choices}]), QUESTIONS[:1])
    assert [one.texts for one in found] == [("a", "b"), ("c", "d")]


def test_a_row_names_its_question_by_its_text_or_by_whichever_key_does(tmp_path: Path) -> None:
    asked = [Question("Made/0", ("How many? ",)), Question("Made/1", ("Why?",))]
    rows = [{"question": "How many?", "response": "a"}, {"question": "Why, then?", "id": 1, "response": "b"}]
    found = read_answer_file(write(tmp_path, rows), asked)
    assert [(one.question, one.texts) for one in found] == [("Made/0", ("a",)), ("Made/1", ("b",))]


def test_a_reference_beside_the_answer_is_never_scored_in_its_place(tmp_path: Path) -> None:
    rows = [{"id": 0, "answer": "#### 18", "response": "I do not know."}]
    with pytest.raises(InputError, match="answer, response differ; keep that of the model alone"):
        read_answer_file(write(tmp_path, rows), QUESTIONS[:1])
    rows = [{"id": 0, "text": "said", "response": "said"}]
    assert len(read_answer_file(write(tmp_path, rows), QUESTIONS[:1])) == 1


def test_samples_keep_their_order_and_ends_are_known_where_they_are_said(tmp_path: Path) -> None:
    rows = [
        {"task_id": "Made/0", "completion": text, "finish_reason": end}
        for text, end in (("a", "stop"), ("b", "length"), ("", "stop"))
    ]
    answers = read_answer_file(write(tmp_path, rows), QUESTIONS[:1])
    assert [(one.texts, one.ends) for one in answers] == [
        (("a",), ("stop",)),
        (("b",), ("length",)),
        (("",), ("stop",)),
    ]


def test_answers_of_the_store_are_read(tmp_path: Path) -> None:
    given = [Answer(one.id, ("said", "again"), ("stop", "length")) for one in QUESTIONS]
    write_answers(tmp_path / "a.parquet", given)
    assert read_answer_file(str(tmp_path / "a.parquet"), QUESTIONS) == given


def test_every_wrong_row_and_every_question_without_an_answer_is_told(tmp_path: Path) -> None:
    rows = [
        {"task_id": "Made/7", "completion": "x"},
        {"completion": "x"},
        {"task_id": "Made/0", "completion": 3},
        "text",
        {"task_id": "Made/2", "completion": "x"},
    ]
    with pytest.raises(InputError) as caught:
        read_answer_file(write(tmp_path, rows), QUESTIONS)
    told = [str(problem) for problem in caught.value.problems]
    assert len(told) == 5
    for line, text in zip(
        (1, 2, 3, 4), ("no question Made/7", "names no question", "no text", "object"), strict=True
    ):
        assert f":{line}" in told[line - 1]
        assert text in told[line - 1]
    assert "no answer to 2 questions of 3" in told[4]
    assert "Made/0, Made/1" in told[4]


def test_answers_to_questions_that_are_not_scored_are_passed_over(tmp_path: Path) -> None:
    rows = [{"task_id": f"Made/{place}", "completion": "x"} for place in (2, 0, 1)]
    answers = read_answer_file(write(tmp_path, rows), QUESTIONS[:1], QUESTIONS)
    assert [answer.question for answer in answers] == ["Made/0"]


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no row"):
        read_answer_file(write(tmp_path, []), QUESTIONS)
