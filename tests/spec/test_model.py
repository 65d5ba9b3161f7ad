"""Models of a sweep: what a base may be, and what is refused."""

from typing import Any

import pytest
from pydantic import ValidationError

from raysft.spec.model import BUILT_IN_BASES, ModelSpec, ScratchSpec

SHAPE: dict[str, Any] = {"hidden_size": 64, "layers": 2, "heads": 2, "feed_forward": 128, "vocabulary": 512}


@pytest.mark.parametrize("base", [*BUILT_IN_BASES, "owner/name", "/models/here", "../world/base"])
def test_a_name_is_taken_as_it_is(base: str) -> None:
    spec = ModelSpec(base=base)
    assert (spec.base, spec.label) == (base, base)


def test_a_mapping_is_a_model_from_scratch() -> None:
    spec = ModelSpec.model_validate({"base": SHAPE})
    assert spec.base == ScratchSpec(**SHAPE)
    assert (spec.base.context, spec.base.seed, spec.label) == (1024, 0, "a model from scratch")


def test_a_model_of_which_nothing_is_said_trains_alone_on_the_cpu() -> None:
    spec = ModelSpec(base="world/base")
    assert (spec.workers, spec.gpus_per_worker, spec.layout, spec.template) == (1, 0, "auto", "own")
    assert spec.recipe.written == {}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"base": "world/bose"}, "no such built-in model; there are world/base, world/base-small"),
        ({"base": {**SHAPE, "heads": 3}}, r"hidden_size 64 must be a multiple of 2 × heads \(3\)"),
        ({"base": {**SHAPE, "heads": 64}}, r"must be a multiple of 2 × heads \(64\)"),
        ({"base": {**SHAPE, "vocabulary": 299}}, "greater than or equal to 300"),
        ({"base": {**SHAPE, "context": 31}}, "greater than or equal to 32"),
        ({"base": {**SHAPE, "seed": 2**32}}, "less than 4294967296"),
        ({"base": "world/base", "micro_batch_tokens": 15}, "greater than or equal to 16"),
        ({"base": "world/base", "workers": True}, "write a whole number"),
        ({"base": "world/base", "backend": "ddp"}, "fsdp2"),
        ({"base": "world/base", "recipe": {"epochs": 1, "steps": 1}}, "give `epochs` or `steps`"),
    ],
)
def test_what_cannot_be_trained_is_refused(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        ModelSpec.model_validate(changes)


def test_heads_of_an_even_width_may_be_as_many_as_its_half() -> None:
    assert ScratchSpec(**{**SHAPE, "heads": 32}).heads == 32
