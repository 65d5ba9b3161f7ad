"""The strategies, and how a sweep file spells them.

A new strategy is one class here and one entry in `STRATEGIES`.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from fractions import Fraction
from itertools import permutations
from math import factorial
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, PlainSerializer, ValidationError, model_validator

from raysft.composition.exact import ReplayShares
from raysft.composition.strategy import DEFAULT_LAST, Shares, Strategy
from raysft.composition.written_stages import Stages, WrittenStage
from raysft.wording import NOT_GIVEN, Fault, Faults, did_you_mean, in_words, is_inside


class Base(Strategy):
    """No stage: the model as it came."""

    kind: Literal["base"] = "base"

    def stages(self, _abilities: Sequence[str], /) -> tuple[Shares, ...]:
        """No stages."""
        return ()


class Single(Strategy):
    """One ability alone."""

    argument = "ability"
    example = "math"
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
    """One stage per ability; by default the order of the sweep file with `last` at the end.

    `order: all` stands for every order of the abilities.
    """

    argument = "order"
    kind: Literal["sequential"] = "sequential"
    order: Annotated[tuple[str, ...], Field(min_length=1)] | Literal["all"] | None = None
    last: str | None = None

    @model_validator(mode="after")
    def _order_or_last(self) -> "Sequential":
        if self.order is not None and self.last is not None:
            raise ValueError("give `order` or `last`; an order already says what comes last")
        return self

    def stages(self, abilities: Sequence[str], /) -> tuple[Shares, ...]:
        """One stage per ability, in order."""
        usual = (*_without(abilities, _last(self.last)), _last(self.last))
        order = self.order if isinstance(self.order, tuple) else usual
        return tuple({ability: Fraction(1)} for ability in order)

    def expanded(self, abilities: Sequence[str], /) -> tuple[Strategy, ...]:
        """`order: all` as one strategy per order, in the order of the abilities."""
        if self.order != "all":
            return (self,)
        return tuple(Sequential(order=order) for order in permutations(abilities))

    def stands_for(self, abilities: Sequence[str], /) -> int:
        """As many as there are orders."""
        return factorial(len(abilities)) if self.order == "all" else 1

    def names(self) -> tuple[str, ...]:
        """The order and the last ability, as far as they are said."""
        order = self.order if isinstance(self.order, tuple) else ()
        return (*order, *filter(None, [self.last]))

    def objection(self, abilities: Sequence[str], /) -> str:
        """An order names every ability once: one that trains some twice, or not at all, is written out."""
        order = self.order if isinstance(self.order, tuple) else tuple(abilities)
        as_stages = "stages: [" + ", ".join(f"{{{ability}: 1}}" for ability in order) + "]"
        twice = [ability for ability, times in Counter(order).items() if times > 1]
        if twice:
            return (
                f"{twice[0]} comes twice; name each once, or, if it is to be trained twice, write {as_stages}"
            )
        if left_out := [ability for ability in abilities if ability not in order]:
            return (
                f"leaves out {', '.join(left_out)}; name all that take part, say which do, "
                f"abilities: [{', '.join(order)}], or write {as_stages}"
            )
        return ""

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
    argument_is_mapping = True
    example = "1/16"
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
    """Read one of the three spellings: `multi_task`, `{single: math}`, `{dmt: {k: 1/16}}`.

    Raises:
        Faults: with everything that is wrong.
    """
    if isinstance(value, Strategy):
        return value
    written = {value: None} if isinstance(value, str) else value
    if not isinstance(written, dict) or len(written) != 1:
        raise ValueError(_no_strategy(written))
    ((kind, arguments),) = written.items()
    if kind not in STRATEGIES:
        near = did_you_mean(kind, STRATEGIES)
        raise Faults([Fault((), value, f"no such strategy; use one of {', '.join(STRATEGIES)}{near}")])
    rule = STRATEGIES[kind]
    if arguments is not None and rule.argument is None and not isinstance(arguments, dict):
        raise Faults([Fault((), value, f"{kind} takes no value; write {kind}", instead=kind)])
    fields = _arguments(rule, arguments)
    try:
        return rule.model_validate(fields)
    except ValidationError as error:
        raise Faults([found for one in error.errors() for found in _faults(rule, written, one)]) from None


def _no_strategy(value: object) -> str:
    """What to write in place of something that is no strategy; most likely two of its lines are one."""
    named = [kind for kind in value if kind in STRATEGIES] if isinstance(value, dict) else []
    if len(named) == 1 and (field := STRATEGIES[named[0]].argument):
        return f"write what belongs to a strategy inside it: {{{named[0]}: {{{field}: ..., ...}}}}"
    return f"write one strategy, one of {', '.join(STRATEGIES)}"


def _arguments(rule: type[Strategy], given: object) -> object:
    """The fields of a strategy; a bare value stands for its main one, if it has one."""
    if given is None:
        return {}
    # A mapping may be the main argument itself, as in {dmt: {math: 1/4}}: it is, if it names no field.
    in_full = isinstance(given, dict) and (
        not given or not rule.argument_is_mapping or bool(given.keys() & rule.model_fields.keys())
    )
    return given if in_full or rule.argument is None else {rule.argument: given}


def _faults(rule: type[Strategy], written: Mapping[str, object], error: Mapping[str, Any]) -> list[Fault]:
    """What one error of a rule means for whoever wrote it."""
    inner = error.get("ctx", {}).get("error")
    place = _place(written, error["loc"])
    if isinstance(inner, Faults):
        at = error["loc"]
        return [one._replace(place=_place(written, (*at, *one.place))) for one in inner.faults]
    ((kind, given),) = written.items()
    last = error["loc"][-1] if error["loc"] else ""
    if error["type"] == "missing":
        instead = 1 if last == "k" else None
        if isinstance(given, dict):
            return [Fault((*place, last), NOT_GIVEN, "must be given", instead)]
        said = f"{last}: must be given, such as {{{kind}: {rule.example}}}"
        return [Fault((), kind, said, None if instead is None else {kind: instead})]
    said = in_words(error)
    if error["type"] == "extra_forbidden":
        of_a_stage = rule is Stages and len(error["loc"]) > 1
        fields = WrittenStage.model_fields if of_a_stage else rule.model_fields
        keys = [key for key in fields if key != "kind"]
        said += did_you_mean(last, keys) or f"; there are {', '.join(keys) or 'none'}"
    is_share = last == "k" or "mixture" in error["loc"][-2:-1]
    return [Fault(place, error["input"], said, 1 if is_share else None)]


def _place(written: Mapping[str, Any], location: Sequence[str | int]) -> tuple[str | int, ...]:
    """The steps of a location that the user wrote; of stages that have names, these in place of numbers."""
    ((kind, at),) = written.items()
    steps: list[str | int] = [kind]
    for step in location:
        if isinstance(step, int) and isinstance(at, dict) and step < len(at):
            step = list(at)[step]
        if is_inside(at, step):
            steps.append(step)
            at = at[step]
    return tuple(steps)


def write_strategy(strategy: Strategy) -> dict[str, dict[str, object]]:
    """The spelling that `read_strategy` reads back: `{dmt: {k: 1/16}}`."""
    return {strategy.kind: strategy.arguments()}


StrategyField = Annotated[Strategy, BeforeValidator(read_strategy), PlainSerializer(write_strategy)]
"""A strategy as a field of a study."""
