"""The recipe of a stage: everything about training that defines the result."""

import math
from typing import Annotated, Any, Literal

from pydantic import Field, SerializerFunctionWrapHandler, model_serializer, model_validator

from raysft.spec.fields import Frozen, Number, Whole, contradiction

_LENGTHS = {"epochs", "steps"}
"""Fields that say how long a stage trains, of which exactly one does."""


class Recipe(Frozen):
    """How a stage is trained. Every field that is `in_effect` is part of the stage's identity."""

    epochs: Annotated[Whole, Field(ge=1)] | None = 3
    """Passes over the mixture; `null` where `steps` says how long to train."""
    steps: Annotated[Whole, Field(ge=1)] | None = None
    """Optimiser steps in place of `epochs`: as many passes as are needed, the last one perhaps in part."""
    batch_size: Annotated[Whole, Field(ge=1)] = 128
    """Conversations per optimiser step, over all workers."""
    learning_rate: Annotated[Number, Field(gt=0)] = 2e-5
    """Peak learning rate of AdamW."""
    schedule: Literal["cosine", "linear", "constant", "wsd"] = "cosine"
    """Shape after warm-up; `wsd` holds the peak, then falls linearly over the last `decay` of the steps."""
    warmup: Annotated[Number, Field(ge=0, lt=1)] = 0.03
    """Share of the steps that warm up, rounded up; update t of w uses t/w of the peak, t from 1."""
    decay: Annotated[Number, Field(gt=0, le=1)] = 0.2
    """Share of the steps over which `wsd` falls."""
    final_rate: Annotated[Number, Field(ge=0, le=1)] = 0.0
    """Learning rate after the last step, as a share of the peak."""
    weight_decay: Annotated[Number, Field(ge=0)] = 0.0
    """Decoupled weight decay of AdamW, on matrices only."""
    beta1: Annotated[Number, Field(ge=0, lt=1)] = 0.9
    """AdamW's decay of the first moment."""
    beta2: Annotated[Number, Field(ge=0, lt=1)] = 0.999
    """AdamW's decay of the second moment."""
    epsilon: Annotated[Number, Field(gt=0)] = 1e-8
    """AdamW's term in the denominator."""
    clip: Annotated[Number, Field(gt=0)] | None = 1.0
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

    @model_validator(mode="before")
    @classmethod
    def _steps_stand_for_epochs(cls, value: Any) -> Any:  # noqa: ANN401 - raw YAML in and out
        by_steps = isinstance(value, dict) and value.get("steps") is not None
        return {"epochs": None, **value} if by_steps else value

    @model_validator(mode="after")
    def _epochs_or_steps(self) -> "Recipe":
        if self.epochs is not None and self.steps is not None:
            raise contradiction("give `epochs` or `steps`")
        if self.epochs is None and self.steps is None:
            raise ValueError("give `epochs` or `steps`")
        return self

    @property
    def in_effect(self) -> dict[str, Any]:
        """The fields that no other field puts out of effect: two recipes alike in them train the same.

        Only what holds for every stage counts: that 2% and 3% of 20 steps both warm up by one is not seen.
        """
        fields = {name: getattr(self, name) for name in Recipe.model_fields}
        if self.schedule != "wsd":
            del fields["decay"]
        if self.schedule == "constant" or self.final_rate == 1:
            # At the peak to the end, whatever shape would have led there.
            fields["schedule"] = "constant"
            fields.pop("decay", None)
            del fields["final_rate"]
        return fields

    def steps_per_epoch(self, conversations: int) -> int:
        """Steps of one pass: ceil(n / batch size); batches do not cross epochs."""
        return math.ceil(conversations / self.batch_size)

    def steps_for(self, conversations: int) -> int:
        """Optimiser steps over a mixture: epochs × steps of one pass, unless `steps` says it."""
        return self.steps or (self.epochs or 0) * self.steps_per_epoch(conversations)

    def seen(self, conversations: int) -> int:
        """Conversations that all steps together train on: conversation-epochs."""
        # 6 steps of 128 over 430 conversations, 4 steps a pass: one pass, and 2 × 128 of the next, 686 in
        # all.
        whole, rest = divmod(self.steps_for(conversations), self.steps_per_epoch(conversations))
        # Only the last batch of a pass is partial, and a pass that is begun and not ended has not come to it.
        return whole * conversations + rest * self.batch_size

    def settled(self, conversations: int) -> "Recipe":
        """The same training said in epochs where `steps` are whole epochs, so that both are one stage."""
        if self.steps is None or self.steps % self.steps_per_epoch(conversations):
            return self
        epochs = self.steps // self.steps_per_epoch(conversations)
        return self.model_copy(update={"steps": None, "epochs": epochs})

    def changed(self, change: "RecipeChange") -> "Recipe":
        """The recipe with some fields set otherwise."""
        fields = change.written
        if fields.get("steps") is not None:
            fields["epochs"] = None
        elif fields.get("epochs") is not None:
            fields["steps"] = None
        return Recipe.model_validate({**self.model_dump(), **fields})


class RecipeChange(Recipe):
    """Some fields of a recipe; those that are not written stay as they are.

    Equal changes say the same, so one that writes a default is not equal to one that says nothing.
    """

    @model_validator(mode="before")
    @classmethod
    def _steps_stand_for_epochs(cls, value: Any) -> Any:  # noqa: ANN401 - raw YAML in and out
        """A `null` beside the other length says no more than that."""
        if not isinstance(value, dict):
            return value
        less = {name: one for name, one in value.items() if name not in _LENGTHS or one is not None}
        return less if less.keys() & _LENGTHS else value

    @model_validator(mode="after")
    def _epochs_or_steps(self) -> "RecipeChange":
        lengths = self.model_fields_set & _LENGTHS
        if lengths and sum(getattr(self, name) is not None for name in lengths) != 1:
            raise contradiction("give `epochs` or `steps`")
        return self

    @model_serializer(mode="wrap")
    def _only_what_is_written(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return {name: value for name, value in handler(self).items() if name in self.model_fields_set}

    @property
    def written(self) -> dict[str, Any]:
        """The fields that are written."""
        return {name: getattr(self, name) for name in self.model_fields_set}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, RecipeChange) and self.written == other.written

    def __hash__(self) -> int:
        return hash(frozenset(self.written.items()))

    @property
    def label(self) -> str:
        """Short text for tables: `batch_size=16`."""
        return ", ".join(f"{name}={value}" for name, value in self.model_dump(mode="json").items())
