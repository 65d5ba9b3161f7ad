"""The base of every part of a sweep file."""

import re
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError


class Frozen(BaseModel):
    """A part of a sweep file: cannot be changed, knows no key that is not declared."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


def contradiction(said: str) -> PydanticCustomError:
    """What is wrong with what is written, and never for the lack of a part that was wrong in itself.

    Of a `ValueError` about a whole mapping nobody knows that: where a part of it was refused before, it is
    taken for a consequence and not told.
    """
    return PydanticCustomError("contradiction", said)


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


_LIMIT = 10**12
"""Nothing that is counted comes near it; what is above is a slip, and too large to be computed with."""


_LONGEST = 100
"""Digits; a number of thousands of them is left as text by whoever reads YAML."""


def _whole(value: Any) -> Any:  # noqa: ANN401 - raw YAML passes through
    if isinstance(value, str) and value.isdecimal() and len(value) < _LONGEST:
        front = "a zero in front" if value.startswith("0") and len(value) > 1 else "quotes"
        raise ValueError(f"write a whole number, without {front}")
    too_long = isinstance(value, str) and value.isdecimal() and len(value) >= _LONGEST
    if isinstance(value, bool | float | str) and not too_long:
        raise ValueError("write a whole number")
    if too_long or (isinstance(value, int) and abs(value) >= _LIMIT):
        raise ValueError(f"must be below {_LIMIT:,}")
    return value


Whole = Annotated[int, BeforeValidator(_whole)]
"""A whole number below 10^12; `true`, `1.0` and `"1"` are refused."""


def _number(value: Any) -> Any:  # noqa: ANN401 - raw YAML passes through
    if isinstance(value, bool):
        raise ValueError("write a number")
    return value


Number = Annotated[float, BeforeValidator(_number)]
"""A number; `true` is refused, and `1e-5` is one, which YAML takes for text."""

Seed = Annotated[Whole, Field(ge=0, lt=2**32)]
"""A seed: a whole number that every generator of random numbers takes."""

_DEVICES = frozenset(
    {"con", "prn", "aux", "nul", *(f"{name}{n}" for name in ("com", "lpt") for n in range(1, 10))}
)


def folder_name(name: str) -> str:
    """A name that every file system takes for a folder.

    Raises:
        ValueError: Windows does not.
    """
    if name.endswith("."):
        raise ValueError("must not end with a dot: some file systems drop it")
    if name.partition(".")[0].lower() in _DEVICES:
        raise ValueError("is the name of a device on some systems: use another")
    return name


def _can_be_seen(text: str) -> str:
    if not text.isprintable() or len(text) > 64:
        raise ValueError("use at most 64 characters, all of which can be seen")
    return text


Title = Annotated[str, AfterValidator(_can_be_seen)]
"""A short text for tables."""
