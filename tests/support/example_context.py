"""What the workers of a sweep are told, without a sweep: sources without content, weights of a few bytes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from raysft.cluster.resources import Resources
from raysft.evaluate.benchmark import Answer, Metric, Question, Verdict
from raysft.evaluate.benchmarks.catalogue import AbilityBenchmark
from raysft.evaluate.engine import ReferenceLoss
from raysft.evaluate.scoring import score_record
from raysft.records import Provenance, StageRecord
from raysft.store import Store
from raysft.sweep.inputs.score_requests import asked_scores
from raysft.sweep.results.score_keys import new_score
from raysft.sweep.run.context import Origin, SweepContext
from support.example_plan import SMALL, index, plan_of, sweep

STUDY = "s: {model: tiny, strategy: [mixed_sequential, {dmt: {k: 1/4}}, {single: general}]}"
BASE_DIGEST = "base-weights"


@dataclass
class Sums:
    """A benchmark of two questions; an answer is right if it says so."""

    name: str
    questions: Sequence[Question] = (Question("q0", ("1 + 1?",)), Question("q1", ("2 + 2?",)))
    version: int = 1
    metric: Metric = field(default_factory=lambda: Metric("accuracy", 100, 100))
    max_new_tokens: int = 4
    grades: bool = True

    def grade(self, answers: Sequence[Answer]) -> list[Verdict]:
        return [Verdict(one.question, float(one.texts[0] == "right")) for one in answers]


def context_of(folder: Path, study: str = STUDY, *, inline: bool = True, **changes: object) -> SweepContext:
    """A context whose store is in a folder; nothing is trained and nothing is scored."""
    spec, plan = sweep(study, **changes), plan_of(study, **changes)
    (folder / "base").mkdir(parents=True)
    benchmarks = {name: AbilityBenchmark(name, Sums(f"sums/{name}"), 4) for name in SMALL}
    return SweepContext(
        spec=spec,
        plan=plan,
        store=Store.open(folder / "store"),
        indexes={name: index(name, rows) for name, rows in SMALL.items()},
        prepared={(model, name): f"prepared-{name}" for model in spec.models for name in SMALL},
        origins={model: Origin(folder / "base", BASE_DIGEST) for model in spec.models},
        benchmarks=benchmarks,
        asked=asked_scores(spec, plan, benchmarks),
        inline=inline,
    )


def stage_record(context: SweepContext, stage: str, resumed_at: tuple[int, ...] = ()) -> StageRecord:
    planned = context.plan.stages[stage]
    return StageRecord(
        fingerprint=stage,
        identity={},
        weights_digest=f"weights-of-{stage[:8]}",
        parent_weights_digest=f"weights-of-{planned.parent[:8]}" if planned.parent else BASE_DIGEST,
        steps=planned.steps,
        used=(),
        losses=(),
        provenance=Provenance(
            workers=1,
            backend="inline",
            device="cpu",
            layout="padded",
            threads=1,
            versions={},
            seconds=1.0,
            real_tokens=1,
            resumed_at=resumed_at,
        ),
    )


def publish_stage(context: SweepContext, stage: str) -> StageRecord:
    """Put weights of a few bytes into the store."""
    record = stage_record(context, stage)
    with context.store.workspace("stages", stage) as folder:
        (folder / "model.safetensors").write_bytes(stage.encode())
        context.store.publish("stages", stage, folder, record.model_dump(mode="json"))
    return record


def publish_score(context: SweepContext, subject: str, model: str, key: str, right: int = 1) -> None:
    """Put a score into the store: so many of the two questions are answered rightly."""
    spec, chosen, digest = context.spec.evaluation, context.benchmarks[key], context.digest(subject, model)
    answers = [
        Answer(question.id, ("right" if place < right else "wrong",), ("stop",))
        for place, question in enumerate(chosen.benchmark.questions)
    ]
    record = score_record(
        identity=new_score(spec, chosen, context.answering(subject, model)),
        weights=digest,
        benchmark=chosen.benchmark,
        answers=answers,
        verdicts=chosen.benchmark.grade(answers),
        reference=ReferenceLoss(None, 0),
        engine_versions=["1"],
        settings={},
    )
    context.store.write_document("scores", record.fingerprint, record.model_dump(mode="json"))


def needs_of(context: SweepContext) -> Mapping[str, Resources]:
    return {stage: context.needs(one) for stage, one in context.plan.stages.items()}
