"""A sweep from its inputs to its results: the chain of the design, in one function."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from datetime import UTC, datetime

from ray import tune
from ray.exceptions import RayError

from raysft.errors import ClusterError
from raysft.process_log import driver_log
from raysft.store import Store
from raysft.sweep.inputs.bases import dressed_bases
from raysft.sweep.inputs.prepare import prepare_sweep
from raysft.sweep.inputs.read import Inputs
from raysft.sweep.results.standing import note_experiment
from raysft.sweep.run.client import CoordinatorClient
from raysft.sweep.run.context import SweepContext, make_context
from raysft.sweep.run.messages import Snapshot
from raysft.sweep.run.search import RESTARTS, PlanSearch
from raysft.sweep.run.session import DRIVER, DRIVER_SHARE, Session, refuse_what_cannot_fit
from raysft.sweep.run.trial import run_point

Watch = Callable[[Callable[[], Snapshot]], AbstractContextManager[object]]
"""Shows progress while its block runs; given a function that says what is done."""


def run_sweep(
    inputs: Inputs, store: Store, session: Session, watch: Watch = lambda _: nullcontext()
) -> Snapshot:
    """Run a sweep, or go on with it: what is in the store is not done again.

    Args:
        inputs: the sweep with all it names.
        store: where results go.
        session: the Ray cluster.
        watch: shows progress.

    Returns:
        What this run did; what there is of the sweep is in the store.

    Raises:
        InputError: a stage or an engine asks for more than the cluster can ever have.
        ClusterError: the coordinator died.
    """
    refuse_what_cannot_fit(inputs.spec, session)
    with driver_log(store, inputs.spec.name), dressed_bases(inputs.bases, store) as bases:
        return _run(replace(inputs, bases=bases), store, session, watch)


def _run(inputs: Inputs, store: Store, session: Session, watch: Watch) -> Snapshot:
    prepare_sweep(inputs, store)
    context = make_context(inputs, store, inline=session.own)
    coordinator = CoordinatorClient.start(context, session.capacity)
    name = f"run-{datetime.now(UTC):%Y%m%dT%H%M%S.%f}"
    with watch(lambda: _snapshot(coordinator)):
        grid = _tuner(context, coordinator, name).fit()
    reported = (result.config["point"] for result in grid if result.config and result.metrics)
    note_experiment(inputs, store, name, reported)
    snapshot = _snapshot(coordinator)
    coordinator.stop()
    return snapshot


def _snapshot(coordinator: CoordinatorClient) -> Snapshot:
    try:
        return coordinator.snapshot()
    except RayError as error:
        raise ClusterError(f"the coordinator of the sweep is gone: {error}") from error


def _tuner(context: SweepContext, coordinator: CoordinatorClient, name: str) -> tune.Tuner:
    """Tune over the points of the plan. Each run is a new experiment: resuming is the store's work."""
    trainable = tune.with_parameters(run_point, context=context, coordinator=coordinator)
    return tune.Tuner(
        tune.with_resources(trainable, {DRIVER: DRIVER_SHARE}),
        tune_config=tune.TuneConfig(
            num_samples=-1,  # as many trials as the searcher asks for
            search_alg=PlanSearch(context.plan, coordinator),
            max_concurrent_trials=min(len(context.plan.points), context.spec.run.trials_at_once),
            reuse_actors=True,
            trial_dirname_creator=lambda trial: trial.trial_id,
        ),
        run_config=tune.RunConfig(
            name=name,
            storage_path=context.store.sweep_path(context.spec.name) + "/tune",
            failure_config=tune.FailureConfig(max_failures=RESTARTS),
            verbose=0,
        ),
    )
