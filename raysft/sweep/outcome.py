"""What a run did, and whether there is anything left to do. Needs no Ray cluster and no torch."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from raysft.evaluate.catalogue import AbilityBenchmark
from raysft.records import FailureRecord, ScoreRecord
from raysft.store import Store
from raysft.sweep.inputs import Inputs
from raysft.sweep.results import Standing, point_status
from raysft.sweep.snapshot import Snapshot

_EXPERIMENT = "tune.json"
"""Which Tune experiment of the sweep is the newest, and the points that it holds."""


@dataclass(frozen=True)
class Outcome:
    """What a run did."""

    snapshot: Snapshot
    open_points: int
    """Points that failed, are blocked, or were not reached because the run was interrupted."""
    open_scores: int
    """Scores that are missing, or in which something could not be graded for a reason that may pass."""

    @property
    def complete(self) -> bool:
        """Whether every point and every score that was asked for stands."""
        return not self.open_points and not self.open_scores


def outcome_of(inputs: Inputs, standing: Mapping[str, Standing], snapshot: Snapshot) -> Outcome:
    """What a run did, by what stands after it."""
    points = sum(point_status(point, standing)[0] != "done" for point in inputs.plan.points)
    scores = sum(
        not _settled(standing[subject].scores.get(key), inputs.benchmarks[key])
        for subject, asked in inputs.asked.items()
        for key in asked.benchmarks
    )
    return Outcome(snapshot, points, scores)


def _settled(score: ScoreRecord | None, chosen: AbilityBenchmark) -> bool:
    return score is not None and (not score.unscored or not chosen.benchmark.grades)


def is_finished(inputs: Inputs, standing: Mapping[str, Standing], store: Store) -> bool:
    """Whether every stage and score stands, and the newest Tune experiment holds every point."""
    held = store.read_file(inputs.spec.name, _EXPERIMENT)
    if held is None or not inputs.plan.by_fingerprint.keys() <= set(json.loads(held)["points"]):
        return False
    return outcome_of(inputs, standing, Snapshot()).complete


def note_experiment(inputs: Inputs, store: Store, name: str, points: Iterable[str]) -> None:
    """Remember the newest Tune experiment of a sweep, and the points that it holds."""
    held = json.dumps({"experiment": name, "points": sorted(points)})
    store.write_file(inputs.spec.name, _EXPERIMENT, held.encode())


def forget_failures(inputs: Inputs, standing: Mapping[str, Standing], store: Store, *, every: bool) -> None:
    """Forget what is to be tried again. What stood so before still counts as open in `is_finished`.

    These are failures of the infrastructure, and scores in which something could not be graded for a reason
    that may have passed; on demand every failure. Answers stay.
    """
    for stage in inputs.plan.stages:
        body = store.read_document("failures", stage)
        if body is not None and (every or FailureRecord.model_validate(body).kind == "infrastructure"):
            store.remove_document("failures", stage)
    for one in standing.values():
        for ability, score in one.scores.items():
            if not _settled(score, inputs.benchmarks[ability]):
                store.remove_document("scores", score.fingerprint)
