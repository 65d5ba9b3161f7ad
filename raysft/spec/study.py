"""A study: a named grid inside a sweep file."""

from fractions import Fraction
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from raysft.composition.exact import Amount, Ratio
from raysft.composition.strategies import StrategyField
from raysft.spec.frozen import Frozen, Seed


def _listed(value: Any) -> Any:  # noqa: ANN401 - raw YAML in and out
    return value if isinstance(value, list | tuple) else [value]


class Study(Frozen):
    """The product of its axes. The base model is a row of every study without being asked for."""

    model: Annotated[tuple[str, ...], BeforeValidator(_listed), Field(min_length=1)]
    """Names of models of this sweep."""
    strategy: Annotated[tuple[StrategyField, ...], BeforeValidator(_listed), Field(min_length=1)]
    """Rules for mixing and ordering the abilities."""
    amount: Annotated[tuple[Amount, ...], BeforeValidator(_listed), Field(min_length=1)] = (Fraction(1),)
    """Shares of every source, as exact fractions."""
    ratio: Annotated[tuple[dict[str, Ratio], ...], BeforeValidator(_listed), Field(min_length=1)] = ({},)
    """Multipliers per ability on top of the amount; an ability that is not named has 1."""
    seed: Annotated[tuple[Seed, ...], BeforeValidator(_listed), Field(min_length=1)] = (0,)
    """Seeds of subset and order."""
    subset_seed: Seed | None = None
    """Hold the choice of the subset apart from `seed`, which then drives only the order."""
