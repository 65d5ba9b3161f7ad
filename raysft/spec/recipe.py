"""The recipe of a stage: everything about training that defines the result."""

import math
from typing import Annotated, Literal

from pydantic import Field

from raysft.spec.frozen import Frozen, Whole


class Recipe(Frozen):
    """How a stage is trained. Every field is part of the stage's identity."""

    epochs: Annotated[Whole, Field(ge=1)] = 3
    """Passes over the mixture."""
    batch_size: Annotated[Whole, Field(ge=1)] = 128
    """Conversations per optimiser step, over all workers."""
    learning_rate: Annotated[float, Field(gt=0)] = 2e-5
    """Peak learning rate of AdamW."""
    schedule: Literal["cosine", "linear", "constant", "wsd"] = "cosine"
    """Shape after warm-up; `wsd` holds the peak, then falls linearly over the last `decay` of the steps."""
    warmup: Annotated[float, Field(ge=0, lt=1)] = 0.03
    """Share of the steps that warm up, rounded up; update t of w uses t/w of the peak, t from 1."""
    decay: Annotated[float, Field(gt=0, le=1)] = 0.2
    """Share of the steps over which `wsd` falls."""
    final_rate: Annotated[float, Field(ge=0, le=1)] = 0.0
    """Learning rate after the last step, as a share of the peak."""
    weight_decay: Annotated[float, Field(ge=0)] = 0.0
    """Decoupled weight decay of AdamW, on matrices only."""
    beta1: Annotated[float, Field(ge=0, lt=1)] = 0.9
    """AdamW's decay of the first moment."""
    beta2: Annotated[float, Field(ge=0, lt=1)] = 0.999
    """AdamW's decay of the second moment."""
    epsilon: Annotated[float, Field(gt=0)] = 1e-8
    """AdamW's term in the denominator."""
    clip: Annotated[float, Field(gt=0)] | None = 1.0
    """Largest global gradient norm; `null` for none."""
    max_length: Annotated[Whole, Field(ge=8)] = 2048
    """Longest training sequence in tokens, template included."""
    overflow: Literal["cut", "split", "drop"] = "split"
    """A longer conversation is cut at `max_length`, split at its turns, or dropped; it is always counted."""
    loss: Literal["token", "conversation"] = "token"
    """Mean over the supervised tokens of the batch, or mean of each conversation's mean."""
    precision: Literal["fp32", "bf16"] = "fp32"
    """Number format of the forward and backward pass; the optimiser keeps fp32."""
    weights_dtype: Literal["fp32", "bf16"] = "fp32"
    """Number format of the exported weights, from which the next stage starts."""

    def steps(self, conversations: int) -> int:
        """Optimiser steps over a mixture: epochs × ceil(n / batch size); batches do not cross epochs."""
        return self.epochs * math.ceil(conversations / self.batch_size)
