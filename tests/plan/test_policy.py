"""The one policy: who goes first, what fits, and that nobody starves."""

from hypothesis import given
from hypothesis import strategies as st
from support.example_plan import plan_of, stages_of

from raysft.cluster.resources import Resources
from raysft.plan.policy import ShardWork, StageWork, Work, admit, first_open, next_point
from raysft.plan.tree import Plan

STUDY = "s: {model: tiny, strategy: [{single: general}, multi_task, mixed_sequential, {dmt: {k: 1/4}}]}"
ONE = Resources(cpus=1)


def stage(key: str, cpus: float = 1) -> StageWork:
    return StageWork(key, Resources(cpus=cpus))


def shard(key: str, *, wanted: bool = False) -> ShardWork:
    return ShardWork(key, ONE, wanted)


def roots(plan: Plan) -> list[Work]:
    return [stage(one) for one in plan.children[None]]


def test_a_shared_stage_goes_before_a_longer_lonely_one() -> None:
    plan = plan_of(STUDY)
    shared = stages_of(plan, "mixed_sequential")[0]
    assert [work.key for work in admit(plan, roots(plan), [], ONE)] == [shared]


def test_then_the_longest_path() -> None:
    plan = plan_of(STUDY)
    order = [work.key for work in admit(plan, roots(plan), [], Resources(cpus=9))]
    lengths = [plan.longest_path[one] for one in order[1:]]
    assert lengths == sorted(lengths, reverse=True)


def test_stages_before_wanted_shards_before_the_others() -> None:
    plan = plan_of(STUDY)
    late, (root, *_), now = shard("late"), roots(plan), shard("now", wanted=True)
    assert admit(plan, [late, root, now], [], Resources(cpus=3)) == [root, now, late]


def test_a_big_stage_is_not_passed_by_smaller_ones() -> None:
    plan = plan_of(STUDY)
    shared = stages_of(plan, "mixed_sequential")[0]
    small = [work for work in roots(plan) if work.key != shared]
    assert admit(plan, [stage(shared, 2), *small], [stage("other")], Resources(cpus=2)) == []


def test_nothing_new_starts_on_a_cluster_that_shrank() -> None:
    plan = plan_of(STUDY)
    assert admit(plan, [shard("a", wanted=True)], [stage("x"), stage("y")], ONE) == []


@given(cpus=st.integers(0, 6), shards=st.integers(0, 5), running=st.integers(0, 3))
def test_never_more_than_there_is_and_never_idle_without_reason(cpus: int, shards: int, running: int) -> None:
    plan = plan_of(STUDY)
    busy = [stage(f"busy{number}") for number in range(running)]
    waiting = [*roots(plan), *(shard(f"s{number}") for number in range(shards))]
    started = admit(plan, waiting, busy, Resources(cpus=cpus))
    assert len(started) == max(0, min(len(waiting), cpus - running))


def test_points_are_handed_out_prefix_first_and_none_waits_for_a_busy_stage() -> None:
    plan = plan_of(STUDY)
    shared = stages_of(plan, "mixed_sequential")[0]
    points = [point for point in plan.points if point.stages]
    first = next_point(plan, points, set(), set())
    assert first is not None
    assert first_open(first, set()) == shared
    rest = [point for point in points if point is not first]
    handed_out = []
    while (point := next_point(plan, rest, set(), {shared})) is not None:
        rest.remove(point)
        handed_out.append(point)
    assert [first_open(point, set()) == shared for point in rest] == [True]
    assert len(handed_out) == 2


def test_a_point_with_nothing_to_train_comes_at_once() -> None:
    plan = plan_of(STUDY)
    done = set(stages_of(plan, "single(general)"))
    first = next_point(plan, [point for point in plan.points if point.stages], done, set())
    assert first is not None
    assert first.stages == stages_of(plan, "single(general)")
