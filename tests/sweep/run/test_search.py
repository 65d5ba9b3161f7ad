"""The searcher: every point once, in the order of the policy, and again if its trial is lost."""

import pytest
import ray
from ray.tune.search import Searcher
from support.example_plan import plan_of

from raysft.sweep.run.messages import Snapshot
from raysft.sweep.run.search import RESTARTS, PlanSearch
from raysft.sweep.run.session import Session

pytestmark = pytest.mark.slow

PLAN = plan_of("s: {model: tiny, strategy: [multi_task, mixed_sequential, {dmt: {k: 1/4}}]}")


@ray.remote(num_cpus=0)
class Book:
    """Stands in for the coordinator: nothing is done yet."""

    def snapshot(self) -> Snapshot:
        return Snapshot()

    def release(self, trial: str) -> None:
        """Nothing is held."""


def test_each_point_once_and_none_that_would_only_wait(ray_cluster: Session) -> None:
    search = PlanSearch(PLAN, Book.remote())
    given = [search.suggest(trial) for trial in "abc"]
    assert all(isinstance(one, dict) for one in given)
    assert search.suggest("d") is None, "the last point waits for a stage that a trial has been given"
    for trial in "abc":
        search.on_trial_complete(trial, {"done": 1})
    last = search.suggest("d")
    assert isinstance(last, dict)
    assert search.suggest("e") is None, "not finished while a trial is under way"
    search.on_trial_complete("d", {"done": 1})
    assert search.suggest("e") == Searcher.FINISHED
    assert {one["point"] for one in [*given, last]} == set(PLAN.by_fingerprint)


def test_a_lost_trial_is_handed_out_again_but_not_for_ever(ray_cluster: Session) -> None:
    single = plan_of("s: {model: tiny, strategy: base}")
    search = PlanSearch(single, Book.remote())
    for number in range(RESTARTS + 1):
        assert isinstance(search.suggest(str(number)), dict)
        search.on_trial_complete(str(number), error=True)
    assert search.suggest("last") == Searcher.FINISHED
