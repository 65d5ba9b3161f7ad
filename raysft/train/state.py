"""An unfinished stage in memory: everything that changes from step to step."""

from dataclasses import dataclass, field

import torch

from raysft.identity import WeightsDigest
from raysft.train.job import Layout, StageJob
from raysft.train.objective import TargetLosses


@dataclass
class Course:
    """How far a stage has come."""

    step: int = 0
    """Steps that are done."""
    losses: list[float | None] = field(default_factory=list)
    """Of every step that is done; None where its batch had no target, and no update was made."""
    tokens: int = 0
    """Real tokens that this attempt trained on, over all workers."""
    resumed_at: tuple[int, ...] = ()
    """Steps from which the stage went on after interruptions."""

    @property
    def empty_steps(self) -> int:
        """Steps that are done whose batch had no target."""
        return self.losses.count(None)


@dataclass(frozen=True)
class Training:
    """One stage on one worker."""

    job: StageJob
    parent_digest: WeightsDigest
    model: TargetLosses
    optimiser: torch.optim.Optimizer
    layout: Layout
    course: Course = field(default_factory=Course)
