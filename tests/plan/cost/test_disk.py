"""Disk: the peak against a store that is filled and emptied step by step."""

from collections.abc import Mapping
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from raysft.plan.cost.disk import Disk, Keep, peak_disk, peak_weights

Parents = Mapping[str, str | None]
KEEPS: tuple[Keep, ...] = ("all", "leaves", "scores")
FORK: Parents = {"a": None, "b": "a", "c": "a", "d": "c"}
SIZES = {"a": 8, "b": 1, "c": 4, "d": 2}


@st.composite
def forests(draw: st.DrawFn) -> tuple[Parents, dict[str, int]]:
    """Up to twelve stages; the order in which siblings were written is any that has parents first."""
    count = draw(st.integers(1, 12))
    parents: dict[str, str | None] = {}
    for place in range(count):
        above = draw(st.integers(-1, place - 1))
        parents[str(place)] = None if above < 0 else str(above)
    return parents, {stage: draw(st.integers(1, 100)) for stage in parents}


def order_of(parents: Parents, below: str | None = None) -> list[str]:
    """Depth first, siblings as written."""
    found = []
    for stage, parent in parents.items():
        if parent == below:
            found += [stage, *order_of(parents, stage)]
    return found


def simulate(parents: Parents, sizes: Mapping[str, int], keep: Keep) -> int:
    """Train one stage after the other, look at the whole store after each, then remove what may go."""
    standing: set[str] = set()
    trained: set[str] = set()
    peak = 0
    for stage in order_of(parents):
        above = parents[stage]
        assert above is None or above in standing, "a stage is trained from weights that are there"
        standing.add(stage)
        trained.add(stage)
        peak = max(peak, sum(sizes[one] for one in standing))
        for one in list(standing):
            children = [child for child, parent in parents.items() if parent == one]
            may_go = keep == "scores" or (keep == "leaves" and bool(children))
            if may_go and all(child in trained for child in children):
                standing.remove(one)
    if keep == "leaves":
        assert standing == {stage for stage in parents if stage not in parents.values()}
    if keep == "scores":
        assert not standing
    return peak


@given(forests(), st.sampled_from(KEEPS))
def test_the_peak_is_that_of_a_store_filled_step_by_step(
    forest: tuple[Parents, dict[str, int]], keep: Keep
) -> None:
    parents, sizes = forest
    assert peak_weights(parents, sizes, keep) == simulate(parents, sizes, keep)


@given(forests())
def test_who_keeps_less_never_needs_more(forest: tuple[Parents, dict[str, int]]) -> None:
    parents, sizes = forest
    peaks = [peak_weights(parents, sizes, keep) for keep in KEEPS]
    assert peaks[0] == sum(sizes.values())
    assert all(more >= less for more, less in pairwise(peaks))


@pytest.mark.parametrize(("keep", "peak"), [("all", 15), ("leaves", 13), ("scores", 12)])
def test_a_fork_by_hand(keep: Keep, peak: int) -> None:
    """a 8; b 9; c 13, or 12 if b went when it was scored; then a goes, and d comes: 7 or 6."""
    assert peak_weights(FORK, SIZES, keep) == peak


def test_no_stage_needs_nothing() -> None:
    assert peak_disk({}, {}, "all", parameters=10, running=3) == Disk(0, 0)


def test_a_long_chain_is_no_deep_recursion() -> None:
    parents = {str(one): str(one - 1) if one else None for one in range(5000)}
    assert peak_weights(parents, dict.fromkeys(parents, 1), "scores") == 2


def test_every_stage_under_way_has_three_states_of_twelve_bytes_a_parameter() -> None:
    disk = peak_disk(FORK, SIZES, "leaves", parameters=1000, running=2)
    assert disk == Disk(13, 2 * 3 * 12_000)
    assert disk.total == 13 + 72_000


def test_no_more_stages_are_under_way_than_there_are() -> None:
    assert peak_disk(FORK, SIZES, "all", parameters=1, running=9).resume == 4 * 3 * 12


@pytest.mark.parametrize(
    ("parents", "sizes"),
    [
        ({"a": None, "b": "a"}, {"a": 1}),
        ({"a": None}, {"a": 1, "b": 1}),
        ({"a": "nowhere"}, {"a": 1}),
        ({"a": "b", "b": "a", "c": None}, {"a": 1, "b": 1, "c": 1}),
    ],
    ids=["no size", "no stage", "no parent", "circle"],
)
def test_what_is_no_forest_is_refused(parents: Parents, sizes: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="stage"):
        peak_weights(parents, sizes, "all")
