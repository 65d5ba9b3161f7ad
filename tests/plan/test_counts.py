"""One way of counting points: bases apart, equal cells of two studies counted and said."""

import pytest
from support.example_plan import plan_of

from raysft.plan.counts import PointCounts, count_points


def test_bases_are_no_points() -> None:
    plan = plan_of("s: {model: tiny, strategy: [base, multi_task, sequential]}")
    assert count_points(plan) == PointCounts(2, 2, 1)
    assert len(plan.points) == 3


def test_equal_cells_of_two_studies_are_two_points_and_one_distinct() -> None:
    plan = plan_of("{a: {model: tiny, strategy: multi_task}, b: {model: tiny, strategy: multi_task}}")
    assert count_points(plan) == PointCounts(2, 1, 1)


@pytest.mark.parametrize(
    ("counts", "said"),
    [
        (PointCounts(19, 19, 1), "19 points and the base"),
        (PointCounts(1, 1, 1), "1 point and the base"),
        (PointCounts(1220, 1000, 3), "1,220 points (1,000 distinct) and 3 bases"),
        (PointCounts(0, 0, 1), "0 points and the base"),
    ],
)
def test_counts_in_words(counts: PointCounts, said: str) -> None:
    assert counts.text == said
