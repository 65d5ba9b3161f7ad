"""What trials, the searcher and the driver say to the coordinator.

The coordinator is an actor in another process, whose methods are called by `.remote` and not checked by
anybody. Here each call is written once, and mypy holds its name, arguments and result against `Coordinator`.
"""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Concatenate, ParamSpec, TypeVar

import ray
from ray import ObjectRef
from ray.actor import ActorHandle
from ray.exceptions import RayError, RayTaskError

from raysft.cluster.resources import Resources
from raysft.errors import ClusterError
from raysft.identity import StageId
from raysft.process_log import start_process_log
from raysft.records import FailureRecord
from raysft.sweep.run.context import SweepContext
from raysft.sweep.run.coordinator import Coordinator
from raysft.sweep.run.messages import Admission, Snapshot
from raysft.sweep.run.session import DRIVER, DRIVER_SHARE
from raysft.train.job import Progress

_CALLS_AT_ONCE = 1000
"""Every trial may wait in one of them."""


class CoordinatorActor(Coordinator):
    """A coordinator in a process of its own."""

    def __init__(self, context: SweepContext, capacity: Resources) -> None:
        start_process_log(context.store, context.spec.name, "coordinator")
        super().__init__(context, capacity)


_Arguments = ParamSpec("_Arguments")
_Result = TypeVar("_Result")
_Method = Callable[Concatenate[Coordinator, _Arguments], Coroutine[Any, Any, _Result]]


@dataclass(frozen=True)
class CoordinatorClient:
    """A coordinator as others see it; picklable, also into the trials of Tune and the workers of Ray Train.

    A method waits for the coordinator and returns what it says, but for those that begin with `post_`: they
    return at once, and nobody is told if they fail. Methods that wait raise ClusterError once it is gone.
    """

    actor: ActorHandle

    @classmethod
    def start(cls, context: SweepContext, capacity: Resources) -> "CoordinatorClient":
        """Start a coordinator on a node that outlives the sweep."""
        actor = ray.remote(CoordinatorActor).options(
            num_cpus=0,
            resources={DRIVER: DRIVER_SHARE},
            max_concurrency=_CALLS_AT_ONCE,
            scheduling_strategy="DEFAULT",
        )
        return cls(actor.remote(context, capacity))

    def stop(self) -> None:
        """End the coordinator, and its engines with it."""
        ray.kill(self.actor)

    # ---- stages

    def admit(self, stage: StageId, trial: str) -> Admission:
        """See `Coordinator.admit`; returns when the stage is done, failed, or this trial's to train."""
        return self._ask(Coordinator.admit, stage, trial)

    def finished(self, stage: StageId, *, trained: bool, resumed: bool) -> None:
        """See `Coordinator.finished`."""
        self._ask(Coordinator.finished, stage, trained=trained, resumed=resumed)

    def failed(self, failure: FailureRecord) -> None:
        """See `Coordinator.failed`."""
        self._ask(Coordinator.failed, failure)

    def lost(self, stage: StageId) -> None:
        """See `Coordinator.lost`."""
        self._ask(Coordinator.lost, stage)

    def note(self, stage: StageId, cause: str) -> None:
        """See `Coordinator.note`."""
        self._ask(Coordinator.note, stage, cause)

    def post_release(self, trial: str) -> None:
        """See `Coordinator.release`."""
        self._call(Coordinator.release, trial)

    def post_progress(self, progress: Progress) -> None:
        """See `Coordinator.report`."""
        self._call(Coordinator.report, progress)

    # ---- scores

    def post_evaluate(self, subject: StageId, model: str) -> None:
        """See `Coordinator.evaluate`."""
        self._call(Coordinator.evaluate, subject, model)

    def wait_for_scores(self, subjects: list[tuple[StageId, str]]) -> None:
        """See `Coordinator.scores`; returns when every score was made or given up."""
        self._ask(Coordinator.scores, subjects)

    # ---- both

    def snapshot(self) -> Snapshot:
        """See `Coordinator.snapshot`."""
        return self._ask(Coordinator.snapshot)

    def _ask(
        self, method: _Method[_Arguments, _Result], *args: _Arguments.args, **named: _Arguments.kwargs
    ) -> _Result:
        try:
            result: _Result = ray.get(self._call(method, *args, **named))
        except RayTaskError:
            raise  # the coordinator is there, and says what is wrong
        except RayError as error:
            raise ClusterError(f"the coordinator of the sweep is gone: {error}") from error
        return result

    def _call(
        self, method: _Method[_Arguments, _Result], *args: _Arguments.args, **named: _Arguments.kwargs
    ) -> ObjectRef:
        return getattr(self.actor, method.__name__).remote(*args, **named)
