"""Content addresses: one spelling, and every field of a sweep file either defines a result or does not."""

import json
import subprocess
import sys
from collections.abc import Iterator
from enum import Enum
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel
from support.example_plan import plan_of
from support.places import ROOT

from raysft.identity import canonical, canonical_bytes, digest_lines, fingerprint
from raysft.spec import (
    AbilitySpec,
    Axes,
    BenchmarkSpec,
    Contamination,
    CostSpec,
    DropRule,
    EvaluationSpec,
    Hold,
    ModelSpec,
    NearDuplicates,
    ObjectiveSpec,
    PartSpec,
    PowerSpec,
    RatioPoint,
    Recipe,
    RecipeChange,
    RunSpec,
    ScratchSpec,
    ShapeSpec,
    SourceSpec,
    Study,
    SweepSpec,
)
from raysft.train.schedule import learning_rate

DEFINES_STAGE, DEFINES_SCORE, SAYS_HOW = "defines a stage", "defines a score", "says how"

FIELDS: dict[type[BaseModel], dict[str, str]] = {
    SweepSpec: {
        "name": SAYS_HOW,
        "data_dir": SAYS_HOW,
        "abilities": DEFINES_STAGE,
        "models": DEFINES_STAGE,
        "recipe": DEFINES_STAGE,
        "studies": DEFINES_STAGE,
        "evaluation": DEFINES_SCORE,
        "run": SAYS_HOW,
        "cost": SAYS_HOW,
        "power": SAYS_HOW,
        "objective": SAYS_HOW,
    },
    # A source defines a stage through the digest of the conversations that come out of it, so that the same
    # conversations from another file or format are the same stage; its path is no identity.
    AbilitySpec: {
        "source": DEFINES_STAGE,
        "variants": DEFINES_STAGE,
        "benchmark": DEFINES_SCORE,
        "report": DEFINES_SCORE,
    },
    PartSpec: dict.fromkeys(PartSpec.model_fields, DEFINES_STAGE),
    DropRule: dict.fromkeys(DropRule.model_fields, DEFINES_STAGE),
    NearDuplicates: dict.fromkeys(NearDuplicates.model_fields, DEFINES_STAGE),
    Contamination: dict.fromkeys(Contamination.model_fields, DEFINES_STAGE),
    SourceSpec: {
        "path": DEFINES_STAGE,
        "join": DEFINES_STAGE,
        "format": DEFINES_STAGE,
        "rows": DEFINES_STAGE,
        # What a plan expects while the data is not here; the data itself decides in the end.
        "kept": SAYS_HOW,
        "tokens": SAYS_HOW,
        "supervised_tokens": SAYS_HOW,
        "limit": DEFINES_STAGE,
        "held_out": DEFINES_STAGE,
        "clean": DEFINES_STAGE,
        "drop": DEFINES_STAGE,
        "duplicates": DEFINES_STAGE,
        "near_duplicates": DEFINES_STAGE,
        "contamination": DEFINES_STAGE,
        "on_bad_row": DEFINES_STAGE,
        # Refuses a source, and never changes what is read of it.
        "max_bad_rows": SAYS_HOW,
    },
    BenchmarkSpec: {
        "name": DEFINES_SCORE,
        "metric": DEFINES_SCORE,
        "path": DEFINES_SCORE,
        "references": DEFINES_SCORE,
        "limit": DEFINES_SCORE,
        "max_new_tokens": DEFINES_SCORE,
        "stop": DEFINES_SCORE,
    },
    # A base defines a stage through the digests of its weights, tokenizer and chat template.
    ModelSpec: {
        "base": DEFINES_STAGE,
        "revision": DEFINES_STAGE,
        "template": DEFINES_STAGE,
        "template_inputs": DEFINES_STAGE,
        "template_losses": SAYS_HOW,
        "recipe": DEFINES_STAGE,
        "shape": SAYS_HOW,
        "accelerator": SAYS_HOW,
        "workers": SAYS_HOW,
        "gpus_per_worker": SAYS_HOW,
        "backend": SAYS_HOW,
        "micro_batch_tokens": SAYS_HOW,
        "layout": SAYS_HOW,
    },
    ScratchSpec: dict.fromkeys(ScratchSpec.model_fields, DEFINES_STAGE),
    ShapeSpec: dict.fromkeys(ShapeSpec.model_fields, SAYS_HOW),
    Recipe: dict.fromkeys(Recipe.model_fields, DEFINES_STAGE),
    RecipeChange: dict.fromkeys(RecipeChange.model_fields, DEFINES_STAGE),
    Axes: dict.fromkeys(Axes.model_fields, DEFINES_STAGE),
    RatioPoint: dict.fromkeys(RatioPoint.model_fields, DEFINES_STAGE),
    Hold: dict.fromkeys(Hold.model_fields, DEFINES_STAGE),
    Study: {**dict.fromkeys(Study.model_fields, DEFINES_STAGE), "benchmarks": DEFINES_SCORE},
    CostSpec: dict.fromkeys(CostSpec.model_fields, SAYS_HOW),
    PowerSpec: dict.fromkeys(PowerSpec.model_fields, SAYS_HOW),
    ObjectiveSpec: dict.fromkeys(ObjectiveSpec.model_fields, SAYS_HOW),
    EvaluationSpec: {
        "stages": SAYS_HOW,
        "engine": DEFINES_SCORE,
        "engine_version": DEFINES_SCORE,
        "precision": DEFINES_SCORE,
        "gpus_per_engine": SAYS_HOW,
        "engine_resource": SAYS_HOW,
        # In bf16 alone: there the last bits of an answer depend on what is answered beside it.
        "batch_size": DEFINES_SCORE,
        "shard_size": DEFINES_SCORE,
    },
    RunSpec: dict.fromkeys(RunSpec.model_fields, SAYS_HOW),
}

OTHER_RECIPE = {
    "epochs": 4,
    "steps": 7,
    "batch_size": 16,
    "learning_rate": 1e-3,
    "schedule": "linear",
    "warmup": 0.1,
    "decay": 0.5,
    "final_rate": 0.1,
    "weight_decay": 0.1,
    "beta1": 0.8,
    "beta2": 0.95,
    "epsilon": 1e-6,
    "clip": None,
    "max_length": 64,
    "overflow": "cut",
    "loss": "conversation",
    "precision": "bf16",
    "weights_dtype": "bf16",
}
OTHER_MODEL = {
    "workers": 2,
    "gpus_per_worker": 1,
    "micro_batch_tokens": 64,
    "layout": "packed",
    "accelerator": "l4",
    "template_losses": "count",
    "shape": {"hidden_size": 8, "layers": 1, "heads": 1, "feed_forward": 8, "vocabulary": 300},
}
STUDY = "s: {model: tiny, strategy: [multi_task, sequential, {dmt: {k: 1/4}}], amount: 1/2}"

words = st.text(st.characters(codec="utf-8"), max_size=6)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=6,
)


def parts(model: type[BaseModel], seen: set[type[BaseModel]]) -> Iterator[type[BaseModel]]:
    """Every model of the spec package that a sweep file is made of."""
    if model in seen:
        return
    seen.add(model)
    yield model
    for field in model.model_fields.values():
        for inner in mentioned(field.annotation):
            yield from parts(inner, seen)


def mentioned(annotation: object) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        if annotation.__module__.startswith("raysft.spec."):
            yield annotation
        return
    for inner in getattr(annotation, "__args__", ()):
        yield from mentioned(inner)


def test_every_part_of_a_sweep_file_is_in_the_table() -> None:
    assert set(parts(SweepSpec, set())) == FIELDS.keys()


@pytest.mark.parametrize("model", FIELDS, ids=lambda model: model.__name__)
def test_every_field_defines_a_result_or_says_how(model: type[BaseModel]) -> None:
    assert model.model_fields.keys() == FIELDS[model].keys()


IN_EFFECT = {"decay": {"schedule": "wsd"}}
"""Of a field, what another one must be for it to change anything."""
WITHOUT_EFFECT: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({}, {"decay": 0.5}),
    ({"schedule": "linear"}, {"decay": 0.5}),
    ({"schedule": "constant"}, {"decay": 0.5}),
    ({"schedule": "constant"}, {"final_rate": 0.3}),
    ({"schedule": "constant"}, {"schedule": "linear", "final_rate": 1.0}),
    ({"schedule": "cosine", "final_rate": 1.0}, {"schedule": "wsd", "decay": 0.7}),
]
"""Recipes, and changes of them that leave every update as it is."""


def test_every_field_of_a_recipe_changes_every_stage() -> None:
    assert OTHER_RECIPE.keys() == Recipe.model_fields.keys()
    for field, value in OTHER_RECIPE.items():
        recipe = IN_EFFECT.get(field, {})
        usual = plan_of(STUDY, recipe=recipe).stages.keys()
        assert plan_of(STUDY, recipe={**recipe, field: value}).stages.keys().isdisjoint(usual), field


@pytest.mark.parametrize(("recipe", "change"), WITHOUT_EFFECT)
def test_a_field_that_another_puts_out_of_effect_changes_no_stage(
    recipe: dict[str, Any], change: dict[str, Any]
) -> None:
    one, other = Recipe.model_validate(recipe), Recipe.model_validate({**recipe, **change})
    assert [*plan_of(STUDY, recipe=recipe).stages] == [*plan_of(STUDY, recipe=other.model_dump()).stages]
    for steps in (1, 7, 100):
        rates = [learning_rate(one, step, steps) for step in range(1, steps + 1)]
        assert rates == [learning_rate(other, step, steps) for step in range(1, steps + 1)]


def test_what_says_how_changes_no_stage() -> None:
    usual = list(plan_of(STUDY).stages)
    assert list(plan_of(STUDY, name="other", data_dir="/elsewhere").stages) == usual
    for field, value in OTHER_MODEL.items():
        models = {name: {"base": "world/base", field: value} for name in ("tiny", "other")}
        assert list(plan_of(STUDY, models=models).stages) == usual, field
    hows = {name for name, kind in FIELDS[ModelSpec].items() if kind == SAYS_HOW}
    assert hows == OTHER_MODEL.keys() | {"backend"}, "there is one backend to choose from"
    run = {"trials_at_once": 7, "resume_every_s": 1.0, "attempts": 1}
    evaluation = {"stages": "leaves", "batch_size": 3, "shard_size": 5}
    assert list(plan_of(STUDY, run=run, evaluation=evaluation).stages) == usual


def test_the_seed_defines_every_stage() -> None:
    seeded = STUDY.replace("amount: 1/2", "amount: 1/2, seed: 1")
    assert plan_of(STUDY).stages.keys().isdisjoint(plan_of(seeded).stages.keys())


@given(json_values)
def test_canonical_bytes_are_json_that_reads_back_equal(value: Any) -> None:
    assert json.loads(canonical_bytes(value)) == value


@given(st.dictionaries(words, json_values, max_size=4), st.randoms(use_true_random=False))
def test_the_order_of_keys_does_not_matter(value: dict[str, Any], random: Any) -> None:
    shuffled = list(value.items())
    random.shuffle(shuffled)
    assert canonical_bytes(dict(shuffled)) == canonical_bytes(value)


@given(json_values, json_values)
def test_values_that_differ_have_bytes_that_differ(one: Any, other: Any) -> None:
    if canonical_bytes(one) == canonical_bytes(other):
        assert one == other


class Colour(Enum):
    RED = "red"


@pytest.mark.parametrize(
    ("value", "bytes_"),
    [
        (Fraction(1, 256), b'"1/256"'),
        (Fraction(2, 2), b'"1"'),
        (-0.0, b"0.0"),
        (Colour.RED, b'"red"'),
        ((1, [2.5, None]), b"[1,[2.5,null]]"),
        ({"b": True, "ä": 1}, '{"b":true,"ä":1}'.encode()),
        (RunSpec(), b'{"attempts":3,"resume_every_s":30.0,"trials_at_once":2}'),
    ],
)
def test_a_value_has_one_spelling(value: object, bytes_: bytes) -> None:
    assert canonical_bytes(value) == bytes_


def nothing() -> None:
    """A callable has no stable bytes."""


@pytest.mark.parametrize(
    "value",
    [nothing, {1, 2}, float("nan"), float("inf"), b"raw", memoryview(b"raw"), {1: 2}, object(), [{"a": {1}}]],
    ids=str,
)
def test_a_value_without_stable_bytes_is_an_error(value: object) -> None:
    with pytest.raises(TypeError):
        canonical(value)


def test_half_a_surrogate_pair_is_an_error() -> None:
    with pytest.raises(UnicodeEncodeError):
        canonical_bytes("\ud800")


def test_kind_and_version_separate_results() -> None:
    defining = {"seed": 1}
    found = {
        fingerprint("stage", 1, defining),
        fingerprint("stage", 2, defining),
        fingerprint("score", 1, defining),
    }
    assert len(found) == 3
    assert all(len(one) == 32 for one in found)


lines = st.text(st.characters(codec="utf-8", exclude_characters="\n"), max_size=6)


@given(st.lists(lines), st.lists(lines))
def test_digests_of_lists_are_equal_only_for_equal_lists(one: list[str], other: list[str]) -> None:
    assert (digest_lines(one) == digest_lines(other)) == (one == other)


def test_a_line_feed_inside_a_line_is_refused() -> None:
    with pytest.raises(ValueError, match="line feed"):
        digest_lines(["a\nb"])


def test_addresses_do_not_depend_on_the_process() -> None:
    defining: dict[str, object] = {"mixture": ["b", "a"], "share": Fraction(1, 4), "recipe": Recipe()}
    code = (
        "from fractions import Fraction\nfrom raysft.identity import fingerprint\n"
        "from raysft.spec import Recipe\n"
        "print(fingerprint('stage', 1,"
        " {'recipe': Recipe(), 'share': Fraction(1, 4), 'mixture': ['b', 'a']}))"
    )
    said = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={"PYTHONHASHSEED": "7"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert said.stdout.strip() == fingerprint("stage", 1, defining)
