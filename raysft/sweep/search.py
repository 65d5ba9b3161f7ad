"""The searcher: hands out points to Tune in the order of the one policy, prefix-first."""

from typing import Any

import ray
from ray.actor import ActorHandle
from ray.tune.search import Searcher
from typing_extensions import override

from raysft.plan.policy import first_open, next_point
from raysft.plan.tree import Plan, Point
from raysft.sweep.snapshot import Snapshot
from raysft.sweep.trial import axes


class PlanSearch(Searcher):
    """Gives each point of a plan to Tune once.

    It answers None ("nothing ready yet") while every remaining point would only wait for a stage that some
    trial is training already.
    """

    def __init__(self, plan: Plan, coordinator: ActorHandle) -> None:
        super().__init__(metric="done", mode="max")
        self._plan, self._coordinator = plan, coordinator
        self._waiting = list(plan.points)
        self._out: dict[str, Point] = {}

    def suggest(self, trial_id: str) -> dict[str, Any] | str | None:
        """The axes of the next point, None if none is ready, or that there are no more."""
        if not self._waiting:
            finished: str = Searcher.FINISHED
            return finished
        snapshot: Snapshot = ray.get(self._coordinator.snapshot.remote())
        done = snapshot.done | snapshot.failed.keys()
        busy = {stage for point in self._out.values() if (stage := first_open(point, done)) is not None}
        point = next_point(self._plan, self._waiting, done, busy)
        if point is None:
            return None
        self._waiting.remove(point)
        self._out[trial_id] = point
        return axes(self._plan, point)

    @override
    def on_trial_complete(
        self, trial_id: str, result: dict[str, Any] | None = None, error: bool = False
    ) -> None:
        """A point is done or has failed; the stages that it would have trained are free."""
        self._out.pop(trial_id, None)
        self._coordinator.release.remote(trial_id)

    def save(self, checkpoint_path: str) -> None:
        """Nothing is kept: the store says what is done, and Tune's own restore is not used."""

    def restore(self, checkpoint_path: str) -> None:
        """Nothing is kept, see `save`."""
