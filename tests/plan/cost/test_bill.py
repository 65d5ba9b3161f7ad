"""What a plan comes to, with and without sharing, in all and by study and model."""

import pytest
from support.example_plan import plan_of

from raysft.plan.cost.accelerators import accelerator
from raysft.plan.cost.bill import Bill, Machine, bill, stage_efforts
from raysft.plan.cost.compute import training_flops, training_hours
from raysft.plan.cost.model_shape import KNOWN
from raysft.plan.counts import count_points
from raysft.plan.token_counts import MeanTokens
from raysft.plan.tree import Plan

MACHINE = Machine(KNOWN["huggyllama/llama-7b"], accelerator("a100-80gb"))


def billed(plan: Plan) -> Bill:
    machines = {"tiny": MACHINE, "other": MACHINE}
    return bill(plan, stage_efforts(plan, lambda *_: MeanTokens(20, 10), machines), ("a", "b", "s"))


def test_with_and_without_sharing() -> None:
    plan = plan_of(
        "s: {model: tiny, strategy: [mixed_sequential, {dmt: {k: 1/4}}]}",
        recipe={"epochs": 2, "batch_size": 64, "precision": "bf16"},
    )
    first, plain, replay = 2 * (64 + 256), 2 * 128, 2 * (128 + 16 + 64)
    totals = billed(plan).whole
    assert totals.shared.conversation_epochs == first + plain + replay
    assert totals.one_run_per_point.conversation_epochs == 2 * first + plain + replay
    assert totals.shared.steps == 2 * (5 + 2 + 4)
    assert (totals.stages, totals.stages_without_sharing) == (3, 4)
    saved = (2 * first + plain + replay) / (first + plain + replay)
    assert totals.saved_against_one_run_per_point == pytest.approx(saved)
    assert totals.saved_against_dropping_equal_points == pytest.approx(saved)
    assert totals.shared.tokens == 20 * (first + plain + replay)
    assert totals.shared.supervised_tokens == 10 * (first + plain + replay)
    flops = sum(training_flops(MACHINE.shape, 20 * n, 20, targets=10 * n) for n in (first, plain, replay))
    assert totals.shared.flops == pytest.approx(flops)
    assert totals.shared.gpu_hours == pytest.approx(training_hours(flops, MACHINE.accelerator, "bf16"))
    assert totals.shared.cost == pytest.approx(totals.shared.gpu_hours * MACHINE.accelerator.price_per_hour)


def test_equal_points_of_two_studies_count_twice_and_cost_once() -> None:
    plan = plan_of(
        "{a: {model: tiny, strategy: [multi_task, sequential]}, b: {model: tiny, strategy: multi_task}}",
        recipe={"epochs": 1},
    )
    found = billed(plan)
    everything = 64 + 256 + 128
    assert (found.whole.points, found.whole.distinct_points) == (3, 2)
    assert count_points(plan)[:2] == (3, 2), "as whoever counts points without adding up says it"
    assert found.whole.one_run_per_point.conversation_epochs == 3 * everything
    assert found.whole.distinct_points_alone.conversation_epochs == 2 * everything
    assert found.whole.shared.conversation_epochs == 2 * everything
    assert found.whole.saved_against_dropping_equal_points == 1
    assert {study: one.points for study, one in found.by_study.items()} == {"a": 2, "b": 1}


def test_by_model_and_study() -> None:
    models = {
        "tiny": {"base": "world/base"},
        "other": {"base": "world/base", "recipe": {"epochs": 5}},
    }
    plan = plan_of(
        "{a: {model: [tiny, other], strategy: multi_task}, b: {model: other, strategy: {single: math}}}",
        models=models,
    )
    found = billed(plan)
    assert {model: one.points for model, one in found.by_model.items()} == {"tiny": 1, "other": 2}
    assert found.by_model_and_study["other"].keys() == {"a", "b"}
    assert found.by_model_and_study["other"]["b"].shared.conversation_epochs == 5 * 256
    parts = sum(one.shared.conversation_epochs for one in found.by_model.values())
    assert found.whole.shared.conversation_epochs == parts


def test_the_base_is_no_point() -> None:
    found = billed(plan_of("s: {model: tiny, strategy: base}"))
    assert found.whole.points == 0
    assert found.whole.saved_against_one_run_per_point is None
