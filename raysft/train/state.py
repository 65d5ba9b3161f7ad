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
    """Updates that are done."""
    losses: list[float] = field(default_factory=list)
    """Of every update that is done."""
    tokens: int = 0
    """Real tokens that this attempt trained on, over all workers."""
    resumed_at: tuple[int, ...] = ()
    """Steps from which the stage went on after interruptions."""


@dataclass(frozen=True)
class Training:
    """One stage on one worker."""

    job: StageJob
    parent_digest: WeightsDigest
    model: TargetLosses
    optimiser: torch.optim.Optimizer
    layout: Layout
    course: Course = field(default_factory=Course)
