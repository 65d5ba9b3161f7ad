"""Stages that the user writes out: any mixture in any order, each with recipe changes of its own.

    stages: [{math: 1, code: 1}, {general: 1, math: 1/16}]

    stages:
      basics: {mixture: {math: 1, code: 1}}
      polish: {mixture: {general: 1, math: 1/16}, after: basics, recipe: {learning_rate: 1.0e-5, epochs: 1}}

Stages come in the order of the file; where one says `after`, the one that does not is the first. A point is
one chain of stages.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from raysft.composition.exact import ShareField
from raysft.composition.strategy import Shares, Strategy
from raysft.wording import Fault, Faults, did_you_mean

_EXAMPLE = "[{math: 1}, {general: 1}]"


def _a_mixture(value: object) -> object:
    if not isinstance(value, dict) or not value:
        raise ValueError("write abilities with shares, such as {math: 1}")
    return value


def _a_name(value: object) -> object:
    if isinstance(value, str) and (not value.isprintable() or len(value) > 64):
        raise ValueError("use at most 64 characters, all of which can be seen")
    return value


class WrittenStage(BaseModel):
    """One stage as the user wrote it."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    name: Annotated[str, BeforeValidator(_a_name)] = ""
    """What `after` of another stage means; need not be given."""
    mixture: Annotated[dict[str, ShareField], BeforeValidator(_a_mixture)]
    """Of each ability that takes part, the share of its own subset, in (0, 1]."""
    after: str | None = None
    """Name of the stage that this one continues from."""
    recipe: dict[str, Any] = {}
    """Fields of the recipe that this stage has otherwise."""

    @model_validator(mode="before")
    @classmethod
    def _bare_mixture(cls, value: Any) -> Any:  # noqa: ANN401 - raw YAML in and out
        return value if isinstance(value, WrittenStage) else _in_full(value)


def _is_in_full(stage: dict[Any, Any]) -> bool:
    """Whether a mapping has the keys of a stage, rather than abilities with shares."""
    return bool(stage.keys() & {"mixture", "after", "recipe"}) or any(
        isinstance(one, dict) for one in stage.values()
    )


def _listed(value: Any) -> Any:  # noqa: ANN401 - raw YAML in and out
    """Stages by their names as a list; one alone that has no name is a list of one."""
    if not isinstance(value, dict):
        return value
    if value and not any(isinstance(one, dict) for one in value.values()):
        raise ValueError(f"write a list, one mixture for each stage: {_EXAMPLE}")
    return [{"name": name, **_in_full(stage)} for name, stage in value.items()]


def _in_full(stage: object) -> dict[str, Any]:
    return stage if isinstance(stage, dict) and _is_in_full(stage) else {"mixture": stage}


class Stages(Strategy):
    """Stages written out by the user, in the order in which they are trained."""

    argument = "mixtures"
    argument_is_mapping = True
    kind: Literal["stages"] = "stages"
    mixtures: Annotated[tuple[WrittenStage, ...], BeforeValidator(_listed), Field(min_length=1)]

    @model_validator(mode="after")
    def _one_chain(self) -> "Stages":
        _chain(self.mixtures)
        return self

    def stages(self, _abilities: Sequence[str], /) -> tuple[Shares, ...]:
        """As written, each after the one that it continues from."""
        return tuple(dict(stage.mixture) for stage in _chain(self.mixtures))

    def recipes(self) -> tuple[Mapping[str, Any], ...]:
        """As written."""
        return tuple(stage.recipe for stage in _chain(self.mixtures))

    def names(self) -> tuple[str, ...]:
        """Every ability of every stage."""
        return tuple(ability for stage in self.mixtures for ability in stage.mixture)

    @property
    def label(self) -> str:
        """`math+code>general`, with shares other than 1 and recipe changes shown.

        A single ability is `stages(math)`: one may be called like a strategy, such as `base`.
        """
        label = ">".join(_label(stage) for stage in _chain(self.mixtures))
        return f"stages({label})" if label in self.names() else label


def _chain(written: Sequence[WrittenStage]) -> list[WrittenStage]:
    """The stages from first to last; ValueError if they are no single chain."""
    names = [stage.name or str(place) for place, stage in enumerate(written, start=1)]
    if faults := _wrong_names(written, names):
        raise Faults(faults)
    in_order = not any(stage.after for stage in written)
    followers: dict[str | None, list[int]] = {}
    for place, stage in enumerate(written):
        before = names[place - 1] if in_order and place else stage.after
        followers.setdefault(before, []).append(place)
    if any(len(places) > 1 for places in followers.values()):
        raise ValueError("two stages come after the same one; a point is one chain, so write two strategies")
    chain: list[int] = []
    at: str | None = None
    while at in followers:
        chain.extend(followers[at])
        at = names[chain[-1]]
    if len(chain) < len(written):
        raise ValueError(f"cyclic: stages wait for each other among {', '.join(names)}")
    return [written[place] for place in chain]


def _wrong_names(written: Sequence[WrittenStage], names: Sequence[str]) -> list[Fault]:
    """Stages whose name another one has, and those that continue from a stage that is not there."""
    counts = Counter(names)
    faults = []
    for place, (stage, name) in enumerate(zip(written, names, strict=True)):
        if counts[name] > 1 and names.index(name) < place:
            said = f"two stages are called {name}; give each a name of its own"
            faults.append(Fault(("mixtures", place, "name"), name, said, f"{name} {place + 1}"))
        if stage.after is not None and stage.after not in counts:
            known = ", ".join(names)
            said = f"no stage is called {stage.after}; there are {known}{did_you_mean(stage.after, names)}"
            faults.append(Fault(("mixtures", place, "after"), stage.after, said))
    return faults


def _label(stage: WrittenStage) -> str:
    mixture = "+".join(_share(*item) for item in stage.mixture.items())
    changes = ", ".join(f"{field}={value}" for field, value in stage.recipe.items())
    return f"{mixture}[{changes}]" if changes else mixture


def _share(ability: str, share: Fraction) -> str:
    return ability if share == 1 else f"{share}·{ability}"
