"""How long a whole sweep takes on the clock, before anything has run: from the least it can be to the most.

Stages are jobs on `slots` machines; a stage starts after its parent. Whatever the order in which a scheduler
that leaves no slot empty while a stage could start hands them out, the last one ends (Graham 1969, SIAM J.
Appl. Math. 17, theorem 1)

    not before   max(work / slots, longest path)
    not after    work / slots + (1 - 1 / slots) · longest path

with `work` the sum of all stages. Answering comes on top, on engines of its own or on what trains: at best it
runs beside the stages wherever something is free, at worst only after the last of them.

Not covered: failures and retries, queues of a cloud, and machines that are faster or slower than assumed.
"""

from collections.abc import Mapping
from typing import NamedTuple

from raysft.identity import StageId
from raysft.plan.cost.fixed_cost import RUN_S
from raysft.plan.tree import Plan


class Fleet(NamedTuple):
    """What works at the same time."""

    slots: int
    """Stages that train side by side."""
    devices: int
    """GPUs or cores of these stages together."""
    engines: int
    """Engines that answer side by side."""
    shared: bool
    """Whether engines run on the devices that train, and so take time from them."""


class WallClock(NamedTuple):
    """The time of a whole sweep from nothing, in seconds."""

    shortest_s: float
    longest_s: float


def wall_clock(
    plan: Plan, stage_seconds: Mapping[StageId, float], answering: float, device_seconds: float, fleet: Fleet
) -> WallClock:
    """Bounds of the time between the start and the end of a run that finds an empty store.

    Args:
        plan: the plan.
        stage_seconds: of every stage on its own workers, fixed costs included, by fingerprint.
        answering: seconds that one engine would take for all answers.
        device_seconds: of training and answering together on devices that both use; 0 where they share none.
        fleet: what works at the same time.
    """
    work, path = sum(stage_seconds.values()), _longest_path(plan, stage_seconds)
    slots, alone = max(1, fleet.slots), answering / max(1, fleet.engines)
    # Three stages of 4 h on 2 slots, none after another: 6 to 8 h. It takes 8.
    least = max(work / slots, path, alone, device_seconds / max(1, fleet.devices))
    most = work / slots + (1 - 1 / slots) * path + alone
    return WallClock(RUN_S + least, RUN_S + most)


def _longest_path(plan: Plan, seconds: Mapping[StageId, float]) -> float:
    """Of all stages that follow each other; a parent comes before its children in a plan."""
    ends: dict[StageId, float] = {}
    for address, stage in plan.stages.items():
        ends[address] = seconds[address] + (ends[stage.parent] if stage.parent else 0.0)
    return max(ends.values(), default=0.0)


def clock_text(seconds: float) -> str:
    """A time in two units at most: 45 s, 12 min, 5 h 20 min, 3 days 4 h."""
    minutes = round(seconds / 60)
    if seconds < 90:
        return f"{seconds:.0f} s"
    if minutes < 90:
        return f"{minutes} min"
    hours, rest = divmod(minutes, 60)
    if hours < 48:
        return f"{hours} h {rest} min" if rest else f"{hours} h"
    days, rest = divmod(round(seconds / 3600), 24)
    return f"{days} days {rest} h" if rest else f"{days} days"
