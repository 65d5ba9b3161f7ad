"""The grids of a pilot: what is in the smallest and the fullest, and what sizes forbid."""

from dataclasses import replace
from fractions import Fraction
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.example_pilot import data_of

from raysft.pilot.grids import (
    ADDITIONS,
    BATCH_SIZES,
    BUILDS_ON,
    LEAST_REPLAYED,
    LEAST_STEPS,
    Data,
    Grid,
    batch_size,
    smallest,
    studies,
)
from raysft.spec.recipe import Recipe

LARGE = {"code": 30_000, "math": 110_000, "general": 86_000}
SIZES = st.dictionaries(st.sampled_from("abcde"), st.integers(40, 200_000), min_size=1)


def with_kinds(data: Data, *kinds: str) -> dict[str, dict[str, object]]:
    grid = smallest(data)
    for addition in ADDITIONS:
        if addition.kind in kinds:
            grid = addition.to(grid)
    return studies(grid, data)


def fullest(data: Data) -> dict[str, dict[str, object]]:
    return with_kinds(data, *(one.kind for one in ADDITIONS))


def test_the_fullest_pilot_asks_for_amounts_and_strategies() -> None:
    assert fullest(data_of(LARGE)) == {
        "amount": {
            "model": "m",
            "strategy": [{"single": "code"}, {"single": "math"}, {"single": "general"}, "multi_task"],
            "amount": [1, "1/4", "1/16"],
            "seed": [0, 1, 2, 3, 4],
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
            "seed": [0, 1, 2, 3, 4],
        },
    }


def test_the_smallest_pilot_still_compares_strategies_over_two_seeds() -> None:
    (kept,) = with_kinds(data_of(LARGE)).values()
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


@pytest.mark.parametrize("addition", ADDITIONS, ids=lambda one: one.text)
def test_an_addition_only_adds(addition: object) -> None:
    data = data_of(LARGE)
    before = smallest(data)
    place = ADDITIONS.index(addition)  # type: ignore[arg-type]
    after = ADDITIONS[place].to(before)
    assert set(after.seeds) >= set(before.seeds)
    assert set(after.replayed) >= set(before.replayed)
    assert set(after.amounts) >= set(before.amounts)
    assert after.alone >= before.alone
    assert after.sequential >= before.sequential
    assert studies(after, data) != studies(before, data) or after.scale <= before.scale
    assert ADDITIONS[place].text


def test_of_one_kind_each_goes_on_from_the_one_before() -> None:
    for first, second in combinations(ADDITIONS, 2):
        goes_on = first.kind == second.kind or BUILDS_ON.get(second.kind) == first.kind
        if goes_on and first.kind != "data":
            ((field, less),) = first.fields.items()
            assert set(second.fields[field]) > set(less)
        elif goes_on:
            assert second.fields["scale"] > first.fields["scale"]


def test_two_abilities_have_no_sequential_of_their_own() -> None:
    kinds = [
        next(iter(one)) if isinstance(one, dict) else one
        for one in fullest(data_of({"a": 9000, "b": 9000}))["strategy"]["strategy"]  # type: ignore[attr-defined]
    ]
    assert kinds == ["multi_task", "mixed_sequential", "dmt", "dmt", "dmt"]


@pytest.mark.parametrize("rows", [1000, 100_000])
def test_of_one_ability_amounts_are_compared_at_least(rows: int) -> None:
    data = data_of({"a": rows})
    assert fullest(data).keys() == with_kinds(data).keys() == {"amount"}
    assert len(with_kinds(data)["amount"]["amount"]) > 1  # type: ignore[arg-type]


def test_small_sources_have_fewer_amounts_and_less_replay() -> None:
    study = fullest(data_of({"a": 40, "b": 40, "c": 4000}))
    assert study["amount"]["amount"] == [1]
    replayed = study["strategy"]["strategy"]
    assert {"dmt": {"k": "1/4", "last": "c"}} in replayed  # type: ignore[operator]
    assert {"dmt": {"k": "1/16", "last": "c"}} not in replayed  # type: ignore[operator]


@given(SIZES)
def test_the_batch_size_is_the_largest_with_enough_steps(rows: dict[str, int]) -> None:
    recipe, least = Recipe(), min(rows.values())

    def steps(size: int, share: int) -> int:
        return 3 * -(-max(1, least // share) // size)

    shortest = next((share for share in (16, 4) if steps(8, share) >= LEAST_STEPS), 1)
    expected = [size for size in BATCH_SIZES if steps(size, shortest) >= LEAST_STEPS]
    assert batch_size(rows, recipe) == max(expected)


@given(SIZES, st.sets(st.integers(0, len(ADDITIONS) - 1)))
def test_no_grid_asks_for_stages_or_replay_that_are_too_small(rows: dict[str, int], added: set[int]) -> None:
    data = data_of(rows)
    grid = smallest(data)
    for addition in (ADDITIONS[place] for place in sorted(added)):
        if addition.to(grid).scale >= grid.scale:
            grid = addition.to(grid)
    grid = grid.within(data)
    for amount in grid.amounts:
        taken = max(1, int(min(rows.values()) * amount * grid.scale))
        assert data.recipe.steps_for(taken) >= LEAST_STEPS
    others = [count for ability, count in rows.items() if ability != data.last]
    assert all(k * grid.scale * min(others) >= LEAST_REPLAYED for k in grid.replayed)


def test_amounts_are_relative_to_the_scale() -> None:
    grid = Grid((0,), Fraction(1, 4), (Fraction(1), Fraction(1, 4), Fraction(1, 16)), True, True, ())
    assert studies(grid, data_of(LARGE))["amount"]["amount"] == ["1/4", "1/16", "1/64"]
    assert studies(grid, data_of(LARGE))["strategy"]["amount"] == ["1/4"]
    assert "amount" not in studies(replace(grid, alone=False, amounts=(Fraction(1),)), data_of(LARGE))
