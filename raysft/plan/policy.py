"""The one policy that decides what runs next: pure functions over what is done, running and waiting.

Tune's searcher hands out points by it and the coordinator admits stages and evaluation shards by it. Shared
prefixes come first, because several points wait for them; then the longest path, because it ends last.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from raysft.cluster.resources import Resources
from raysft.identity import StageId
from raysft.plan.tree import Plan, Point

Rank = tuple[int, int, int]
"""Sorts ascending: what comes first has the smaller rank."""


@dataclass(frozen=True)
class StageWork:
    """A stage that asks to be trained."""

    key: StageId
    needs: Resources


@dataclass(frozen=True)
class ShardWork:
    """An evaluation shard that asks to run."""

    key: str
    needs: Resources
    wanted: bool = False
    """Some trial waits for nothing but scores, so the shard comes before the others."""


Work: TypeAlias = StageWork | ShardWork
"""Something that asks to run."""


def stage_rank(plan: Plan, stage: StageId) -> Rank:
    """Shared stages first, then the longest path."""
    # Not by how many points: of stages with 2 and 5 the one on the longer path comes first.
    return (1, -int(plan.users[stage] > 1), -plan.longest_path[stage])


def work_rank(plan: Plan, work: Work) -> Rank:
    """Stages, then wanted shards, then the other shards in the order in which they came.

    Stages come first because others wait for them; a trial that waits for scores trains nothing, so it leaves
    room for shards by itself.
    """
    if isinstance(work, StageWork):
        return stage_rank(plan, work.key)
    return (2 if work.wanted else 3, 0, 0)


def admit(plan: Plan, waiting: Iterable[Work], running: Iterable[Work], capacity: Resources) -> list[Work]:
    """Which of the waiting work may start now, best first.

    What does not fit lets smaller work pass only if that work is a shard: a stage that waits for many
    GPUs must not be starved by a row of small stages.
    """
    used = sum((work.needs for work in running), Resources())
    if not used.fits(capacity):  # the cluster shrank: nothing new until what runs fits again
        return []
    free = capacity - used
    admitted: list[Work] = []
    stage_blocked = False
    for work in sorted(waiting, key=lambda one: work_rank(plan, one)):
        if isinstance(work, StageWork) and stage_blocked:
            continue
        if work.needs.fits(free):
            free = free - work.needs
            admitted.append(work)
        elif isinstance(work, StageWork):
            # 8 GPUs, 4 in use, stages that need 8, 2 and 2: none starts until all are free. A shard may:
            # it ends soon.
            stage_blocked = True
    return admitted


def next_point(
    plan: Plan, waiting: Sequence[Point], done: Collection[StageId], busy: Collection[StageId]
) -> Point | None:
    """The point to hand out next, or None if each would only wait for a stage that is under way.

    Args:
        plan: the plan.
        waiting: points not yet handed out.
        done: stages that are finished or have failed, so that nobody trains them.
        busy: stages that points already handed out will train next.
    """
    ready = [point for point in waiting if first_open(point, done) not in busy]
    if not ready:
        return None

    def rank(point: Point) -> tuple[Rank, int]:
        stage = first_open(point, done)
        # A point with nothing to train reports its stored scores at once.
        best: Rank = (0, 0, 0) if stage is None else stage_rank(plan, stage)
        return best, -path_left(plan, point, done)

    return min(ready, key=rank)


def first_open(point: Point, done: Collection[StageId]) -> StageId | None:
    """The first stage of a point that nobody has finished."""
    return next((stage for stage in point.stages if stage not in done), None)


def path_left(plan: Plan, point: Point, done: Collection[StageId]) -> int:
    """Conversation-epochs that a point still has to train."""
    return sum(plan.stages[stage].conversation_epochs for stage in point.stages if stage not in done)
