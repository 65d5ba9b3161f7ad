"""Which model a point starts from, and on how many workers it trains."""

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Discriminator,
    Field,
    StrictBool,
    StrictFloat,
    StrictInt,
    StrictStr,
    Tag,
    model_validator,
)

from raysft.spec.fields import Frozen, Seed, Whole, listed
from raysft.spec.recipe import RecipeChange
from raysft.wording import did_you_mean


class ScratchSpec(Frozen):
    """A LLaMA with random weights, and a tokenizer trained on sources of the sweep."""

    hidden_size: Annotated[Whole, Field(ge=8, le=65_536)]
    """Width of the residual stream."""
    layers: Annotated[Whole, Field(ge=1, le=1024)]
    """Number of transformer blocks."""
    heads: Annotated[Whole, Field(ge=1, le=1024)]
    """Attention heads; must divide the width."""
    feed_forward: Annotated[Whole, Field(ge=8, le=1_048_576)]
    """Width inside the feed-forward part."""
    vocabulary: Annotated[Whole, Field(ge=300, le=1_048_576)]
    """Tokens of the byte-level BPE that is trained on the sources; at least 256 bytes and the marks."""
    context: Annotated[Whole, Field(ge=32, le=1_048_576)] = 1024
    """Longest sequence in tokens."""
    seed: Seed = 0
    """Seed of the random weights."""
    sources: Annotated[tuple[str, ...], BeforeValidator(listed)] = ()
    """Sources that the tokenizer learns from, an ability or `ability/variant`; none named means all that this
    model is trained on. Where they are named, a further study of the model changes none of its points."""

    @model_validator(mode="after")
    def _heads_divide(self) -> "ScratchSpec":
        if self.hidden_size % (2 * self.heads):
            raise ValueError(f"hidden_size {self.hidden_size} must be a multiple of 2 × heads ({self.heads})")
        return self


BUILT_IN_BASES = ("world/base", "world/base-small")
"""LLaMAs of 0.5 and 0.2 M parameters that are shipped with the built-in world."""


def _known(base: str) -> str:
    if base.startswith("world/") and base not in BUILT_IN_BASES:
        near = did_you_mean(base, BUILT_IN_BASES)
        raise ValueError(f"no such built-in model; there are {', '.join(BUILT_IN_BASES)}{near}")
    return base


def _form(base: object) -> str:
    return "shape" if isinstance(base, Mapping | ScratchSpec) else "name"


BaseField = Annotated[
    Annotated[str, AfterValidator(_known), Tag("name")] | Annotated[ScratchSpec, Tag("shape")],
    Discriminator(_form),
]
"""A name, or the shape of a model from scratch; whoever writes a mapping means the shape."""


class ShapeSpec(Frozen):
    """Sizes of a LLaMA-like model, to plan for one whose `config.json` is not here yet."""

    hidden_size: Annotated[Whole, Field(ge=1)]
    """Width of the residual stream."""
    layers: Annotated[Whole, Field(ge=1)]
    """Number of transformer blocks."""
    heads: Annotated[Whole, Field(ge=1)]
    """Attention heads."""
    key_value_heads: Annotated[Whole, Field(ge=1)] | None = None
    """Heads of keys and values; `null` for as many as `heads`."""
    feed_forward: Annotated[Whole, Field(ge=1)]
    """Width inside the feed-forward part."""
    vocabulary: Annotated[Whole, Field(ge=1)]
    """Rows of the embedding."""
    tied: bool = False
    """Whether the output layer is the embedding."""


def _day_as_text(value: object) -> object:
    """YAML reads a date as one, and JSON has none."""
    return value.isoformat() if type(value) is date else value


InputValue = Annotated[StrictBool | StrictInt | StrictFloat | StrictStr | None, BeforeValidator(_day_as_text)]
"""What a chat template may be told."""


class ModelSpec(Frozen):
    """One model of the sweep."""

    base: BaseField
    """`world/base`, a Hugging Face folder or id (`owner/name`), or the shape of a model from scratch."""
    revision: str | None = None
    """Revision of a Hugging Face id."""
    template: str = "own"
    """Chat template: the tokenizer's `own`, `vicuna`, `alpaca`, `chatml`, `llama-3`, or a Jinja file."""
    template_inputs: dict[str, InputValue] = Field(default_factory=dict)
    """What the template reads beside the chat: `{enable_thinking: false, strftime_now: 2024-07-26}`."""
    template_losses: Literal["refuse", "count"] = "refuse"
    """Where the template loses text of a source: refuse the sweep, or train on what is left and count it."""
    recipe: RecipeChange = RecipeChange()
    """What this model has otherwise than the sweep's recipe."""
    shape: ShapeSpec | None = None
    """Sizes, to plan for a base that is neither here nor among those that raysft knows."""
    accelerator: str | None = None
    """On what it trains, for the plan's hours and money; `null` for that of `cost`."""
    workers: Annotated[Whole, Field(ge=1)] = 1
    """Training processes; the result does not depend on it (`raysft.train.batching.global_batch`)."""
    gpus_per_worker: Annotated[Whole, Field(ge=0)] = 0
    """GPUs of each training process; 0 trains on the CPU."""
    backend: Literal["fsdp2"] = "fsdp2"
    """How the weights are sharded over several workers."""
    micro_batch_tokens: Annotated[Whole, Field(ge=16)] = 4096
    """Tokens, padding included, that one worker holds at once; only speed and memory depend on it."""
    layout: Literal["auto", "padded", "packed"] = "auto"
    """Rows of similar length side by side, or several conversations in one row; `auto` packs on a GPU."""

    @property
    def label(self) -> str:
        """What the base is, for messages."""
        return self.base if isinstance(self.base, str) else "a model from scratch"
