import json
import pickle
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from raysft.errors import InputError
from raysft.evaluate.benchmark import Answer, Verdict
from raysft.evaluate.benchmarks.catalogue import Material, make_benchmark
from raysft.evaluate.benchmarks.mbpp import TEST_TASKS, Mbpp, check_solutions
from raysft.sandbox.programs import Limits, Program, ProgramResult
from raysft.spec.evaluation import BenchmarkSpec

DOUBLED = {
    "task_id": 11,
    "text": "Write a function to double a number.",
    "code": "def half(n): \r\n    return n / 2\r\ndef doubled (n): \r\n\treturn n + n ",
    "test_setup_code": "",
    "test_list": ["assert doubled(2) == 4", "assert (doubled( 0 )) == 0 ", "assert doubled(-1) == -2"],
    "challenge_test_list": ["assert doubled('ab') == 'abab'"],
}
CHECK = {
    "task_id": 56,
    "text": "Write a python function to check if a number is even.",
    "code": "def check(n):\r\n    return n % 2 == 0",
    "test_setup_code": "",
    "test_list": ["assert check(2) == True", "assert check(3) == False"],
    "challenge_test_list": [],
}
TREE = {
    "task_id": 510,
    "text": "Write a function to count the nodes of a tree.",
    "code": (
        "class Node:\r\n    def __init__(self, *children):\r\n        self.children = children\r\n"
        "def size(node):\r\n    return 1 + sum(size(child) for child in node.children)"
    ),
    "test_setup_code": "root = Node(Node()) \r\nroot1 = Node(root, root)",
    "test_list": ["assert set([size(root)]) == {2}", "assert size(root1) == 5 "],
    "challenge_test_list": [],
}
ROWS = [{**DOUBLED, "task_id": 10}, DOUBLED, CHECK, TREE, {**DOUBLED, "task_id": 511}]
SANITIZED = [
    {
        "source_file": "Questions.ipynb",
        "task_id": task,
        "prompt": "Write a function that halves a number.",
        "code": "def halved(n):\n  return n / 2",
        "test_imports": ["import math", "from cmath import isclose as near"],
        "test_list": ["assert math.isclose(halved(3), 1.5)", "assert near(halved(1j), 0.5j)"],
    }
    for task in (2, 12, 600)
]


def write(folder: Path, rows: Sequence[dict[str, Any]]) -> str:
    path = folder / "mbpp.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return str(path)


@pytest.fixture
def benchmark(tmp_path: Path) -> Mbpp:
    return Mbpp(write(tmp_path, ROWS))


def fenced(code: str) -> str:
    return f"Sure:\n```python\n{code}\n```\nIt works."


def grade(benchmark: Mbpp, task: int, text: str) -> Verdict:
    (verdict,) = benchmark.grade([Answer(f"mbpp/{task}", (text,), ("stop",))])
    return verdict


def test_the_test_split_of_the_authors_is_asked(benchmark: Mbpp) -> None:
    assert (len(TEST_TASKS), TEST_TASKS[0], TEST_TASKS[-1]) == (500, 11, 510)
    assert [question.id for question in benchmark.questions] == ["mbpp/11", "mbpp/56", "mbpp/510"]


def test_a_limit_takes_the_first_of_the_test_split(tmp_path: Path) -> None:
    path = write(tmp_path, ROWS)
    assert [question.id for question in Mbpp(path, 2).questions] == ["mbpp/11", "mbpp/56"]
    assert [question.id for question in Mbpp(path, 9).questions] == ["mbpp/11", "mbpp/56", "mbpp/510"]


def test_the_sanitized_file_is_read_as_it_was_published(tmp_path: Path) -> None:
    path = tmp_path / "sanitized-mbpp.json"
    path.write_text(json.dumps(SANITIZED), encoding="utf-8")
    (question,) = Mbpp(str(path)).questions
    assert question.id == "mbpp/12"
    assert "halves a number" in question.turns[0]
    assert check_solutions(str(path)) == ()


def test_the_task_is_put_with_its_tests_and_without_its_solution(benchmark: Mbpp) -> None:
    (turn,) = benchmark.questions[0].turns
    assert turn.startswith("Write a function to double a number.")
    assert all(test.strip() in turn for test in DOUBLED["test_list"])  # type: ignore[attr-defined]
    assert turn.count("```") == 2
    assert not any(hidden in turn for hidden in ("return", "abab", "\r", "root"))


def test_the_references_pass(benchmark: Mbpp) -> None:
    answers = [Answer(one.id, one.references, ("stop",)) for one in benchmark.questions]
    verdicts = benchmark.grade(list(reversed(answers)))
    assert [(verdict.question, verdict.value) for verdict in verdicts] == [
        ("mbpp/510", 1),
        ("mbpp/56", 1),
        ("mbpp/11", 1),
    ]
    assert verdicts[2].details == {"outcome": "passed", "cause": "", "challenge": True}
    assert verdicts[0].details["challenge"] is None
    assert not any("\r" in reference for one in benchmark.questions for reference in one.references)


def test_the_authors_solutions_are_checked(tmp_path: Path) -> None:
    assert check_solutions(write(tmp_path, ROWS)) == ()
    broken = {**CHECK, "code": "def check(n):\n    return True"}
    assert check_solutions(write(tmp_path, [DOUBLED, broken, TREE])) == ("mbpp/56",)


@pytest.mark.parametrize(
    ("task", "code"),
    [
        (11, "def doubled(n):\n    return n * n"),
        (11, "def doubled(n):\n    return 4 if n == 2 else 0"),
        (11, "def twice(n):\n    return 2 * n"),
        (11, "def doubled(n):\n    raise SystemExit"),
        (11, "def doubled(n):\n    return 2 * n\nraise SystemExit(0)"),
        (11, "def doubled(n:\n    return 2 * n"),
        (56, "def check(n):\n    return True"),
        (56, "def check(candidate):\n    pass"),
        (510, "def size(node):\n    return 1 + sum(map(size, node.children))"),
    ],
)
def test_wrong_programs_fail(benchmark: Mbpp, task: int, code: str) -> None:
    verdict = grade(benchmark, task, fenced(code))
    assert (verdict.value, verdict.no_answer) == (0, False)
    assert verdict.details["outcome"] == "failed"
    assert verdict.details["cause"]
    assert verdict.details["challenge"] is None


@pytest.mark.parametrize(
    "text",
    [
        "def doubled(n):\n    return 2 * n",
        "[BEGIN]\ndef doubled(n):\n    return 2 * n\n[DONE]\nThe next task:",
        fenced("def doubled(n: int) -> int:\n    return sum([n, n])\n\nassert doubled(2) == 4"),
        fenced("def check(n):\n    return n\n\ndef doubled(n):\n    return check(n) * 2"),
    ],
)
def test_other_right_programs_pass(benchmark: Mbpp, text: str) -> None:
    assert grade(benchmark, 11, text).value == 1


def test_challenge_tests_are_evidence_and_decide_nothing(benchmark: Mbpp) -> None:
    verdict = grade(benchmark, 11, fenced("def doubled(n):\n    return n - -n"))
    assert (verdict.value, verdict.details["challenge"]) == (1, False)


@pytest.mark.parametrize("text", ["", "I would rather not.", "It doubles the number, that is all."])
def test_an_answer_without_a_program_is_none_and_wrong(benchmark: Mbpp, text: str) -> None:
    assert grade(benchmark, 11, text) == Verdict("mbpp/11", 0.0, no_answer=True)


def test_an_answer_that_was_never_given_is_none(benchmark: Mbpp) -> None:
    assert benchmark.grade([Answer("mbpp/11", (), ("overflow",))])[0].no_answer


def test_what_could_not_be_run_is_unscored_with_its_reason(
    benchmark: Mbpp, monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy(programs: Sequence[Program], limits: Limits | None = None) -> list[ProgramResult]:
        return [ProgramResult(program.id, "unscored", "the machine was too busy") for program in programs]

    monkeypatch.setattr("raysft.evaluate.benchmarks.mbpp.run_programs", busy)
    verdict = grade(benchmark, 11, fenced("def doubled(n):\n    return 2 * n"))
    assert (verdict.value, verdict.reason, verdict.no_answer) == (None, "the machine was too busy", False)


def test_wrong_rows_are_named_with_their_lines(tmp_path: Path) -> None:
    lacking = {name: value for name, value in DOUBLED.items() if name != "code"}
    uncalled = {**CHECK, "test_list": ["assert other(2) == 4"]}
    untold = {**TREE, "text": " "}
    path = write(tmp_path, [{**DOUBLED, "task_id": 20}, lacking, uncalled, untold])
    with pytest.raises(InputError) as caught:
        Mbpp(path)
    assert [(problem.field, problem.remedy) for problem in caught.value.problems] == [
        (f"{path}:2", "code: must be given"),
        (f"{path}:3", "test_list: it calls no function that `code` defines"),
        (f"{path}:4", "text: the task is missing; sanitized files call it `prompt`"),
    ]


def test_a_file_without_a_test_task_or_with_one_twice_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no test task"):
        Mbpp(write(tmp_path, [ROWS[0], ROWS[-1]]))
    with pytest.raises(InputError, match=r"mbpp/11: comes 2 times"):
        Mbpp(write(tmp_path, [DOUBLED, DOUBLED]))


def test_the_catalogue_makes_it(tmp_path: Path) -> None:
    path = write(tmp_path, ROWS)
    spec = BenchmarkSpec(name="mbpp", path=path, limit=1)
    made = make_benchmark(Material("code", spec, path, None, ()))
    assert (made.benchmark.name, made.max_new_tokens) == ("mbpp", 512)
    assert [question.id for question in made.benchmark.questions] == ["mbpp/11"]


def test_it_travels_between_processes(benchmark: Mbpp) -> None:
    assert pickle.loads(pickle.dumps(benchmark)).questions == benchmark.questions
