"""What the coordinator says: to a trial that asks for a stage, to the driver that looks on, to the store."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from raysft.identity import StageId
from raysft.records import FailureRecord
from raysft.store import Store
from raysft.sweep.inputs.score_requests import AskedScore
from raysft.train.job import Progress


@dataclass(frozen=True)
class Admission:
    """What a trial that asked for a stage is told."""

    verdict: Literal["train", "done", "failed"]
    failure: FailureRecord | None = None
    begun: int = 0
    """Of a stage to train: how often this run has begun it, this time included."""


@dataclass(frozen=True)
class Snapshot:
    """What is done at one moment: for the searcher and for the progress shown."""

    done: frozenset[StageId] = frozenset()
    failed: Mapping[StageId, FailureRecord] = field(default_factory=dict)
    running: frozenset[StageId] = frozenset()
    progress: Mapping[StageId, Progress] = field(default_factory=dict)
    trained: int = 0
    """Stages trained by this run."""
    resumed: int = 0
    """Of these, the ones that went on from a step above 0."""
    scored: int = 0
    """Scores made by this run."""
    scores: frozenset[AskedScore] = frozenset()
    """The scores that trials have asked for and that are in the store."""
    scoring: int = 0
    """Shards of evaluation under way."""
    score_failures: Mapping[AskedScore, str] = field(default_factory=dict)
    """Cause by score."""


def record_failure(store: Store, failure: FailureRecord) -> None:
    """Keep why a stage has no weights; a failure that was recorded before stays as it is."""
    store.write_document("failures", failure.stage, failure.model_dump(mode="json"))
