"""An engine of the pool: a Ray actor that answers shards of questions and grades what was answered.

Everything it makes goes straight into the store, so that a lost actor loses no finished shard.
"""

from collections.abc import Sequence
from dataclasses import replace

import torch

from raysft.errors import DamagedArtifact
from raysft.evaluate.answers import read_answers, write_answers
from raysft.evaluate.benchmark import LOSS, Answer, Question
from raysft.evaluate.benchmarks.catalogue import AbilityBenchmark
from raysft.evaluate.engine import Engine
from raysft.evaluate.engines.transformers_engine import TransformersEngine
from raysft.evaluate.scoring import score_record
from raysft.records import AnswersRecord
from raysft.sandbox.confinement import CONFINEMENT_LEVEL
from raysft.sweep.results.score_keys import (
    SAMPLING_SEED,
    engine_identity,
    generations_key,
    score_key,
    shard_key,
    shards,
)
from raysft.sweep.run.context import SweepContext

ANSWERS = "answers.parquet"


class EvaluationWorker:
    """Holds one engine; weights are exchanged, the engine stays."""

    def __init__(self, context: SweepContext) -> None:
        self._context = context
        self._spec = context.spec.evaluation
        device = "cuda" if self._spec.gpus_per_engine else "cpu"
        if device == "cpu":
            torch.set_num_threads(1)
        self._engine: Engine = TransformersEngine(device, self._spec.precision, self._spec.batch_size)

    def answer(self, subject: str, model: str, benchmark: str, part: int) -> None:
        """Answer one shard of a benchmark with the weights of a subject, and store the answers."""
        chosen, origin = self._context.benchmarks[benchmark], self._context.weights(subject, model)
        shard = shards(self._spec, chosen)[part]
        key = shard_key(generations_key(self._spec, chosen, origin.weights_digest), shard)
        if self._context.store.fetch("generations", key) is not None:
            return
        self._engine.load(origin.folder, origin.weights_digest)
        questions = chosen.benchmark.questions[shard]
        answers = self._engine.answer(questions, chosen.max_new_tokens, SAMPLING_SEED)
        reference = self._engine.reference_loss(questions)
        with self._context.store.workspace("generations", key) as folder:
            write_answers(folder / ANSWERS, answers)
            record = AnswersRecord(
                reference_loss=reference.loss,
                reference_tokens=reference.tokens,
                losses=self._losses(chosen, questions),
            )
            self._context.store.publish("generations", key, folder, record.model_dump(mode="json"))

    def _losses(self, chosen: AbilityBenchmark, questions: Sequence[Question]) -> tuple[float | None, ...]:
        """The loss on each question alone, where a benchmark is scored by it."""
        if chosen.benchmark.metric.name != LOSS:
            return ()
        return tuple(self._engine.reference_loss([question]).loss for question in questions)

    def grade(self, subject: str, model: str, benchmark: str) -> None:
        """Grade all answers of a subject to a benchmark, and store the score."""
        store, chosen = self._context.store, self._context.benchmarks[benchmark]
        digest = self._context.digest(subject, model)
        generations = generations_key(self._spec, chosen, digest)
        answers, loss, tokens = self._collect(generations, chosen)
        identity = engine_identity(self._spec)
        record = score_record(
            subject=digest,
            benchmark=chosen.benchmark,
            answers=answers,
            verdicts=chosen.benchmark.grade(answers),
            generations_fingerprint=generations,
            reference_loss=loss,
            reference_tokens=tokens,
            settings={
                "engine": identity.name,
                "engine_version": identity.version,
                "precision": identity.precision,
                "max_new_tokens": chosen.max_new_tokens,
                "confinement": CONFINEMENT_LEVEL,
            },
        )
        store.write_document("scores", score_key(self._spec, chosen, digest), record.model_dump(mode="json"))

    def _collect(self, generations: str, chosen: AbilityBenchmark) -> tuple[list[Answer], float | None, int]:
        """All answers of a benchmark with the loss on its references, put together from the shards."""
        answers: list[Answer] = []
        total, tokens = 0.0, 0
        for shard in shards(self._spec, chosen):
            key = shard_key(generations, shard)
            folder, found = (
                self._context.store.fetch("generations", key),
                self._context.store.find("generations", key),
            )
            if folder is None or found is None:
                raise DamagedArtifact(f"answers {key} are damaged and must be given again")
            record = AnswersRecord.model_validate(found.body)
            given = read_answers(folder / ANSWERS)
            losses = record.losses or (None,) * len(given)
            answers.extend(replace(one, loss=loss) for one, loss in zip(given, losses, strict=True))
            total += record.reference_tokens * (record.reference_loss or 0.0)
            tokens += record.reference_tokens
        return answers, (total / tokens if tokens else None), tokens
