"""How many points a plan has: the one way of counting, for whoever says it.

A point trains something. The models as they came are counted apart: each is a row of every study, and nothing
is trained for it.
"""

from typing import NamedTuple

from raysft.plan.tree import Plan
from raysft.wording import counted


class PointCounts(NamedTuple):
    """Points and bases of a plan."""

    points: int
    """Cells of all studies that train; equal cells of two studies count each."""
    distinct_points: int
    """Those of them that differ: what is really run."""
    bases: int
    """Models as they came."""

    @property
    def text(self) -> str:
        """In words: `19 points and the base`, `122 points (100 distinct) and 2 bases`."""
        distinct = "" if self.points == self.distinct_points else f" ({self.distinct_points:,} distinct)"
        bases = "the base" if self.bases == 1 else f"{self.bases:,} bases"
        return f"{counted(self.points, 'point')}{distinct} and {bases}"


def count_points(plan: Plan) -> PointCounts:
    """Count the points of a plan, bases apart."""
    trained = [point for point in plan.points if point.stages]
    cells = sum(len(point.cells) for point in trained)
    return PointCounts(cells, len(trained), len(plan.points) - len(trained))
