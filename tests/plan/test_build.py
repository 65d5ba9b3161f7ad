"""A plan: points, shared stages, identity."""

import doctest
from fractions import Fraction
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from support.example_plan import BASE, ROWS, SMALL, index, plan_of, stages_of, sweep
from support.places import SWEEPS

import raysft.plan.build
from raysft.errors import InputError
from raysft.identity import fingerprint
from raysft.plan.build import build_plan
from raysft.plan.cost.bill import Effort, bill
from raysft.plan.tree import BaseIdentity, Plan, stage_fingerprint
from raysft.spec.checks import sweep_problems
from raysft.spec.sweep import SweepSpec


def test_the_example_of_the_docstring_holds() -> None:
    assert doctest.testmod(raysft.plan.build) == doctest.TestResults(failed=0, attempted=7)


def test_the_papers_counts_at_one_256th() -> None:
    plan = plan_of("s: {model: tiny, strategy: multi_task, amount: 1/256}", ROWS)
    (stage,) = plan.stages.values()
    assert {portion.ability: portion.count for portion in stage.portions} == {
        "math": 430,
        "code": 78,
        "general": 336,
    }


def test_stages_that_begin_alike_are_shared() -> None:
    plan = plan_of("s: {model: tiny, strategy: [mixed_sequential, {dmt: {k: 1/4}}, {dmt: {k: 1/16}}]}")
    first = {stages_of(plan, label)[0] for label in ("mixed_sequential", "dmt(k=1/4)", "dmt(k=1/16)")}
    assert len(first) == 1
    assert plan.users[first.pop()] == 3
    assert len(plan.stages) == 4


def test_dmt_without_replay_is_mixed_sequential() -> None:
    plan = plan_of("s: {model: tiny, strategy: [mixed_sequential, {dmt: {k: 0}}]}")
    assert stages_of(plan, "mixed_sequential") == stages_of(plan, "dmt(k=0)")
    assert len(plan.points) == 2, "the base, and one point with two cells"


def test_single_is_the_first_stage_of_sequential() -> None:
    plan = plan_of("s: {model: tiny, strategy: [sequential, {single: code}]}")
    assert stages_of(plan, "sequential")[:1] == stages_of(plan, "single(code)")
    assert [plan.stages[stage].portions[0].ability for stage in stages_of(plan, "sequential")] == [
        "code",
        "math",
        "general",
    ]


def test_equal_cells_of_two_studies_are_one_point() -> None:
    plan = plan_of("{a: {model: tiny, strategy: multi_task}, b: {model: tiny, strategy: [multi_task, base]}}")
    assert len(plan.points) == 2
    assert {cell.study for point in plan.points for cell in point.cells} == {"a", "b"}


def test_the_base_is_a_row_of_every_study_and_has_no_axes_of_data() -> None:
    plan = plan_of("s: {model: tiny, strategy: multi_task, seed: [0, 1]}")
    bases = [point for point in plan.points if not point.stages]
    assert len(bases) == 1
    assert [(cell.amount, cell.seed) for cell in bases[0].cells] == [(None, None)]


def test_names_are_not_identity_and_content_is() -> None:
    study = "s: {model: tiny, strategy: multi_task, amount: 1/2}"
    first = plan_of(study)
    assert (
        plan_of("renamed: {model: other, strategy: multi_task, amount: 1/2}").stages.keys()
        == first.stages.keys()
    )
    assert plan_of(study, recipe={"epochs": 4}).stages.keys() != first.stages.keys()
    assert (
        plan_of(study, base=BaseIdentity("w2", "tokenizer", "template")).stages.keys() != first.stages.keys()
    )
    assert plan_of(study, {**SMALL, "math": 255}).stages.keys() != first.stages.keys()


def test_one_more_axis_value_changes_no_other_point() -> None:
    small = plan_of("s: {model: tiny, strategy: [multi_task, sequential], seed: [0]}")
    grown = plan_of("s: {model: tiny, strategy: [multi_task, sequential, {dmt: {k: 1/2}}], seed: [0, 1]}")
    assert set(small.by_fingerprint) < set(grown.by_fingerprint)


def test_replay_takes_a_prefix_of_the_same_order() -> None:
    sources = {name: index(name, count) for name, count in SMALL.items()}
    plan = build_plan(
        sweep("s: {model: tiny, strategy: {dmt: {k: 1/4}}, amount: 1/2, seed: 3}"),
        sources,
        {"tiny": BASE, "other": BASE},
    )
    first, second = (plan.stages[stage] for stage in stages_of(plan, "dmt(k=1/4)"))
    for ability in ("code", "math"):
        whole = next(one for one in first.portions if one.ability == ability)
        replay = next(one for one in second.portions if one.ability == ability)
        assert replay.count == whole.count // 4
        assert set(sources[ability].prefix(3, replay.count)) < set(sources[ability].prefix(3, whole.count))


def test_ratio_multiplies_the_amount() -> None:
    plan = plan_of("s: {model: tiny, strategy: multi_task, amount: 1/2, ratio: {general: 1/4}}")
    (stage,) = plan.stages.values()
    assert {portion.ability: portion.count for portion in stage.portions} == {
        "code": 32,
        "math": 128,
        "general": 16,
    }


def test_subset_seed_holds_the_choice_apart_from_the_order() -> None:
    plan = plan_of("s: {model: tiny, strategy: multi_task, amount: 1/4, seed: [1, 2], subset_seed: 9}")
    first, second = plan.stages.values()
    assert [one.digest for one in first.portions] == [one.digest for one in second.portions]
    assert first.fingerprint != second.fingerprint


@pytest.mark.parametrize("file", sorted(SWEEPS.glob("*.yaml")), ids=lambda file: file.stem)
def test_every_sweep_file_is_valid(file: Path) -> None:
    spec = SweepSpec.model_validate(yaml.safe_load(file.read_text()))
    assert not list(sweep_problems(spec))


def test_a_fraction_that_rounds_to_nothing_still_takes_one() -> None:
    plan = plan_of("s: {model: tiny, strategy: {single: code}, amount: 1/4096}")
    (stage,) = plan.stages.values()
    assert stage.portions[0].count == 1
    assert stage.portions[0].count >= Fraction(1, 4096) * SMALL["code"]


def counts(plan: Plan, strategy: str = "multi_task") -> dict[str, int]:
    (address,) = stages_of(plan, strategy)
    return {portion.source: portion.count for portion in plan.stages[address].portions}


def test_equal_counts_in_place_of_equal_shares() -> None:
    plan = plan_of("s: {model: tiny, strategy: multi_task, amount: {count: 60}, ratio: {math: 1/2}}")
    assert counts(plan) == {"code": 60, "math": 30, "general": 60}


def test_a_budget_of_supervised_tokens_takes_the_longest_prefix() -> None:
    plan = plan_of("s: {model: tiny, strategy: multi_task, amount: {supervised_tokens: 325}}")
    assert counts(plan) == {"code": 32, "math": 32, "general": 32}


def test_a_study_may_take_some_of_the_abilities_in_its_own_order() -> None:
    plan = plan_of("s: {model: tiny, strategy: [sequential, multi_task], abilities: [math, general]}")
    assert counts(plan) == {"math": 256, "general": 128}
    assert [plan.stages[one].portions[0].ability for one in stages_of(plan, "sequential")] == [
        "math",
        "general",
    ]


def test_repeats_within_an_epoch_need_leave() -> None:
    study = "s: {model: tiny, strategy: multi_task, ratio: {code: 3}, max_repeats: 3}"
    plan = plan_of(study)
    assert counts(plan) == {"code": 192, "math": 256, "general": 128}
    (stage,) = plan.stages.values()
    once = index("code", 64)
    assert once.prefix(0, 192) == once.prefix(0, 64) * 3
    assert stage.portions[0].digest == once.prefix_digest(0, 192) != once.prefix_digest(0, 64)


def test_everything_that_asks_for_too_much_is_named_at_once() -> None:
    with pytest.raises(InputError) as wrong:
        plan_of(
            "{a: {model: tiny, strategy: multi_task, amount: [{count: 65}, {count: 300}]},"
            " b: {model: tiny, strategy: {single: code}, hold: {steps: 2000, max_epochs: 5}},"
            " c: {model: tiny, strategy: {single: math}, amount: {supervised_tokens: 2700}}}"
        )
    fields = [problem.field for problem in wrong.value.problems]
    assert fields == ["studies.a.amount"] * 4 + ["studies.b.hold", "studies.c.amount"]
    assert "code has 64" in wrong.value.problems[0].remedy
    assert "max_repeats: 2" in wrong.value.problems[0].remedy
    assert "max_epochs: 2000" in wrong.value.problems[4].remedy


def test_another_source_of_an_ability() -> None:
    abilities = {name: {"source": f"world/{name}"} for name in SMALL}
    abilities["general"]["variants"] = {"short": "world/general"}
    plan = plan_of(
        "s: {model: tiny, strategy: multi_task, variant: [{}, {general: short}]}",
        {**SMALL, "general/short": 40},
        abilities=abilities,
    )
    mixtures = [{one.source: one.count for one in stage.portions} for stage in plan.stages.values()]
    assert mixtures == [SMALL, {"code": 64, "math": 256, "general/short": 40}]
    assert [one.ability for one in list(plan.stages.values())[1].portions] == ["code", "math", "general"]


def test_recipes_change_by_model_then_study_then_stage() -> None:
    models = {"tiny": {"base": "world/base", "recipe": {"batch_size": 32, "epochs": 2}}}
    plan = plan_of(
        "s: {model: tiny, recipe: {batch_size: 16}, strategy: {stages: [{math: 1}, {mixture: {code: 1},"
        " recipe: {learning_rate: 1.0e-5}}]}}",
        models={**models, "other": {"base": "world/base"}},
    )
    first, second = plan.stages.values()
    assert (first.recipe.batch_size, first.recipe.epochs, first.recipe.learning_rate) == (16, 2, 2e-5)
    assert (second.recipe.batch_size, second.recipe.epochs, second.recipe.learning_rate) == (16, 2, 1e-5)


def test_a_change_that_changes_nothing_is_the_same_stage() -> None:
    plan = plan_of("s: {model: tiny, strategy: multi_task, recipe: [{batch_size: 128}, {batch_size: 16}]}")
    usual = plan_of("s: {model: tiny, strategy: multi_task}")
    assert usual.stages.keys() < plan.stages.keys()
    assert len(plan.stages) == 2


@given(
    st.integers(1, 400), st.sampled_from(["multi_task", "sequential", "mixed_sequential", "{dmt: {k: 1/4}}"])
)
def test_held_steps_are_the_steps_of_every_point(steps: int, strategy: str) -> None:
    plan = plan_of(
        f"s: {{model: tiny, strategy: {strategy}, amount: [1, 1/4, 1/16],"
        f" hold: {{steps: {steps}, max_epochs: 1000}}}}",
        recipe={"batch_size": 8},
    )
    for point in plan.points:
        if point.stages:
            held = max(steps, len(point.stages))
            assert sum(plan.stages[stage].steps for stage in point.stages) == held


def test_held_tokens_become_steps() -> None:
    plan = plan_of(
        "s: {model: tiny, strategy: {single: math}, amount: [1, 1/16], hold: {supervised_tokens: 2560}}",
        recipe={"batch_size": 8},
    )
    assert [stage.steps for stage in plan.stages.values()] == [32, 32]
    assert [stage.recipe.epochs for stage in plan.stages.values()] == [1, 16]


def test_a_point_held_at_what_it_has_anyway_is_the_same_point() -> None:
    usual = plan_of("s: {model: tiny, strategy: {single: math}}", recipe={"batch_size": 8})
    held = plan_of("s: {model: tiny, strategy: {single: math}, hold: {steps: 96}}", recipe={"batch_size": 8})
    assert usual.stages.keys() == held.stages.keys()


def test_a_further_point_changes_no_other_of_a_held_study() -> None:
    recipe = {"batch_size": 8}
    few = plan_of(
        "s: {model: tiny, strategy: multi_task, amount: [1, 1/4], hold: {steps: 90}}", recipe=recipe
    )
    more = plan_of(
        "s: {model: tiny, strategy: multi_task, amount: [1, 1/4, 1/8], hold: {steps: 90}}", recipe=recipe
    )
    assert few.stages.keys() < more.stages.keys()


def test_a_large_plan_has_the_fingerprints_of_a_small_one() -> None:
    plan = plan_of("s: {model: [tiny, other], strategy: [multi_task, {dmt: {k: 1/4}}], seed: [0, 1]}")
    for stage in plan.stages.values():
        same = stage_fingerprint(stage.base, stage.parent, stage.portions, stage.recipe, stage.seed)
        assert stage.fingerprint == same
    for point in plan.points:
        defining = {"base": plan.base_of(point).fingerprint, "stages": point.stages}
        assert point.fingerprint == fingerprint("point", 1, defining)


def test_models_that_differ_in_what_a_cell_leaves_alike_have_a_cell_each() -> None:
    models = {
        "tiny": {"base": "world/base", "recipe": {"learning_rate": 1.0e-3}},
        "other": {"base": "world/base", "recipe": {"learning_rate": 2.0e-3}},
    }
    text = "s: {model: [tiny, other], strategy: multi_task, recipe: [{}, {learning_rate: 1.0e-3}]}"
    plan = plan_of(text, models=models)
    cells = [(cell.model, cell.recipe, len(point.stages)) for point in plan.points for cell in point.cells]
    assert sorted(cells) == [
        *[("other", "", 0), ("other", "", 1), ("other", "learning_rate=0.001", 1)],
        *[("tiny", "", 0), ("tiny", "", 1), ("tiny", "learning_rate=0.001", 1)],
    ]
    assert len(plan.stages) == 2
    added = bill(plan, dict.fromkeys(plan.stages, Effort(conversation_epochs=1)), ["s"])
    assert {model: (one.points, one.distinct_points) for model, one in added.by_model.items()} == {
        "tiny": (2, 1),
        "other": (2, 2),
    }
    assert (added.whole.points, added.whole.distinct_points) == (4, 2)


def test_an_expected_budget_near_all_is_all() -> None:
    """What is expected, or sampled, is off by some per cent: a run, which counts, may well have enough."""
    plan = plan_of("s: {model: tiny, strategy: {single: math}, amount: {supervised_tokens: 2600}}")
    assert [stage.mixture() for stage in plan.stages.values()] == [{"math": 256}]
