import json
from pathlib import Path

import pytest

from raysft.errors import InputError
from raysft.evaluate.benchmark import Answer
from raysft.evaluate.benchmarks.mt_bench import WRONG_REFERENCES, MtBench

CATEGORIES = ["writing", "roleplay", "stem", "humanities", "math", "coding", "reasoning", "extraction"]
QUESTIONS = [
    {"question_id": 81 + place, "category": category, "turns": [f"Say {category}.", "Again, in rhyme."]}
    for place, category in enumerate(CATEGORIES)
]
REFERENCES = [
    {
        "question_id": 85,
        "answer_id": "x",
        "model_id": "m",
        "choices": [{"index": 0, "turns": ["2", "It rhymes."]}],
    },
    {"question_id": 160, "choices": [{"turns": ["not asked"]}]},
]


def write(path: Path, rows: list[dict[str, object]]) -> str:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return str(path)


@pytest.fixture
def paths(tmp_path: Path) -> tuple[str, str]:
    return write(tmp_path / "question.jsonl", QUESTIONS), write(tmp_path / "gpt-4.jsonl", REFERENCES)


def test_temperatures_are_those_of_the_protocol(paths: tuple[str, str]) -> None:
    found = {question.facts["category"]: question.temperature for question in MtBench(*paths).questions}
    assert found == dict(zip(CATEGORIES, [0.7, 0.7, 0.1, 0.1, 0, 0, 0, 0], strict=True))


def test_references_stand_where_there_are_any(paths: tuple[str, str]) -> None:
    benchmark = MtBench(*paths)
    references = {question.id: question.references for question in benchmark.questions}
    assert references.pop("85") == ("2", "It rhymes.")
    assert set(references.values()) == {()}
    assert all(question.references == () for question in MtBench(paths[0]).questions)


def test_published_references_that_are_wrong_are_not_used(tmp_path: Path) -> None:
    asked = [{"question_id": id_, "category": "math", "turns": ["a", "b"]} for id_ in (104, 106, 122)]
    told = [
        {"question_id": id_, "model_id": model, "choices": [{"turns": ["x", "y"]}]}
        for id_, model in ((104, "gpt-4"), (106, "gpt-4"), (122, "gpt-4-0125-preview"))
    ]
    paths = write(tmp_path / "question.jsonl", asked), write(tmp_path / "reference.jsonl", told)
    used = {question.id: bool(question.references) for question in MtBench(*paths).questions}
    assert used == {"104": False, "106": True, "122": True}
    assert len(WRONG_REFERENCES) == 13


def test_protocol(paths: tuple[str, str]) -> None:
    benchmark = MtBench(*paths, limit=3)
    assert [question.id for question in benchmark.questions] == ["81", "82", "83"]
    assert benchmark.questions[0].turns == ("Say writing.", "Again, in rhyme.")
    assert (benchmark.max_new_tokens, benchmark.metric.scale, benchmark.metric.best) == (1024, 1, 10)


def test_without_a_judge_every_answer_is_unscored_with_the_reason(paths: tuple[str, str]) -> None:
    benchmark = MtBench(*paths)
    told, silent = benchmark.grade(
        [Answer("82", ("Hm.", ""), ("stop",) * 2), Answer("81", (" ",), ("stop",))]
    )
    assert (told.question, told.value, told.no_answer) == ("82", None, False)
    assert told.reason == "no judge is configured: answers are kept and can be judged later"
    assert (silent.value, silent.no_answer) == (None, True)


def test_wrong_rows_are_named(tmp_path: Path, paths: tuple[str, str]) -> None:
    questions = write(
        tmp_path / "bad.jsonl", [QUESTIONS[0], {"question_id": "x", "category": "a", "turns": []}]
    )
    with pytest.raises(InputError, match=r"bad.jsonl:2: .*question_id: write a whole number"):
        MtBench(questions)
    references = write(tmp_path / "bad_references.jsonl", [{"question_id": 81, "choices": []}])
    with pytest.raises(InputError, match=r"bad_references.jsonl:1: .*first with its `turns`"):
        MtBench(paths[0], references)


def test_a_reference_of_another_length_is_refused(tmp_path: Path, paths: tuple[str, str]) -> None:
    short = write(tmp_path / "short.jsonl", [{"question_id": 81, "choices": [{"turns": ["one"]}]}])
    with pytest.raises(InputError, match="2, but its reference has 1"):
        MtBench(paths[0], short)
