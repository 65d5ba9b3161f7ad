"""Sums of CPUs and GPUs."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from raysft.cluster.resources import Resources

steps = st.integers(0, 10**7).map(lambda number: number / 10_000)
amounts = st.builds(Resources, steps, steps)


def test_sums_are_exact_where_floats_are_not() -> None:
    assert 0.1 + 0.2 != 0.3
    assert Resources(0.1) + Resources(0.2) == Resources(0.3)
    assert Resources(0.3) - Resources(0.2) - Resources(0.1) == Resources()


@given(amounts, amounts)
def test_what_is_taken_and_given_back_is_there_again(there: Resources, taken: Resources) -> None:
    whole = there + taken
    assert taken.fits(whole)
    assert whole - taken == there
    assert (whole - taken) + taken == whole


@given(amounts, amounts)
def test_what_does_not_fit_cannot_be_taken(there: Resources, asked: Resources) -> None:
    if asked.fits(there):
        left = there - asked
        assert left.cpus >= 0
        assert left.gpus >= 0
    else:
        with pytest.raises(ValueError, match="cannot be taken"):
            there - asked


def test_both_kinds_must_fit() -> None:
    assert Resources(4, 1).fits(Resources(4, 1))
    assert not Resources(4, 2).fits(Resources(8, 1))
    assert not Resources(9).fits(Resources(8, 8))


def test_a_count_of_workers_asks_for_so_many_times_as_much() -> None:
    assert Resources(2, 0.5) * 3 == Resources(6, 1.5)
    assert Resources(2, 1) * 0 == Resources()


@pytest.mark.parametrize("amount", [-1, float("nan"), float("inf")])
def test_what_is_no_amount_is_refused(amount: float) -> None:
    with pytest.raises(ValueError, match="an amount of resources is"):
        Resources(cpus=amount)
    with pytest.raises(ValueError, match="an amount of resources is"):
        Resources(gpus=amount)
