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


class WrittenStage(BaseModel):
    """One stage as the user wrote it."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    name: str = ""
    """What `after` of another stage means; need not be given."""
    mixture: Annotated[dict[str, ShareField], Field(min_length=1)]
    """Of each ability that takes part, the share of its own subset, in (0, 1]."""
    after: str | None = None
    """Name of the stage that this one continues from."""
    recipe: dict[str, Any] = {}
    """Fields of the recipe that this stage has otherwise."""

    @model_validator(mode="before")
    @classmethod
    def _bare_mixture(cls, value: Any) -> Any:  # noqa: ANN401 - raw YAML in and out
        in_full = not isinstance(value, dict) or isinstance(value.get("mixture"), dict)
        return value if in_full else {"mixture": value}


def _listed(value: Any) -> Any:  # noqa: ANN401 - raw YAML in and out
    if not isinstance(value, dict):
        return value
    return [{"name": name, **_in_full(name, stage)} for name, stage in value.items()]


def _in_full(name: str, stage: object) -> dict[str, Any]:
    if not isinstance(stage, dict):
        raise ValueError(f"stage {name} is {stage!r}: write abilities with shares, such as {{math: 1}}")
    return stage if isinstance(stage.get("mixture"), dict) else {"mixture": stage}


class Stages(Strategy):
    """Stages written out by the user, in the order in which they are trained."""

    argument = "mixtures"
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
    twice = [name for name, times in Counter(names).items() if times > 1]
    if twice:
        raise ValueError(f"two stages are called {twice[0]}")
    in_order = not any(stage.after for stage in written)
    followers: dict[str | None, list[int]] = {}
    for place, stage in enumerate(written):
        before = names[place - 1] if in_order and place else stage.after
        if before is not None and before not in names:
            raise ValueError(f"no stage is called {before}; there are {', '.join(names)}")
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


def _label(stage: WrittenStage) -> str:
    mixture = "+".join(_share(*item) for item in stage.mixture.items())
    changes = ", ".join(f"{field}={value}" for field, value in stage.recipe.items())
    return f"{mixture}[{changes}]" if changes else mixture


def _share(ability: str, share: Fraction) -> str:
    return ability if share == 1 else f"{share}·{ability}"
