"""What is left of a plan, by the speed of the stages that are done."""

import pytest
from support.example_plan import plan_of

from raysft.plan.cost.estimate import estimate

PLAN = plan_of("s: {model: tiny, strategy: [multi_task, sequential]}", recipe={"epochs": 1, "batch_size": 8})
STAGES = list(PLAN.stages)


def test_what_is_done_tells_the_speed_of_the_rest() -> None:
    first = STAGES[0]
    found = estimate(PLAN, {first: (PLAN.stages[first].steps, 2.0 * PLAN.stages[first].steps)})
    assert found.steps_left == sum(PLAN.stages[one].steps for one in STAGES[1:])
    assert found.seconds == pytest.approx(2 * found.steps_left)
    assert "one stage after the other, at the speed of those that are done" in found.text


def test_without_a_finished_stage_no_time_is_made_up() -> None:
    assert estimate(PLAN, {}).seconds is None
    assert "measured once a stage" in estimate(PLAN, {}).text


def test_nothing_is_left_of_a_finished_plan() -> None:
    done = {one: (PLAN.stages[one].steps, 1.0) for one in STAGES}
    assert estimate(PLAN, done).steps_left == 0
