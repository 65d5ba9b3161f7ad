"""What a sweep makes of its parts: keys of sources and benchmarks, recipes of models, some of its studies."""

from typing import Any

import pytest

from raysft.errors import InputError
from raysft.spec import SweepSpec

RAW: dict[str, Any] = {
    "name": "t",
    "abilities": {
        "math": {
            "source": "m.jsonl",
            "variants": {"short": "s.jsonl"},
            "benchmark": "world/math",
            "report": [{"name": "gsm8k", "path": "q.jsonl"}],
        },
        "code": {"source": "c.jsonl"},
    },
    "models": {
        "tiny": {"base": "world/base", "recipe": {"steps": 9, "batch_size": 4}},
        "small": {"base": "world/base-small"},
    },
    "recipe": {"epochs": 2, "batch_size": 8, "learning_rate": 0.5},
    "studies": {name: {"model": "tiny", "strategy": "multi_task"} for name in ("a", "b", "c")},
}
SPEC = SweepSpec.model_validate(RAW)


def test_sources_have_keys_of_their_own() -> None:
    assert {key: one.paths for key, one in SPEC.sources.items()} == {
        "math": ("m.jsonl",),
        "math/short": ("s.jsonl",),
        "code": ("c.jsonl",),
    }


def test_benchmarks_have_keys_of_their_own_and_their_ability() -> None:
    found = {key: (ability, one.name) for key, (ability, one) in SPEC.benchmarks.items()}
    assert found == {"math": ("math", "world/math"), "math/gsm8k": ("math", "gsm8k")}


def test_a_model_changes_the_recipe_of_the_sweep() -> None:
    tiny, small = SPEC.recipe_of("tiny"), SPEC.recipe_of("small")
    assert (tiny.epochs, tiny.steps, tiny.batch_size, tiny.learning_rate) == (None, 9, 4, 0.5)
    assert small == SPEC.recipe


def test_some_studies_keep_their_order_and_leave_the_rest_as_it_is() -> None:
    found = SPEC.only(["c", "a"])
    assert (list(found.studies), found.name) == (["a", "c"], "t+a+c")
    whole = found.model_copy(update={"name": "t", "studies": SPEC.studies})
    assert whole.model_dump() == SPEC.model_dump()
    assert found.every_study == found.only(["a"]).every_study == SPEC.studies


def test_studies_that_are_not_there_are_all_named() -> None:
    with pytest.raises(InputError) as caught:
        SPEC.only(["a", "x", "y"])
    assert [(one.field, one.value, one.remedy) for one in caught.value.problems] == [
        ("only", name, "no such study; use one of a, b, c") for name in ("x", "y")
    ]
