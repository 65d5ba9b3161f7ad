"""From verdicts to a score with its evidence: mean, standard error, rates, and what could not be graded.

An unscored item is never 0: it takes no part in the mean, is counted, and keeps its reason.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np

from raysft.evaluate.benchmark import Answer, Benchmark, End, Verdict
from raysft.evaluate.engine import ReferenceLoss, generations_fingerprint
from raysft.harmless_text import shortened
from raysft.identity import Json, WeightsDigest, fingerprint
from raysft.records import ItemScore, ScoreRecord

_VERSION = 1
"""Of what is computed below from verdicts."""
_REASONS = 3
"""Reasons told in a record's summary; each item keeps its own."""

_LONGEST = 1000
"""Characters of a reason or another text of one item."""

_Given = TypeVar("_Given", Answer, Verdict)


@dataclass(frozen=True)
class ScoreIdentity:
    """What defines a score: the answers, the questions, and how answers are graded."""

    generations: Mapping[str, Json]
    """What defines the answers: weights, engine, settings of generation."""
    benchmark: str
    version: int
    """Of the grading."""
    metric: tuple[Json, ...]
    """Name, scale and best value."""
    questions: str
    """Digest."""

    @classmethod
    def of(cls, generations: Mapping[str, Json], benchmark: Benchmark, questions: str) -> "ScoreIdentity":
        """The identity of a score on a benchmark with these questions."""
        metric = benchmark.metric
        return cls(
            generations,
            benchmark.name,
            benchmark.version,
            (metric.name, metric.scale, metric.best),
            questions,
        )

    @property
    def answers(self) -> str:
        """Key of the answers."""
        return generations_fingerprint(self.generations)

    @property
    def fingerprint(self) -> str:
        """Key of the score."""
        defining = {
            "generations": self.answers,
            "benchmark": self.benchmark,
            "benchmark_version": self.version,
            "metric": self.metric,
            "questions": self.questions,
            "grader": {},
        }
        return fingerprint("score", _VERSION, defining)

    def as_json(self) -> dict[str, Json]:
        """What is kept beside a score, so that one can be told why another sweep does not find it."""
        return {
            "generations": dict(self.generations),
            "benchmark": self.benchmark,
            "benchmark_version": self.version,
            "metric": list(self.metric),
        }


def score_record(
    *,
    identity: ScoreIdentity,
    weights: WeightsDigest,
    benchmark: Benchmark,
    answers: Sequence[Answer],
    verdicts: Sequence[Verdict],
    reference: ReferenceLoss,
    engine_versions: Iterable[str],
    settings: Mapping[str, Any],
) -> ScoreRecord:
    """Put together what is kept of one set of weights on one benchmark.

    Args:
        identity: what defines the score.
        weights: digest of what was scored.
        benchmark: what was asked.
        answers: one per question of the benchmark, in any order.
        verdicts: one per question, in any order.
        reference: the loss on the reference answers.
        engine_versions: of the library that gave the answers.
        settings: engine, precision, token limit and the like, kept as evidence; not part of the key.

    Raises:
        ValueError: a question lacks its answer or its verdict, or has two; a value is not finite.
    """
    by_answer = _by_question("answers", benchmark, [(answer.question, answer) for answer in answers])
    by_verdict = _by_question("verdicts", benchmark, [(verdict.question, verdict) for verdict in verdicts])
    items = tuple(_item(by_answer[name], by_verdict[name]) for name in by_verdict)
    graded = [item for item in items if item.value is not None]
    values = [item.value for item in graded if item.value is not None]
    return ScoreRecord(
        fingerprint=identity.fingerprint,
        identity=identity.as_json(),
        subject=weights,
        benchmark=benchmark.name,
        questions_digest=identity.questions,
        generations=identity.answers,
        metric=benchmark.metric.name,
        scale=benchmark.metric.scale,
        value=mean(values, benchmark.metric.scale),
        standard_error=standard_error(values, benchmark.metric.scale),
        n=len(graded),
        unscored=len(items) - len(graded),
        reason=_reasons(items),
        no_answer_rate=rate_of([item.no_answer for item in graded]),
        strict_rate=rate_of(_marks(graded, "strict")),
        flexible_rate=rate_of(_marks(graded, "flexible")),
        cut_off_rate=rate_of([_ended(item, "length") for item in items]),
        overflow_rate=rate_of([_ended(item, "overflow") for item in items]),
        suspect=bool(graded) and all(item.no_answer for item in graded),
        reference_loss=reference.loss,
        reference_tokens=reference.tokens,
        items=items,
        engine_versions=tuple(sorted(set(engine_versions))),
        settings=dict(settings),
    )


def mean(values: Sequence[float], scale: float = 1) -> float | None:
    """Mean times scale; None of nothing."""
    return float(np.mean(values)) * scale if values else None


def standard_error(values: Sequence[float], scale: float = 1) -> float | None:
    """Standard error of the mean over items, times scale: s / sqrt(n), s with n - 1; None for fewer than two.

    For values of 0 and 1 this is the binomial sqrt(p (1 - p) / (n - 1)): 150 of 300 right are 50 ± 2.89.
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
        reason=shortened(verdict.reason, _LONGEST),
        details={name: _harmless(value) for name, value in verdict.details.items()},
    )


def _harmless(value: Json) -> Json:
    """Texts that come from a model, its program or a judge, as they can be written and shown."""
    return shortened(value, _LONGEST) if isinstance(value, str) else value


def _marks(items: Sequence[ItemScore], name: str) -> list[bool]:
    """A detail of all items that have it as yes or no."""
    return [item.details[name] for item in items if isinstance(item.details.get(name), bool)]


def _ended(item: ItemScore, end: End) -> bool:
    return end in item.ends


def rate_of(marks: Sequence[bool]) -> float | None:
    """Share of marks that are set; None of none."""
    return sum(marks) / len(marks) if marks else None


def _reasons(items: Sequence[ItemScore]) -> str:
    """Why items are unscored: the most common reasons, with how many items each has if they differ."""
    counts = Counter(item.reason for item in items if item.value is None)
    if len(counts) < 2:
        return "".join(counts)
    told = "; ".join(f"{reason} ({count})" for reason, count in counts.most_common(_REASONS))
    return told if len(counts) <= _REASONS else f"{told}; {len(counts) - _REASONS} other reasons"
