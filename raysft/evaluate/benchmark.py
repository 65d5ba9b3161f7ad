"""The protocol that every benchmark implements, and the records that pass through it.

questions ─► an engine generates ─► answers ─► `grade` ─► verdicts ─► a score with its evidence

Generating and grading are separate steps: answers are kept, so a new grader needs no model.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

from raysft.identity import Json, canonical_bytes, digest_bytes

End = Literal["stop", "length", "overflow"]
"""Why a turn ended: by itself, at the token limit, or because the prompt left no room in the context."""


@dataclass(frozen=True)
class Question:
    """One item of a benchmark."""

    id: str
    """Unique within the benchmark, the authors' own where they gave one."""
    turns: tuple[str, ...]
    """What the user says, one text per turn; each is asked after the answer to the one before."""
    references: tuple[str, ...] = ()
    """Reference answers, one per turn, for the loss kept beside the score; empty if there are none."""
    facts: Mapping[str, Json] = field(default_factory=dict)
    """What grading needs to know: the number, the unit tests, the demands."""
    temperature: float = 0.0
    """Sampling temperature for this question; 0 is greedy."""
    stop: tuple[str, ...] = ()
    """Texts before which an answer ends, besides the model's own end."""


@dataclass(frozen=True)
class Answer:
    """What a model said to one question."""

    question: str
    """Id of the question."""
    texts: tuple[str, ...]
    """One text per turn."""
    ends: tuple[End, ...]
    """One per turn."""
    loss: float | None = None
    """Mean loss per token of the reference answers in place of these texts, in nats; None if not measured."""


@dataclass(frozen=True)
class Verdict:
    """The grade of one answer, with its evidence."""

    question: str
    """Id of the question."""
    value: float | None
    """Grade on the metric's own scale (0 or 1, or 1 to 10); None if unscored, which is never 0."""
    no_answer: bool = False
    """The answer holds no number, no program, no words: it is wrong, and it counts here too."""
    reason: str = ""
    """Why the item is unscored; empty otherwise."""
    details: Mapping[str, Json] = field(default_factory=dict)
    """Further evidence, such as strict and flexible match."""


LOSS = "loss"
"""Name of the metric for which an engine measures the loss on each question's reference answers."""


@dataclass(frozen=True)
class Metric:
    """The primary metric of a benchmark."""

    name: str
    """Such as `accuracy`, `pass@1`, `rating`."""
    scale: float
    """Factor from the mean of the verdicts to the number shown: 100 for per cent, 1 for a rating."""
    best: float
    """Value of a perfect model, in the number shown; 0 where lower is better."""


class Benchmark(Protocol):
    """Questions, how to ask them, how to grade one answer.

    A benchmark is picklable, and made from files or from the built-in world; it never touches a model.

    Example: one question, right if the answer holds the number. With a row in
    `raysft.evaluate.benchmarks.catalogue` and its name in `BenchmarkSpec`, a sweep file can ask for it.

    >>> class Two:
    ...     name, version, grades, max_new_tokens = "two", 1, True, 8
    ...     metric = Metric("accuracy", scale=100, best=100)
    ...     questions = (Question("two/0", ("1 + 1?",), references=("2",)),)
    ...
    ...     def grade(self, answers):
    ...         return [Verdict(one.question, float("2" in one.texts[0])) for one in answers]
    >>> benchmark: Benchmark = Two()
    >>> right, wrong = Answer("two/0", ("It is 2.",), ("stop",)), Answer("two/0", ("3",), ("stop",))
    >>> [verdict.value for verdict in benchmark.grade([right, wrong])]
    [1.0, 0.0]
    """

    name: str
    version: int
    """Raised when grading gives another result for the same answer."""
    metric: Metric
    max_new_tokens: int
    """Token limit of one turn."""
    grades: bool
    """False if nothing is configured that could grade: answers are kept, and to be unscored is no failure."""
    questions: Sequence[Question]

    def grade(self, answers: Sequence[Answer]) -> list[Verdict]:
        """Grade answers, in any order and to any subset of the questions; one verdict per answer."""
        ...


def questions_digest(questions: Sequence[Question]) -> str:
    """Identity of a set of questions: everything a model or a grader gets to see."""
    rows = [
        [
            q.id,
            list(q.turns),
            list(q.references),
            dict(q.facts),
            q.temperature,
            *([list(q.stop)] if q.stop else []),
        ]
        for q in questions
    ]
    return digest_bytes(canonical_bytes(rows))
