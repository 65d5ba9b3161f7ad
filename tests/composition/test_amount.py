"""Amounts: shares, counts and token budgets, and how many conversations each of them takes."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from raysft.composition.amount import Budget, Share, read_amount, write_amount
from raysft.composition.exact import count_of

ONE = Fraction(1)
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


@given(st.fractions(min_value=Fraction(1, 512), max_value=1), factors, st.integers(1, 10**6))
def test_a_share_is_a_share_of_the_rows(share: Fraction, factor: Fraction, rows: int) -> None:
    assert Share(share).count("math", factor, rows, nobody) == count_of(share * factor, rows)


@given(st.integers(1, 10**6), factors)
def test_a_count_takes_as_many_of_every_source(number: int, factor: Fraction) -> None:
    amount = read_amount({"count": number})
    taken = {amount.count(ability, factor, rows, nobody) for ability, rows in (("a", 10), ("b", 10**7))}
    assert taken == {max(1, int(number * factor))}


def test_a_count_may_be_said_per_ability() -> None:
    amount = read_amount({"count": {"math": 80, "code": 20}})
    assert [amount.count(one, Fraction(1, 4), 1000, nobody) for one in ("math", "code")] == [20, 5]
    assert amount.value() is None
    with pytest.raises(KeyError):
        amount.count("general", ONE, 1000, nobody)


@given(st.integers(1, 10**6), st.integers(1, 500))
def test_a_token_budget_takes_the_longest_prefix(budget: int, each: int) -> None:
    amount = read_amount({"supervised_tokens": budget})
    assert amount.count("math", ONE, 10**7, lambda tokens: tokens // each) == max(1, budget // each)


def test_a_share_of_a_token_budget_is_a_share_of_its_prefix() -> None:
    amount = read_amount({"supervised_tokens": 1000})
    asked: list[int] = []

    def longest(tokens: int) -> int:
        asked.append(tokens)
        return tokens // 10

    assert amount.count("math", Fraction(1, 4), 10**6, longest) == 25
    assert amount.count("math", Fraction(3), 10**6, longest) == 300
    assert asked == [1000, 3000]


def test_amounts_have_words_for_tables() -> None:
    said = [str(read_amount(one)) for one in ("1/4", {"count": 9}, {"supervised_tokens": {"b": 2, "a": 1}})]
    assert said == ["1/4", "count 9", "supervised_tokens a: 1, b: 2"]
    assert Budget("conversations", (("", 9),)).value() == 9
