"""A score of answers that come from anywhere, also of several samples per question."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import comb

from raysft.errors import InputError, Problem
from raysft.evaluate.benchmark import Answer, Benchmark, Verdict
from raysft.evaluate.scoring import mean, rate_of, standard_error
from raysft.wording import counted

_USUAL_K = (1, 10, 100)


@dataclass(frozen=True)
class SampledScore:
    """What a file of answers scores on a benchmark."""

    value: float | None
    """Mean over questions of the mean over samples, times the metric's scale; None if none was graded."""
    standard_error: float | None
    """Of `value`, over questions."""
    questions: int
    """Of which at least one sample was graded."""
    samples: int
    """Graded."""
    unscored: int
    """Samples that could not be graded for a reason outside the answer."""
    no_answer_rate: float | None
    """Share of graded samples without an answer; the next three are shares of graded samples too."""
    cut_off_rate: float | None
    strict_rate: float | None
    flexible_rate: float | None
    pass_at: Mapping[int, float]
    """By k, in per cent; empty where items are rated rather than right or wrong."""
    verdicts: tuple[Verdict, ...]
    """One per answer, in their order."""


def score_samples(benchmark: Benchmark, answers: Sequence[Answer], ks: Sequence[int] = ()) -> SampledScore:
    """Grade answers, at least one to each question.

    Args:
        benchmark: what was asked.
        answers: in any order, several to a question where it was sampled.
        ks: of pass@k; none takes those of 1, 10 and 100 that every question has samples for.

    Raises:
        InputError: a question has fewer graded samples than a k that was asked for, or is rated.
        ClusterError: programs cannot be confined on this machine.
    """
    verdicts = benchmark.grade(answers)
    graded = [(one, said) for one, said in zip(verdicts, answers, strict=True) if one.value is not None]
    by_question: dict[str, list[float]] = {}
    for verdict, _ in graded:
        by_question.setdefault(verdict.question, []).append(verdict.value or 0.0)
    means = [sum(values) / len(values) for values in by_question.values()]
    found = [verdict for verdict, _ in graded]
    return SampledScore(
        value=mean(means, benchmark.metric.scale),
        standard_error=standard_error(means, benchmark.metric.scale),
        questions=len(means),
        samples=len(graded),
        unscored=len(verdicts) - len(graded),
        no_answer_rate=rate_of([verdict.no_answer for verdict in found]),
        cut_off_rate=rate_of(["length" in said.ends for _, said in graded]),
        strict_rate=rate_of(_details(found, "strict")),
        flexible_rate=rate_of(_details(found, "flexible")),
        pass_at=_pass_at(by_question, ks, rated=benchmark.metric.scale == 1),
        verdicts=tuple(verdicts),
    )


def _details(verdicts: Sequence[Verdict], name: str) -> list[bool]:
    return [value for one in verdicts if isinstance(value := one.details.get(name), bool)]


def _pass_at(
    by_question: Mapping[str, Sequence[float]], ks: Sequence[int], *, rated: bool
) -> dict[int, float]:
    """pass@k in per cent, the mean over questions."""
    fewest = min(map(len, by_question.values()), default=0)
    remedy = f"use 1 to {fewest}: one question has only {counted(fewest, 'graded sample')}"
    problems = [Problem("-k", str(k), remedy) for k in ks if not 1 <= k <= fewest]
    problems += [Problem("-k", str(k), "these items are rated, not right or wrong") for k in ks if rated]
    if problems:
        raise InputError(problems)
    chosen = () if rated else ks or [k for k in _USUAL_K if k <= fewest]
    return {k: 100 * _mean_pass(by_question, k) for k in chosen}


def _mean_pass(by_question: Mapping[str, Sequence[float]], k: int) -> float:
    chances = [pass_at_k(len(values), round(sum(values)), k) for values in by_question.values()]
    return sum(chances) / len(chances)


def pass_at_k(n: int, c: int, k: int) -> float:
    """Chance that at least one of k samples passes, drawn without replacement from n of which c pass.

    The unbiased estimator 1 - C(n-c, k) / C(n, k) of Chen et al. 2021: 5 samples, 2 right, k = 2 give 0.7.

    Raises:
        ValueError: not 0 <= c <= n or not 1 <= k <= n.
    """
    if not (0 <= c <= n and 1 <= k <= n):
        raise ValueError(f"pass@{k} of {n} samples with {c} right is not defined")
    return 1 - comb(n - c, k) / comb(n, k)
