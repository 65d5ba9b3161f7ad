"""The grids of a pilot: what is in the fullest, what sizes forbid, and in what order things are given up."""

from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.example_pilot import data_of

from raysft.pilot.grids import (
    BATCH_SIZES,
    FULLEST,
    GIVEN_UP,
    LEAST_REPLAYED,
    LEAST_STEPS,
    Data,
    batch_size,
    studies,
)
from raysft.spec.recipe import Recipe

LARGE = {"code": 30_000, "math": 110_000, "general": 86_000}
SIZES = st.dictionaries(st.sampled_from("abcde"), st.integers(40, 200_000), min_size=1)


def given_up(data: Data, *kinds: str) -> dict[str, dict[str, object]]:
    grid = FULLEST.within(data)
    for kind, _, change in GIVEN_UP:
        if kind in kinds:
            grid = change(grid, data).within(data)
    return studies(grid, data)


def test_the_fullest_pilot_asks_for_amounts_and_strategies() -> None:
    assert given_up(data_of(LARGE)) == {
        "amount": {
            "model": "m",
            "strategy": [{"single": "code"}, {"single": "math"}, {"single": "general"}, "multi_task"],
            "amount": [1, "1/4", "1/16"],
            "seed": [0, 1, 2],
        },
        "strategy": {
            "model": "m",
            "strategy": [
                "multi_task",
                {"sequential": {"last": "general"}},
                {"mixed_sequential": {"last": "general"}},
                {"dmt": {"k": "1/64", "last": "general"}},
                {"dmt": {"k": "1/16", "last": "general"}},
                {"dmt": {"k": "1/4", "last": "general"}},
            ],
            "amount": [1],
            "seed": [0, 1, 2],
        },
    }


def test_with_everything_given_up_a_pilot_still_compares_strategies_over_two_seeds() -> None:
    (kept,) = given_up(data_of(LARGE), *(kind for kind, _, _ in GIVEN_UP)).values()
    assert kept == {
        "model": "m",
        "strategy": [
            "multi_task",
            {"mixed_sequential": {"last": "general"}},
            {"dmt": {"k": "1/4", "last": "general"}},
        ],
        "amount": ["1/64"],
        "seed": [0, 1],
    }


def test_two_abilities_have_no_sequential_of_their_own() -> None:
    kinds = [
        next(iter(one)) if isinstance(one, dict) else one
        for one in given_up(data_of({"a": 9000, "b": 9000}))["strategy"]["strategy"]
    ]
    assert kinds == ["multi_task", "mixed_sequential", "dmt", "dmt", "dmt"]


@pytest.mark.parametrize("rows", [1000, 100_000])
def test_of_one_ability_amounts_are_compared_to_the_end(rows: int) -> None:
    data = data_of({"a": rows})
    assert given_up(data).keys() == {"amount"}
    assert len(given_up(data, *(kind for kind, _, _ in GIVEN_UP))["amount"]["amount"]) > 1


def test_small_sources_have_fewer_amounts_and_less_replay() -> None:
    study = given_up(data_of({"a": 40, "b": 40, "c": 4000}))
    assert study["amount"]["amount"] == [1]
    assert {"dmt": {"k": "1/4", "last": "c"}} in study["strategy"]["strategy"]
    assert {"dmt": {"k": "1/16", "last": "c"}} not in study["strategy"]["strategy"]


@given(SIZES)
def test_the_batch_size_is_the_largest_with_enough_steps(rows: dict[str, int]) -> None:
    recipe, least = Recipe(), min(rows.values())

    def steps(size: int, share: int) -> int:
        return 3 * -(-max(1, least // share) // size)

    smallest = next((share for share in (16, 4) if steps(8, share) >= LEAST_STEPS), 1)
    expected = [size for size in BATCH_SIZES if steps(size, smallest) >= LEAST_STEPS]
    assert batch_size(rows, recipe) == max(expected)


@given(SIZES)
def test_no_grid_asks_for_stages_or_replay_that_are_too_small(rows: dict[str, int]) -> None:
    data, grid = data_of(rows), FULLEST
    for _, _, change in GIVEN_UP:
        grid = change(grid.within(data), data).within(data)
        least = min(rows.values())
        for amount in grid.amounts:
            taken = max(1, int(least * amount * grid.scale))
            assert data.recipe.steps_for(taken) >= LEAST_STEPS
        replayed = [count for ability, count in rows.items() if ability != data.last]
        assert all(k * grid.scale * min(replayed) >= LEAST_REPLAYED for k in grid.replayed)


def test_amounts_are_relative_to_the_scale() -> None:
    grid = replace(FULLEST, scale=Fraction(1, 4))
    assert studies(grid, data_of(LARGE))["amount"]["amount"] == ["1/4", "1/16", "1/64"]
    assert studies(grid, data_of(LARGE))["strategy"]["amount"] == ["1/4"]
