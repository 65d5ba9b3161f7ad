"""From verdicts to a score with its evidence: mean, standard error, rates, and what could not be graded.

An unscored item is never 0: it takes no part in the mean, is counted, and keeps its reason.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

import numpy as np

from raysft.evaluate.benchmark import Answer, Benchmark, End, Verdict, questions_digest
from raysft.identity import Json, fingerprint
from raysft.records import ItemScore, ScoreRecord

_VERSION = 1
"""Of what is computed below from verdicts."""
_REASONS = 3
"""Reasons told in a record's summary; each item keeps its own."""

_Given = TypeVar("_Given", Answer, Verdict)


def score_fingerprint(
    generations_fingerprint: str,
    benchmark: Benchmark,
    grader: Mapping[str, Json] | None = None,
    *,
    questions: str | None = None,
) -> str:
    """The key of a score: the answers, the questions, and how answers are graded.

    Args:
        generations_fingerprint: key of the answers; it stands for weights, engine and generation settings.
        benchmark: its name, version, metric and questions count.
        grader: further settings that change verdicts, such as a judge's name and prompt.
        questions: digest of the benchmark's questions, where it is known: to compute it takes milliseconds.
    """
    metric = benchmark.metric
    defining = {
        "generations": generations_fingerprint,
        "benchmark": benchmark.name,
        "benchmark_version": benchmark.version,
        "metric": [metric.name, metric.scale, metric.best],
        "questions": questions or questions_digest(benchmark.questions),
        "grader": dict(grader or {}),
    }
    return fingerprint("score", _VERSION, defining)


def score_record(
    *,
    subject: str,
    benchmark: Benchmark,
    answers: Sequence[Answer],
    verdicts: Sequence[Verdict],
    generations_fingerprint: str,
    reference_loss: float | None,
    reference_tokens: int,
    settings: Mapping[str, Any],
    grader: Mapping[str, Json] | None = None,
) -> ScoreRecord:
    """Put together what is kept of one set of weights on one benchmark.

    Args:
        subject: fingerprint of the stage, or of the base, that was scored.
        benchmark: what was asked.
        answers: one per question of the benchmark, in any order.
        verdicts: one per question, in any order.
        generations_fingerprint: key of the answers.
        reference_loss: mean loss per token on the reference answers; None if there are none.
        reference_tokens: number of those tokens.
        settings: engine, precision, token limit and the like, kept as evidence; not part of the key.
        grader: as for `score_fingerprint`.

    Raises:
        ValueError: a question lacks its answer or its verdict, or has two; a value is not finite.
    """
    by_answer = _by_question("answers", benchmark, [(answer.question, answer) for answer in answers])
    by_verdict = _by_question("verdicts", benchmark, [(verdict.question, verdict) for verdict in verdicts])
    items = tuple(_item(by_answer[name], by_verdict[name]) for name in by_verdict)
    graded = [item for item in items if item.value is not None]
    values = [item.value for item in graded if item.value is not None]
    questions = questions_digest(benchmark.questions)
    return ScoreRecord(
        fingerprint=score_fingerprint(generations_fingerprint, benchmark, grader, questions=questions),
        subject=subject,
        benchmark=benchmark.name,
        questions_digest=questions,
        generations=generations_fingerprint,
        metric=benchmark.metric.name,
        scale=benchmark.metric.scale,
        value=mean(values, benchmark.metric.scale),
        standard_error=standard_error(values, benchmark.metric.scale),
        n=len(graded),
        unscored=len(items) - len(graded),
        reason=_reasons(items),
        no_answer_rate=_share([item.no_answer for item in graded]),
        cut_off_rate=_share([_ended(item, "length") for item in items]),
        overflow_rate=_share([_ended(item, "overflow") for item in items]),
        suspect=bool(graded) and all(item.no_answer for item in graded),
        reference_loss=reference_loss,
        reference_tokens=reference_tokens,
        items=items,
        settings=dict(settings),
    )


def mean(values: Sequence[float], scale: float = 1) -> float | None:
    """Mean times scale; None of nothing."""
    return float(np.mean(values)) * scale if values else None


def standard_error(values: Sequence[float], scale: float = 1) -> float | None:
    """Standard error of the mean over items, times scale: s / sqrt(n), s with n - 1; None for fewer than two.

    For values of 0 and 1 this is the binomial sqrt(p (1 - p) / (n - 1)).
    """
    return float(np.std(values, ddof=1)) / len(values) ** 0.5 * scale if len(values) > 1 else None


def _by_question(what: str, benchmark: Benchmark, given: Sequence[tuple[str, _Given]]) -> dict[str, _Given]:
    """What was given, by the id of its question, in the order of the benchmark."""
    found = dict(given)
    names = [question.id for question in benchmark.questions]
    if len(given) != len(names) or found.keys() != set(names):
        raise ValueError(f"{benchmark.name}: {len(given)} {what} do not match {len(names)} questions")
    return {name: found[name] for name in names}


def _item(answer: Answer, verdict: Verdict) -> ItemScore:
    return ItemScore(
        question=verdict.question,
        value=verdict.value,
        no_answer=verdict.no_answer,
        ends=tuple(answer.ends),
        reason=verdict.reason,
        details=dict(verdict.details),
    )


def _ended(item: ItemScore, end: End) -> bool:
    return end in item.ends


def _share(marks: Sequence[bool]) -> float | None:
    return sum(marks) / len(marks) if marks else None


def _reasons(items: Sequence[ItemScore]) -> str:
    """Why items are unscored: the most common reasons, with how many items each has if they differ."""
    counts = Counter(item.reason for item in items if item.value is None)
    if len(counts) < 2:
        return "".join(counts)
    told = "; ".join(f"{reason} ({count})" for reason, count in counts.most_common(_REASONS))
    return told if len(counts) <= _REASONS else f"{told}; {len(counts) - _REASONS} other reasons"
