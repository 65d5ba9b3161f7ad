"""The base of every part of a sweep file."""

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field


class Frozen(BaseModel):
    """A part of a sweep file: cannot be changed, knows no key that is not declared."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


def _whole(value: Any) -> Any:  # noqa: ANN401 - raw YAML passes through
    if isinstance(value, bool | float | str):
        raise ValueError("write a whole number")
    return value


Whole = Annotated[int, BeforeValidator(_whole)]
"""A whole number; `true`, `1.0` and `"1"` are refused."""

Seed = Annotated[Whole, Field(ge=0, lt=2**32)]
"""A seed: a whole number that every generator of random numbers takes."""
