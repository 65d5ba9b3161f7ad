import math
import statistics

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from scipy import stats

from analysis.uncertainty import crossed


def simulated(generator: np.random.Generator, items: int, seeds: int) -> np.ndarray:
    """True mean 5; standard deviations: items 2, seeds 0.5, the rest 1."""
    effect_I = generator.normal(0, 2, size=(items, 1))
    effect_S = generator.normal(0, 0.5, size=(1, seeds))
    return 5 + effect_I + effect_S + generator.normal(0, 1, size=(items, seeds))


def test_one_seed_has_the_item_part_only() -> None:
    verdicts = [3.0, 7.0, 4.0, 9.0, 1.0]
    found = crossed(np.array(verdicts)[:, None])
    error = statistics.stdev(verdicts) / math.sqrt(5)
    assert found.value == pytest.approx(4.8)
    assert found.standard_error == pytest.approx(error)
    assert (found.low, found.high) == pytest.approx(stats.t.interval(0.95, 4, loc=4.8, scale=error))
    assert (found.n, found.seeds) == (5, 1)


def test_items_and_seeds_are_crossed() -> None:
    rows = [[3.0, 5.0], [7.0, 7.0], [4.0, 8.0], [9.0, 8.0]]
    item_part = statistics.variance([4.0, 7.0, 6.0, 8.5]) / 4
    seed_part = statistics.variance([23 / 4, 28 / 4]) / 2
    degrees = (item_part + seed_part) ** 2 / (item_part**2 / 3 + seed_part**2 / 1)
    found = crossed(np.array(rows))
    assert found.value == pytest.approx(51 / 8)
    assert found.standard_error == pytest.approx(math.sqrt(item_part + seed_part))
    expected = stats.t.interval(0.95, degrees, loc=51 / 8, scale=math.sqrt(item_part + seed_part))
    assert (found.low, found.high) == pytest.approx(expected)


def test_the_interval_covers_the_mean_of_a_recipe() -> None:
    generator = np.random.default_rng(1)
    found = [crossed(simulated(generator, 60, 4)) for _ in range(800)]
    covered = np.mean([(one.low or 0) <= 5 <= (one.high or 0) for one in found])
    # Leaving the seeds out covers about 88% here, leaving the items out far less.
    assert 0.93 <= covered <= 0.985


def test_more_seeds_and_more_items_make_the_error_smaller() -> None:
    def error(items: int, seeds: int) -> float:
        generator = np.random.default_rng(2)
        draws = [crossed(simulated(generator, items, seeds)).standard_error for _ in range(100)]
        return float(np.mean([draw or math.nan for draw in draws]))

    assert error(50, 2) > error(50, 4) > error(50, 8)
    assert error(50, 4) > error(100, 4) > error(400, 4)


def test_none_right_of_three_hundred_is_not_certainty() -> None:
    none, every = crossed(np.zeros((300, 1))), crossed(np.ones((300, 2)))
    wilson = stats.binomtest(0, 300).proportion_ci(method="wilson")
    assert (none.value, none.low) == (0, 0)
    assert none.high == pytest.approx(wilson.high, rel=0.02)
    assert every.high == 1
    assert every.low == pytest.approx(1 - wilson.high, rel=1e-3)


def test_half_right_agrees_with_wilson() -> None:
    found = crossed(np.tile([0.0, 1.0], 150)[:, None])
    wilson = stats.binomtest(150, 300).proportion_ci(method="wilson")
    assert (found.low, found.high) == pytest.approx((wilson.low, wilson.high), abs=2e-3)


def test_unscored_items_are_left_out() -> None:
    verdicts = np.array([[1.0, 3.0], [math.nan, 4.0], [math.nan, math.nan], [2.0, 2.0]])
    found = crossed(verdicts)
    assert found.n == 3
    assert found.value == pytest.approx((1.5 + 3.0) / 2)
    item_part = statistics.variance([2.0, 4.0, 2.0]) / 3
    seed_part = statistics.variance([1.5, 3.0]) / 2
    assert found.standard_error == pytest.approx(math.sqrt(item_part + seed_part))


def test_a_single_item_has_no_error() -> None:
    found = crossed(np.array([[1.0]]))
    assert (found.value, found.standard_error, found.low, found.high) == (1.0, None, None, None)


@given(
    arrays.arrays(
        np.float64, st.tuples(st.integers(2, 12), st.integers(1, 4)), elements=st.sampled_from([0, 1])
    )
)
def test_an_interval_of_shares_holds_its_value_and_stays_between_0_and_1(verdicts: np.ndarray) -> None:
    found = crossed(verdicts)
    assert found.low is not None
    assert found.high is not None
    assert 0 <= found.low <= found.value <= found.high <= 1
    assert found.high - found.low > 0
