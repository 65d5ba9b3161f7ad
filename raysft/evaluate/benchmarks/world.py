"""The benchmarks of the built-in world, in the forms of GSM8K, HumanEval and MT-Bench.

`world/math`: accuracy, strict (`#### n`); flexible (the last number) is kept beside it. `world/code`: greedy
pass@1 by unit tests, run outside this process. `world/general`: the rule judge's rating, 1 to 10, the mean of
two turns.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from raysft.data.world import ABILITIES, test_items
from raysft.data.world.demands import Demands
from raysft.errors import InputError, Problem
from raysft.evaluate.benchmark import Answer, Metric, Question, Verdict
from raysft.evaluate.benchmarks.rule_judge import rate
from raysft.evaluate.code_answer.find import program_in_answer
from raysft.sandbox.programs import Program, ProgramResult, run_programs

_ITEMS = 300
_NUMBER = r"(?:(?<!\w)-)?[0-9][0-9,]*(?:\.[0-9]+)?"

Pairs = Sequence[tuple[Question, Answer]]


@dataclass
class WorldBenchmark:
    """One ability of the built-in world; implements `raysft.evaluate.benchmark.Benchmark`."""

    name: str
    metric: Metric
    max_new_tokens: int
    questions: Sequence[Question]
    grader: Callable[[Pairs], list[Verdict]]
    """Verdicts on pairs of question and answer, in their order."""
    version: int = 1
    grades: bool = True

    def grade(self, answers: Sequence[Answer]) -> list[Verdict]:
        """Grade answers to any of the questions; KeyError for a question that is not of this benchmark."""
        by_id = {question.id: question for question in self.questions}
        return self.grader([(by_id[answer.question], answer) for answer in answers])


def world_benchmark(name: str, limit: int | None) -> WorldBenchmark:
    """A benchmark of the built-in world.

    Args:
        name: `world/math`, `world/code` or `world/general`.
        limit: number of questions, the first of the test set, at most 1,000; None takes 300.

    Raises:
        InputError: no such benchmark, or a limit outside 1 to 1,000.
    """
    if name not in _FORMS:
        known = ", ".join(f"world/{ability}" for ability in ABILITIES)
        raise InputError([Problem("benchmark", name, f"the built-in world has {known}")])
    metric, max_new_tokens, grader = _FORMS[name]
    items = test_items(name.removeprefix("world/"), _ITEMS if limit is None else limit)
    questions = tuple(
        Question(f"{name}/{place}", item.turns, item.references, item.facts)
        for place, item in enumerate(items)
    )
    return WorldBenchmark(name, metric, max_new_tokens, questions, grader, _VERSIONS.get(name, 1))


def grade_math(pairs: Pairs) -> list[Verdict]:
    """1 if the last `#### n` is the answer, as exact decimals; a text without any number is no answer."""
    return [_math_verdict(question, answer) for question, answer in pairs]


def _math_verdict(question: Question, answer: Answer) -> Verdict:
    text, wanted = _turn(answer, 0), Decimal(str(question.facts["answer"]))
    marked, numbers = re.findall(rf"####\s*({_NUMBER})", text), re.findall(_NUMBER, text)
    strict, flexible = _is_last(wanted, marked), _is_last(wanted, numbers)
    details = {"strict": strict, "flexible": flexible}
    return Verdict(question.id, float(strict), no_answer=not numbers, details=details)


def _is_last(wanted: Decimal, numbers: list[str]) -> bool:
    return bool(numbers) and Decimal(numbers[-1].replace(",", "")) == wanted


def grade_code(pairs: Pairs) -> list[Verdict]:
    """1 if the program passes its tests; unscored if it could not be run for a reason outside the answer."""
    found = [
        _program(str(place), question, _turn(answer, 0)) for place, (question, answer) in enumerate(pairs)
    ]
    results = {result.id: result for result in run_programs([one for one in found if one is not None])}
    return [_code_verdict(question.id, results.get(str(place))) for place, (question, _) in enumerate(pairs)]


def _program(id_: str, question: Question, text: str) -> Program | None:
    facts = question.facts
    source = program_in_answer(text, str(facts["prompt"]), str(facts["entry_point"]))
    return None if source is None else Program(id_, source, str(facts["tests"]), str(facts["entry_point"]))


def _code_verdict(question: str, result: ProgramResult | None) -> Verdict:
    if result is None:
        return Verdict(question, 0.0, no_answer=True)
    if result.outcome == "unscored":
        return Verdict(question, None, reason=result.reason)
    details = {"outcome": result.outcome, "cause": result.reason}
    return Verdict(question, float(result.outcome == "passed"), details=details)


def grade_general(pairs: Pairs) -> list[Verdict]:
    """The rule judge's rating, 1 to 10; a first turn without a word is no answer, and rated 1."""
    return [_general_verdict(question, answer) for question, answer in pairs]


def _general_verdict(question: Question, answer: Answer) -> Verdict:
    rating = rate(Demands.model_validate(question.facts), _turn(answer, 0), _turn(answer, 1))
    details = {"first": rating.first, "second": rating.second}
    return Verdict(question.id, rating.mean, no_answer=rating.wordless, details=details)


def _turn(answer: Answer, turn: int) -> str:
    """The text of one turn; empty if the model never came to it."""
    return answer.texts[turn] if turn < len(answer.texts) else ""


_FORMS: dict[str, tuple[Metric, int, Callable[[Pairs], list[Verdict]]]] = {
    "world/math": (Metric("accuracy", 100, 100), 96, grade_math),
    "world/code": (Metric("pass@1", 100, 100), 96, grade_code),
    "world/general": (Metric("rating", 1, 10), 48, grade_general),
}
"""Metric, tokens per turn, grader. Longest references at a vocabulary of 640: 45, 64 and 43 tokens."""
_VERSIONS = {"world/code": 2}
"""Of the grading, where it is not the first."""
