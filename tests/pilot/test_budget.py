"""Budgets as text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from raysft.errors import InputError
from raysft.pilot.budget import Allowance, read_allowance
from raysft.plan.cost.accelerators import ACCELERATORS

A100 = ACCELERATORS["a100-80gb"]


@pytest.mark.parametrize("text", ["200gpu-h", "2cpu-h", "50h", "500usd", "0.5h", "12.25gpu-h"])
def test_a_budget_is_read_exactly(text: str) -> None:
    assert str(read_allowance(text)) == text


@pytest.mark.parametrize(
    "text",
    ["", "200", "gpu-h", "200 gpu-h", "200GPU-H", "0h", "0.0usd", "-5h", "1,000usd", "1e3h", "5eur", "5h\n"],
)
def test_anything_else_is_refused_with_what_would_be_right(text: str) -> None:
    with pytest.raises(InputError) as refused:
        read_allowance(text)
    (problem,) = refused.value.problems
    assert problem.field == "--budget"
    assert all(unit in problem.remedy for unit in ("gpu-h", "cpu-h", "50h", "usd"))


def test_hours_that_a_budget_pays_for() -> None:
    assert read_allowance("200gpu-h").hours(A100, 4) == 200
    assert read_allowance("50h").hours(A100, 4) == 200
    assert read_allowance("500usd").hours(A100, 4) == pytest.approx(500 / A100.price_per_hour)
    assert read_allowance("2cpu-h").hours(ACCELERATORS["cpu-core"], 1) == 2


@given(st.floats(1e-9, 1e9), st.sampled_from(["1gpu-h", "1cpu-h", "1h", "1usd"]), st.integers(1, 64))
def test_the_least_budget_that_covers_hours_does_and_reads_back(hours: float, unit: str, gpus: int) -> None:
    found = read_allowance(unit).covering(hours, A100, gpus)
    assert isinstance(found, Allowance)
    assert found.hours(A100, gpus) >= hours
    assert found.hours(A100, gpus) <= hours * 1.11, "two digits: at most a tenth too much"
    assert "e" not in str(found).removesuffix(found.unit).lower()
