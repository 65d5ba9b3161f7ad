"""The searcher: every point once, in the order of the policy, and again if its trial is lost."""

from dataclasses import dataclass, field

from ray.tune.search import Searcher
from support.example_plan import plan_of, stages_of

from raysft.plan.tree import Plan
from raysft.records import FailureRecord
from raysft.sweep.run.messages import Snapshot
from raysft.sweep.run.search import RESTARTS, PlanSearch

PLAN = plan_of("s: {model: tiny, strategy: [multi_task, mixed_sequential, {dmt: {k: 1/4}}]}")
SHARED = stages_of(PLAN, "mixed_sequential")[0]


@dataclass
class Book:
    """Takes the place of the coordinator: says what is done, and is told which trials are gone."""

    done: set[str] = field(default_factory=set)
    failed: dict[str, FailureRecord] = field(default_factory=dict)
    released: list[str] = field(default_factory=list)

    def snapshot(self) -> Snapshot:
        return Snapshot(done=frozenset(self.done), failed=dict(self.failed))

    def post_release(self, trial: str) -> None:
        self.released.append(trial)


def search_of(plan: Plan = PLAN, **book: object) -> tuple[PlanSearch, Book]:
    coordinator = Book(**book)
    return PlanSearch(plan, coordinator), coordinator


def strategies(suggested: list[object]) -> list[str]:
    return [one["strategy"] for one in suggested if isinstance(one, dict)]


def test_each_point_once_and_none_that_would_only_wait() -> None:
    search, _ = search_of()
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


def test_points_with_nothing_to_train_come_first_then_shared_stages() -> None:
    search, _ = search_of()
    given = [search.suggest(trial) for trial in "abc"]
    assert strategies(given)[0] == "base"
    assert strategies(given)[1] in ("mixed_sequential", "dmt(k=1/4)"), "two points wait for its first stage"
    assert strategies(given)[2] == "multi_task"


def test_a_point_is_handed_out_once_the_stage_it_shares_is_done() -> None:
    search, book = search_of()
    given = [search.suggest(trial) for trial in "abc"]
    assert search.suggest("d") is None
    book.done.add(SHARED)
    last = search.suggest("d")
    assert {*strategies(given), *strategies([last])} == {
        "base",
        "multi_task",
        "mixed_sequential",
        "dmt(k=1/4)",
    }


def test_points_below_a_failed_stage_are_handed_out_to_report_it() -> None:
    failure = FailureRecord(stage=SHARED, kind="user", cause="x", attempts=1)
    blocked = {SHARED, *PLAN.children[SHARED]}
    search, _ = search_of(failed=dict.fromkeys(blocked, failure))
    assert len(strategies([search.suggest(trial) for trial in "abcd"])) == 4


def test_a_finished_sweep_hands_out_every_point_at_once() -> None:
    search, _ = search_of(done=set(PLAN.stages))
    assert len(strategies([search.suggest(trial) for trial in "abcd"])) == 4


def test_the_end_of_a_trial_frees_what_it_held() -> None:
    search, book = search_of()
    search.suggest("a")
    search.on_trial_complete("a", {"done": 1})
    search.on_trial_complete("stranger", error=True)
    assert book.released == ["a", "stranger"]


def test_a_lost_trial_is_handed_out_again_but_not_for_ever() -> None:
    search, _ = search_of(plan_of("s: {model: tiny, strategy: base}"))
    for number in range(RESTARTS + 1):
        assert isinstance(search.suggest(str(number)), dict)
        search.on_trial_complete(str(number), error=True)
    assert search.suggest("last") == Searcher.FINISHED


def test_a_lost_point_keeps_its_axes() -> None:
    search, _ = search_of(plan_of("s: {model: tiny, strategy: base}"))
    first = search.suggest("a")
    search.on_trial_complete("a", error=True)
    assert search.suggest("b") == first


def test_nothing_of_it_is_kept(tmp_path) -> None:
    """The store says what is done; Tune's own restore is not used."""
    search, _ = search_of()
    search.suggest("a")
    search.save(str(tmp_path / "state"))
    assert list(tmp_path.iterdir()) == []
    search.restore(str(tmp_path / "state"))
    assert search.suggest("b") is not None
