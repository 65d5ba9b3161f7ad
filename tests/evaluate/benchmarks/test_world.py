import pickle
import re
from dataclasses import replace
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from raysft.data.world.code_problems import Routine
from raysft.data.world.operation import Settings
from raysft.data.world.operation_table import FAMILIES
from raysft.errors import InputError
from raysft.evaluate.benchmark import Answer, Question, Verdict
from raysft.evaluate.benchmarks.world import world_benchmark
from raysft.sandbox.programs import Program, run_programs

NAMES = ("world/math", "world/code", "world/general")
ODD = st.text() | st.text(alphabet="#0123456789,.- \n") | st.text(alphabet="`\n dfreturn():= ")


def _answer(question: Question, *texts: str) -> Answer:
    return Answer(question.id, texts, ("stop",) * len(texts))


def _verdict(name: str, place: int, *texts: str) -> Verdict:
    benchmark = world_benchmark(name, place + 1)
    (verdict,) = benchmark.grade([_answer(benchmark.questions[place], *texts)])
    return verdict


@pytest.mark.parametrize("name", NAMES)
def test_all_references_are_perfect(name: str) -> None:
    benchmark = world_benchmark(name, None)
    answers = [_answer(question, *question.references) for question in benchmark.questions]
    verdicts = benchmark.grade(answers)
    assert len(verdicts) == 300
    assert [one.question for one in verdicts] == [f"{name}/{place}" for place in range(300)]
    assert {one.value * benchmark.metric.scale for one in verdicts} == {benchmark.metric.best}
    assert not any(one.no_answer for one in verdicts)


@pytest.mark.slow
def test_all_code_references_of_the_whole_reserve_pass() -> None:
    benchmark = world_benchmark("world/code", 1_000)
    verdicts = benchmark.grade([_answer(question, *question.references) for question in benchmark.questions])
    assert [one.question for one in verdicts if one.value != 1] == []


@pytest.mark.parametrize("name", NAMES)
def test_the_answer_to_another_question_is_mostly_wrong(name: str) -> None:
    benchmark = world_benchmark(name, 100)
    others = [*benchmark.questions[1:], benchmark.questions[0]]
    answers = [_answer(q, *other.references) for q, other in zip(benchmark.questions, others, strict=True)]
    values = [one.value for one in benchmark.grade(answers)]
    best = benchmark.metric.best / benchmark.metric.scale
    assert sum(value == best for value in values) <= 5
    assert sum(values) / len(values) < best / 2


@pytest.mark.parametrize("name", NAMES)
def test_answers_are_graded_in_any_order_and_to_any_subset(name: str) -> None:
    benchmark = world_benchmark(name, 20)
    chosen = [benchmark.questions[place] for place in (7, 3, 11)]
    verdicts = benchmark.grade(
        [_answer(chosen[0], *chosen[0].references), _answer(chosen[1], ""), _answer(chosen[0], "nothing")]
    )
    assert [one.question for one in verdicts] == [chosen[0].id, chosen[1].id, chosen[0].id]
    assert verdicts[0].value == benchmark.metric.best / benchmark.metric.scale
    assert verdicts[1].value < verdicts[0].value
    assert verdicts[2].value < verdicts[0].value
    assert benchmark.grade([]) == []


@pytest.mark.parametrize("name", NAMES)
def test_an_empty_answer_is_no_answer_and_worst(name: str) -> None:
    for texts in ((), ("",), ("", ""), (" \n", "\t")):
        verdict = _verdict(name, 0, *texts)
        assert verdict.no_answer
        assert verdict.value == (1 if name == "world/general" else 0)


@pytest.mark.parametrize("name", NAMES)
def test_a_benchmark_survives_pickling(name: str) -> None:
    benchmark = world_benchmark(name, 5)
    again = pickle.loads(pickle.dumps(benchmark))
    assert again == benchmark
    question = again.questions[4]
    assert again.grade([_answer(question, *question.references)])[0].value > 0


@pytest.mark.parametrize("name", NAMES)
def test_a_limit_takes_the_first_questions(name: str) -> None:
    assert list(world_benchmark(name, 12).questions) == list(world_benchmark(name, None).questions)[:12]
    assert len(world_benchmark(name, 1_000).questions) == 1_000


@pytest.mark.parametrize(("name", "limit"), [("world/law", None), ("math", 3), ("world/math", 0)])
def test_what_is_not_built_in_is_refused(name: str, limit: int | None) -> None:
    with pytest.raises(InputError):
        world_benchmark(name, limit)


@pytest.mark.parametrize(
    ("text", "strict", "flexible"),
    [
        ("#### {n}", True, True),
        ("Tom has 1+1=2 cups.\n#### {n}\n", True, True),
        ("####{n}.", True, True),
        ("#### {n}.0", True, True),
        ("#### 0{n}", True, True),
        ("#### 4000\n#### {n}", True, True),
        ("#### {n}\n#### 4000", False, False),
        ("#### {n}\nSo 4000 it is", True, False),
        ("#### {n}.5", False, False),
        ("#### -{n}", False, False),
        ("The answer is {n}", False, True),
        ("9-{n}", False, True),
        ("#### none, but {n}", False, True),
        ("### {n}", False, True),
    ],
)
def test_math_answers_are_read(text: str, strict: bool, flexible: bool) -> None:
    question = world_benchmark("world/math", 1).questions[0]
    verdict = _verdict("world/math", 0, text.replace("{n}", str(question.facts["answer"])))
    assert verdict.details == {"strict": strict, "flexible": flexible}
    assert verdict.value == float(strict)
    assert not verdict.no_answer


def test_thousands_separators_are_read_as_numbers() -> None:
    benchmark = world_benchmark("world/math", 1)
    question = replace(benchmark.questions[0], facts={"answer": "1234"})
    benchmark.questions = (question,)
    assert benchmark.grade([_answer(question, "#### 1,234")])[0].value == 1


@pytest.mark.parametrize("text", ["no idea", "####", "#### ", "-.,", "#### many", "٣"])
def test_a_math_text_without_a_number_is_no_answer(text: str) -> None:
    verdict = _verdict("world/math", 0, text)
    assert verdict.no_answer
    assert verdict.value == 0


def _body_lines(question: Question) -> list[str]:
    return [line.strip() for line in question.references[0].split("\n")]


@pytest.mark.parametrize(
    "form",
    [
        lambda q: q.references[0],
        lambda q: "\n\n" + q.references[0] + "\n\n\n",
        lambda q: q.references[0].lstrip(),
        lambda q: "\n".join(_body_lines(q)),
        lambda q: f"{q.turns[0]}\n{q.references[0]}",
        lambda q: f"Sure:\n```python\n{q.turns[0]}\n{q.references[0]}\n```\nIt works.",
        lambda q: f"```\n{q.references[0]}",
        lambda q: "    if True:\n" + "\n".join("    " + line for line in q.references[0].split("\n")),
        lambda q: "if True:\n" + q.references[0],
        lambda q: q.references[0] + "\n\ndef another(x):\n    return 1",
    ],
)
def test_a_program_is_read_in_the_forms_that_models_write(form) -> None:
    benchmark = world_benchmark("world/code", 12)
    assert {one.value for one in benchmark.grade([_answer(q, form(q)) for q in benchmark.questions])} == {1.0}


@pytest.mark.parametrize("text", ["Tom has 5 cups.\n#### 5", "    pass", "```\n```", "returns = 5"])
def test_a_text_that_returns_nothing_is_no_program(text: str) -> None:
    verdict = _verdict("world/code", 0, text)
    assert verdict.no_answer
    assert verdict.value == 0
    assert verdict.details == {}


@pytest.mark.parametrize(
    "text", ["    return None", "    return (", "    raise ValueError\n    return", "```\n```\nreturn"]
)
def test_a_wrong_program_fails_with_its_cause(text: str) -> None:
    verdict = _verdict("world/code", 0, text)
    assert not verdict.no_answer
    assert verdict.value == 0
    assert verdict.details["outcome"] == "failed"
    assert verdict.reason == ""


@pytest.mark.slow
def test_an_endless_program_is_timed_out() -> None:
    verdict = _verdict("world/code", 0, "    while True:\n        pass\n    return 1")
    assert verdict.value == 0
    assert verdict.details["outcome"] == "timed_out"


def test_a_result_of_another_type_is_wrong() -> None:
    """`1 == True` and `[1] == (1,)` must not pass: every right value is returned as another type."""
    questions = [
        q
        for q in world_benchmark("world/code", None).questions
        if "type(result) is bool" in str(q.facts["tests"])
    ]
    assert questions
    benchmark = world_benchmark("world/code", None)
    bodies = [re.sub(r"return (.*)", r"return int(\1)", q.references[0]) for q in questions]
    verdicts = benchmark.grade([_answer(q, body) for q, body in zip(questions, bodies, strict=True)])
    assert {one.value for one in verdicts} == {0.0}


def test_a_program_that_changes_its_argument_spoils_no_other_call() -> None:
    question = next(
        q
        for q in world_benchmark("world/code", None).questions
        if "type(result) is list" in str(q.facts["tests"]) and "candidate([" in str(q.facts["tests"])
    )
    variable = re.search(r"\((\w+)\)", question.turns[0]).group(1)
    copied = question.references[0].replace(f"{variable} = ", "made = ", 1).replace(f"{variable}", "made")
    spoiling = f"    made = list({variable})\n    {variable}.clear()\n" + copied
    benchmark = world_benchmark("world/code", None)
    assert benchmark.grade([_answer(question, spoiling)])[0].value == 1


def test_the_source_of_every_operation_does_what_its_row_computes() -> None:
    programs = []
    for family_place, family in enumerate(FAMILIES):
        rows = [(step, family.endings.options[0]) for step in family.operations.options]
        rows += [(family.operations.options[0], ending) for ending in family.endings.options]
        for row_place, (step, ending) in enumerate(rows):
            for k in (2, 5, 9):
                parameters = Settings(k, "abelot"[k % 6], "x")
                made = Routine(family, "f", "v", ((step, parameters),), ("a", "b"), ending, parameters)
                programs.append(_checked(f"{family_place}/{row_place}/{k}", made))
    results = run_programs(programs)
    assert [one for one in results if one.outcome != "passed"] == []
    assert len(results) == len(programs) > 100


def _checked(id_: str, made: Routine) -> Program:
    rng = Random(id_)
    lines = ["def check(candidate):"]
    for _ in range(8):
        argument = made.family.argument(rng)
        lines.append(f"    assert repr(candidate({argument!r})) == {repr(made.result(argument))!r}")
    return Program(id_, f"{made.signature}\n{made.body}\n", "\n".join(lines) + "\n", "f")


@given(text=ODD)
def test_no_text_breaks_the_reading_of_math(text: str) -> None:
    verdict = _verdict("world/math", 0, text)
    assert verdict.value in (0.0, 1.0)
    if verdict.no_answer:
        assert verdict.value == 0


@given(first=ODD, second=ODD)
def test_no_text_breaks_the_rule_judge(first: str, second: str) -> None:
    benchmark = world_benchmark("world/general", 20)
    for verdict in benchmark.grade([_answer(question, first, second) for question in benchmark.questions]):
        assert 1 <= verdict.value <= 10


@settings(max_examples=4, deadline=None)
@given(texts=st.lists(ODD, min_size=16, max_size=16))
def test_no_text_breaks_the_grading_of_programs(texts: list[str]) -> None:
    benchmark = world_benchmark("world/code", 16)
    answers = [_answer(q, text + "\nreturn 1") for q, text in zip(benchmark.questions, texts, strict=True)]
    assert all(one.value == 0 for one in benchmark.grade(answers))


def test_numbers_of_any_length_are_read() -> None:
    assert _verdict("world/math", 0, "#### " + "9" * 100_000).value == 0
