import json
import pickle
from pathlib import Path

import pytest

from raysft.errors import InputError
from raysft.evaluate.benchmark import Answer, Verdict
from raysft.evaluate.benchmarks.gsm8k import STOP, Gsm8k

ROWS = [
    {"question": "Tom has 2 pens and buys 3. How many?", "answer": "He has 2+3=<<2+3=5>>5 pens.\n#### 5"},
    {"question": "A house costs $1,000 and a yard 234. Total?", "answer": "1000+234=$1,234\n#### 1,234"},
    {"question": "From 3 down by 5?", "answer": "3-5 = <<3-5=-2>>-2\n#### -2"},
]


def write(folder: Path, *lines: str) -> str:
    path = folder / "gsm8k.jsonl"
    path.write_text("".join(line + "\n" for line in lines), encoding="utf-8")
    return str(path)


@pytest.fixture
def benchmark(tmp_path: Path) -> Gsm8k:
    return Gsm8k(write(tmp_path, *map(json.dumps, ROWS)))


def grade(benchmark: Gsm8k, place: int, text: str) -> Verdict:
    (verdict,) = benchmark.grade([Answer(f"gsm8k/{place}", (text,), ("stop",))])
    return verdict


def test_the_authors_own_answers_are_right(benchmark: Gsm8k) -> None:
    answers = [Answer(one.id, one.references, ("stop",)) for one in benchmark.questions]
    verdicts = benchmark.grade(list(reversed(answers)))
    assert [verdict.question for verdict in verdicts] == ["gsm8k/2", "gsm8k/1", "gsm8k/0"]
    assert [verdict.value for verdict in verdicts] == [1, 1, 1]
    assert all(verdict.details["strict"] and verdict.details["flexible"] for verdict in verdicts)


def test_strict_flexible_and_the_primary_value_stand_apart(benchmark: Gsm8k) -> None:
    flexible = grade(benchmark, 0, "He has 5.")
    assert flexible.value == 1
    assert flexible.details == {"strict": False, "flexible": True, "found": "5", "how": "last"}
    marked = grade(benchmark, 0, "#### 5\nThat is for 2 days.")
    assert marked.value == 1
    assert marked.details == {"strict": True, "flexible": False, "found": "5", "how": "mark"}
    boxed = grade(benchmark, 0, r"He has \boxed{5} pens of 7.")
    assert boxed.value == 1
    assert boxed.details == {"strict": False, "flexible": False, "found": "5", "how": "box"}


def test_an_answer_ends_where_a_new_question_begins(benchmark: Gsm8k) -> None:
    assert {one.stop for one in benchmark.questions} == {STOP}
    assert "\nQuestion:" in STOP


def test_equal_numbers_in_other_spellings_are_right_and_close_ones_wrong(benchmark: Gsm8k) -> None:
    assert [grade(benchmark, 1, text).value for text in ("1234", "$1,234.00", "1,234%")] == [1, 1, 1]
    assert [grade(benchmark, 1, text).value for text in ("1234.0000000000000000001", "-1234", "123")] == [
        0
    ] * 3
    assert grade(benchmark, 1, "9" * 5000).value == 0


def test_a_text_without_a_number_is_no_answer_and_wrong(benchmark: Gsm8k) -> None:
    verdict = grade(benchmark, 0, "I do not know...")
    assert (verdict.value, verdict.no_answer, verdict.details["found"]) == (0, True, None)
    assert not grade(benchmark, 0, "6").no_answer
    (untold,) = benchmark.grade([Answer("gsm8k/0", (), ())])
    assert (untold.value, untold.no_answer) == (0, True)


def test_questions_are_asked_as_they_are_and_references_lose_their_calculator_marks(benchmark: Gsm8k) -> None:
    first = benchmark.questions[0]
    assert first.turns == (ROWS[0]["question"],)
    assert first.references == ("He has 2+3=5 pens.\n#### 5",)
    assert first.facts == {"answer": "5"}


def test_a_limit_takes_the_first(tmp_path: Path) -> None:
    path = write(tmp_path, *map(json.dumps, ROWS))
    assert [question.id for question in Gsm8k(path, 2).questions] == ["gsm8k/0", "gsm8k/1"]


def test_wrong_rows_are_named_with_their_lines(tmp_path: Path) -> None:
    lines = [
        '{"question": "a"}',
        '{"question": "a", "answer": "none"}',
        "{",
        '{"question": 1, "answer": "#### 1"}',
    ]
    path = write(tmp_path, json.dumps(ROWS[0]), *lines)
    with pytest.raises(InputError) as caught:
        Gsm8k(path)
    problems = caught.value.problems
    assert [problem.field for problem in problems] == [f"{path}:{line}" for line in (2, 3, 4, 5)]
    assert problems[0].remedy == "answer: must be given"
    assert problems[1].remedy == "answer: it must end with `#### ` and a number"


def test_an_empty_or_absent_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no question"):
        Gsm8k(write(tmp_path))
    with pytest.raises(InputError, match="cannot be read"):
        Gsm8k(str(tmp_path / "absent.jsonl"))


def test_an_answer_to_another_benchmark_is_an_error(benchmark: Gsm8k) -> None:
    with pytest.raises(KeyError):
        grade(benchmark, 99, "5")


def test_it_travels_between_processes(benchmark: Gsm8k) -> None:
    assert pickle.loads(pickle.dumps(benchmark)).questions == benchmark.questions
