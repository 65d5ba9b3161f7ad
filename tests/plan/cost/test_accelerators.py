"""Accelerators: the table is plausible, names and numbers are checked."""

import pytest

from raysft.errors import InputError
from raysft.plan.cost.accelerators import ACCELERATORS, accelerator


def test_every_row_is_named_in_the_table_and_within_reason() -> None:
    for name, one in ACCELERATORS.items():
        assert one.name == name
        assert 0 < one.fp32_tflops <= one.peak_tflops
        assert 0 < one.generation_mfu < one.mfu < 0.65, "the best that was ever published is 64%"
        assert one.price_per_hour > 0
        assert one.memory_gib > 0


@pytest.mark.parametrize("name", [name for name in ACCELERATORS if name.endswith("gb")])
def test_no_card_has_more_memory_than_its_name_says(name: str) -> None:
    named = int(name.rpartition("-")[2].removesuffix("gb"))
    assert 0.95 * named < accelerator(name).memory_gib < named


def test_the_number_format_chooses_the_peak() -> None:
    assert accelerator("a100-80gb").peak("bf16") == 16 * accelerator("a100-80gb").peak("fp32")


def test_numbers_are_overridden_and_the_table_stays() -> None:
    before = accelerator("l4")
    mine = accelerator("l4", price_per_hour=0, mfu=0.5)
    assert (mine.price_per_hour, mine.mfu, mine.peak_tflops) == (0, 0.5, before.peak_tflops)
    assert accelerator("l4") == before


def test_an_unknown_name_lists_those_that_there_are() -> None:
    with pytest.raises(InputError, match="a100-40gb, a100-80gb, h100-80gb"):
        accelerator("a1000")


def test_every_wrong_number_is_told_at_once() -> None:
    with pytest.raises(InputError) as caught:
        accelerator("h100", price=2, mfu=1.5, memory_gib=0, peak_tflops=float("nan"), price_per_hour=-1)
    assert [problem.field for problem in caught.value.problems] == [
        "accelerator",
        "accelerator.price",
        "accelerator.mfu",
        "accelerator.memory_gib",
        "accelerator.peak_tflops",
        "accelerator.price_per_hour",
    ]
