"""Strategies: rules that turn abilities into an ordered list of shares, one mapping per stage.

A share of 1 stands for the whole subset that amount and ratio give (a·r); a share of k for the prefix k·a·r
of the same order. A new strategy is one class here and one entry in `STRATEGIES`.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from fractions import Fraction
from typing import Annotated, ClassVar, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    ValidationError,
    model_validator,
)

from raysft.composition.exact import Amount, ReplayShares

Shares = dict[str, Fraction]
"""Of each ability that takes part in a stage, the share of its own subset."""

DEFAULT_LAST = "general"


class Strategy(BaseModel, ABC):
    """A rule; what the user says about it are its fields."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    argument: ClassVar[str | None] = None
    """Field that a bare value stands for: `{single: math}` means `{single: {ability: math}}`."""
    kind: str = ""

    @abstractmethod
    def stages(self, abilities: Sequence[str], /) -> tuple[Shares, ...]:
        """Shares per stage. `abilities` come in the order of the sweep file."""

    def names(self) -> tuple[str, ...]:
        """Abilities that the arguments mention, to be checked against the sweep."""
        return ()

    def needs_last(self) -> bool:
        """Whether the strategy falls back on an ability called `general`."""
        return False

    @property
    def label(self) -> str:
        """Short text for tables, equal for equal strategies: `dmt(k=1/16)`."""
        (said,) = write_strategy(self).values()
        inner = ", ".join(f"{key}={_plain(value)}" for key, value in said.items())
        return f"{self.kind}({inner})" if inner else self.kind


def _plain(value: object) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_plain(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return ">".join(map(_plain, value))
    return str(value)


class Base(Strategy):
    """No stage: the model as it came."""

    kind: Literal["base"] = "base"

    def stages(self, _abilities: Sequence[str], /) -> tuple[Shares, ...]:
        """No stages."""
        return ()


class Single(Strategy):
    """One ability alone."""

    argument = "ability"
    kind: Literal["single"] = "single"
    ability: str

    def stages(self, _abilities: Sequence[str], /) -> tuple[Shares, ...]:
        """One stage with one ability."""
        return ({self.ability: Fraction(1)},)

    def names(self) -> tuple[str, ...]:
        """The one ability."""
        return (self.ability,)

    @property
    def label(self) -> str:
        """`single(math)`."""
        return f"single({self.ability})"


class MultiTask(Strategy):
    """All abilities in one stage."""

    kind: Literal["multi_task"] = "multi_task"

    def stages(self, abilities: Sequence[str], /) -> tuple[Shares, ...]:
        """One stage with everything."""
        return (dict.fromkeys(abilities, Fraction(1)),)


class Sequential(Strategy):
    """One stage per ability; by default the order of the sweep file with `last` at the end."""

    argument = "order"
    kind: Literal["sequential"] = "sequential"
    order: Annotated[tuple[str, ...], Field(min_length=1)] | None = None
    last: str | None = None

    @model_validator(mode="after")
    def _order_or_last(self) -> "Sequential":
        if self.order is not None and self.last is not None:
            raise ValueError("give `order` or `last`; an order already says what comes last")
        return self

    def stages(self, abilities: Sequence[str], /) -> tuple[Shares, ...]:
        """One stage per ability, in order."""
        order = self.order or (*_without(abilities, _last(self.last)), _last(self.last))
        return tuple({ability: Fraction(1)} for ability in order)

    def names(self) -> tuple[str, ...]:
        """The order and the last ability, as far as they are said."""
        return (*(self.order or ()), *filter(None, [self.last]))

    def needs_last(self) -> bool:
        """Without an order, the last ability must be known."""
        return self.order is None and self.last is None


class _EndsWithLast(Strategy):
    """What the two strategies have in common that train one ability after all others."""

    last: str | None = None

    def names(self) -> tuple[str, ...]:
        """The last ability, if it is said."""
        return tuple(filter(None, [self.last]))

    def needs_last(self) -> bool:
        """The last ability must be known."""
        return self.last is None


class MixedSequential(_EndsWithLast):
    """All but the last ability together, then the last one."""

    argument = "last"
    kind: Literal["mixed_sequential"] = "mixed_sequential"

    def stages(self, abilities: Sequence[str], /) -> tuple[Shares, ...]:
        """Two stages."""
        last = _last(self.last)
        return (dict.fromkeys(_without(abilities, last), Fraction(1)), {last: Fraction(1)})


class Dmt(_EndsWithLast):
    """Dual-stage mixed fine-tuning (arXiv 2310.05492): the last stage sees k of each other ability again.

    `k = 0` is `mixed_sequential`. `k` is one share for all, or one per ability; an ability that is not named
    there is not replayed.
    """

    argument = "k"
    kind: Literal["dmt"] = "dmt"
    k: ReplayShares

    @model_validator(mode="after")
    def _last_is_not_replayed(self) -> "Dmt":
        if isinstance(self.k, dict) and _last(self.last) in self.k:
            raise ValueError(f"k names {_last(self.last)}, which the last stage sees in full")
        return self

    def stages(self, abilities: Sequence[str], /) -> tuple[Shares, ...]:
        """Two stages, the second with replay."""
        last = _last(self.last)
        replay = {ability: self._k(ability) for ability in _without(abilities, last)}
        first: Shares = dict.fromkeys(replay, Fraction(1))
        return (first, {**{ability: k for ability, k in replay.items() if k > 0}, last: Fraction(1)})

    def _k(self, ability: str) -> Fraction:
        return self.k.get(ability, Fraction(0)) if isinstance(self.k, dict) else self.k

    def names(self) -> tuple[str, ...]:
        """The last ability and those that k names."""
        return (*super().names(), *(self.k if isinstance(self.k, dict) else ()))


class Stages(Strategy):
    """Stages written out by the user: any mixture in any order, each share in (0, 1]."""

    argument = "mixtures"
    kind: Literal["stages"] = "stages"
    mixtures: Annotated[tuple[Annotated[dict[str, Amount], Field(min_length=1)], ...], Field(min_length=1)]

    def stages(self, _abilities: Sequence[str], /) -> tuple[Shares, ...]:
        """As written."""
        return tuple(dict(stage) for stage in self.mixtures)

    def names(self) -> tuple[str, ...]:
        """Every ability of every stage."""
        return tuple(ability for stage in self.mixtures for ability in stage)

    @property
    def label(self) -> str:
        """`math+code>general`, with shares other than 1 shown."""
        return ">".join("+".join(_share(*item) for item in stage.items()) for stage in self.mixtures)


def _share(ability: str, share: Fraction) -> str:
    return ability if share == 1 else f"{share}·{ability}"


def _last(said: str | None) -> str:
    return said or DEFAULT_LAST


def _without(abilities: Sequence[str], last: str) -> tuple[str, ...]:
    return tuple(ability for ability in abilities if ability != last)


STRATEGIES: dict[str, type[Strategy]] = {
    "base": Base,
    "single": Single,
    "multi_task": MultiTask,
    "sequential": Sequential,
    "mixed_sequential": MixedSequential,
    "dmt": Dmt,
    "stages": Stages,
}


def read_strategy(value: object) -> Strategy:
    """Read one of the three spellings: `multi_task`, `{single: math}`, `{dmt: {k: 1/16}}`."""
    if isinstance(value, Strategy):
        return value
    if isinstance(value, str):
        value = {value: {}}
    if not isinstance(value, dict) or len(value) != 1:
        raise ValueError(f"write one strategy, one of {', '.join(STRATEGIES)}")
    ((kind, arguments),) = value.items()
    if kind not in STRATEGIES:
        raise ValueError(f"no such strategy; use one of {', '.join(STRATEGIES)}")
    rule = STRATEGIES[kind]
    try:
        return rule.model_validate(_arguments(rule, arguments))
    except ValidationError as error:
        found = [_said(".".join(map(str, one["loc"])), one["msg"]) for one in error.errors()]
        raise ValueError(f"{kind} needs: " + "; ".join(found)) from None


def _arguments(rule: type[Strategy], given: object) -> object:
    """The fields of a strategy; a bare value stands for its main one, if it has one."""
    if given is None:
        return {}
    # A mapping may be the main argument itself, as in {dmt: {math: 1/4}}: it is, if it names no field.
    in_full = isinstance(given, dict) and (not given or bool(given.keys() & rule.model_fields.keys()))
    return given if in_full or rule.argument is None else {rule.argument: given}


def _said(field: str, message: str) -> str:
    message = message.removeprefix("Value error, ")
    return f"{field}: {message}" if field else message


def write_strategy(strategy: Strategy) -> dict[str, dict[str, object]]:
    """The spelling that `read_strategy` reads back: `{dmt: {k: 1/16}}`."""
    said = strategy.model_dump(exclude={"kind"}, exclude_defaults=True, mode="json")
    return {strategy.kind: said}


StrategyField = Annotated[Strategy, BeforeValidator(read_strategy), PlainSerializer(write_strategy)]
"""A strategy as a field of a study."""
