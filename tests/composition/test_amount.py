"""Amounts: shares, counts and token budgets, and how many conversations each of them takes."""

from fractions import Fraction
from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from raysft.composition.amount import Budget, Part, Share, read_amount, write_amount
from raysft.composition.exact import count_of

shares = st.fractions(min_value=Fraction(1, 512), max_value=1)
factors = st.fractions(min_value=Fraction(1, 1000), max_value=4)


def nobody(tokens: int) -> int:
    raise AssertionError("tokens were asked for")


@pytest.mark.parametrize(
    "written",
    [
        "1/4",
        {"count": 5000},
        {"count": {"code": 20, "math": 80}},
        {"supervised_tokens": 10**6},
        {"supervised_tokens": {"math": 1}},
    ],
    ids=str,
)
def test_what_is_written_reads_back(written: object) -> None:
    amount = read_amount(written)
    assert write_amount(amount) == written
    assert read_amount(write_amount(amount)) == amount
    assert hash(read_amount(written)) == hash(amount)


@pytest.mark.parametrize(
    "wrong",
    [
        *(0, "0", "5/4", 0.5, -1, [1], None, {}, {"tokens": 5}, {"count": 5, "supervised_tokens": 5}),
        *({"count": 0}, {"count": 1.5}, {"count": True}, {"count": {}}, {"count": {"math": 0}}),
    ],
    ids=str,
)
def test_what_is_no_amount_is_refused(wrong: object) -> None:
    with pytest.raises(ValueError, match=r"write|must be"):
        read_amount(wrong)


@given(shares, factors, shares, st.integers(1, 10**6))
def test_a_share_is_a_share_of_the_rows(share: Fraction, ratio: Fraction, k: Fraction, rows: int) -> None:
    assert Share(share).count(Part("math", rows, ratio, k), nobody) == count_of(share * ratio * k, rows)


@given(st.integers(1, 10**6), factors)
def test_a_count_takes_as_many_of_every_source(number: int, factor: Fraction) -> None:
    amount = read_amount({"count": number})
    taken = {amount.count(Part(ability, rows, factor), nobody) for ability, rows in (("a", 10), ("b", 10**7))}
    assert taken == {max(1, int(number * factor))}


def test_a_count_may_be_said_per_ability() -> None:
    amount = read_amount({"count": {"math": 80, "code": 20}})
    assert [amount.count(Part(one, 1000, Fraction(1, 4)), nobody) for one in ("math", "code")] == [20, 5]
    assert amount.value() is None
    with pytest.raises(KeyError):
        amount.count(Part("general", 1000), nobody)


@given(st.integers(1, 10**6), st.integers(1, 500))
def test_a_token_budget_takes_the_longest_prefix(budget: int, each: int) -> None:
    amount = read_amount({"supervised_tokens": budget})
    assert amount.count(Part("math", 10**7), lambda tokens: tokens // each) == max(1, budget // each)


lengths = st.lists(st.integers(1, 50), min_size=1, max_size=60)


@given(lengths, st.integers(1, 2000), factors, shares)
def test_a_replay_takes_its_share_of_the_prefix_that_the_budget_buys(
    found: list[int], budget: int, ratio: Fraction, k: Fraction
) -> None:
    def longest(tokens: int) -> int:
        sums = list(accumulate(found))
        return sum(one <= tokens for one in sums)

    amount = read_amount({"supervised_tokens": budget})
    whole = amount.count(Part("math", len(found), ratio), longest)
    assert whole == 1 or sum(found[:whole]) <= budget * ratio
    assert amount.count(Part("math", len(found), ratio, k), longest) == count_of(k, whole)


def test_amounts_have_words_for_tables() -> None:
    said = [str(read_amount(one)) for one in ("1/4", {"count": 9}, {"supervised_tokens": {"b": 2, "a": 1}})]
    assert said == ["1/4", "count 9", "supervised_tokens a: 1, b: 2"]
    assert Budget("conversations", (("", 9),)).value() == 9
