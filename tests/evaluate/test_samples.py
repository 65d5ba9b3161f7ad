from itertools import combinations
from math import comb

import pytest
from hypothesis import given
from hypothesis import strategies as st

from raysft.evaluate.samples import pass_at_k


@given(st.integers(1, 7).flatmap(lambda n: st.tuples(st.just(n), st.integers(0, n), st.integers(1, n))))
def test_pass_at_k_counts_the_draws_with_a_right_sample(case: tuple[int, int, int]) -> None:
    n, c, k = case
    right = sum(min(draw) < c for draw in combinations(range(n), k))
    assert pass_at_k(n, c, k) == pytest.approx(right / comb(n, k), abs=1e-12)


def test_pass_at_k_by_hand() -> None:
    assert pass_at_k(5, 2, 2) == pytest.approx(0.7)
    assert pass_at_k(200, 1, 1) == pytest.approx(1 / 200)
    assert pass_at_k(10_000, 5_000, 100) == pytest.approx(1)


@pytest.mark.parametrize("case", [(5, 6, 1), (5, -1, 1), (5, 1, 6), (5, 1, 0)])
def test_pass_at_k_refuses_what_is_not_defined(case: tuple[int, int, int]) -> None:
    with pytest.raises(ValueError, match="not defined"):
        pass_at_k(*case)
