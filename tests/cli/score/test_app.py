import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from support.command import Command

from raysft.data.world import test_items as items_of

ROW = {
    "task_id": "Made/0",
    "prompt": 'def largest(xs):\n    """ The largest. """\n',
    "entry_point": "largest",
    "canonical_solution": "    return max(xs)\n",
    "test": "def check(candidate):\n    assert candidate([1, 3, 2]) == 3\n",
}
OTHER = {**ROW, "task_id": "Made/1"}
SUM = {"question": "1 + 1?", "answer": "It is 2.\n#### 2"}


def write(path: Path, rows: list[Any]) -> str:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return str(path)


@pytest.fixture
def humaneval(tmp_path: Path) -> str:
    path = tmp_path / "HumanEval.jsonl.gz"
    path.write_bytes(gzip.compress("".join(json.dumps(row) + "\n" for row in (ROW, OTHER)).encode()))
    return str(path)


def test_a_samples_file_is_scored_with_pass_at_k(humaneval: str, tmp_path: Path, command: Command) -> None:
    right, wrong = "    return max(xs)\n", "    return min(xs)\n"
    said = {"Made/0": [right, wrong, wrong, wrong], "Made/1": [right, right, "no idea", wrong]}
    rows = [{"task_id": id_, "completion": one} for id_, texts in said.items() for one in texts]
    file = write(tmp_path / "samples.jsonl", rows)
    done = command(
        "score", "humaneval", file, "--questions", humaneval, "-k", "2", "--json", "--out", "items.jsonl"
    )
    assert done.code == 0
    found = json.loads(done.printed)
    assert (found["value"], found["questions"], found["samples"]) == (pytest.approx(37.5), 2, 8)
    assert found["pass_at"] == {"2": pytest.approx(100 * (1 / 2 + 5 / 6) / 2)}
    assert found["no_answer_rate"] == pytest.approx(1 / 8)
    items = [json.loads(line) for line in (tmp_path / "items.jsonl").read_text().splitlines()]
    assert [item["value"] for item in items] == [1, 0, 0, 0, 1, 1, 0, 0]
    assert items[1]["details"]["cause"] == "AssertionError: "


def test_both_readings_are_shown(tmp_path: Path, command: Command) -> None:
    questions = write(tmp_path / "test.jsonl", [SUM, SUM])
    file = write(tmp_path / "a.jsonl", [{"id": 0, "answer": "#### 2"}, {"id": 1, "answer": "It is 2"}])
    done = command("score", "gsm8k", file, "--questions", questions)
    assert done.code == 0
    assert "gsm8k: accuracy 100.00 ± 0.00 (best 100)" in done.printed
    assert "strict 50.0%, flexible 100.0%" in done.printed


def test_a_built_in_benchmark_is_scored(tmp_path: Path, command: Command) -> None:
    items = items_of("math", 3)
    rows = [{"id": f"world/math/{place}", "texts": list(one.references)} for place, one in enumerate(items)]
    done = command("score", "world/math", write(tmp_path / "a.jsonl", rows), "--limit", "3", "--json")
    assert json.loads(done.printed)["value"] == 100


def test_what_cannot_be_scored_is_refused_before_anything_runs(
    humaneval: str, tmp_path: Path, command: Command
) -> None:
    one = write(tmp_path / "one.jsonl", [{"task_id": "Made/0", "completion": "    return max(xs)"}])
    empty = write(tmp_path / "empty.jsonl", [])
    asked = write(tmp_path / "q.jsonl", [{"question_id": 81, "category": "math", "turns": ["a"]}])
    for arguments, said in (
        (("humaneval", one, "--questions", humaneval), "no answer to 1 question of 2"),
        (("humaneval", empty, "--questions", humaneval), "no row"),
        (("humaneval", one), "give the file that its authors published"),
        (
            ("humaneval", one, "--questions", humaneval, "--limit", "1", "-k", "5"),
            "use 1 to 1: one question has only 1 graded sample",
        ),
        (("world/math", one, "--questions", humaneval), "built in"),
        (("humanevil", one), "did you mean humaneval?"),
        (("held_out", one), "use one of"),
        (("mt_bench", one, "--questions", asked), "needs a judge"),
    ):
        done = command("score", *arguments)
        assert done.code == 2, arguments
        assert said in done.said


def test_a_place_that_cannot_be_written_is_refused_before_anything_is_graded(
    humaneval: str, tmp_path: Path, command: Command
) -> None:
    rows = [{"task_id": f"Made/{place}", "completion": "    return 1"} for place in (0, 1)]
    file = write(tmp_path / "samples.jsonl", rows)
    for out, said in (("absent/items.jsonl", "cannot be written"), (".", "is a folder")):
        done = command("score", "humaneval", file, "--questions", humaneval, "--out", out, "-k", "9")
        assert done.code == 2
        assert said in done.said
        assert "-k" not in done.said  # which needs grades


def test_own_solutions_are_checked(humaneval: str, tmp_path: Path, command: Command) -> None:
    done = command("benchmark", "check", "humaneval", "--questions", humaneval)
    assert (done.code, done.printed) == (0, "humaneval: 2 of 2 own solutions pass\n")
    broken = write(tmp_path / "b.jsonl", [ROW, {**OTHER, "canonical_solution": "    return xs[0]\n"}])
    done = command("benchmark", "check", "humaneval", "--questions", broken, "--json")
    assert done.code == 1
    assert json.loads(done.printed) == {
        "benchmark": "humaneval", "questions": 2, "passed": 1, "failed": ["Made/1"],
    }  # fmt: skip
    done = command("benchmark", "check", "gsm8k", "--questions", write(tmp_path / "g.jsonl", [SUM]))
    assert done.printed == "gsm8k: 1 of 1 own solutions pass\n"
