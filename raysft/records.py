"""What the store keeps as JSON: frozen records, each with the version of its form.

Floats are finite; a number that is not known is None and never 0.
"""

from datetime import UTC, datetime
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from raysft.errors import FailureKind
from raysft.harmless_text import harmless
from raysft.identity import StageId, WeightsDigest

SCHEMA_VERSION: Final = 1

Told = Annotated[str, BeforeValidator(harmless)]
"""What an exception, a program or a judge said: it may hold what no file and no terminal should get."""


class Record(BaseModel):
    """A persisted record. Raise `SCHEMA_VERSION` when the form of any record changes."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)
    schema_version: Literal[1] = SCHEMA_VERSION


class UsedSource(Record):
    """What a stage really used of one source."""

    ability: str
    conversations: int
    """Distinct conversations that came up in some step, those that were dropped for their length included."""
    tokens: int
    """Of these conversations, each counted once, after cutting, splitting and dropping."""
    supervised_tokens: int
    """Of these tokens, the ones that enter the loss."""
    cut: int
    """Of these conversations, those cut at `max_length`."""
    split: int
    """Those split at their turns."""
    dropped: int
    """Those dropped: too long, or without one supervised token."""
    ids_digest: str
    """Digest of the sorted ids of what came up; the digest of the plan, unless training ended before all of
    the mixture did. An id that is several times in the mixture is as often in it."""
    asked: int | None = None
    """Conversations of the mixture, as the plan says it; None in older records, as all that follow."""
    presentations: int | None = None
    """How often conversations came up over all steps."""
    presented_tokens: int | None = None
    """Tokens of all presentations."""
    presented_supervised_tokens: int | None = None
    """Of these, the ones that enter the loss."""


class Provenance(Record):
    """How a stage was computed; none of it is part of its identity."""

    workers: int
    backend: str
    """`inline`, or the sharding backend."""
    device: str
    layout: str
    """`padded` or `packed`."""
    threads: int
    versions: dict[str, str]
    """Of torch, transformers and raysft."""
    seconds: float
    """Wall time of the training loop of the attempt that finished."""
    real_tokens: int
    """Non-padding tokens that this attempt trained on."""
    resumed_at: tuple[int, ...]
    """Steps from which the stage went on after interruptions; empty if there was none."""


class LossPoint(Record):
    """Training loss at one optimiser step."""

    step: int
    """From 1."""
    loss: float
    """Mean over the step's supervised tokens (or conversations, as the recipe says)."""
    learning_rate: float


class StageRecord(Record):
    """A finished stage: weights with their identity, what they were trained on, and how."""

    fingerprint: StageId
    identity: dict[str, Any]
    """The canonical JSON that the fingerprint is the hash of."""
    weights_digest: WeightsDigest
    """Digest of the exported weights, in bytes."""
    parent_weights_digest: WeightsDigest
    """Digest of the weights that the stage started from."""
    steps: int
    """Optimiser steps."""
    empty_steps: int = 0
    """Of these, the ones whose batch had no supervised token within `max_length`: they changed nothing."""
    used: tuple[UsedSource, ...]
    lost: dict[str, dict[str, int]] = {}
    """By ability: conversations of which the chat template lost text, by what it is (`system`, …)."""
    losses: tuple[LossPoint, ...]
    """At most 200 of the steps that have one, evenly spread, first and last included."""
    provenance: Provenance


class AnswersRecord(Record):
    """What is kept beside one shard of answers."""

    engine_version: str = ""
    """Of the library that gave them."""
    batch_sizes: tuple[int, ...] = ()
    """Questions side by side at most, the largest first; several where memory ran out in between."""
    reference_loss: float | None
    """Mean loss per token on the reference answers of the shard's questions; None if there are none."""
    reference_tokens: int
    losses: tuple[float | None, ...] = ()
    """The same of each question, in the order of the answers, where the benchmark is scored by it."""


class ItemScore(Record):
    """The verdict on one item, as it is kept."""

    question: str
    value: float | None
    no_answer: bool
    ends: tuple[str, ...]
    reason: Told = ""
    details: dict[str, Any] = {}


class ScoreRecord(Record):
    """A score with its evidence: one set of weights on one benchmark."""

    fingerprint: str
    identity: dict[str, Any] = {}
    """The canonical JSON that the fingerprint is the hash of."""
    subject: WeightsDigest
    """Digest of the weights' bytes: weights made again with other bits are scored again."""
    benchmark: str
    questions_digest: str
    generations: str
    """Fingerprint of the answers."""
    metric: str
    scale: float
    """Factor from the mean of the items to `value`."""
    value: float | None
    """None if not one item could be graded."""
    standard_error: float | None
    """Of `value`, over items; None for fewer than two graded items."""
    n: int
    """Items that were graded."""
    unscored: int
    """Items that could not be graded for a reason outside the model."""
    reason: Told = ""
    """Why items are unscored; empty if none is."""
    no_answer_rate: float | None
    """Share of the graded items in which no answer could be found."""
    strict_rate: float | None = None
    """Share of the graded items that are right by the strict reading of the form that is asked for, whatever
    `value` rests on; None where the benchmark has no such reading."""
    flexible_rate: float | None = None
    """The same by the flexible reading."""
    cut_off_rate: float | None
    """Share of the items in which a turn ended at the token limit."""
    overflow_rate: float | None
    """Share of the items whose prompt left no room in the context."""
    suspect: bool
    """Not one answer could be read: the format may be lost rather than the ability."""
    reference_loss: float | None
    """Mean loss per token on the reference answers; None if the benchmark has none."""
    reference_tokens: int
    items: tuple[ItemScore, ...]
    engine_versions: tuple[str, ...] = ()
    """Of the library that gave the answers; several if it was updated between two shards."""
    settings: dict[str, Any]
    """Engine, its precision, token limit, batch size as asked and as it was, sandbox level."""


class FailureRecord(Record):
    """Why a stage ended without weights: from the trial that failed to the table of results."""

    stage: StageId
    """The stage that failed; of a blocked stage, the one before it that did."""
    kind: FailureKind
    cause: Told
    attempts: int
    """How often the stage was begun by the run that gave it up; 1 if its error would only come again."""
    at: str = Field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="seconds"))
    """UTC time, ISO 8601."""
