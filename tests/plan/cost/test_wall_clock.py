"""The time of a whole sweep: between its bounds lies every schedule that leaves no slot empty for nothing."""

import heapq

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.example_plan import plan_of

from raysft.plan.cost.fixed_cost import (
    INLINE_STAGE_S,
    RAY_TRAIN_STAGE_S,
    RUN_S,
    TRIAL_S,
    WEIGHT_BYTES_PER_S,
    scoring_overhead,
    stage_overhead,
)
from raysft.plan.cost.wall_clock import Fleet, clock_text, wall_clock
from raysft.plan.tree import Plan

PLAN = plan_of(
    "s: {model: tiny, strategy:"
    " [{single: general}, multi_task, sequential, mixed_sequential, {dmt: {k: 1/4}}]}"
)
STAGES = tuple(PLAN.stages)


def fleet(slots: int, engines: int = 1) -> Fleet:
    return Fleet(slots, slots, engines, shared=False)


def list_schedule(plan: Plan, seconds: dict[str, float], slots: int, order: list[str]) -> float:
    """Hand out whatever is ready, first come in some order, whenever a slot is free."""
    now, running, done = 0.0, [], set()
    waiting = list(order)
    while waiting or running:
        ready = [one for one in waiting if plan.stages[one].parent in (None, *done)]
        for one in ready[: slots - len(running)]:
            waiting.remove(one)
            heapq.heappush(running, (now + seconds[one], one))
        now, ended = heapq.heappop(running)
        done.add(ended)
    return now


@given(
    times=st.lists(st.floats(0.1, 1000), min_size=len(STAGES), max_size=len(STAGES)),
    slots=st.integers(1, 4),
    order=st.permutations(STAGES),
)
def test_every_list_schedule_ends_between_the_bounds(
    times: list[float], slots: int, order: list[str]
) -> None:
    seconds = dict(zip(STAGES, times, strict=True))
    found = wall_clock(PLAN, seconds, 0, 0, fleet(slots))
    end = RUN_S + list_schedule(PLAN, seconds, slots, order)
    assert found.shortest_s - 1e-6 <= end <= found.longest_s + 1e-6


def test_one_slot_does_all_after_each_other() -> None:
    seconds = dict.fromkeys(STAGES, 10.0)
    found = wall_clock(PLAN, seconds, 0, 0, fleet(1))
    assert found == pytest.approx((RUN_S + 10 * len(STAGES), RUN_S + 10 * len(STAGES)))


def test_many_slots_do_not_beat_the_longest_path() -> None:
    found = wall_clock(PLAN, dict.fromkeys(STAGES, 10.0), 0, 0, fleet(100))
    assert found.shortest_s == pytest.approx(RUN_S + 30), "three stages of `sequential` follow each other"


def test_answers_come_beside_training_or_after_it() -> None:
    seconds = dict.fromkeys(STAGES, 10.0)
    alone = wall_clock(PLAN, seconds, 0, 0, fleet(1))
    found = wall_clock(PLAN, seconds, 60, 0, fleet(1, engines=2))
    assert found.shortest_s == alone.shortest_s
    assert found.longest_s == pytest.approx(alone.longest_s + 30)
    many = wall_clock(PLAN, seconds, 6000, 0, fleet(1, engines=2))
    assert many.shortest_s == pytest.approx(RUN_S + 3000)


def test_on_shared_devices_answers_take_time_from_training() -> None:
    seconds = dict.fromkeys(STAGES, 10.0)
    work = sum(seconds.values())
    found = wall_clock(PLAN, seconds, 60, work + 60, fleet(2, engines=2))
    assert found.shortest_s == pytest.approx(RUN_S + (work + 60) / 2)


def test_a_stage_pays_for_its_start_and_its_weights() -> None:
    assert stage_overhead(0, inline=True) == TRIAL_S + INLINE_STAGE_S
    assert stage_overhead(0, inline=False) == TRIAL_S + RAY_TRAIN_STAGE_S
    read_and_written = stage_overhead(27_000_000_000, inline=False) - stage_overhead(0, inline=False)
    assert read_and_written == pytest.approx(2 * 27e9 / WEIGHT_BYTES_PER_S)
    assert scoring_overhead(27_000_000_000) == pytest.approx(27e9 / WEIGHT_BYTES_PER_S)


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (41.2, "41 s"),
        (89, "89 s"),
        (400, "7 min"),
        (5300, "88 min"),
        (2 * 3600, "2 h"),
        (5 * 3600 + 20 * 60, "5 h 20 min"),
        (76 * 3600, "3 days 4 h"),
        (72 * 3600, "3 days"),
    ],
)
def test_times_in_words(seconds: float, said: str) -> None:
    assert clock_text(seconds) == said
