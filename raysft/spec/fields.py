"""The base of every part of a sweep file."""

import re
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field


class Frozen(BaseModel):
    """A part of a sweep file: cannot be changed, knows no key that is not declared."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


def listed(value: Any) -> Any:  # noqa: ANN401 - raw YAML in and out
    """A single value as a list of one: where several may be given, one needs no brackets."""
    return value if isinstance(value, list | tuple) else [value]


def _compiles(pattern: str) -> str:
    try:
        re.compile(pattern)
    except re.error as error:
        raise ValueError(f"is no regular expression: {error}") from None
    return pattern


Pattern = Annotated[str, AfterValidator(_compiles)]
"""A regular expression."""


def _whole(value: Any) -> Any:  # noqa: ANN401 - raw YAML passes through
    if isinstance(value, bool | float | str):
        raise ValueError("write a whole number")
    return value


Whole = Annotated[int, BeforeValidator(_whole)]
"""A whole number; `true`, `1.0` and `"1"` are refused."""

Seed = Annotated[Whole, Field(ge=0, lt=2**32)]
"""A seed: a whole number that every generator of random numbers takes."""
