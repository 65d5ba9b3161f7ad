"""The schedule: each stage is trained once, by someone, nobody waits for ever, and nothing holds too much."""

from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from support.example_plan import plan_of, stages_of

from raysft.cluster.resources import Resources
from raysft.plan.policy import ShardWork
from raysft.plan.tree import Plan
from raysft.records import FailureRecord
from raysft.sweep.run.schedule import Schedule

STUDY = "s: {model: tiny, strategy: [{single: general}, multi_task, mixed_sequential, {dmt: {k: 1/4}}]}"
PLAN = plan_of(STUDY)
ONE = Resources(cpus=1)
SHARED, SECOND = stages_of(PLAN, "mixed_sequential")
(ALONE,) = stages_of(PLAN, "single(general)")
(MIXED,) = stages_of(PLAN, "multi_task")


def schedule(cpus: float = 2, plan: Plan = PLAN, needs: Resources = ONE) -> Schedule:
    return Schedule(plan, Resources(cpus=cpus), dict.fromkeys(plan.stages, needs))


def failure(stage: str) -> FailureRecord:
    return FailureRecord(stage=stage, kind="not_finite", cause="loss is nan", attempts=1)


def granted(book: Schedule) -> list[tuple[str, str]]:
    return [(work.key, trial) for work, trial in book.grant()]


def descendants(plan: Plan, stage: str) -> Iterator[str]:
    for child in plan.children.get(stage, ()):
        yield child
        yield from descendants(plan, child)


# ---- stages


def test_a_shared_stage_is_given_to_one_trial_and_the_other_is_told() -> None:
    book = schedule()
    book.request(SHARED, "a")
    book.request(SHARED, "b")
    assert granted(book) == [(SHARED, "a")]
    assert book.holders == {SHARED: "a"}
    assert granted(book) == []
    assert book.finish(SHARED) == ["b"]
    assert (book.done, book.holders, book.waiting_work()) == ({SHARED}, {}, [])


def test_a_stage_nobody_waits_for_is_finished_all_the_same() -> None:
    book = schedule()
    assert book.finish(SHARED) == []
    assert book.done == {SHARED}


def test_whoever_waits_takes_over_from_a_dead_trial() -> None:
    book = schedule()
    book.request(SHARED, "a")
    book.request(SHARED, "b")
    book.grant()
    assert book.release("a") == [SHARED]
    assert granted(book) == [(SHARED, "b")]


def test_a_trial_that_only_waited_holds_nothing_when_it_goes() -> None:
    book = schedule(cpus=0)
    book.request(SHARED, "a")
    assert book.release("a") == []
    assert book.waiting_work() == []
    book.resize(Resources(cpus=4))
    assert granted(book) == []


def test_releasing_a_stranger_changes_nothing() -> None:
    book = schedule()
    book.request(SHARED, "a")
    book.grant()
    assert book.release("stranger") == []
    assert book.holders == {SHARED: "a"}


def test_a_failed_stage_blocks_everything_below_and_nothing_else() -> None:
    book = schedule()
    book.request(SHARED, "a")
    book.grant()
    book.request(SECOND, "b")
    freed = book.fail(failure(SHARED))
    assert freed[SECOND] == ["b"]
    assert set(book.failed) == {SHARED, *PLAN.children[SHARED]}
    assert book.failed[SECOND].stage == SHARED
    assert not book.holders
    assert book.waiting_work() == []


def test_weights_that_are_in_the_store_do_not_fail_with_what_they_came_from() -> None:
    book = schedule()
    book.finish(SECOND)
    freed = book.fail(failure(SHARED))
    assert SECOND not in freed
    assert SECOND not in book.failed
    assert book.done == {SECOND}


def test_a_failed_stage_that_another_driver_finished_blocks_nothing_any_more() -> None:
    book = schedule()
    book.fail(failure(SHARED))
    book.fail(failure(ALONE))
    book.finish(SHARED)
    assert set(book.failed) == {ALONE}


def test_a_blocked_stage_that_is_there_after_all_leaves_its_neighbours_blocked() -> None:
    book = schedule()
    book.fail(failure(SHARED))
    other = next(stage for stage in PLAN.children[SHARED] if stage != SECOND)
    book.finish(SECOND)
    assert set(book.failed) == {SHARED, other}


def test_lost_weights_are_trained_again() -> None:
    book = schedule()
    book.finish(SHARED)
    book.reopen(SHARED)
    assert book.done == set()
    book.request(SHARED, "a")
    assert granted(book) == [(SHARED, "a")]


def test_what_was_never_finished_can_be_reopened() -> None:
    book = schedule()
    book.reopen(SHARED)
    assert book.done == set()


def test_stages_that_others_wait_for_come_first() -> None:
    book = schedule(cpus=1)
    book.request(ALONE, "a")
    book.request(SHARED, "b")
    assert granted(book) == [(SHARED, "b")]


# ---- shards


def test_a_shard_runs_once_and_is_gone_when_it_ends() -> None:
    book = schedule(cpus=1)
    book.add_shard("base/math/0", ONE)
    book.add_shard("base/math/1", ONE)
    assert granted(book) == [("base/math/0", "")]
    assert book.running_shards == {"base/math/0"}
    assert granted(book) == []
    assert book.end_shard("base/math/0") == ShardWork("base/math/0", ONE)
    assert granted(book) == [("base/math/1", "")]
    with pytest.raises(KeyError):
        book.end_shard("base/math/0")


def test_shards_that_somebody_waits_for_come_before_the_others() -> None:
    book = schedule(cpus=1)
    for key in ("a", "b", "c"):
        book.add_shard(key, ONE)
    book.want_shards(["c", "never heard of"])
    assert granted(book) == [("c", "")]
    assert book.end_shard("c").wanted
    assert granted(book) == [("a", "")]


def test_a_shard_that_runs_already_is_not_asked_for_again() -> None:
    book = schedule(cpus=1)
    book.add_shard("a", ONE)
    book.grant()
    book.want_shards(["a"])
    assert book.waiting_work() == []
    assert not book.end_shard("a").wanted


def test_a_shard_can_be_added_as_wanted() -> None:
    book = schedule(cpus=1)
    book.add_shard("a", ONE)
    book.add_shard("grading", ONE, wanted=True)
    assert granted(book) == [("grading", "")]


def test_stages_come_before_shards_and_small_shards_pass_a_large_stage() -> None:
    book = schedule(cpus=3, needs=Resources(cpus=2))
    book.add_shard("a", ONE)
    for stage, trial in ((SHARED, "x"), (MIXED, "y")):
        book.request(stage, trial)
    assert granted(book) == [(SHARED, "x"), ("a", "")]


# ---- room


def test_a_cluster_that_grew_takes_more_and_one_that_shrank_takes_nothing_new() -> None:
    book = schedule(cpus=1)
    for stage, trial in ((SHARED, "a"), (ALONE, "b"), (MIXED, "c")):
        book.request(stage, trial)
    assert len(granted(book)) == 1
    book.resize(Resources(cpus=2))
    assert len(granted(book)) == 1
    book.resize(Resources(cpus=1))
    assert granted(book) == []
    assert len(book.running_work()) == 2, "what runs goes on"
    book.finish(SHARED)
    assert granted(book) == [], "what runs fills what is left"


@given(st.data())
def test_every_stage_is_trained_exactly_once_whatever_dies(data: st.DataObject) -> None:
    """Trials follow points, one stage after the other; some die and begin again; each stage finishes once."""
    book = schedule(data.draw(st.integers(1, 3)))
    left = {f"trial{number}": list(point.stages) for number, point in enumerate(PLAN.points)}
    waiting: set[str] = set()
    finished: list[str] = []
    for _ in range(200):
        for trial, stages in left.items():
            while stages and stages[0] in book.done:
                stages.pop(0)
            if stages and trial not in waiting and trial not in book.holders.values():
                book.request(stages[0], trial)
                waiting.add(trial)
        waiting -= {trial for _, trial in granted(book)}
        if not book.holders:
            break
        stage, trial = data.draw(st.sampled_from(sorted(book.holders.items())))
        if data.draw(st.booleans()):
            finished.append(stage)
            waiting -= set(book.finish(stage))
        elif len(finished) < 50:
            book.release(trial)
    if not any(left.values()):
        assert sorted(finished) == sorted(PLAN.stages)
    assert len(finished) == len(set(finished))


TRIALS = st.sampled_from(["a", "b", "c", "d"])
STAGES = st.sampled_from(sorted(PLAN.stages))
SHARDS = st.sampled_from(["s0", "s1", "s2"])


class Machine(RuleBasedStateMachine):
    """Whatever happens, in whatever order, beside a plain list of who waits and who runs."""

    @initialize(cpus=st.integers(0, 4), need=st.integers(1, 2))
    def begin(self, cpus: int, need: int) -> None:
        self.need = Resources(cpus=need)
        self.capacity = Resources(cpus=cpus)
        self.book = schedule(cpus, needs=self.need)
        self.fits = True
        self.waiting: set[tuple[str, str]] = set()
        self.shards: dict[str, str] = {}

    @rule(stage=STAGES, trial=TRIALS)
    def request(self, stage: str, trial: str) -> None:
        open_stage = stage not in self.book.done and stage not in self.book.failed
        idle = trial not in self.book.holders.values() and all(other != trial for _, other in self.waiting)
        if open_stage and idle:
            self.book.request(stage, trial)
            self.waiting.add((stage, trial))

    @rule(key=SHARDS, wanted=st.booleans())
    def add_shard(self, key: str, wanted: bool) -> None:
        if key not in self.shards:
            self.book.add_shard(key, ONE, wanted=wanted)
            self.shards[key] = "waiting"

    @rule(key=SHARDS)
    def want_shards(self, key: str) -> None:
        self.book.want_shards([key])

    @rule()
    def grant(self) -> None:
        before = dict(self.book.holders)
        for work, trial in self.book.grant():
            if isinstance(work, ShardWork):
                assert self.shards[work.key] == "waiting"
                self.shards[work.key] = "running"
                continue
            assert (work.key, trial) in self.waiting
            assert work.key not in before, "a stage is held twice"
            assert work.key not in self.book.done
            assert work.key not in self.book.failed
            self.waiting.discard((work.key, trial))
        self.fits = self.fits or self.used().fits(self.capacity)

    @precondition(lambda self: self.book.holders)
    @rule(data=st.data())
    def finish(self, data: st.DataObject) -> None:
        stage = data.draw(st.sampled_from(sorted(self.book.holders)))
        told = self.book.finish(stage)
        assert sorted(told) == sorted(trial for one, trial in self.waiting if one == stage)
        self.waiting = {one for one in self.waiting if one[0] != stage}

    @rule(stage=STAGES)
    def fail(self, stage: str) -> None:
        if stage in self.book.done:
            return
        before = set(self.book.failed)
        freed = self.book.fail(failure(stage))
        blocked = {stage, *descendants(PLAN, stage)} - self.book.done
        assert set(self.book.failed) == before | blocked
        assert freed.keys() == blocked
        for below, trials in freed.items():
            assert sorted(trials) == sorted(trial for one, trial in self.waiting if one == below)
        self.waiting = {one for one in self.waiting if one[0] not in blocked}

    @rule(trial=TRIALS)
    def release(self, trial: str) -> None:
        held = [stage for stage, holder in self.book.holders.items() if holder == trial]
        assert self.book.release(trial) == held
        self.waiting = {one for one in self.waiting if one[1] != trial}

    @precondition(lambda self: "running" in self.shards.values())
    @rule(data=st.data())
    def end_shard(self, data: st.DataObject) -> None:
        running = sorted(key for key, state in self.shards.items() if state == "running")
        key = data.draw(st.sampled_from(running))
        assert self.book.end_shard(key).key == key
        del self.shards[key]

    @precondition(lambda self: self.book.done)
    @rule(data=st.data())
    def reopen(self, data: st.DataObject) -> None:
        self.book.reopen(data.draw(st.sampled_from(sorted(self.book.done))))

    @rule(cpus=st.integers(0, 4))
    def resize(self, cpus: int) -> None:
        self.capacity = Resources(cpus=cpus)
        self.book.resize(self.capacity)
        self.fits = self.used().fits(self.capacity)

    def used(self) -> Resources:
        return sum((work.needs for work in self.book.running_work()), Resources())

    @invariant()
    def no_trial_trains_two_stages(self) -> None:
        if hasattr(self, "book"):
            holders = list(self.book.holders.values())
            assert len(holders) == len(set(holders))

    @invariant()
    def nothing_holds_more_than_there_is(self) -> None:
        """Unless the cluster shrank under what ran already."""
        if hasattr(self, "book") and self.fits:
            assert self.used().fits(self.capacity)

    @invariant()
    def no_stage_is_in_two_states(self) -> None:
        if hasattr(self, "book"):
            states = [set(self.book.done), set(self.book.failed), set(self.book.holders)]
            assert sum(map(len, states)) == len(set().union(*states))

    @invariant()
    def what_waits_is_what_was_asked_for_and_not_given(self) -> None:
        if hasattr(self, "book"):
            waiting = {stage for stage, _ in self.waiting} - self.book.holders.keys()
            shards = {key for key, state in self.shards.items() if state == "waiting"}
            assert {work.key for work in self.book.waiting_work()} == waiting | shards

    def teardown(self) -> None:
        """Whatever was released can be granted again: with room enough, all that waits starts."""
        if hasattr(self, "book"):
            self.book.resize(Resources(cpus=1000))
            expected = {work.key for work in self.book.waiting_work()}
            assert {key for key, _ in granted(self.book)} == expected


Machine.TestCase.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
TestSchedule = Machine.TestCase
