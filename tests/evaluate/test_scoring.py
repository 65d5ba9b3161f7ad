import math
import statistics
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from raysft.evaluate.benchmark import Answer, Metric, Question, Verdict, questions_digest
from raysft.evaluate.engine import ReferenceLoss
from raysft.evaluate.scoring import ScoreIdentity, mean, score_record, standard_error
from raysft.identity import WeightsDigest
from raysft.records import ScoreRecord


class Quiz:
    """A benchmark of n questions whose verdicts are given by the test."""

    def __init__(self, count: int, scale: float = 100) -> None:
        self.name, self.version, self.max_new_tokens = "quiz", 1, 8
        self.metric = Metric("accuracy", scale, scale)
        self.questions: Sequence[Question] = [Question(f"q{place}", (f"{place}?",)) for place in range(count)]

    def grade(self, answers: Sequence[Answer]) -> list[Verdict]:
        return [Verdict(answer.question, None, reason="not graded here") for answer in answers]


def identity(quiz: Quiz, answers: str = "answers") -> ScoreIdentity:
    return ScoreIdentity.of({"weights": answers}, quiz, questions_digest(quiz.questions))


def record(
    quiz: Quiz, verdicts: list[Verdict], answers: list[Answer] | None = None, **more: Any
) -> ScoreRecord:
    said = [Answer(question.id, ("said",), ("stop",)) for question in quiz.questions]
    return score_record(
        identity=identity(quiz),
        weights=WeightsDigest("w" * 32),
        benchmark=quiz,
        answers=said if answers is None else answers,
        verdicts=verdicts,
        reference=ReferenceLoss(more.get("reference_loss"), more.get("reference_tokens", 0)),
        engine_versions=["5.24.0", "5.23.0", "5.24.0"],
        settings=more.get("settings", {}),
    )


VALUES = st.lists(
    st.one_of(st.none(), st.sampled_from([0.0, 1.0]), st.floats(1, 10)), min_size=1, max_size=40
)


@given(VALUES, st.sampled_from([1.0, 100.0]))
def test_mean_and_standard_error_are_those_of_the_graded_items(
    values: list[float | None], scale: float
) -> None:
    quiz = Quiz(len(values), scale)
    verdicts = [
        Verdict(f"q{place}", value, reason="" if value is not None else "judge down")
        for place, value in enumerate(values)
    ]
    found = record(quiz, verdicts)
    graded = [value for value in values if value is not None]
    assert (found.n, found.unscored) == (len(graded), values.count(None))
    if graded:
        assert found.value == pytest.approx(statistics.fmean(graded) * scale)
    else:
        assert found.value is None
    if len(graded) > 1:
        expected = statistics.stdev(graded) / math.sqrt(len(graded)) * scale
        assert found.standard_error == pytest.approx(expected, rel=1e-9, abs=1e-9)
    else:
        assert found.standard_error is None
    assert found.reason == ("judge down" if None in values else "")


@given(st.lists(st.booleans(), min_size=2, max_size=200))
def test_the_standard_error_of_a_proportion_is_binomial(right: list[bool]) -> None:
    n, p = len(right), sum(right) / len(right)
    expected = math.sqrt(p * (1 - p) / (n - 1))
    assert standard_error([float(one) for one in right]) == pytest.approx(expected, abs=1e-12)


def test_of_nothing_there_is_no_mean_and_of_one_no_error() -> None:
    assert (mean([]), standard_error([]), standard_error([3.0])) == (None, None, None)
    assert mean([3.0], 10) == 30


def test_an_unscored_item_changes_neither_mean_nor_rates() -> None:
    graded = [Verdict("q0", 1.0), Verdict("q1", 0.0, no_answer=True)]
    without = record(Quiz(2), graded)
    unscored = record(Quiz(3), [*graded, Verdict("q2", None, no_answer=True, reason="sandbox failed")])
    assert (without.value, unscored.value) == (50, 50)
    assert (without.no_answer_rate, unscored.no_answer_rate) == (0.5, 0.5)
    assert (unscored.n, unscored.unscored, unscored.reason) == (2, 1, "sandbox failed")


def test_ends_are_counted_over_all_items() -> None:
    ends = [("stop", "length"), ("length", "length"), ("stop", "overflow"), ("stop", "stop")]
    answers = [Answer(f"q{place}", ("a", "b"), end) for place, end in enumerate(ends)]
    verdicts = [Verdict(f"q{place}", None if place else 1.0, reason="x") for place in range(4)]
    found = record(Quiz(4), verdicts, answers)
    assert (found.cut_off_rate, found.overflow_rate) == (0.5, 0.25)


def test_both_readings_are_counted_over_the_graded_items() -> None:
    marks = [(True, True), (False, True), (False, False), (True, True)]
    verdicts = [
        Verdict(f"q{place}", float(flexible), details={"strict": strict, "flexible": flexible})
        for place, (strict, flexible) in enumerate(marks)
    ]
    verdicts[3] = replace(verdicts[3], value=None, reason="judge down")
    found = record(Quiz(4), verdicts)
    assert (found.strict_rate, found.flexible_rate) == pytest.approx((1 / 3, 2 / 3))
    assert record(Quiz(1), [Verdict("q0", 1.0)]).strict_rate is None


def test_what_a_program_or_judge_said_can_be_written_and_shown() -> None:
    odd = "\ud83d \x1b[31m" + "x" * 5000
    verdicts = [Verdict("q0", 0.0, details={"cause": odd}), Verdict("q1", None, reason=odd)]
    found = record(Quiz(2), verdicts)
    again = ScoreRecord.model_validate_json(found.model_dump_json().encode())
    cause, reason = again.items[0].details["cause"], again.items[1].reason
    assert cause == reason
    assert cause.startswith("\\ud83d \\x1b[31mxxx")
    assert len(cause) == 1000


@pytest.mark.parametrize(
    ("verdicts", "suspect"),
    [
        ([(0.0, True), (0.0, True)], True),
        ([(0.0, True), (0.0, False)], False),
        ([(0.0, True), (None, False)], True),
        ([(None, False), (None, False)], False),
        ([(1.0, False), (1.0, False)], False),
    ],
)
def test_suspect_means_that_no_graded_answer_could_be_read(
    verdicts: list[tuple[float | None, bool]], suspect: bool
) -> None:
    given = [Verdict(f"q{place}", value, no_answer=mute) for place, (value, mute) in enumerate(verdicts)]
    assert record(Quiz(2), given).suspect is suspect


def test_all_unscored_is_no_value_and_no_zero() -> None:
    found = record(Quiz(2), Quiz(2).grade([Answer(f"q{place}", ("",), ("stop",)) for place in range(2)]))
    assert (found.value, found.standard_error, found.no_answer_rate, found.n) == (None, None, None, 0)
    assert found.reason == "not graded here"


def test_different_reasons_are_counted() -> None:
    reasons = ["a", "b", "b", "c", "c", "c", "d"]
    verdicts = [Verdict(f"q{place}", None, reason=reason) for place, reason in enumerate(reasons)]
    assert record(Quiz(7), verdicts).reason == "c (3); b (2); a (1); 1 other reasons"


def test_items_keep_their_evidence_in_the_order_of_the_questions() -> None:
    verdicts = [Verdict("q1", 0.0, details={"strict": False}), Verdict("q0", 1.0)]
    found = record(Quiz(2), verdicts, settings={"engine": "x"}, reference_loss=1.5, reference_tokens=7)
    assert [item.question for item in found.items] == ["q0", "q1"]
    assert found.items[1].details == {"strict": False}
    assert (found.reference_loss, found.reference_tokens, found.settings) == (1.5, 7, {"engine": "x"})
    assert ScoreRecord.model_validate_json(found.model_dump_json()) == found


@pytest.mark.parametrize("names", [["q0"], ["q0", "q0"], ["q0", "q2"], ["q0", "q1", "q1"]])
def test_answers_or_verdicts_that_do_not_match_the_questions_are_refused(names: list[str]) -> None:
    whole = [Verdict("q0", 1.0), Verdict("q1", 1.0)]
    with pytest.raises(ValueError, match="verdicts do not match 2 questions"):
        record(Quiz(2), [Verdict(name, 1.0) for name in names])
    with pytest.raises(ValueError, match="answers do not match 2 questions"):
        record(Quiz(2), whole, [Answer(name, ("x",), ("stop",)) for name in names])


def test_a_value_that_is_not_finite_is_refused() -> None:
    with pytest.raises(ValueError, match="finite"):
        record(Quiz(1), [Verdict("q0", math.nan)])


def test_the_key_changes_with_all_that_changes_a_score_and_with_nothing_else() -> None:
    quiz, other_metric, other_version, longer = Quiz(2), Quiz(2, scale=1), Quiz(2), Quiz(2)
    other_version.version = 2
    longer.max_new_tokens = 99
    asked = Quiz(2)
    asked.questions = [replace(quiz.questions[0], facts={"answer": "5"}), quiz.questions[1]]
    key = identity(quiz).fingerprint
    assert key == identity(longer).fingerprint, "the token limit is in the key of the answers"
    different = {
        identity(quiz, "other answers").fingerprint,
        identity(other_metric).fingerprint,
        identity(other_version).fingerprint,
        identity(asked).fingerprint,
    }
    assert len(different | {key}) == 5
    kept = record(quiz, [Verdict("q0", 1.0), Verdict("q1", 0.0)])
    assert kept.fingerprint == key
    assert kept.identity["metric"] == ["accuracy", 100, 100]
    assert kept.engine_versions == ("5.23.0", "5.24.0")
