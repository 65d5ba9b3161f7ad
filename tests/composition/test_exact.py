"""Exact shares: what is read, what is refused, and how many conversations a share takes."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from raysft.composition.exact import Ratio, ReplayShares, ShareField, count_of, parse_share

shares = st.fractions(min_value=Fraction(1, 10_000), max_value=1)
rows = st.integers(min_value=1, max_value=1_000_000)


class Fields(BaseModel):
    amount: ShareField = Fraction(1)
    ratio: Ratio = Fraction(1)
    k: ReplayShares = Fraction(0)


@pytest.mark.parametrize(
    ("ability_rows", "taken"), [(110_142, 430), (20_022, 78), (86_060, 336)], ids=["math", "code", "general"]
)
def test_the_papers_counts_at_one_256th(ability_rows: int, taken: int) -> None:
    assert count_of(Fraction(1, 256), ability_rows) == taken


@given(shares, rows)
def test_a_share_takes_the_whole_part_and_at_least_one(share: Fraction, count: int) -> None:
    taken = count_of(share, count)
    assert 1 <= taken <= count
    assert taken == max(1, int(share * count))


@given(shares, shares, rows)
def test_a_larger_share_never_takes_fewer(one: Fraction, other: Fraction, count: int) -> None:
    smaller, larger = sorted([one, other])
    assert count_of(smaller, count) <= count_of(larger, count)


def test_large_counts_stay_exact() -> None:
    assert count_of(Fraction(1, 3), 3 * 10**20 + 2) == 10**20


@given(st.fractions())
def test_a_fraction_reads_back_from_its_text(value: Fraction) -> None:
    assert parse_share(str(value)) == value


@pytest.mark.parametrize(
    ("written", "read"),
    [(1, Fraction(1)), ("1/4", Fraction(1, 4)), ("2/8", Fraction(1, 4)), (" 1 / 4 ", Fraction(1, 4))],
)
def test_what_is_read(written: object, read: Fraction) -> None:
    assert parse_share(written) == read


@pytest.mark.parametrize(
    "written",
    [0.25, True, None, "0.25", "1e-2", "1/0", "1//4", "one", "", "1/-4", "\u0661/\u0664", [1], {"a": 1}],
    ids=repr,
)
def test_what_is_not_an_exact_fraction_is_refused(written: object) -> None:
    with pytest.raises(ValueError, match="exact fraction"):
        parse_share(written)


@pytest.mark.parametrize(
    ("field", "written", "remedy"),
    [
        ("amount", 2, "at most 1"),
        ("amount", 0, "above 0"),
        ("amount", "-1/4", "above 0"),
        ("ratio", 0, "above 0"),
        ("k", "5/4", "between 0 and 1"),
        ("k", {"math": -1}, "between 0 and 1"),
    ],
)
def test_what_lies_outside_the_range_is_refused(field: str, written: object, remedy: str) -> None:
    with pytest.raises(ValidationError, match=remedy):
        Fields.model_validate({field: written})


def test_edges_of_the_ranges_are_inside() -> None:
    fields = Fields.model_validate({"amount": 1, "ratio": "7/2", "k": {"math": 0, "code": 1}})
    assert (fields.amount, fields.ratio) == (1, Fraction(7, 2))
    assert fields.k == {"math": Fraction(0), "code": Fraction(1)}
    assert fields.model_dump(mode="json", include={"amount", "ratio"}) == {"amount": "1", "ratio": "7/2"}
