"""Sharing a number of steps out over the stages of a point."""

from hypothesis import given
from hypothesis import strategies as st

from raysft.plan.mixtures import apportion

weights = st.lists(st.integers(1, 500), min_size=1, max_size=6)


@given(weights, st.integers(0, 5000))
def test_shares_are_whole_add_up_and_are_at_least_one(given_: list[int], more: int) -> None:
    total = len(given_) + more
    shares = apportion(total, given_)
    assert sum(shares) == total
    assert min(shares) >= 1


@given(weights)
def test_what_is_there_anyway_is_left_as_it_is(given_: list[int]) -> None:
    assert apportion(sum(given_), given_) == given_


@given(weights, st.integers(1, 9))
def test_a_multiple_is_shared_exactly(given_: list[int], times: int) -> None:
    assert apportion(times * sum(given_), given_) == [times * one for one in given_]


def test_remainders_go_to_the_largest() -> None:
    assert apportion(10, [1, 1, 1]) == [4, 3, 3]
    assert apportion(10, [5, 3, 1]) == [6, 3, 1]
    assert apportion(3, [1000, 1, 1]) == [1, 1, 1]
