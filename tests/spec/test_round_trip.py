"""A sweep that is written out and read back is the same sweep, through YAML as well as through JSON."""

import json
from fractions import Fraction
from typing import Any

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from raysft.spec import RecipeChange, SourceSpec, Study, SweepSpec
from raysft.spec.grid import choices

ABILITIES = ("code", "math", "general")
FRACTIONS = st.fractions(min_value=Fraction(1, 512), max_value=1, max_denominator=512).map(str)
ABILITY = st.sampled_from(ABILITIES)
RATE = st.floats(1e-9, 1, exclude_max=True, allow_subnormal=False)

CHANGES: st.SearchStrategy[dict[str, Any]] = st.one_of(
    st.just({}),
    st.fixed_dictionaries({"epochs": st.integers(1, 9)}),
    st.fixed_dictionaries({"steps": st.integers(1, 9)}, optional={"learning_rate": RATE}),
    st.fixed_dictionaries(
        {},
        optional={
            "batch_size": st.integers(1, 512),
            "clip": st.none() | RATE,
            "schedule": st.sampled_from(["cosine", "linear", "constant", "wsd"]),
            "warmup": RATE,
            "overflow": st.sampled_from(["cut", "split", "drop"]),
        },
    ),
)
STRATEGIES = st.one_of(
    st.sampled_from(["base", "multi_task", "sequential", "mixed_sequential"]),
    st.builds(lambda one: {"single": one}, ABILITY),
    st.builds(lambda order: {"sequential": order}, st.permutations(ABILITIES) | st.just("all")),
    st.builds(
        lambda k: {"dmt": {"k": k}},
        FRACTIONS | st.dictionaries(st.sampled_from(["code", "math"]), FRACTIONS),
    ),
    st.builds(
        lambda shares, change: {"stages": [{"mixture": shares, "recipe": change}]},
        st.dictionaries(ABILITY, FRACTIONS, min_size=1),
        CHANGES.filter(bool),
    ),
)
AMOUNTS = st.one_of(
    FRACTIONS,
    st.builds(lambda number: {"count": number}, st.integers(1, 10**6)),
    st.builds(
        lambda each: {"supervised_tokens": each},
        st.fixed_dictionaries(dict.fromkeys(ABILITIES, st.integers(1, 10**9))),
    ),
)
RATIOS = st.dictionaries(ABILITY, FRACTIONS)
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "model": st.sampled_from(["tiny", "small"]),
    "strategy": STRATEGIES,
    "amount": AMOUNTS,
    "ratio": st.one_of(RATIOS, st.builds(lambda factors: {"a_name": factors}, RATIOS)),
    "variant": st.dictionaries(ABILITY, st.just("other")),
    "recipe": CHANGES,
    "seed": st.integers(0, 2**32 - 1),
}


@st.composite
def studies(draw: st.DrawFn) -> dict[str, Any]:
    """As a user may write one: single values and lists, some axes linked, some cells excluded."""
    linked = draw(st.lists(st.sampled_from(sorted(VALUES)), unique=True, max_size=3))
    linked = linked if len(linked) > 1 else []
    free = {"model", "strategy", *draw(st.sets(st.sampled_from(sorted(VALUES))))} - set(linked)
    study: dict[str, Any] = {axis: draw(_one_or_list(VALUES[axis])) for axis in sorted(free)}
    if linked:
        length = draw(st.integers(1, 3))
        study["linked"] = {
            axis: draw(st.lists(VALUES[axis], min_size=length, max_size=length)) for axis in linked
        }
    if isinstance(study.get("seed"), list):
        study["exclude"] = [{"seed": study["seed"][0]}]
    return study | draw(
        st.fixed_dictionaries(
            {},
            optional={
                "abilities": st.lists(ABILITY, unique=True, min_size=1),
                "hold": st.sampled_from(["epochs", {"steps": 5}, {"supervised_tokens": 7, "max_epochs": 2}]),
                "subset_seed": st.integers(0, 9),
                "max_repeats": st.integers(1, 4),
                "benchmarks": st.sampled_from(["select", "report", "all"]),
            },
        )
    )


def _one_or_list(value: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return value | st.lists(value, min_size=1, max_size=3)


def again(spec: Any) -> Any:
    """Through YAML as `raysft` writes a sweep, and through JSON as the store keeps it."""
    as_yaml = yaml.safe_load(yaml.safe_dump(spec.model_dump(mode="json"), sort_keys=False))
    assert json.loads(spec.model_dump_json()) == as_yaml
    return type(spec).model_validate(as_yaml)


@settings(max_examples=40)
@given(studies())
def test_a_study_reads_back_with_the_same_cells(raw: dict[str, Any]) -> None:
    spec = Study.model_validate(raw)
    found = again(spec)
    assert found == spec
    assert list(choices(found, ABILITIES)) == list(choices(spec, ABILITIES))
    assert again(found).model_dump_json() == spec.model_dump_json()


@settings(max_examples=40)
@given(CHANGES)
def test_a_change_reads_back_with_no_more_and_no_less(raw: dict[str, Any]) -> None:
    change = RecipeChange.model_validate(raw)
    assert again(change) == change
    assert set(again(change).written) == set(raw)


SOURCES = st.one_of(
    st.sampled_from(["world/math", "a.jsonl"]),
    st.lists(st.sampled_from(["a.jsonl", "b.jsonl"]), min_size=1),
    st.builds(
        lambda weight, form: {"join": [{"path": "a.jsonl", "weight": weight, "format": form}, "b.jsonl"]},
        st.fractions(min_value=Fraction(1, 9), max_value=99, max_denominator=9).map(str),
        st.sampled_from(["auto", "alpaca", "text"]),
    ),
    st.fixed_dictionaries(
        {"path": st.just("hf://owner/name")},
        optional={
            "rows": st.integers(1, 10**6),
            "held_out": st.integers(0, 99),
            "drop": st.lists(
                st.sampled_from(
                    [{"any_of": "x"}, {"none_of": ["en"], "field": "lang"}, {"matches": "a+", "role": "user"}]
                )
            ),
            "near_duplicates": st.sampled_from([None, {}, {"similarity": 0.5}]),
            "contamination": st.sampled_from([None, {"mode": "remove"}]),
        },
    ),
)


@settings(max_examples=40)
@given(SOURCES)
def test_a_source_reads_back(raw: object) -> None:
    spec = SourceSpec.model_validate(raw)
    assert again(spec) == spec
    assert again(spec).parts == spec.parts


@settings(max_examples=30)
@given(studies(), SOURCES, CHANGES, st.dictionaries(ABILITY, st.floats(-9, 9)))
def test_a_sweep_reads_back(
    study: dict[str, Any], source: object, change: dict[str, Any], floors: dict[str, float]
) -> None:
    shape = {"hidden_size": 64, "layers": 2, "heads": 2, "feed_forward": 128, "vocabulary": 512}
    spec = SweepSpec.model_validate(
        {
            "name": "t",
            "abilities": {
                "math": {
                    "source": source,
                    "benchmark": "world/math",
                    "report": {"name": "mbpp", "path": "x"},
                },
                "general": {"source": "world/general", "variants": {"other": source}},
            },
            "models": {"tiny": {"base": "world/base", "recipe": change}, "small": {"base": shape}},
            "recipe": change,
            "studies": {"s": study},
            "power": {"spread": {"world/math": 0.5}},
            "objective": {"maximise": "math", "floors": floors},
        }
    )
    found = again(spec)
    assert found == spec
    assert list(found.abilities) == ["math", "general"], "their order is the order of training"
    assert found.recipe_of("tiny") == spec.recipe_of("tiny")
