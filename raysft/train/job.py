"""What a stage needs to be trained, and what comes out: plain values that travel between processes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from raysft.identity import StageId, WeightsDigest
from raysft.records import LossPoint, Provenance, UsedSource
from raysft.spec.recipe import Recipe

CPUS_PER_WORKER = 1
"""Of a process that trains, with or without a GPU."""

Layout = Literal["padded", "packed"]


@dataclass(frozen=True)
class JobPortion:
    """What one ability contributes to a stage."""

    ability: str
    prepared: Path
    """Folder of the tokenised source."""
    ids: tuple[str, ...]
    """Content ids of the conversations, in the order of the prefix."""


@dataclass(frozen=True)
class StageJob:
    """One stage, ready to be trained. The result depends on parent, portions, recipe and seed only."""

    fingerprint: StageId
    attempt: str
    """Name of this attempt, unique in the store."""
    parent: Path
    """Hugging Face folder of the weights to start from."""
    portions: tuple[JobPortion, ...]
    recipe: Recipe
    seed: int
    layout: Literal["auto", "padded", "packed"]
    """`auto` is `packed` on CUDA and `padded` on the CPU."""
    micro_batch_tokens: int
    """Positions, padding included, that one worker computes at once; a longer conversation comes alone."""
    resume_every_s: float
    """Seconds between resume states."""
    store_url: str
    output: Path = Path()
    """Folder to export the trained weights into; whoever publishes the stage chooses it."""
    parent_digest: WeightsDigest | None = None
    """Digest that the weights to start from must have; None takes any."""
    sweep: str = ""
    """Whose folder in the store takes the logs of workers of Ray Train; empty for none."""
    identity: Mapping[str, Any] = field(default_factory=dict)
    """The canonical JSON that the fingerprint is the hash of; it goes into the record as it is."""

    @property
    def ids(self) -> tuple[str, ...]:
        """Ids of all portions, one after the other: what the order of an epoch is made of."""
        return tuple(one for portion in self.portions for one in portion.ids)


@dataclass(frozen=True)
class Progress:
    """Where a stage is, after an optimiser step."""

    fingerprint: StageId
    first_step: int
    """Steps that were done when this attempt began: 0, or where an earlier one was interrupted."""
    step: int
    """From 1."""
    steps: int
    loss: float | None
    """None where the batch has no target."""
    tokens: int
    """Real tokens, padding excluded, that this attempt has trained on."""
    seconds: float
    """Since this attempt began to train."""


@dataclass(frozen=True)
class TrainedStage:
    """What is known of a stage once its weights are exported."""

    steps: int
    empty_steps: int
    used: tuple[UsedSource, ...]
    losses: tuple[LossPoint, ...]
    provenance: Provenance
    weights_digest: WeightsDigest
    parent_weights_digest: WeightsDigest
