"""A pilot fits its budget as the planner reckons it, and leaves out nothing that would still fit."""

from functools import cache, partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.example_pilot import HELD_OUT, MACHINE, SUPERVISED, TOKENS, data_of, spec_of

from raysft.composition.order import SourceIndex
from raysft.pilot.fit_budget import Pilot, largest_that_fits
from raysft.pilot.grids import ADDITIONS, BUILDS_ON, Data, Grid, smallest, studies
from raysft.plan.build import build_plan
from raysft.plan.cost.bill import stage_efforts
from raysft.plan.cost.fixed_cost import scoring_overhead, stage_overhead
from raysft.plan.token_counts import MeanTokens
from raysft.plan.tree import BaseIdentity

SIZES = st.dictionaries(st.sampled_from("abcd"), st.integers(40, 50_000), min_size=1)
HOURS = st.floats(1e-2, 1e3)
ENOUGH, NOTHING = 1e9, 0.0
THREE = {"a": 1500, "b": 700, "c": 2000}


def pilot_of(data: Data, hours: float) -> Pilot:
    return largest_that_fits(data, partial(spec_of, data), MACHINE, hours)


@cache
def three(hours: float) -> Pilot:
    return pilot_of(data_of(THREE), hours)


def training_hours(pilot: Pilot, data: Data) -> float:
    """As a run would have it: with ids, and every stage added by hand."""
    sources = {
        name: SourceIndex(name, tuple(f"{name}{number:06d}" for number in range(rows)))
        for name, rows in data.rows.items()
    }
    plan = build_plan(pilot.spec, sources, {"m": BaseIdentity("w", "t", "c")})
    efforts = stage_efforts(plan, lambda *_: MeanTokens(TOKENS, SUPERVISED), {"m": MACHINE})
    return sum(efforts[address].hours for address in plan.stages)


def rank(grid: Grid) -> tuple[object, ...]:
    """What a grid has, the most telling first: of two grids the better one is larger."""
    replayed, amounts, seeds = len(grid.replayed), len(grid.amounts), len(grid.seeds)
    more = (replayed > 1, amounts > 1, grid.scale, grid.alone, seeds > 2, grid.sequential)
    return (*more, replayed > 2, amounts > 2, seeds)


@pytest.mark.parametrize("hours", [NOTHING, ENOUGH])
@pytest.mark.parametrize("rows", [{"a": 320}, {"a": 100, "b": 900}, THREE])
def test_hours_are_those_of_the_plan_with_real_ids(rows: dict[str, int], hours: float) -> None:
    data = data_of(rows)
    pilot = pilot_of(data, hours)
    assert pilot.bill.whole.shared.hours == pytest.approx(training_hours(pilot, data))


@pytest.mark.parametrize("hours", [NOTHING, ENOUGH])
def test_answers_are_counted_for_every_stage_and_the_base(hours: float) -> None:
    pilot = pilot_of(data_of({"a": 1500, "b": 700}), hours)
    assert pilot.evaluation.questions == (pilot.bill.whole.stages + 1) * 2 * HELD_OUT


def test_every_stage_costs_its_start_and_its_weights_on_all_its_workers() -> None:
    pilot, weights = three(ENOUGH), 4 * MACHINE.shape.parameters
    stages = pilot.bill.whole.stages
    inline = stages * stage_overhead(weights, inline=True)
    assert pilot.overhead.stages_s == pytest.approx(inline)
    assert pilot.overhead.training_hours == pytest.approx(inline / 3600)
    assert pilot.overhead.answering_hours == pytest.approx((stages + 1) * scoring_overhead(weights) / 3600)
    data = data_of(THREE)

    def on_two(written: dict[str, dict[str, object]]) -> object:
        spec = spec_of(data, written)
        return spec.model_copy(update={"models": {"m": spec.models["m"].model_copy(update={"workers": 2})}})

    twice = largest_that_fits(data, on_two, MACHINE, ENOUGH)  # type: ignore[arg-type]
    launched = stages * stage_overhead(weights, inline=False)
    assert twice.overhead.stages_s == pytest.approx(launched)
    assert twice.overhead.training_hours == pytest.approx(2 * launched / 3600)


@settings(deadline=None, max_examples=25)
@given(SIZES, HOURS)
def test_what_is_chosen_fits_unless_nothing_does(rows: dict[str, int], hours: float) -> None:
    data = data_of(rows)
    chosen = pilot_of(data, hours)
    training = chosen.bill.whole.shared.hours + chosen.overhead.training_hours
    if chosen.needs <= hours:
        assert training <= 0.9 * hours * (1 + 1e-9)
        assert training + chosen.evaluation.hours + chosen.overhead.answering_hours <= hours
    else:
        assert chosen.grid == smallest(data)


@settings(deadline=None, max_examples=25)
@given(SIZES, HOURS)
def test_nothing_is_left_out_that_would_fit_beside_what_is_kept(rows: dict[str, int], hours: float) -> None:
    chosen = pilot_of(data_of(rows), hours)
    for one in chosen.without:
        assert chosen.hours + one.hours > 0.9 * hours, one.text
        assert one.hours > 0


@settings(deadline=None, max_examples=25)
@given(SIZES, HOURS)
def test_of_what_is_left_out_the_price_is_that_of_the_plan_with_it(
    rows: dict[str, int], hours: float
) -> None:
    data = data_of(rows)
    chosen = pilot_of(data, hours)
    for one in chosen.without[:1]:
        addition = next(added for added in ADDITIONS if added.text == one.text)
        spec = spec_of(data, studies(addition.to(chosen.grid), data))
        whole = largest_that_fits(data, lambda _studies, spec=spec: spec, MACHINE, NOTHING)
        assert one.hours == pytest.approx(whole.hours - chosen.hours)


@settings(deadline=None, max_examples=25)
@given(SIZES, HOURS, HOURS)
def test_a_larger_budget_is_never_spent_worse(rows: dict[str, int], first: float, second: float) -> None:
    data = data_of(rows)
    small, large = (pilot_of(data, hours) for hours in sorted([first, second]))
    assert rank(large.grid) >= rank(small.grid)
    assert small.spec.recipe == large.spec.recipe, "so that what both ask for is trained once"


@settings(deadline=None, max_examples=25)
@given(SIZES, HOURS)
def test_what_is_left_out_is_told_once_a_kind_the_most_telling_first(
    rows: dict[str, int], hours: float
) -> None:
    without = pilot_of(data_of(rows), hours).without
    kinds = [one.kind for one in without]
    order = list(dict.fromkeys(one.kind for one in ADDITIONS))
    assert kinds == sorted(set(kinds), key=order.index)
    assert not [one for one in kinds if BUILDS_ON.get(one) in kinds], "no fourth seed before a third"


def test_enough_is_everything_and_nothing_is_left_out() -> None:
    fullest = three(ENOUGH)
    assert fullest.without == ()
    assert len(fullest.grid.seeds) == 5
    assert fullest.grid.alone
    assert fullest.grid.sequential
    assert fullest.grid.scale == 1


def test_what_is_left_of_a_budget_buys_what_is_cheap() -> None:
    """The third seed is too dear; that is no reason to give up what costs less and still fits."""
    most = three(ENOUGH).needs
    left_out = [{one.kind for one in three(most * percent / 100).without} for percent in range(20, 60, 5)]
    assert [kinds for kinds in left_out if "third seed" in kinds and "k" not in kinds]


def test_the_store_is_reckoned_with_every_stage() -> None:
    fullest = pilot_of(data_of({"a": 5000, "b": 5000}), ENOUGH)
    weights = fullest.bill.whole.stages * MACHINE.shape.parameters * 4
    assert fullest.disk.weights == weights
    assert fullest.disk.total > weights
