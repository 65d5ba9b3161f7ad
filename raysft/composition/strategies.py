"""Strategies: rules that turn abilities into an ordered list of shares, one mapping per stage.

A share of 1 stands for the whole subset that amount and ratio give (a·r); a share of k for the prefix k·a·r of
the same order. A new strategy is one class here and one entry in `STRATEGIES`.
"""

from collections.abc import Sequence
from fractions import Fraction
from typing import Annotated, ClassVar, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, SerializeAsAny, ValidationError

from raysft.composition.exact import Amount, ReplayShares

Shares = dict[str, Fraction]
"""Of each ability that takes part in a stage, the share of its own subset."""

DEFAULT_LAST = "general"


class Strategy(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    argument: ClassVar[str | None] = None
    """Field that a bare value stands for: `{single: math}` means `{single: {ability: math}}`."""
    kind: str = ""

    def stages(self, abilities: Sequence[str]) -> tuple[Shares, ...]:
        """Shares per stage. `abilities` come in the order of the sweep file."""
        raise AssertionError(f"{type(self).__name__} does not say its stages")

    def names(self) -> tuple[str, ...]:
        """Abilities that the arguments mention, to be checked against the sweep."""
        return ()

    def needs_last(self) -> bool:
        """Whether the strategy falls back on an ability called `general`."""
        return False

    @property
    def label(self) -> str:
        """Short text for tables, equal for equal strategies: `dmt(k=1/16)`."""
        said = self.model_dump(exclude={"kind"}, exclude_defaults=True, mode="json")
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

    def stages(self, abilities: Sequence[str]) -> tuple[Shares, ...]:  # noqa: ARG002
        """No stages."""
        return ()


class Single(Strategy):
    """One ability alone."""

    argument = "ability"
    kind: Literal["single"] = "single"
    ability: str

    def stages(self, abilities: Sequence[str]) -> tuple[Shares, ...]:  # noqa: ARG002
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

    def stages(self, abilities: Sequence[str]) -> tuple[Shares, ...]:
        """One stage with everything."""
        return (dict.fromkeys(abilities, Fraction(1)),)


class Sequential(Strategy):
    """One stage per ability; by default the order of the sweep file with `last` at the end."""

    kind: Literal["sequential"] = "sequential"
    order: tuple[str, ...] | None = None
    last: str | None = None

    def stages(self, abilities: Sequence[str]) -> tuple[Shares, ...]:
        """One stage per ability, in order."""
        order = self.order or (*_without(abilities, _last(self.last)), _last(self.last))
        return tuple({ability: Fraction(1)} for ability in order)

    def names(self) -> tuple[str, ...]:
        """The order and the last ability, as far as they are said."""
        return (*(self.order or ()), *filter(None, [self.last]))

    def needs_last(self) -> bool:
        """Without an order, the last ability must be known."""
        return self.order is None and self.last is None


class MixedSequential(Strategy):
    """All but the last ability together, then the last one."""

    kind: Literal["mixed_sequential"] = "mixed_sequential"
    last: str | None = None

    def stages(self, abilities: Sequence[str]) -> tuple[Shares, ...]:
        """Two stages."""
        last = _last(self.last)
        return (dict.fromkeys(_without(abilities, last), Fraction(1)), {last: Fraction(1)})

    def names(self) -> tuple[str, ...]:
        """The last ability, if it is said."""
        return tuple(filter(None, [self.last]))

    def needs_last(self) -> bool:
        """The last ability must be known."""
        return self.last is None


class Dmt(MixedSequential):
    """Dual-stage mixed fine-tuning (arXiv 2310.05492): the last stage sees k of each other ability again.

    `k = 0` is `mixed_sequential`. `k` is one share for all, or one per ability; an ability that is not named
    there is not replayed.
    """

    argument = "k"
    kind: Literal["dmt"] = "dmt"  # type: ignore[assignment]
    k: ReplayShares

    def stages(self, abilities: Sequence[str]) -> tuple[Shares, ...]:
        """Two stages, the second with replay."""
        last = _last(self.last)
        first, second = super().stages(abilities)
        replay = {ability: self._k(ability) for ability in _without(abilities, last)}
        return (first, {**{ability: k for ability, k in replay.items() if k > 0}, **second})

    def _k(self, ability: str) -> Fraction:
        return self.k.get(ability, Fraction(0)) if isinstance(self.k, dict) else self.k

    def names(self) -> tuple[str, ...]:
        """The last ability and those that k names."""
        return (*super().names(), *(self.k if isinstance(self.k, dict) else ()))


class Stages(Strategy):
    """Stages written out by the user: any mixture in any order, each share in (0, 1]."""

    argument = "stages_"
    kind: Literal["stages"] = "stages"
    stages_: tuple[dict[str, Amount], ...]

    def stages(self, abilities: Sequence[str]) -> tuple[Shares, ...]:  # noqa: ARG002
        """As written."""
        return tuple(dict(stage) for stage in self.stages_)

    def names(self) -> tuple[str, ...]:
        """Every ability of every stage."""
        return tuple(ability for stage in self.stages_ for ability in stage)

    @property
    def label(self) -> str:
        """`math+code>general`, with shares other than 1 shown."""
        return ">".join("+".join(_share(*item) for item in stage.items()) for stage in self.stages_)


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
    # A strategy with one main argument takes it bare; a mapping that names another field is meant in full.
    if rule.argument and not (isinstance(arguments, dict) and (not arguments or arguments.keys() & rule.model_fields)):
        arguments = {rule.argument: arguments}
    try:
        return rule(**(arguments or {}))
    except ValidationError as error:
        found = [f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors()]
        raise ValueError(f"{kind} needs: " + "; ".join(found)) from None


StrategyField = Annotated[SerializeAsAny[Strategy], BeforeValidator(read_strategy)]
"""A strategy as a field of a study."""
