"""Tokens of subsets: exact sums along an order, repeats, and the longest prefix within a budget."""

import itertools
import math

from hypothesis import given
from hypothesis import strategies as st

from raysft.plan.token_counts import CountedTokens, MeanTokens, PrefixSums, TokenSum

rows = st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50)), min_size=1, max_size=20)


def counted(values: list[tuple[int, int]], *, whole: bool) -> CountedTokens:
    """`values` are (supervised, other) tokens; the order of a seed is a rotation by it."""

    def sums(seed: int) -> PrefixSums:
        turned = values[seed % len(values) :] + values[: seed % len(values)]
        columns = [(a + b, a, (a + b) ** 2) for a, b in turned]
        return PrefixSums(*([0, *itertools.accumulate(column)] for column in zip(*columns, strict=True)))

    return CountedTokens(len(values), _sum(values) if whole else None, sums)


def _sum(values: list[tuple[int, int]]) -> TokenSum:
    return TokenSum(
        sum(a + b for a, b in values), sum(a for a, _ in values), sum((a + b) ** 2 for a, b in values)
    )


@given(rows, st.integers(0, 9), st.integers(0, 60), st.booleans())
def test_a_subset_is_added_up_conversation_by_conversation(
    values: list[tuple[int, int]], seed: int, count: int, whole: bool
) -> None:
    at = seed % len(values)
    endless = itertools.islice(itertools.cycle(values[at:] + values[:at]), count)
    assert counted(values, whole=whole).total(seed, count) == _sum(list(endless))


@given(rows, st.integers(0, 9), st.integers(0, 3000))
def test_the_longest_prefix_is_the_longest(values: list[tuple[int, int]], seed: int, budget: int) -> None:
    one = counted(values, whole=True)
    found = one.longest(seed, budget)
    if not one.total(seed, len(values)).supervised:
        assert found == len(values)
        return
    assert one.total(seed, found).supervised <= budget
    gained = next(more for more in itertools.count(1) if one.total(seed, found + more).supervised > budget)
    # Only where a pass ends may conversations without a target follow that are not taken.
    assert gained == 1 or found % len(values) == 0


@given(rows, st.integers(0, 9), st.integers(1, 3))
def test_a_budget_equal_to_all_is_all(values: list[tuple[int, int]], seed: int, passes: int) -> None:
    one = counted([(0, 7), *values], whole=True)
    there = one.total(seed, 1 + len(values)).supervised
    assert one.longest(seed, int(passes * there)) == (1 + len(values)) * (passes if there else 1)


@given(st.integers(1, 10**6), st.floats(0.1, 5000))
def test_what_is_expected_of_all_buys_all(count: int, each: float) -> None:
    mean = MeanTokens(2 * each, each)
    assert mean.longest(0, math.ceil(count * each)) >= count


def test_a_mean_counts_for_every_conversation() -> None:
    mean = MeanTokens(20, 10)
    assert mean.total(0, 7) == TokenSum(140, 70, 2800)
    assert mean.longest(0, 79) == 7
