import math

import pytest

from raysft.spec.recipe import Recipe
from raysft.train.schedule import learning_rate, warmup_updates


def rates(steps, **recipe):
    return [learning_rate(Recipe(learning_rate=1.0, **recipe), step, steps) for step in range(1, steps + 1)]


@pytest.mark.parametrize("schedule", ["cosine", "linear", "constant", "wsd"])
def test_warm_up_is_a_line_to_the_peak(schedule):
    assert rates(100, schedule=schedule, warmup=0.05)[:5] == pytest.approx([0.2, 0.4, 0.6, 0.8, 1.0])


def test_warm_up_is_rounded_up_but_not_by_rounding_noise():
    assert warmup_updates(Recipe(warmup=0.03), 12) == 1
    assert warmup_updates(Recipe(warmup=0.07), 100) == 7
    assert warmup_updates(Recipe(warmup=0.0), 100) == 0


def test_three_steps_of_a_cosine():
    assert rates(3, schedule="cosine", warmup=0.03) == pytest.approx([1.0, 0.75, 0.25])


def test_cosine_without_warm_up_is_that_of_transformers():
    expected = [0.5 * (1 + math.cos(math.pi * done / 10)) for done in range(10)]
    assert rates(10, schedule="cosine", warmup=0.0) == pytest.approx(expected)


def test_linear_and_its_final_rate():
    assert rates(4, schedule="linear", warmup=0.0) == pytest.approx([1.0, 0.75, 0.5, 0.25])
    assert rates(4, schedule="linear", warmup=0.0, final_rate=0.2) == pytest.approx([1.0, 0.8, 0.6, 0.4])
    assert rates(6, schedule="linear", warmup=0.5) == pytest.approx([1 / 3, 2 / 3, 1.0, 0.75, 0.5, 0.25])


def test_constant_stays():
    assert rates(5, schedule="constant", warmup=0.0, final_rate=0.1) == [1.0] * 5


def test_wsd_holds_then_falls_over_the_last_steps():
    assert rates(10, schedule="wsd", warmup=0.2, decay=0.3) == pytest.approx(
        [0.5, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 0.75, 0.5, 0.25]
    )


@pytest.mark.parametrize("schedule", ["cosine", "linear", "constant", "wsd"])
@pytest.mark.parametrize("steps", [1, 2, 3, 50])
@pytest.mark.parametrize("warmup", [0.0, 0.03, 0.9])
def test_no_update_is_wasted(schedule, steps, warmup):
    found = rates(steps, schedule=schedule, warmup=warmup)
    assert all(0 < one <= 1 for one in found)
    assert max(found) == 1
