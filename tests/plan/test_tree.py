"""A cell and a mixture, in words and as JSON: written once, and said the same everywhere."""

from fractions import Fraction

import pytest
from support.example_plan import index, plan_of, sweep

from raysft.composition.amount import Budget, Share
from raysft.composition.strategies import read_strategy
from raysft.plan.build import build_plan
from raysft.plan.tree import BaseIdentity, Cell

FULL = Cell(
    study="s",
    model="tiny",
    strategy="multi_task",
    amount=Share(Fraction(1, 4)),
    ratio=(("math", Fraction(1, 4)), ("sql", Fraction(2))),
    ratio_name="few",
    variant=(("code", "short"),),
    recipe="epochs 2",
    seed=3,
)


def test_a_cell_as_json_loses_nothing_of_its_axes() -> None:
    assert FULL.axes() == {
        "model": "tiny",
        "strategy": "multi_task",
        "amount": "1/4",
        "ratio": {"math": "1/4", "sql": "2"},
        "ratio_name": "few",
        "variant": {"code": "short"},
        "recipe": "epochs 2",
        "seed": 3,
    }
    budget = Cell("s", "tiny", "multi_task", Budget("conversations", (("code", 5), ("math", 7))))
    assert budget.axes()["amount"] == {"count": {"code": 5, "math": 7}}


def test_a_cell_in_words() -> None:
    said = "multi_task, amount 1/4, few (math×1/4, sql×2), code: short, epochs 2, seed 3"
    assert FULL.text() == said
    assert FULL.text("tiny") == said
    assert FULL.text("other") == said.replace("multi_task, ", "multi_task, model tiny, ")


def test_a_cell_says_only_what_it_has() -> None:
    assert Cell("s", "tiny", "base").text() == "base"
    assert Cell("s", "tiny", "base", seed=0).text() == "base, seed 0"


@pytest.mark.parametrize(
    ("ratio", "name", "said"),
    [((), "", ""), ((), "as it is", "as it is"), ((("math", Fraction(1, 2)),), "", "math×1/2")],
)
def test_a_ratio_in_words(ratio: tuple[tuple[str, Fraction], ...], name: str, said: str) -> None:
    assert Cell("s", "tiny", "multi_task", ratio=ratio, ratio_name=name).ratio_text == said


def test_a_mixture_names_the_sources_that_are_used() -> None:
    plan = plan_of("s: {model: tiny, strategy: multi_task}", {"code": 64, "math": 2560, "general": 128})
    (stage,) = plan.stages.values()
    assert stage.mixture() == {"code": 64, "math": 2560, "general": 128}
    assert stage.mixture_text() == "code 64 + math 2,560 + general 128"


def test_a_mixture_names_the_variant_of_an_ability() -> None:
    abilities = {
        "code": {"source": "world/code", "variants": {"short": "world/code"}},
        "general": {"source": "world/general"},
    }
    spec = sweep(
        "s: {model: tiny, strategy: multi_task, variant: [{}, {code: short}]}",
        abilities=abilities,
    )
    sources = {name: index(name, 40) for name in ("code", "code/short", "general")}
    base = BaseIdentity("weights", "tokenizer", "template")
    plan = build_plan(spec, sources, {"tiny": base, "other": base})
    assert [stage.mixture_text() for stage in plan.stages.values()] == [
        "code 40 + general 40",
        "code/short 40 + general 40",
    ]


def test_the_values_of_a_cell_tell_it_from_every_other_but_for_the_seed() -> None:
    studies = (
        "s: {model: [tiny, other], amount: [1/2, {count: 32}], seed: [0, 1], recipe: [{}, {epochs: 2}],"
        " ratio: [{}, {a: {general: 1/2}}, {b: {general: 1/2}}],"
        " strategy: [base, multi_task, {dmt: 1/4}, {dmt: {k: 1/4, last: math}}, {dmt: {k: {math: 1/4}}},"
        " {stages: [{math: 1}]}, {single: math}]}"
    )
    cells = [cell for point in plan_of(studies).points for cell in point.cells if cell.seed is not None]
    assert len(cells) == 2 * 2 * 2 * 2 * 3 * 6
    assert len({cell.values for cell in cells}) == len(cells) / 2
    assert len({(cell.values, cell.seed) for cell in cells}) == len(cells)


def test_a_stage_of_an_ability_that_is_called_like_a_strategy_has_a_label_of_its_own() -> None:
    assert read_strategy({"stages": [{"base": 1}]}).label == "stages(base)"
    assert read_strategy({"stages": [{"a": 1}, {"b": 1}]}).label == "a>b"
