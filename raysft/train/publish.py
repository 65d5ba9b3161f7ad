"""A stage from its job to the store: train, export into a workspace, publish with its record."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from raysft.data.tokens.prepared import Prepared
from raysft.records import StageRecord
from raysft.store import Store
from raysft.train.group import WorkerGroup
from raysft.train.job import JobPortion, Progress, StageJob, TrainedStage
from raysft.train.loop import train_stage


def train_and_publish(job: StageJob, group: WorkerGroup, report: Callable[[Progress], object]) -> StageRecord:
    """Train a stage and publish it; gives the record of the attempt that is in the store then.

    Rank 0 exports and publishes, on its own machine; every worker must call this and gets the same record.

    Raises:
        StageFailed: as `train_stage`.
    """
    store = Store.open(job.store_url)
    if group.rank != 0:
        train_stage(replace(job, output=Path()), group, report)
        return StageRecord.model_validate_json(group.broadcast(""))
    with store.workspace("stages", job.fingerprint) as folder:
        record = _record(job, train_stage(replace(job, output=folder), group, report))
        published = store.publish("stages", job.fingerprint, folder, record.model_dump(mode="json"))
    store.drop_resume(job.fingerprint)
    winner = StageRecord.model_validate(published.body)
    group.broadcast(winner.model_dump_json())
    return winner


def _record(job: StageJob, trained: TrainedStage) -> StageRecord:
    return StageRecord(
        fingerprint=job.fingerprint,
        identity=dict(job.identity),
        weights_digest=trained.weights_digest,
        parent_weights_digest=trained.parent_weights_digest,
        steps=trained.steps,
        empty_steps=trained.empty_steps,
        used=trained.used,
        lost={one.ability: lost for one in job.portions if (lost := _lost(one))},
        losses=trained.losses,
        provenance=trained.provenance,
    )


def _lost(portion: JobPortion) -> dict[str, int]:
    """Conversations of a portion of which the chat template lost text, by what it is."""
    lost = Prepared.open(portion.prepared).lost
    found = Counter(kind for one in portion.ids if one in lost for kind in {each.kind for each in lost[one]})
    return dict(sorted(found.items()))
