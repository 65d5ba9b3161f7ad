"""The searcher: hands out points to Tune in the order of the one policy, prefix-first."""

from collections import Counter
from typing import Any

from ray.tune.search import Searcher
from typing_extensions import override

from raysft.plan.policy import first_open, next_point
from raysft.plan.tree import Plan, Point
from raysft.sweep.run.client import CoordinatorClient
from raysft.sweep.run.trial import axes

RESTARTS = 20
"""How often a point whose trial was lost is handed out again; the coordinator bounds the tries of a stage."""


class PlanSearch(Searcher):
    """Gives each point of a plan to Tune once, and again if its trial is lost.

    It answers None ("nothing ready yet") while every remaining point would only wait for a stage that some
    trial is training already, and while the last trials are under way. Tune itself gives a trial up that was
    to reuse the actor of a process that died; so what errs is handed out as a new trial.
    """

    def __init__(self, plan: Plan, coordinator: CoordinatorClient) -> None:
        super().__init__(metric="done", mode="max")
        self._plan, self._coordinator = plan, coordinator
        self._waiting = list(plan.points)
        self._out: dict[str, Point] = {}
        self._lost: Counter[str] = Counter()

    def suggest(self, trial_id: str) -> dict[str, Any] | str | None:
        """The axes of the next point, None if none is ready, or that there are no more."""
        if not self._waiting:
            finished: str = Searcher.FINISHED
            return None if self._out else finished
        snapshot = self._coordinator.snapshot()
        done = snapshot.done | snapshot.failed.keys()
        # A point whose next stage another trial trains would hold a slot only to wait for it.
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
        """A point is done, or its trial was lost; the stages that it would have trained are free."""
        point = self._out.pop(trial_id, None)
        self._coordinator.post_release(trial_id)
        if point is not None and error and self._lost[point.fingerprint] < RESTARTS:
            self._lost[point.fingerprint] += 1
            self._waiting.append(point)

    def save(self, checkpoint_path: str) -> None:
        """Nothing is kept: the store says what is done, and Tune's own restore is not used."""

    def restore(self, checkpoint_path: str) -> None:
        """Nothing is kept, see `save`."""
