import gzip
import json
import pickle
from pathlib import Path

import pytest

from raysft.errors import InputError
from raysft.evaluate.benchmark import Answer, Verdict
from raysft.evaluate.benchmarks.humaneval import HumanEval, check_canonical

ROWS = [
    {
        "task_id": "Made/0",
        "prompt": 'from typing import List\n\n\ndef largest(xs: List[int]):\n    """ The largest. """\n',
        "entry_point": "largest",
        "canonical_solution": "    return max(xs)\n",
        "test": "\n\nMETADATA = {}\n\n\ndef check(candidate):\n    assert candidate([1, 3, 2]) == 3\n",
    },
    {
        "task_id": "Made/1",
        "prompt": 'def encode(s):\n    return s[::-1]\n\n\ndef decode(s):\n    """ Undo encode. """\n',
        "entry_point": "decode",
        "canonical_solution": "    return s[::-1]\n",
        "test": "def check(candidate):\n    assert candidate(encode('abc')) == 'abc'\n",
    },
]


def write(folder: Path, rows: list[dict[str, str]]) -> str:
    path = folder / "HumanEval.jsonl.gz"
    with gzip.open(path, "wt", encoding="utf-8") as file:
        file.writelines(json.dumps(row) + "\n" for row in rows)
    return str(path)


@pytest.fixture
def benchmark(tmp_path: Path) -> HumanEval:
    return HumanEval(write(tmp_path, ROWS))


def answers(*texts: str) -> list[Answer]:
    return [Answer(f"Made/{place}", (text,), ("stop",)) for place, text in enumerate(texts)]


def test_the_references_pass(benchmark: HumanEval) -> None:
    verdicts = benchmark.grade(answers(*(one.references[0] for one in benchmark.questions)))
    assert [(verdict.question, verdict.value) for verdict in verdicts] == [("Made/0", 1), ("Made/1", 1)]
    assert verdicts[0].details == {"outcome": "passed", "cause": ""}


def test_wrong_programs_and_answers_without_one_are_told_apart(benchmark: HumanEval) -> None:
    wrong, none = benchmark.grade(answers("    return min(xs)", "I would rather not."))
    assert (wrong.value, wrong.no_answer) == (0, False)
    assert wrong.details == {"outcome": "failed", "cause": "AssertionError: "}
    assert none == Verdict("Made/1", 0.0, no_answer=True)


def test_answers_come_in_any_order_and_to_any_subset(benchmark: HumanEval) -> None:
    second, first = reversed(answers("    return max(xs)", "nothing"))
    assert [verdict.value for verdict in benchmark.grade([second, first])] == [0, 1]
    assert [verdict.value for verdict in benchmark.grade([first])] == [1]
    assert benchmark.grade([]) == []


def test_an_answer_that_was_never_given_is_none(benchmark: HumanEval) -> None:
    assert benchmark.grade([Answer("Made/0", (), ("overflow",))])[0].no_answer


def test_the_function_is_shown_once_in_a_code_block(benchmark: HumanEval) -> None:
    (turn,) = benchmark.questions[0].turns
    assert turn.count("```") == 2
    assert ROWS[0]["prompt"].strip() in turn
    assert "return max" not in turn


def test_the_canonical_solutions_are_checked(tmp_path: Path) -> None:
    assert check_canonical(write(tmp_path, ROWS)) == ()
    broken = {**ROWS[1], "canonical_solution": "    return s\n"}
    assert check_canonical(write(tmp_path, [ROWS[0], broken])) == ("Made/1",)


def test_a_file_with_two_equal_ids_or_a_field_missing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"Made/0: comes 2 times"):
        HumanEval(write(tmp_path, [ROWS[0], ROWS[0]]))
    lacking = {name: value for name, value in ROWS[0].items() if name != "test"}
    with pytest.raises(InputError, match=r"gz:2: .*test: must be given"):
        HumanEval(write(tmp_path, [ROWS[1], lacking]))


def test_it_travels_between_processes(benchmark: HumanEval) -> None:
    assert pickle.loads(pickle.dumps(benchmark)).questions == benchmark.questions
