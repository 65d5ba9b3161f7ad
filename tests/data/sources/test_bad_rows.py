"""Which shares of bad rows are too many; the whole of it, with files, is in `test_pipeline`."""

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from raysft.data.sources.bad_rows import RowCount, beyond, too_many

COUNTS = st.lists(
    st.tuples(st.integers(1, 200), st.integers(0, 200)).map(lambda one: RowCount("f", one[0], min(one))),
    max_size=6,
)
SHARES = st.fractions(0, 1, max_denominator=40)


@given(COUNTS, SHARES)
def test_what_is_let_through_is_a_share_or_a_handful(counts: list[RowCount], most: Fraction) -> None:
    rows, bad = sum(one.rows for one in counts), sum(one.bad for one in counts)
    if not beyond(most, counts):
        assert bad <= most * rows or (bad <= 3 and 2 * bad <= rows)
    elif len(counts) == 1:
        assert bad > most * rows


@given(COUNTS, SHARES, SHARES)
def test_who_allows_more_refuses_no_more(counts: list[RowCount], one: Fraction, other: Fraction) -> None:
    less, more = sorted([one, other])
    if not beyond(less, counts):
        assert not beyond(more, counts)


@given(COUNTS)
def test_nothing_is_refused_where_all_may_be_bad_and_every_bad_row_where_none_may(
    counts: list[RowCount],
) -> None:
    assert beyond(Fraction(1), counts) == []
    assert bool(beyond(Fraction(0), counts)) == any(one.bad for one in counts)


def test_files_are_told_by_name_and_their_own_counts() -> None:
    counts = [RowCount("a.jsonl", 1000, 2), RowCount("b.jsonl", 40, 5)]
    (problem,) = too_many("abilities.x.source", Fraction(1, 10), counts)
    assert problem.field == "abilities.x.source.max_bad_rows"
    assert "5 of 40 rows of b.jsonl are bad (12.5%)" in problem.remedy
