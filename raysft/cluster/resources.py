"""What a run may use at once, and the sums done with it.

The policy that starts and stops trials asks one question again and again:
does this much still fit in what is left? The answer must not depend on the
order in which amounts were taken and given back, so amounts are kept exact to
a ten-thousandth (the step in which Ray counts resources too).

Not covered: memory, named resources other than CPUs and GPUs, and on which
node anything lands; placement is Ray's work.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

# Ray keeps resource amounts as whole ten-thousandths; so do we, or 0.1 + 0.2 would not fit in 0.3.
STEPS_PER_UNIT: Final = 10_000


def _to_step(amount: float) -> float:
    """Round ``amount`` to the nearest ten-thousandth."""
    return round(amount * STEPS_PER_UNIT) / STEPS_PER_UNIT


@dataclass(frozen=True)
class Resources:
    """An amount of CPUs and GPUs: what is there, or what something asks for.

    Attributes:
        cpus: logical CPUs, zero or more, exact to a ten-thousandth.
        gpus: GPUs, zero or more, exact to a ten-thousandth.

    Raises:
        ValueError: an amount is negative, infinite or not a number.
    """

    cpus: float = 0
    gpus: float = 0

    def __post_init__(self) -> None:
        """Check both amounts and bring them to the step they are counted in."""
        for name in ("cpus", "gpus"):
            amount = getattr(self, name)
            if not math.isfinite(amount):
                raise ValueError(f"{name} is {amount}; an amount of resources is a finite number")
            rounded = _to_step(amount)
            if rounded < 0:
                raise ValueError(f"{name} is {amount}; an amount of resources is not negative")
            object.__setattr__(self, name, rounded)

    def __add__(self, other: Resources) -> Resources:
        """Return both amounts together."""
        return Resources(self.cpus + other.cpus, self.gpus + other.gpus)

    def __sub__(self, other: Resources) -> Resources:
        """Return what is left once ``other`` is taken.

        Raises:
            ValueError: ``other`` does not fit inside this amount.
        """
        if not other.fits(self):
            raise ValueError(f"{other} cannot be taken from {self}")
        return Resources(self.cpus - other.cpus, self.gpus - other.gpus)

    def __mul__(self, count: int) -> Resources:
        """Return ``count`` times this amount, as for that many workers."""
        return Resources(self.cpus * count, self.gpus * count)

    def fits(self, inside: Resources) -> bool:
        """Say whether this amount can be taken from ``inside``."""
        return self.cpus <= inside.cpus and self.gpus <= inside.gpus
