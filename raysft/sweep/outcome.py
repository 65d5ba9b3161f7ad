"""What a run did, and whether there is anything left to do. Needs no Ray cluster and no torch."""

import json
from dataclasses import dataclass

from raysft.plan.tree import Plan
from raysft.records import FailureRecord
from raysft.store import Store
from raysft.sweep.inputs import Inputs, scored_subjects
from raysft.sweep.results import point_status, read_standing
from raysft.sweep.snapshot import Snapshot

_EXPERIMENT = "tune.json"
"""Which Tune experiment of the sweep is the newest, and the points that it holds."""


@dataclass(frozen=True)
class Outcome:
    """What a run did."""

    snapshot: Snapshot
    failed_points: int

    @property
    def complete(self) -> bool:
        """Whether every point and every score that was asked for stands."""
        return not self.failed_points and not self.snapshot.score_failures


def nothing_done(plan: Plan) -> Outcome:
    """The outcome of a run that found everything finished."""
    return Outcome(Snapshot(done=frozenset(plan.stages)), 0)


def is_finished(inputs: Inputs, store: Store) -> bool:
    """Whether every stage and score stands, and the newest Tune experiment holds every point."""
    held = store.read_file(inputs.spec.name, _EXPERIMENT)
    if held is None or not inputs.plan.by_fingerprint.keys() <= set(json.loads(held)["points"]):
        return False
    standing = read_standing(inputs, store)
    subjects = scored_subjects(inputs.spec, inputs.plan)
    return all(point_status(point, standing)[0] == "done" for point in inputs.plan.points) and all(
        standing[subject].scores.keys() == inputs.benchmarks.keys() for subject in subjects
    )


def note_experiment(inputs: Inputs, store: Store, name: str) -> None:
    """Remember the newest Tune experiment, which holds every point of the plan."""
    held = json.dumps({"experiment": name, "points": sorted(inputs.plan.by_fingerprint)})
    store.write_file(inputs.spec.name, _EXPERIMENT, held.encode())


def forget_failures(inputs: Inputs, store: Store, *, every: bool) -> None:
    """Forget failures of the infrastructure, so that their stages are tried again; on demand, all of them."""
    for stage in inputs.plan.stages:
        body = store.read_document("failures", stage)
        if body is not None and (every or FailureRecord.model_validate(body).kind == "infrastructure"):
            store.remove_document("failures", stage)
