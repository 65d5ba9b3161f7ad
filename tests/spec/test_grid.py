"""Cells of a grid: products, linked axes, exclusions, strategies that stand for several."""

import pytest
import yaml

from raysft.spec.grid import choices
from raysft.spec.study import Study

ABILITIES = ("code", "math", "general")


def said(study: str) -> list[tuple[str, str, str, int]]:
    spec = Study.model_validate(yaml.safe_load(study))
    return [(one.model, one.strategy.label, str(one.amount), one.seed) for one in choices(spec, ABILITIES)]


def test_the_seed_varies_fastest_and_the_model_slowest() -> None:
    found = said("{model: [a, b], strategy: [multi_task, sequential], seed: [0, 1]}")
    assert found[:3] == [
        ("a", "multi_task", "1", 0),
        ("a", "multi_task", "1", 1),
        ("a", "sequential", "1", 0),
    ]
    assert len(found) == 8


def test_linked_axes_go_side_by_side() -> None:
    found = said("{strategy: multi_task, seed: [0, 1], linked: {model: [a, b], amount: [1, 1/4]}}")
    assert found == [
        ("a", "multi_task", "1", 0),
        ("a", "multi_task", "1", 1),
        ("b", "multi_task", "1/4", 0),
        ("b", "multi_task", "1/4", 1),
    ]


def test_a_linked_strategy_that_stands_for_several_keeps_its_partner() -> None:
    found = said("{model: a, linked: {strategy: [{sequential: all}, multi_task], amount: [1/4, 1]}}")
    assert [amount for _, _, amount, _ in found] == ["1/4"] * 6 + ["1"]


def test_an_exclusion_leaves_out_what_has_all_of_its_values() -> None:
    found = said(
        "{model: [a, b], strategy: [multi_task, sequential], amount: [1, 1/4],"
        " exclude: [{model: b, amount: [1, 1/4], strategy: sequential}, {model: a, amount: 1/4}]}"
    )
    assert [one[:3] for one in found] == [
        ("a", "multi_task", "1"),
        ("a", "sequential", "1"),
        ("b", "multi_task", "1"),
        ("b", "multi_task", "1/4"),
    ]


def test_an_excluded_change_leaves_out_that_change_alone() -> None:
    spec = Study.model_validate(
        yaml.safe_load(
            "{model: a, strategy: multi_task, recipe: [{}, {epochs: 3}, {batch_size: 128}],"
            " exclude: {recipe: {epochs: 3}}}"
        )
    )
    assert [one.recipe.label for one in choices(spec, ABILITIES)] == ["", "batch_size=128"]


def test_one_order_of_all_may_be_excluded() -> None:
    found = said(
        "{model: a, strategy: {sequential: all}, exclude: {strategy: {sequential: [math, code, general]}}}"
    )
    assert len(found) == 5
    assert "sequential(order=math>code>general)" not in [one[1] for one in found]


def test_ratios_may_have_names() -> None:
    spec = Study.model_validate(
        yaml.safe_load("{model: a, strategy: multi_task, ratio: {plain: {}, little: {general: 1/4}}}")
    )
    assert [(one.ratio.name, dict(one.ratio.factors)) for one in choices(spec, ABILITIES)] == [
        ("plain", {}),
        ("little", {"general": spec.ratio[1].factors["general"]}),
    ]


@pytest.mark.parametrize(
    ("study", "said_"),
    [
        ("{model: [], strategy: multi_task}", "model\n  Value should have at least 1 item"),
        ("{model: a, strategy: multi_task, linked: {model: [a], seed: [0]}}", "model: is given twice"),
        ("{strategy: multi_task, linked: {model: [a, b], seed: [0]}}", "equally many values"),
        ("{strategy: multi_task, linked: {model: [a, b]}}", "two or more axes"),
        ("{model: a, strategy: multi_task, exclude: {}}", "names no axis"),
        ("{model: a, strategy: multi_task, hold: {}}", "give `steps` or `supervised_tokens`"),
        ("{model: a, strategy: multi_task, hold: {steps: 1, supervised_tokens: 1}}", "give `steps`"),
        ("{model: a, strategy: multi_task, recipe: {epochs: 1, steps: 1}}", "give `epochs` or `steps`"),
    ],
)
def test_axes_that_do_not_fit_together_are_refused(study: str, said_: str) -> None:
    with pytest.raises(ValueError, match=said_):
        Study.model_validate(yaml.safe_load(study))


@pytest.mark.parametrize(
    "study",
    [
        "{model: a, strategy: [multi_task, {dmt: {k: 1/4}}], amount: [1, {count: 5}], ratio: {x: {math: 2}}}",
        "{strategy: multi_task, linked: {model: [a, b], recipe: [{epochs: 1}, {steps: 5}]}, seed: 3}",
        "{model: a, strategy: {sequential: all}, exclude: [{seed: 1}], seed: [0, 1], variant: {general: x}}",
    ],
)
def test_a_study_that_is_written_out_reads_back(study: str) -> None:
    spec = Study.model_validate(yaml.safe_load(study))
    written = yaml.safe_load(yaml.safe_dump(spec.model_dump(mode="json")))
    assert list(choices(Study.model_validate(written), ABILITIES)) == list(choices(spec, ABILITIES))
