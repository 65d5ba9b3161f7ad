import json
import pickle
import time
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from raysft.errors import InputError
from raysft.evaluate.benchmark import Answer, Verdict
from raysft.evaluate.benchmarks.catalogue import Material, make_benchmark
from raysft.evaluate.benchmarks.competition_math import STOP, CompetitionMath
from raysft.spec.evaluation import BenchmarkSpec

ROWS: list[dict[str, Any]] = [
    {
        "problem": "What is half of $\\frac{1}{2}$?",
        "level": "Level 1",
        "type": "Prealgebra",
        "solution": "First $\\boxed{2}$ is wrong. It is $\\frac{1}{2}\\div 2=\\boxed{\\frac{1}{4}}$.",
    },
    {
        "problem": "What is the sum of the numbers from $1$ to $50$?",
        "level": "Level 2",
        "type": "Algebra",
        "solution": "It is $25\\cdot 51=\\boxed{1{,}275}$.",
    },
    {
        "problem": "On which side does $y=x+1$ lie?",
        "level": "Level 5",
        "type": "Precalculus",
        "solution": "Hence \\fbox{\\text{left}}.",
    },
    {"problem": "What is $2+1$?", "solution": "It is $\\boxed 3$."},
]


def write(folder: Path, *lines: str) -> str:
    path = folder / "math.jsonl"
    path.write_text("".join(line + "\n" for line in lines), encoding="utf-8")
    return str(path)


@pytest.fixture
def benchmark(tmp_path: Path) -> CompetitionMath:
    return CompetitionMath(write(tmp_path, *map(json.dumps, ROWS)))


def grade(benchmark: CompetitionMath, place: int, text: str) -> Verdict:
    (verdict,) = benchmark.grade([Answer(f"math/{place}", (text,), ("stop",))])
    return verdict


def test_the_authors_solutions_are_right(benchmark: CompetitionMath) -> None:
    answers = [Answer(one.id, one.references, ("stop",)) for one in benchmark.questions]
    verdicts = benchmark.grade(list(reversed(answers)))
    assert [verdict.question for verdict in verdicts] == ["math/3", "math/2", "math/1", "math/0"]
    assert [(verdict.value, verdict.details["strict"]) for verdict in verdicts] == [(1, True)] * 4


def test_strict_flexible_and_the_primary_value_stand_apart(benchmark: CompetitionMath) -> None:
    evidence = {"level": "Level 1", "type": "Prealgebra"}
    both = grade(benchmark, 0, r"The answer is \boxed{0.25}.")
    assert (both.value, both.details) == (
        1,
        {"strict": True, "flexible": True, "found": "0.25", "how": "box", **evidence},
    )
    flexible = grade(benchmark, 0, "The answer is 1/4.")
    assert flexible.value == 1
    assert flexible.details == {"strict": False, "flexible": True, "found": "1/4", "how": "said", **evidence}
    strict = grade(benchmark, 0, r"It is \boxed{\dfrac14}, which is 1 of 4")
    assert strict.value == 1
    assert strict.details == {
        "strict": True,
        "flexible": True,
        "found": r"\dfrac14",
        "how": "box",
        **evidence,
    }


def test_a_wrong_box_is_wrong_whatever_the_rest_says(benchmark: CompetitionMath) -> None:
    verdict = grade(benchmark, 0, r"\boxed{1/3}. The answer is 1/4.")
    assert (verdict.value, verdict.details["strict"], verdict.details["flexible"]) == (0, False, True)


def test_right_and_wrong_spellings(benchmark: CompetitionMath) -> None:
    right = [
        r"\boxed{1275}",
        r"\boxed{1,\!275}",
        "The sum is 1,275",
        "#### 1275",
        r"\boxed{x=1275\text{ in all}}",
    ]
    assert [grade(benchmark, 1, text).value for text in right] == [1] * len(right)
    wrong = [r"\boxed{1275.5}", r"\boxed{-1275}", "#### 1276", r"\boxed{1275x}", "1275 or 1"]
    assert [grade(benchmark, 1, text).value for text in wrong] == [0] * len(wrong)
    assert grade(benchmark, 2, "The answer is left.").value == 1
    assert grade(benchmark, 2, r"\boxed{right}").value == 0


def test_a_text_that_says_nothing_is_no_answer_and_wrong(benchmark: CompetitionMath) -> None:
    verdict = grade(benchmark, 0, "I do not know...")
    assert (verdict.value, verdict.no_answer, verdict.details["found"]) == (0, True, None)
    assert not verdict.details["strict"]
    assert not verdict.details["flexible"]
    assert not grade(benchmark, 0, r"\boxed{x}").no_answer
    (untold,) = benchmark.grade([Answer("math/0", (), ())])
    assert (untold.value, untold.no_answer) == (0, True)


@pytest.mark.parametrize(
    "text",
    [
        "\\boxed{" * 20_000,
        "\\boxed{" * 20_000 + "}" * 20_000,
        "\\boxed " * 20_000 + "$",
        "\\boxed{" + "9" * 100_000 + "}",
        "The answer is " * 10_000 + "9" * 100_000,
        "The answer is $" + "\\frac{1}{" * 20_000,
        "answer" + " *" * 50_000,
        "1," * 50_000,
        "1,234" + ",567" * 30_000,
    ],
)
def test_hostile_texts_are_wrong_within_no_time_and_leave_a_small_record(
    benchmark: CompetitionMath, text: str
) -> None:
    began = time.process_time()
    verdict = grade(benchmark, 0, text)
    assert time.process_time() - began < 2
    assert verdict.value == 0
    assert len(str(verdict.details["found"])) <= 1000


def test_a_problem_is_asked_with_the_demand_for_a_box(benchmark: CompetitionMath) -> None:
    first = benchmark.questions[0]
    assert first.turns == (f"{ROWS[0]['problem']}\n\nPut the final answer in \\boxed{{}}.",)
    assert first.references == (ROWS[0]["solution"],)
    assert first.facts == {"answer": r"\frac{1}{4}", "level": "Level 1", "type": "Prealgebra"}


def test_a_limit_takes_the_first(tmp_path: Path) -> None:
    path = write(tmp_path, *map(json.dumps, ROWS))
    assert [question.id for question in CompetitionMath(path, 2).questions] == ["math/0", "math/1"]


def test_parquet_with_levels_as_numbers_is_read_too(tmp_path: Path) -> None:
    path = tmp_path / "math.parquet"
    rows = [{"problem": row["problem"], "solution": row["solution"], "level": 3} for row in ROWS]
    pq.write_table(pa.Table.from_pylist(rows), path)
    questions = CompetitionMath(str(path)).questions
    assert [question.facts["answer"] for question in questions] == [
        r"\frac{1}{4}",
        "1{,}275",
        r"\text{left}",
        "3",
    ]
    assert questions[0].facts["level"] == 3


def test_wrong_rows_are_named_with_their_lines(tmp_path: Path) -> None:
    lines = [
        '{"problem": "a"}',
        '{"problem": "a", "solution": "It is 5."}',
        '{"problem": "a", "solution": "\\\\boxed{}"}',
        json.dumps({"problem": "a", "solution": f"\\boxed{{{'1' * 1001}}}"}),
        "{",
        '{"problem": 1, "solution": "\\\\boxed{1}"}',
    ]
    path = write(tmp_path, json.dumps(ROWS[0]), *lines)
    with pytest.raises(InputError) as caught:
        CompetitionMath(path)
    problems = caught.value.problems
    assert [problem.field for problem in problems] == [f"{path}:{line}" for line in range(2, 8)]
    assert problems[0].remedy == "solution: must be given"
    boxless = "solution: it must hold its answer in \\boxed{}, of at most 1000 characters"
    assert [problem.remedy for problem in problems[1:4]] == [boxless] * 3


def test_an_empty_or_absent_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no question"):
        CompetitionMath(write(tmp_path))
    with pytest.raises(InputError, match="cannot be read"):
        CompetitionMath(str(tmp_path / "absent.jsonl"))


def test_the_catalogue_makes_it(tmp_path: Path) -> None:
    path = write(tmp_path, *map(json.dumps, ROWS))
    spec = BenchmarkSpec(name="math", path=path, limit=3, max_new_tokens=77)
    made = make_benchmark(Material("math", spec, path, None, ()))
    assert (made.benchmark.name, made.max_new_tokens, len(made.benchmark.questions)) == ("math", 77, 3)


def test_it_travels_between_processes(benchmark: CompetitionMath) -> None:
    assert pickle.loads(pickle.dumps(benchmark)).questions == benchmark.questions


def test_an_answer_ends_where_a_new_problem_begins(benchmark: CompetitionMath) -> None:
    assert {one.stop for one in benchmark.questions} == {STOP}
