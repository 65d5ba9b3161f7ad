"""A pilot fits its budget as the planner reckons it, and a larger budget takes nothing away."""

from functools import partial
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.example_pilot import HELD_OUT, MACHINE, SUPERVISED, TOKENS, data_of, spec_of

from raysft.composition.order import SourceIndex
from raysft.pilot.fit_budget import Pilot, first_that_fits, pilots
from raysft.pilot.grids import GIVEN_UP, Data
from raysft.plan.build import build_plan
from raysft.plan.cost.bill import stage_efforts
from raysft.plan.token_counts import MeanTokens
from raysft.plan.tree import BaseIdentity

SIZES = st.dictionaries(st.sampled_from("abcd"), st.integers(40, 50_000), min_size=1)
HOURS = st.floats(1e-4, 1e3)


def ladder(data: Data) -> list[Pilot]:
    return list(pilots(data, partial(spec_of, data), MACHINE))


def training_hours(pilot: Pilot, data: Data) -> float:
    """As a run would have it: with ids, and every stage added by hand."""
    sources = {
        name: SourceIndex(name, tuple(f"{name}{number:06d}" for number in range(rows)))
        for name, rows in data.rows.items()
    }
    plan = build_plan(pilot.spec, sources, {"m": BaseIdentity("w", "t", "c")})
    efforts = stage_efforts(plan, lambda *_: MeanTokens(TOKENS, SUPERVISED), {"m": MACHINE})
    return sum(efforts[address].hours for address in plan.stages)


def has(pilot: Pilot) -> dict[str, set[object]]:
    """Everything that a user would miss."""
    strategies = {str(one) for study in pilot.studies.values() for one in study["strategy"]}
    return {
        "seeds": set(pilot.grid.seeds),
        "amounts": set(pilot.grid.amounts),
        "strategies": strategies,
        "studies": set(pilot.studies),
    }


@pytest.mark.parametrize("rows", [{"a": 320}, {"a": 100, "b": 900}, {"a": 1500, "b": 700, "c": 2000}])
def test_hours_are_those_of_the_plan_with_real_ids(rows: dict[str, int]) -> None:
    data = data_of(rows)
    for pilot in ladder(data):
        assert pilot.bill.whole.shared.hours == pytest.approx(training_hours(pilot, data))


def test_answers_are_counted_for_every_stage_and_the_base() -> None:
    data = data_of({"a": 1500, "b": 700})
    for pilot in ladder(data):
        assert pilot.evaluation.questions == (pilot.bill.whole.stages + 1) * 2 * HELD_OUT


@settings(deadline=None, max_examples=40)
@given(SIZES, HOURS)
def test_what_is_chosen_fits_unless_nothing_does(rows: dict[str, int], hours: float) -> None:
    data = data_of(rows)
    every = ladder(data)
    chosen = first_that_fits(iter(every), hours)
    training = chosen.bill.whole.shared.hours
    if chosen.needs <= hours:
        assert training <= 0.9 * hours * (1 + 1e-9)
        assert training + chosen.evaluation.hours <= hours
        before = every[: [one.given_up for one in every].index(chosen.given_up)]
        assert all(one.needs > hours for one in before), "something fuller would have fitted"
    else:
        assert all(one.needs > hours for one in every)


@settings(deadline=None, max_examples=40)
@given(SIZES, HOURS, HOURS)
def test_a_larger_budget_takes_nothing_away(rows: dict[str, int], first: float, second: float) -> None:
    data = data_of(rows)
    every = ladder(data)
    small, large = (first_that_fits(iter(every), hours) for hours in sorted([first, second]))
    for kind, values in has(small).items():
        assert values <= has(large)[kind], kind
    assert small.grid.scale <= large.grid.scale
    assert small.spec.recipe == large.spec.recipe, "so that what both ask for is trained once"


@settings(deadline=None, max_examples=40)
@given(SIZES)
def test_each_rung_gives_up_one_thing_in_the_fixed_order_and_costs_less(rows: dict[str, int]) -> None:
    order = [kind for kind, _, _ in GIVEN_UP]
    words = {text: order.index(kind) for kind, text, _ in GIVEN_UP}
    every = ladder(data_of(rows))
    assert every[0].given_up == ()
    for fuller, smaller in pairwise(every):
        assert smaller.bill.whole.shared.hours < fuller.bill.whole.shared.hours
        assert len(smaller.given_up) - len(fuller.given_up) in (0, 1)
        assert sorted(smaller.given_up, key=words.__getitem__) == list(smaller.given_up)


def test_the_store_is_reckoned_with_every_stage() -> None:
    fullest = ladder(data_of({"a": 5000, "b": 5000}))[0]
    weights = fullest.bill.whole.stages * MACHINE.shape.parameters * 4
    assert fullest.disk.weights == weights
    assert fullest.disk.total > weights
