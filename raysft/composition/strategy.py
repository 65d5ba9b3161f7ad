"""What every strategy is: a rule that turns abilities into an ordered list of shares, one mapping per stage.

A share of 1 stands for the whole subset that amount and ratio give (a·r); a share of k for the prefix k·a·r
of the same order.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict

Shares = dict[str, Fraction]
"""Of each ability that takes part in a stage, the share of its own subset."""

DEFAULT_LAST = "general"


class Strategy(BaseModel, ABC):
    """A rule; what the user says about it are its fields.

    Example: everything at once, then a part of the last ability again. Listed in
    `raysft.composition.strategies.STRATEGIES`, it can be written in a sweep file as `{review: {part: 1/4}}`.

    >>> class Review(Strategy):
    ...     kind: str = "review"
    ...     part: Fraction = Fraction(1, 2)
    ...
    ...     def stages(self, abilities, /):
    ...         return (dict.fromkeys(abilities, Fraction(1)), {abilities[-1]: self.part})
    >>> rule = Review(part="1/4")
    >>> rule.stages(["code", "general"])
    ({'code': Fraction(1, 1), 'general': Fraction(1, 1)}, {'general': Fraction(1, 4)})
    >>> rule.label
    'review(part=1/4)'
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    argument: ClassVar[str | None] = None
    """Field that a bare value stands for: `{single: math}` means `{single: {ability: math}}`."""
    argument_is_mapping: ClassVar[bool] = False
    """Whether that field may itself be a mapping, as in `{dmt: {math: 1/4}}`."""
    example: ClassVar[str] = "..."
    """A value of it, for messages."""
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

    def objection(self, _abilities: Sequence[str], /) -> str:
        """Why it cannot be meant for these abilities, and what to write instead; empty if it can."""
        return ""

    def recipes(self) -> tuple[Mapping[str, Any], ...]:
        """What each stage changes of the recipe; empty if no stage changes anything."""
        return ()

    def expanded(self, _abilities: Sequence[str], /) -> tuple["Strategy", ...]:
        """The strategies that this one stands for, where it stands for several."""
        return (self,)

    def stands_for(self, _abilities: Sequence[str], /) -> int:
        """How many strategies this one stands for, without making them."""
        return 1

    def arguments(self) -> dict[str, object]:
        """What the user said about it, as JSON."""
        return self.model_dump(exclude={"kind"}, exclude_defaults=True, mode="json")

    @property
    def label(self) -> str:
        """Short text for tables, equal for equal strategies: `dmt(k=1/16)`."""
        said = self.arguments()
        inner = ", ".join(f"{key}={_plain(value)}" for key, value in said.items())
        return f"{self.kind}({inner})" if inner else self.kind


def _plain(value: object) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_plain(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return ">".join(map(_plain, value))
    return str(value)
