"""An engine of the pool: a Ray actor that answers shards of questions and grades what was answered.

Everything it makes goes straight into the store, so that a lost actor loses no finished shard.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import torch

from raysft.errors import DamagedArtifact
from raysft.evaluate.answers import read_answers, write_answers
from raysft.evaluate.benchmark import LOSS, Answer, Question
from raysft.evaluate.benchmarks.catalogue import AbilityBenchmark
from raysft.evaluate.engine import Answering, Engine, ReferenceLoss
from raysft.evaluate.engines.transformers_engine import TransformersEngine
from raysft.evaluate.scoring import score_record
from raysft.identity import BenchmarkKey, StageId
from raysft.records import AnswersRecord
from raysft.sandbox.confinement import CONFINEMENT_LEVEL
from raysft.sweep.results.score_keys import (
    SAMPLING_SEED,
    is_usable,
    new_score,
    score_identities,
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

    def answer(self, subject: StageId, model: str, benchmark: BenchmarkKey, part: int) -> None:
        """Answer one shard of a benchmark with the weights of a subject, and store the answers."""
        chosen, origin = self._context.benchmarks[benchmark], self._context.weights(subject, model)
        shard = shards(self._spec, chosen)[part]
        answering = self._context.answering(subject, model)
        if self._stored(chosen, answering, shard) is not None:
            return
        self._engine.load(origin.folder, origin.weights_digest)
        questions = chosen.benchmark.questions[shard]
        answers = self._engine.answer(questions, chosen.max_new_tokens, SAMPLING_SEED)
        sizes = self._engine.batch_sizes
        reference = self._engine.reference_loss(questions)
        key = shard_key(new_score(self._spec, chosen, answering).answers, shard)
        with self._context.store.workspace("generations", key) as folder:
            write_answers(folder / ANSWERS, answers)
            record = AnswersRecord(
                engine_version=self._engine.version,
                batch_sizes=sizes,
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

    def grade(self, subject: StageId, model: str, benchmark: BenchmarkKey) -> None:
        """Grade all answers of a subject to a benchmark, and store the score."""
        chosen, answering = self._context.benchmarks[benchmark], self._context.answering(subject, model)
        parts = [self._needed(chosen, answering, shard) for shard in shards(self._spec, chosen)]
        answers = [answer for folder, record in parts for answer in _given(folder, record)]
        record = score_record(
            identity=new_score(self._spec, chosen, answering),
            weights=answering.weights,
            benchmark=chosen.benchmark,
            answers=answers,
            verdicts=chosen.benchmark.grade(answers),
            reference=_together([record for _, record in parts]),
            engine_versions=[record.engine_version for _, record in parts],
            settings={
                "engine": self._spec.engine,
                "precision": self._spec.precision,
                "max_new_tokens": chosen.max_new_tokens,
                "batch_size": self._spec.batch_size,
                "batch_sizes": sorted({size for _, one in parts for size in one.batch_sizes}, reverse=True),
                "confinement": CONFINEMENT_LEVEL,
            },
        )
        self._context.store.write_document("scores", record.fingerprint, record.model_dump(mode="json"))

    def _stored(
        self, chosen: AbilityBenchmark, answering: Answering, shard: slice
    ) -> tuple[Path, AnswersRecord] | None:
        """Folder and record of answers to a shard that this sweep takes as they are."""
        store = self._context.store
        for identity in score_identities(self._spec, chosen, answering):
            key = shard_key(identity.answers, shard)
            if (found := store.find("generations", key)) is None:
                continue
            record = AnswersRecord.model_validate(found.body)
            if not is_usable(self._spec, identity, (record.engine_version,)):
                continue
            if (folder := store.fetch("generations", key)) is not None:
                return folder, record
        return None

    def _needed(
        self, chosen: AbilityBenchmark, answering: Answering, shard: slice
    ) -> tuple[Path, AnswersRecord]:
        found = self._stored(chosen, answering, shard)
        if found is None:
            raise DamagedArtifact(
                f"answers to {chosen.benchmark.name} {shard.start}-{shard.stop} are damaged, or gone"
            )
        return found


def _given(folder: Path, record: AnswersRecord) -> list[Answer]:
    """The answers to a shard, each with the loss on its own reference where the benchmark is scored by it."""
    answers = read_answers(folder / ANSWERS)
    losses = record.losses or (None,) * len(answers)
    return [replace(one, loss=loss) for one, loss in zip(answers, losses, strict=True)]


def _together(parts: Sequence[AnswersRecord]) -> ReferenceLoss:
    """The loss over the reference answers of all shards: each mean weighs as many tokens as it is of."""
    tokens = sum(part.reference_tokens for part in parts)
    total = sum(part.reference_tokens * (part.reference_loss or 0.0) for part in parts)
    return ReferenceLoss(total / tokens if tokens else None, tokens)
