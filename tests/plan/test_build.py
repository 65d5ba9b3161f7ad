"""A plan: points, shared stages, identity."""

from fractions import Fraction
from pathlib import Path

import pytest
import yaml
from example_plan import BASE, ROWS, SMALL, plan_of, stages_of, sweep

from raysft.composition.order import SourceIndex
from raysft.plan.build import build_plan
from raysft.plan.cost import cost
from raysft.plan.tree import BaseIdentity
from raysft.spec.sweep import SweepSpec


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
    sources = {
        name: SourceIndex(name, tuple(f"{name}-{n}" for n in range(count))) for name, count in SMALL.items()
    }
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


@pytest.mark.parametrize(
    "file", sorted((Path(__file__).parents[2] / "sweeps").glob("*.yaml")), ids=lambda file: file.stem
)
def test_every_sweep_file_is_valid(file: Path) -> None:
    raw = yaml.safe_load(file.read_text())
    assert not list(SweepSpec.model_validate(raw).problems())


def test_cost_counts_with_and_without_sharing() -> None:
    plan = plan_of(
        "s: {model: tiny, strategy: [mixed_sequential, {dmt: {k: 1/4}}]}",
        recipe={"epochs": 2, "batch_size": 64},
    )
    first, plain, replay = 2 * (64 + 256), 2 * 128, 2 * (128 + 16 + 64)
    totals = cost(plan)
    assert totals.conversation_epochs == first + plain + replay
    assert totals.conversation_epochs_without_sharing == 2 * first + plain + replay
    assert totals.steps == 2 * (5 + 2 + 4)
    assert (totals.stages, totals.stages_without_sharing) == (3, 4)
    assert totals.saving == pytest.approx((2 * first + plain + replay) / (first + plain + replay))


def test_a_fraction_that_rounds_to_nothing_still_takes_one() -> None:
    plan = plan_of("s: {model: tiny, strategy: {single: code}, amount: 1/4096}")
    (stage,) = plan.stages.values()
    assert stage.portions[0].count == 1
    assert stage.portions[0].count >= Fraction(1, 4096) * SMALL["code"]
