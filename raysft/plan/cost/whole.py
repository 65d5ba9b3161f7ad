"""What a whole sweep takes from an empty store: training, and what comes beside it."""

from collections.abc import Iterable
from typing import NamedTuple

from raysft.plan.cost.accelerators import Accelerator
from raysft.plan.cost.compute import money


class Spent(NamedTuple):
    """Hours of devices that are held, and their price."""

    gpu_hours: float = 0.0
    core_hours: float = 0.0
    cost: float = 0.0
    """US dollars."""

    @classmethod
    def on(cls, accelerator: Accelerator, hours: float) -> "Spent":
        """So many hours of one kind of device."""
        price = money(hours, accelerator)
        return cls(0.0, hours, price) if accelerator.is_core else cls(hours, 0.0, price)


class WholeCost(NamedTuple):
    """The parts of it; idle machines, storage and traffic are not in it."""

    training: Spent
    """Steps of all stages."""
    starting: Spent
    """To start stages, and to read and write their weights, on all devices of each."""
    answering: Spent
    """Answers to all questions."""
    loading: Spent
    """To give all weights that are scored to engines."""

    @property
    def total(self) -> Spent:
        """All parts."""
        return added(self)


def added(parts: Iterable[Spent]) -> Spent:
    """Their sum."""
    return Spent(*map(sum, zip(*parts, strict=True)))
