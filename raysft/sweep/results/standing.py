"""What the store holds of a sweep, and whether there is anything left to do."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from raysft.evaluate.benchmarks.catalogue import AbilityBenchmark
from raysft.evaluate.engine import Answering
from raysft.identity import BenchmarkKey, StageId, WeightsDigest
from raysft.plan.tree import BaseIdentity, Point
from raysft.records import FailureRecord, ScoreRecord, StageRecord
from raysft.spec.evaluation import EvaluationSpec
from raysft.store import Store
from raysft.sweep.inputs.prepare import base_digest
from raysft.sweep.inputs.read import Inputs
from raysft.sweep.inputs.score_requests import AskedScore
from raysft.sweep.results.score_keys import read_score
from raysft.wording import counted

PointStatus = Literal["done", "failed", "blocked", "waiting"]

_EXPERIMENT = "tune.json"
"""Which Tune experiment of the sweep is the newest, and the points that it holds."""


@dataclass(frozen=True)
class Standing:
    """What the store has of one base or stage."""

    weights: WeightsDigest | None
    """None if there are none yet."""
    record: StageRecord | None
    """None of a base."""
    failure: FailureRecord | None
    scores: Mapping[BenchmarkKey, ScoreRecord]


def read_standing(inputs: Inputs, store: Store) -> dict[StageId, Standing]:
    """What the store has of every base and stage of a sweep, by fingerprint."""
    found = {}
    for model, identity in inputs.plan.bases.items():
        base = inputs.bases.get(model)
        digest = base_digest(store, base) if base else None
        scores = scores_of(store, inputs.spec.evaluation, inputs.benchmarks, digest, identity)
        found[identity.fingerprint] = Standing(digest, None, None, scores)
    for stage, planned in inputs.plan.stages.items():
        published, body = store.find("stages", stage), store.read_document("failures", stage)
        record = StageRecord.model_validate(published.body) if published else None
        failure = FailureRecord.model_validate(body) if body is not None and record is None else None
        digest = record.weights_digest if record else None
        scores = scores_of(store, inputs.spec.evaluation, inputs.benchmarks, digest, planned.base)
        found[stage] = Standing(digest, record, failure, scores)
    return found


def scores_of(
    store: Store,
    spec: EvaluationSpec,
    benchmarks: Mapping[BenchmarkKey, AbilityBenchmark],
    digest: WeightsDigest | None,
    base: BaseIdentity,
) -> dict[BenchmarkKey, ScoreRecord]:
    """The scores of some weights of a base, or trained from it, by key of the benchmark; nothing without."""
    if digest is None:
        return {}
    model = Answering(digest, base.texts)
    read = {key: read_score(store, spec, chosen, model) for key, chosen in benchmarks.items()}
    return {key: score for key, score in read.items() if score is not None}


def point_status(
    inputs: Inputs, point: Point, standing: Mapping[StageId, Standing]
) -> tuple[PointStatus, str]:
    """How far a point is, and the cause if it is not done: its stages first, then their scores."""
    for position, stage in enumerate(point.stages):
        failure = standing[stage].failure
        if failure is not None:
            own = position == len(point.stages) - 1
            return ("failed" if own else "blocked"), f"stage {stage[:12]} ({failure.kind}): {failure.cause}"
    if any(standing[stage].record is None for stage in point.stages):
        return "waiting", ""
    scores = len(missing_scores(inputs, standing, (subject for subject, _ in inputs.plan.subjects(point))))
    return ("waiting", f"{counted(scores, 'score')} to make") if scores else ("done", "")


def missing_scores(
    inputs: Inputs, standing: Mapping[StageId, Standing], subjects: Iterable[StageId]
) -> list[AskedScore]:
    """Scores of some bases and stages that a run would make, or make again."""
    return [
        (subject, key)
        for subject in subjects
        for key in inputs.benchmarks_of(subject)
        if not _settled(standing[subject].scores.get(key), inputs.benchmarks.get(key))
    ]


@dataclass(frozen=True)
class Missing:
    """What of a sweep is not there."""

    points: int
    """Points that failed, are blocked, or lack a stage or a score; bases, which train nothing, apart."""
    scores: int
    """Scores that are missing, or in which something could not be graded for a reason that may pass."""

    def __bool__(self) -> bool:
        """Whether anything is missing."""
        return bool(self.points or self.scores)


def what_is_missing(inputs: Inputs, standing: Mapping[StageId, Standing]) -> Missing:
    """Everything that was asked for and is not in the store."""
    trained = (point for point in inputs.plan.points if point.stages)
    points = sum(point_status(inputs, point, standing)[0] != "done" for point in trained)
    scores = len(missing_scores(inputs, standing, inputs.asked))
    return Missing(points, scores)


def _settled(score: ScoreRecord | None, chosen: AbilityBenchmark | None) -> bool:
    """Whether nothing more can come of a score now.

    It is whole; or there is nothing that could grade; or what is unscored left no room in the context of the
    model, which another try would not change.
    """
    if score is None:
        return False
    if not score.unscored or chosen is None or not chosen.benchmark.grades:
        return True
    return all("overflow" in item.ends for item in score.items if item.value is None)


def is_finished(inputs: Inputs, standing: Mapping[StageId, Standing], store: Store) -> bool:
    """Whether every stage and score is in the store, and the newest Tune experiment holds every point."""
    held = store.read_file(inputs.spec.name, _EXPERIMENT)
    if held is None or not inputs.plan.by_fingerprint.keys() <= set(json.loads(held)["points"]):
        return False
    return not what_is_missing(inputs, standing)


def note_experiment(inputs: Inputs, store: Store, name: str, points: Iterable[str]) -> None:
    """Remember the newest Tune experiment of a sweep, and the points that it holds."""
    held = json.dumps({"experiment": name, "points": sorted(points)})
    store.write_file(inputs.spec.name, _EXPERIMENT, held.encode())


def forget_failures(
    inputs: Inputs, standing: Mapping[StageId, Standing], store: Store, *, every: bool
) -> None:
    """Forget what is to be tried again. What failed or is unscored still counts as open in `is_finished`.

    These are failures of the infrastructure, and scores in which something could not be graded for a reason
    that may have passed; on demand every failure. Answers stay.
    """
    for stage in inputs.plan.stages:
        body = store.read_document("failures", stage)
        if body is not None and (every or FailureRecord.model_validate(body).kind == "infrastructure"):
            store.remove_document("failures", stage)
    for one in standing.values():
        for key, score in one.scores.items():
            if not _settled(score, inputs.benchmarks[key]):
                store.remove_document("scores", score.fingerprint)
