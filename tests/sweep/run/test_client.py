"""Calls to the coordinator: each reaches the method that it names, and waits or does not."""

import inspect
from dataclasses import replace

import pytest
import ray
from support.local_coordinator import local_coordinator

from raysft.cluster.resources import Resources
from raysft.errors import ClusterError
from raysft.sweep.run.client import CoordinatorClient
from raysft.sweep.run.context import SweepContext
from raysft.sweep.run.coordinator import Coordinator
from raysft.sweep.run.messages import Admission, Snapshot
from raysft.sweep.run.session import Session
from raysft.train.job import Progress


def test_everything_the_coordinator_offers_can_be_called() -> None:
    renamed = {"report": "post_progress", "evaluate": "post_evaluate", "scores": "wait_for_scores",
               "release": "post_release"}  # fmt: skip
    offered = [name for name, one in vars(Coordinator).items() if inspect.iscoroutinefunction(one)]
    public = {renamed.get(name, name) for name in offered if not name.startswith("_")}
    assert public <= set(vars(CoordinatorClient))


def test_progress_is_posted_and_not_waited_for(context: SweepContext) -> None:
    stage = next(iter(context.plan.stages))
    with local_coordinator(context) as client:
        assert client.post_progress(Progress(stage, 0, 1, 4, 2.0, 10, 0.1)) is None
        assert client.snapshot().progress[stage].step == 1


@ray.remote(num_cpus=0)
def ask(client: CoordinatorClient, stage: str, trial: str) -> Admission:
    """What a trial does, in a process of its own."""
    client.post_progress(Progress(stage, 0, 1, 4, 2.0, 10, 0.1))
    return client.admit(stage, trial)


@pytest.mark.slow
def test_it_travels_to_the_processes_of_trials(context: SweepContext, ray_cluster: Session) -> None:
    stage = next(iter(context.plan.stages))
    # Its processes know raysft and not the benchmarks of these tests.
    client = CoordinatorClient.start(replace(context, benchmarks={}, asked={}), Resources(cpus=1))
    assert client.snapshot() == Snapshot()
    assert ray.get(ask.remote(client, stage, "one")) == Admission("train", begun=1)
    other = ask.remote(client, stage, "two")
    client.finished(stage, trained=True, resumed=False)
    assert ray.get(other).verdict == "done"
    client.post_release("one")
    assert client.snapshot().trained == 1
    client.stop()
    with pytest.raises(ClusterError, match="coordinator of the sweep is gone"):
        client.snapshot()
