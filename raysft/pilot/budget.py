"""What a user is ready to spend: `200gpu-h`, `50h`, `500usd`, `2cpu-h`."""

import math
import re
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Literal, get_args

from raysft.errors import InputError, Problem
from raysft.plan.cost.accelerators import Accelerator

Unit = Literal["gpu-h", "cpu-h", "h", "usd"]
_UNITS: tuple[Unit, ...] = get_args(Unit)

_WRITTEN = re.compile(r"([0-9]{1,12}(?:\.[0-9]{1,6})?)(gpu-h|cpu-h|h|usd)")


@dataclass(frozen=True)
class Allowance:
    """A budget as it was given."""

    amount: Fraction
    """Above 0."""
    unit: Unit
    """Hours of one GPU or of one CPU core, hours on the clock with everything at work, or US dollars."""

    def hours(self, accelerator: Accelerator, side_by_side: int) -> float:
        """Hours of one accelerator that it pays for.

        Args:
            accelerator: what trains, with its price.
            side_by_side: how many of them are at work at the same time.
        """
        return float(self.amount * self._hours_per_unit(accelerator, side_by_side))

    def covering(self, hours: float, accelerator: Accelerator, side_by_side: int) -> "Allowance":
        """The least budget in the same unit, to two digits, that pays for so many accelerator-hours."""
        exact = Fraction(hours) / self._hours_per_unit(accelerator, side_by_side)
        step = Fraction(10) ** (math.floor(math.log10(exact)) - 1)
        return Allowance(math.ceil(exact / step) * step, self.unit)

    def _hours_per_unit(self, accelerator: Accelerator, side_by_side: int) -> Fraction:
        if self.unit == "usd":
            return 1 / Fraction(accelerator.price_per_hour)
        return Fraction(side_by_side if self.unit == "h" else 1)

    def __str__(self) -> str:
        return f"{Decimal(self.amount.numerator) / Decimal(self.amount.denominator):f}{self.unit}"


def read_allowance(text: str) -> Allowance:
    """Read a budget.

    Raises:
        InputError: it is written otherwise, or is 0.
    """
    found = _WRITTEN.fullmatch(text)
    if found is None or not Fraction(found[1]):
        remedy = (
            "write a number above 0 and a unit, without a space: 200gpu-h (hours of one GPU), 2cpu-h (of one "
            "CPU core), 50h (on the clock), 500usd (US dollars)"
        )
        raise InputError([Problem("--budget", text, remedy)])
    unit = next(one for one in _UNITS if one == found[2])
    return Allowance(Fraction(found[1]), unit)
