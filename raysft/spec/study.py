"""A study: a named grid inside a sweep file."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Annotated, Any, Literal

from pydantic import (
    BeforeValidator,
    Discriminator,
    Field,
    SerializerFunctionWrapHandler,
    Tag,
    model_serializer,
    model_validator,
)

from raysft.composition.amount import AmountField, Share
from raysft.composition.exact import Ratio
from raysft.composition.strategies import StrategyField
from raysft.spec.fields import Frozen, Seed, Title, Whole, contradiction, listed
from raysft.spec.recipe import RecipeChange
from raysft.wording import Fault, Faults

AXES = ("model", "strategy", "amount", "ratio", "variant", "recipe", "seed")
"""The axes in the order in which a grid is walked: the last one varies fastest."""


_SOME = Field(min_length=1)


class RatioPoint(Frozen):
    """One ratio: `{general: 1/4}`, or with a name `{little_general: {general: 1/4}}`."""

    name: Title = ""
    """What tables call it; empty for the factors themselves."""
    factors: Mapping[str, Ratio] = {}
    """Multiplier per ability; an ability that is not named has 1."""

    @property
    def label(self) -> str:
        """Its name, or the factors: `general=1/4`."""
        return self.name or ",".join(f"{ability}={factor}" for ability, factor in self.factors.items())

    @model_validator(mode="before")
    @classmethod
    def _as_written(cls, value: Any) -> Any:  # noqa: ANN401 - raw YAML in and out
        if not isinstance(value, Mapping) or isinstance(value.get("factors"), Mapping):
            return value
        if len(value) == 1 and isinstance(next(iter(value.values())), Mapping):
            ((name, factors),) = value.items()
            return {"name": str(name), "factors": factors}
        return {"factors": value}

    @model_serializer(mode="wrap")
    def _as_read(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        factors: dict[str, Any] = handler(self)["factors"]
        return {self.name: factors} if self.name else factors


def read_ratios(value: Any) -> Any:  # noqa: ANN401 - raw YAML in and out
    """The axis as a list: one point, a list of points, or a mapping from names to points."""
    if isinstance(value, Mapping) and value and all(isinstance(one, Mapping) for one in value.values()):
        return [{name: factors} for name, factors in value.items()]
    return value if isinstance(value, list | tuple) else [value]


class Axes(Frozen):
    """Values of some axes; an axis takes one value or a list."""

    model: Annotated[tuple[str, ...], BeforeValidator(listed), _SOME] = ()
    """Names of models of this sweep."""
    strategy: Annotated[tuple[StrategyField, ...], BeforeValidator(listed), _SOME] = ()
    """Rules for mixing and ordering the abilities."""
    amount: Annotated[tuple[AmountField, ...], BeforeValidator(listed), _SOME] = (Share(Fraction(1)),)
    """How much of every source: an exact fraction, `{count: 5000}` or `{supervised_tokens: 1000000}`."""
    ratio: Annotated[tuple[RatioPoint, ...], BeforeValidator(read_ratios), _SOME] = (RatioPoint(),)
    """Multipliers per ability on top of the amount, with a name if one is given; an ability that is not
    named has 1."""
    variant: Annotated[tuple[dict[str, str], ...], BeforeValidator(listed), _SOME] = ({},)
    """Of some abilities, the name of the variant whose source is used in place of the usual one."""
    recipe: Annotated[tuple[RecipeChange, ...], BeforeValidator(listed), _SOME] = (RecipeChange(),)
    """Changes of the sweep's recipe."""
    seed: Annotated[tuple[Seed, ...], BeforeValidator(listed), _SOME] = (0,)
    """Seeds of subset and order."""

    @model_serializer(mode="wrap")
    def _only_what_is_written(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """So that what is written out reads back: an axis that is linked is not given by itself as well."""
        return {key: value for key, value in handler(self).items() if key in self.model_fields_set}

    @property
    def given(self) -> tuple[str, ...]:
        """Axes that were written, in the order of the grid."""
        return tuple(name for name in AXES if name in self.model_fields_set)


class Hold(Frozen):
    """Every point of a study trains equally long, whatever its amount; exactly one number is given.

    The stages of a point share it in the ratio of what they would have without it, each at least one step.
    """

    steps: Annotated[Whole, Field(ge=1)] | None = None
    """Optimiser steps of a point."""
    supervised_tokens: Annotated[Whole, Field(ge=1)] | None = None
    """Supervised tokens of a point, to the nearest step."""
    max_epochs: Annotated[Whole, Field(ge=1)] = 64
    """How often a stage may pass over its mixture; a point that needs more is refused."""

    @model_validator(mode="after")
    def _one_number(self) -> "Hold":
        if self.steps is not None and self.supervised_tokens is not None:
            raise contradiction("give `steps` or `supervised_tokens`, one of them")
        if self.steps is None and self.supervised_tokens is None:
            raise ValueError("give `steps` or `supervised_tokens`, one of them")
        return self


def _form(hold: object) -> str:
    return "mapping" if isinstance(hold, Mapping | Hold) else "word"


def _epochs(hold: object) -> object:
    if hold != "epochs":
        raise ValueError("write epochs, {steps: 500} or {supervised_tokens: 1000000}")
    return hold


HoldField = Annotated[
    Annotated[Literal["epochs"], BeforeValidator(_epochs), Tag("word")] | Annotated[Hold, Tag("mapping")],
    Discriminator(_form),
]
"""`epochs`, or a number of something else; whoever writes a mapping means the latter."""


class Study(Axes):
    """The product of its axes, of which model and strategy must be given.

    The base model is a row of every study without being asked for.
    """

    linked: Annotated[tuple[Axes, ...], BeforeValidator(listed)] = ()
    """Axes that go together: their lists are equally long, and the first values form one choice, the second
    ones the next. Such an axis is not given beside it as well."""
    exclude: Annotated[tuple[Axes, ...], BeforeValidator(listed)] = ()
    """Cells that are left out: those that have, on every axis named in one entry, one of its values."""
    abilities: Annotated[tuple[str, ...], BeforeValidator(listed)] = ()
    """Abilities that take part, in this order; none named means all of the sweep."""
    subset_seed: Seed | None = None
    """Hold the choice of the subset apart from `seed`, which then drives only the order."""
    hold: HoldField = "epochs"
    """What is equal over the points: the recipe's epochs, or a number of steps or supervised tokens."""
    max_repeats: Annotated[Whole, Field(ge=1, le=10_000)] = 1
    """How often one conversation may occur in an epoch, where amount × ratio asks for more than a source."""
    benchmarks: Literal["select", "report", "all"] = "select"
    """What its points are scored on: each ability's own benchmark, those to report by, or both."""

    @model_validator(mode="after")
    def _axes_fit_together(self) -> "Study":
        if faults := [*_given_twice(self), *_unlinked(self.linked), *_excludes_all(self.exclude)]:
            raise Faults(faults)
        return self

    def values(self, axis: str) -> Iterable[Any]:
        """Every value that an axis takes, linked ones included."""
        holder = next((group for group in self.linked if axis in group.given), self)
        found: Iterable[Any] = getattr(holder, axis)
        return found


def _given_twice(study: Study) -> Iterator[Fault]:
    """Axes that are linked and given by themselves, or linked twice."""
    seen = set(study.given)
    for place, group in enumerate(study.linked):
        for axis in group.given:
            if axis in seen:
                said = "is given twice; a linked axis cannot be given by itself as well"
                yield Fault(("linked", place, axis), axis, said)
            seen.add(axis)


def _unlinked(groups: Sequence[Axes]) -> Iterator[Fault]:
    for place, group in enumerate(groups):
        lengths = {name: len(getattr(group, name)) for name in group.given}
        if len(lengths) < 2 or len(set(lengths.values())) > 1:
            found = ", ".join(f"{name} has {length}" for name, length in lengths.items()) or "none"
            yield Fault(("linked", place), found, "needs two or more axes with equally many values")


def _excludes_all(exclusions: Sequence[Axes]) -> Iterator[Fault]:
    for place, one in enumerate(exclusions):
        if not one.given:
            yield Fault(("exclude", place), {}, "names no axis, and would leave nothing")
