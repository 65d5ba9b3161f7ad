"""A sweep from its inputs to its results. The chain of the design, in one function."""

import uuid
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

import ray
from ray import tune
from ray.actor import ActorHandle

from raysft.records import FailureRecord
from raysft.store import Store
from raysft.sweep.context import SweepContext, make_context
from raysft.sweep.coordinator import Coordinator, Snapshot
from raysft.sweep.inputs import Inputs
from raysft.sweep.prepare import prepare_sweep
from raysft.sweep.results import write_results
from raysft.sweep.search import PlanSearch
from raysft.sweep.session import DRIVER, DRIVER_SHARE, Session, ray_session
from raysft.sweep.trial import run_point

Watch = Callable[[Callable[[], Snapshot]], AbstractContextManager[object]]
"""Shows progress while its block runs; given a function that says what stands."""


@dataclass(frozen=True)
class Outcome:
    """What a run did."""

    snapshot: Snapshot
    failed_points: int

    @property
    def complete(self) -> bool:
        """Whether every point and every score that was asked for stands."""
        return not self.failed_points and not self.snapshot.score_failures


def run_sweep(
    inputs: Inputs,
    store: Store,
    address: str | None = None,
    retry_failed: bool = False,  # noqa: FBT001, FBT002
    watch: Watch = lambda _: nullcontext(),
) -> Outcome:
    """Run a sweep, or go on with it: what stands in the store is not done again.

    Args:
        inputs: the sweep with all it names.
        store: where results stand.
        address: a Ray cluster that is already there; None starts one on this machine.
        retry_failed: also try stages again that failed by their own fault (NaN, out of memory, user error).
        watch: shows progress.
    """
    forget_failures(inputs, store, every=retry_failed)
    prepare_sweep(inputs, store)
    with ray_session(address) as session:
        context = make_context(inputs, store, inline=session.own)
        coordinator = _start_coordinator(context, session)
        with watch(lambda: _snapshot(coordinator)):
            grid = _tuner(context, coordinator).fit()
        outcome = Outcome(_snapshot(coordinator), grid.num_errors)
    write_results(inputs, store)
    return outcome


def forget_failures(inputs: Inputs, store: Store, *, every: bool) -> None:
    """Forget failures of the infrastructure, so that their stages are tried again; on demand, all of them."""
    for stage in inputs.plan.stages:
        body = store.read_document("failures", stage)
        if body is not None and (every or FailureRecord.model_validate(body).kind == "infrastructure"):
            store.remove_document("failures", stage)


def _start_coordinator(context: SweepContext, session: Session) -> ActorHandle:
    actor = ray.remote(Coordinator).options(
        num_cpus=0, resources={DRIVER: DRIVER_SHARE}, max_concurrency=1000, scheduling_strategy="DEFAULT"
    )
    return actor.remote(context, session.capacity)


def _snapshot(coordinator: ActorHandle) -> Snapshot:
    snapshot: Snapshot = ray.get(coordinator.snapshot.remote())
    return snapshot


def _tuner(context: SweepContext, coordinator: ActorHandle) -> tune.Tuner:
    """Tune over the points of the plan. Each run is a new experiment: resuming is the store's work."""
    trainable = tune.with_parameters(run_point, context=context, coordinator=coordinator)
    return tune.Tuner(
        tune.with_resources(trainable, {DRIVER: DRIVER_SHARE}),
        tune_config=tune.TuneConfig(
            num_samples=len(context.plan.points),
            search_alg=PlanSearch(context.plan, coordinator),
            max_concurrent_trials=context.spec.run.trials_at_once,
            reuse_actors=True,
            trial_dirname_creator=lambda trial: trial.trial_id,
        ),
        run_config=tune.RunConfig(
            name=f"run-{uuid.uuid4().hex[:8]}",
            storage_path=context.store.sweep_path(context.spec.name) + "/tune",
            failure_config=tune.FailureConfig(max_failures=context.spec.run.attempts - 1),
            verbose=0,
        ),
    )
