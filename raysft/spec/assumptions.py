"""What a plan assumes about machines and noise; none of it changes a result."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field

from raysft.spec.fields import Frozen, Number

Share = Annotated[Number, Field(gt=0, lt=1)]
Positive = Annotated[Number, Field(gt=0)]


class CostSpec(Frozen):
    """Assumptions behind a plan's hours and money; they change no result."""

    accelerator: str | None = None
    """Name in raysft's table; `null` takes `a100-80gb`, and `cpu-core` for models without GPUs."""
    peak_tflops: Positive | None = None
    """Dense bf16 peak of one accelerator in TFLOP/s; `null` takes the table's."""
    mfu: Annotated[Number, Field(gt=0, le=1)] | None = None
    """Share of the peak that training reaches; `null` takes the table's."""
    memory_gib: Positive | None = None
    """Memory of one accelerator in GiB; `null` takes the table's."""
    price_per_hour: Annotated[Number, Field(ge=0)] | None = None
    """US dollars for one accelerator and hour; `null` takes the table's."""


class PowerSpec(Frozen):
    """Assumptions behind the smallest difference that a plan calls detectable; they change no result."""

    alpha: Share = 0.05
    """Two-sided error of the first kind, of one contrast."""
    power: Share = 0.8
    """Chance to see a difference of that size."""
    spread: Mapping[str, Positive] = {}
    """Per benchmark, how much two models differ item by item: the share of items on which one is right and
    the other wrong, or of ratings the standard deviation; one that is not named has raysft's guess."""
    seed_deviation: Mapping[str, Annotated[Number, Field(ge=0)]] = {}
    """Per benchmark, the standard deviation over seeds of the difference of two recipes, in points."""
