"""An engine of the pool: what it answers and grades is in the store, once, and put together from shards."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from support.example_context import context_of, publish_stage

from raysft.errors import DamagedArtifact
from raysft.evaluate.benchmark import Answer, Question
from raysft.evaluate.engine import ReferenceLoss
from raysft.records import ScoreRecord
from raysft.sweep.results.score_keys import engine_version, read_score
from raysft.sweep.run.context import SweepContext
from raysft.sweep.run.evaluation_worker import EvaluationWorker


class Parrot:
    """An engine that knows the first question, and has read more references of it than of the second."""

    name, precision, batch_sizes = "transformers", "fp32", (64, 32)

    def __init__(self, version: str) -> None:
        self.version = version
        self.loaded: list[tuple[Path, str]] = []
        self.answered: list[str] = []

    def load(self, folder: Path, weights_digest: str) -> None:
        self.loaded.append((folder, weights_digest))

    def answer(self, questions: Sequence[Question], max_new_tokens: int, seed: int) -> list[Answer]:
        self.answered += [question.id for question in questions]
        said = {"q0": "right", "q1": "wrong"}
        return [Answer(question.id, (said[question.id],), ("stop",)) for question in questions]

    def reference_loss(self, questions: Sequence[Question]) -> ReferenceLoss:
        known = {"q0": (1.0, 30), "q1": (5.0, 10)}
        tokens = sum(known[question.id][1] for question in questions)
        total = sum(loss * count for loss, count in (known[question.id] for question in questions))
        return ReferenceLoss(total / tokens, tokens)


@pytest.fixture
def context(tmp_path: Path) -> SweepContext:
    """Each question is a shard of its own."""
    return context_of(tmp_path, evaluation={"shard_size": 1})


@pytest.fixture
def worker(context: SweepContext) -> EvaluationWorker:
    worker = EvaluationWorker(context)
    worker._engine = Parrot(engine_version(context.spec.evaluation))
    return worker


def base_of(context: SweepContext) -> str:
    return context.plan.bases["tiny"].fingerprint


def score_of(context: SweepContext, subject: str) -> ScoreRecord | None:
    model = context.answering(subject, "tiny")
    return read_score(context.store, context.spec.evaluation, context.benchmarks["math"], model)


def test_shards_of_answers_become_one_score(context: SweepContext, worker: EvaluationWorker) -> None:
    for part in range(2):
        worker.answer(base_of(context), "tiny", "math", part)
    worker.grade(base_of(context), "tiny", "math")
    score = score_of(context, base_of(context))
    assert (score.value, score.n, score.benchmark) == (50.0, 2, "sums/math")
    assert [(item.question, item.value) for item in score.items] == [("q0", 1.0), ("q1", 0.0)]
    assert (score.reference_loss, score.reference_tokens) == (pytest.approx(2.0), 40)
    assert score.engine_versions == (worker._engine.version,)
    assert (score.settings["batch_size"], score.settings["batch_sizes"]) == (64, [64, 32])


def test_weights_are_those_of_the_subject(context: SweepContext, worker: EvaluationWorker) -> None:
    stage = next(iter(context.plan.stages))
    record = publish_stage(context, stage)
    worker.answer(base_of(context), "tiny", "math", 0)
    worker.answer(stage, "tiny", "math", 0)
    origin = context.origins["tiny"]
    assert worker._engine.loaded == [
        (origin.folder, origin.weights_digest),
        (context.store.fetch("stages", stage), record.weights_digest),
    ]


def test_what_was_answered_is_not_answered_again(context: SweepContext, worker: EvaluationWorker) -> None:
    for part in (0, 1, 0, 1):
        worker.answer(base_of(context), "tiny", "math", part)
    assert worker._engine.answered == ["q0", "q1"]


def test_damaged_answers_are_not_graded_and_are_given_again(
    context: SweepContext, worker: EvaluationWorker
) -> None:
    for part in range(2):
        worker.answer(base_of(context), "tiny", "math", part)
    names = [name for name in context.store.transport.names("generations") if name.endswith(".parquet")]
    context.store.transport.write(f"generations/{sorted(names)[0]}", b"other bytes")
    with pytest.raises(DamagedArtifact, match="0-1 are damaged"):
        worker.grade(base_of(context), "tiny", "math")
    assert score_of(context, base_of(context)) is None
    worker.answer(base_of(context), "tiny", "math", 0)
    worker.grade(base_of(context), "tiny", "math")
    assert score_of(context, base_of(context)).value == 50.0


def test_without_answers_there_is_nothing_to_grade(context: SweepContext, worker: EvaluationWorker) -> None:
    with pytest.raises(DamagedArtifact):
        worker.grade(base_of(context), "tiny", "math")


def test_weights_that_are_gone_are_not_asked(context: SweepContext, worker: EvaluationWorker) -> None:
    with pytest.raises(DamagedArtifact):
        worker.answer(next(iter(context.plan.stages)), "tiny", "math", 0)
    assert worker._engine.answered == []
