"""How much of every source a point uses: a share, a number of conversations, or supervised tokens.

1/4                                    a quarter of every source: equal proportions
{count: 5000}                          5,000 conversations of every source: equal counts
{count: {math: 8000, code: 2000}}      said per ability
{supervised_tokens: 1000000}           the longest prefix with at most so many supervised tokens
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Annotated, Literal, NamedTuple

from pydantic import BeforeValidator, InstanceOf, PlainSerializer

from raysft.composition.exact import amount_share, count_of
from raysft.wording import Fault, Faults

Unit = Literal["share", "conversations", "supervised_tokens"]
_LIMIT = 10**12
_LITTLE = f"1/{_LIMIT}"
_UNITS: dict[str, Unit] = {"count": "conversations", "supervised_tokens": "supervised_tokens"}


class Part(NamedTuple):
    """What a stage takes of one ability, beside the amount."""

    ability: str
    rows: int
    """Conversations of its source."""
    ratio: Fraction = Fraction(1)
    share: Fraction = Fraction(1)
    """The k of a stage that replays, else 1."""


class Amount(ABC):
    """How much of every source; equal amounts are equal and have equal hashes."""

    unit: Unit

    @abstractmethod
    def count(self, part: Part, longest: Callable[[int], int]) -> int:
        """Conversations of one source, at least 1.

        Args:
            part: of which source, and how much of it.
            longest: of a number of supervised tokens, the longest prefix that has at most so many.

        Raises:
            KeyError: the amount is said per ability, and not for this one.
        """

    @abstractmethod
    def value(self) -> Fraction | None:
        """The number itself, in its unit; None where it is said per ability."""


@dataclass(frozen=True)
class Share(Amount):
    """A fraction of every source."""

    share: Fraction
    unit = "share"

    def count(self, part: Part, _longest: Callable[[int], int], /) -> int:
        """Rounded down: 1/256 of 110,142 are 430."""
        return count_of(self.share * part.ratio * part.share, part.rows)

    def value(self) -> Fraction | None:
        """The fraction."""
        return self.share

    def __str__(self) -> str:
        return str(self.share)


@dataclass(frozen=True)
class Budget(Amount):
    """A number of conversations or of supervised tokens, for every source or per ability."""

    unit: Unit
    numbers: tuple[tuple[str, int], ...]
    """Per ability; the empty name stands for every ability."""

    def count(self, part: Part, longest: Callable[[int], int], /) -> int:
        """Rounded down. The ratio multiplies the budget; the stage's share is one of the prefix it buys."""
        given = dict(self.numbers)
        number = (given[""] if "" in given else given[part.ability]) * part.ratio
        if self.unit == "conversations":
            return max(1, int(number * part.share))
        return count_of(part.share, max(1, longest(int(number))))

    def value(self) -> Fraction | None:
        """The number, if it is the same for every ability."""
        return Fraction(self.numbers[0][1]) if self.numbers[0][0] == "" else None

    def __str__(self) -> str:
        name = next(key for key, unit in _UNITS.items() if unit == self.unit)
        said = ", ".join(
            f"{ability}: {number}" if ability else str(number) for ability, number in self.numbers
        )
        return f"{name} {said}"


def read_amount(value: object) -> Amount:
    """Read one of the spellings above.

    Raises:
        ValueError: says what would be right.
    """
    if isinstance(value, Amount):
        return value
    if not isinstance(value, Mapping):
        return _share(value)
    if len(value) != 1 or next(iter(value)) not in _UNITS:
        raise ValueError("write a fraction such as 1/4, {count: 5000} or {supervised_tokens: 1000000}")
    ((key, given),) = value.items()
    numbers = given.items() if isinstance(given, Mapping) else [("", given)]
    if not numbers:
        raise ValueError(f"{key} must be a whole number above 0, or one per ability")
    said = f"write a whole number above 0 and below {_LIMIT:,}"
    faults = [
        Fault((key, *filter(None, [ability])), one, said, instead=1)
        for ability, one in numbers
        if isinstance(one, bool) or not isinstance(one, int) or not 0 < one < _LIMIT
    ]
    if faults:
        raise Faults(faults)
    return Budget(_UNITS[key], tuple(sorted((str(ability), number) for ability, number in numbers)))


def _share(value: object) -> Share:
    try:
        return Share(amount_share(value))
    except ValueError as error:
        # A share that stands for one that is too large asks for all, any other for next to nothing.
        too_large = isinstance(value, int) and not isinstance(value, bool) and value > 1
        raise Faults([Fault((), value, str(error), instead=1 if too_large else _LITTLE)]) from None


def write_amount(amount: Amount) -> object:
    """The spelling that `read_amount` reads back."""
    if isinstance(amount, Budget):
        numbers = dict(amount.numbers)
        key = next(key for key, unit in _UNITS.items() if unit == amount.unit)
        return {key: numbers.get("", numbers)}
    return str(amount)


AmountField = Annotated[InstanceOf[Amount], BeforeValidator(read_amount), PlainSerializer(write_amount)]
"""An amount as a field of a study."""
