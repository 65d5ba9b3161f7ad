"""What a study may mention, and what its cells may ask for: each refusal with field, value and remedy."""

from fractions import Fraction
from typing import Any

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from raysft.spec import SweepSpec
from raysft.spec.checks import sweep_problems
from raysft.spec.study_checks import Names, no_such, study_problems

KNOWN = "code, math, general"


def sweep(study: str, **changes: Any) -> SweepSpec:
    raw: dict[str, Any] = {
        "name": "t",
        "abilities": {
            "code": {"source": "world/code"},
            "math": {"source": "world/math", "variants": {"short": "short.jsonl", "long": "long.jsonl"}},
            "general": {"source": "world/general"},
        },
        "models": {"tiny": {"base": "world/base"}, "small": {"base": "world/base-small"}},
        "studies": {"s": yaml.safe_load(study)},
    }
    return SweepSpec.model_validate({**raw, **changes})


def said(spec: SweepSpec) -> list[tuple[str, str, str]]:
    names = Names(tuple(spec.abilities), tuple(spec.models))
    found = [(one.field, one.value, one.remedy) for one in study_problems("s", spec, names)]
    assert found == [(one.field, one.value, one.remedy) for one in sweep_problems(spec)]
    return found


@pytest.mark.parametrize(
    ("study", "field", "value", "remedy"),
    [
        ("{strategy: multi_task}", "model", "not given", "must be given, by itself or in `linked`"),
        ("{model: tiny}", "strategy", "not given", "must be given, by itself or in `linked`"),
        (
            "{model: tony, strategy: multi_task}",
            "model",
            "tony",
            "no such model; use one of tiny, small; did you mean tiny?",
        ),
        (
            "{strategy: multi_task, linked: {model: [tiny, x], seed: [0, 1]}}",
            "model",
            "x",
            "no such model; use one of tiny, small",
        ),
        (
            "{model: tiny, strategy: {single: mth}}",
            "strategy",
            "single(mth): mth",
            f"no such ability; use one of {KNOWN}; did you mean math?",
        ),
        (
            "{model: tiny, strategy: multi_task, abilities: [code, maths]}",
            "abilities",
            "maths",
            f"no such ability; use one of {KNOWN}; did you mean math?",
        ),
        (
            "{model: tiny, strategy: {single: general}, abilities: [code, math]}",
            "strategy",
            "single(general): general",
            "no such ability; use one of code, math",
        ),
        (
            "{model: tiny, strategy: sequential, abilities: [math, code]}",
            "strategy",
            "sequential",
            "say which ability comes `last`, one of math, code",
        ),
        (
            "{model: tiny, strategy: mixed_sequential, abilities: general}",
            "strategy",
            "mixed_sequential",
            "a stage has no data: it needs at least two abilities",
        ),
        (
            "{model: tiny, strategy: {stages: [{mixture: {math: 1}, recipe: {epoch: 3}}]}}",
            "strategy.recipe.epoch",
            "3",
            "no such key here; did you mean epochs?",
        ),
        (
            "{model: tiny, strategy: {stages: [{mixture: {math: 1}, recipe: {warmup: 1}}]}}",
            "strategy.recipe.warmup",
            "1",
            "must be below 1",
        ),
        (
            "{model: tiny, strategy: multi_task, ratio: {moth: 1/2}}",
            "ratio.moth",
            "1/2",
            f"no such ability; use one of {KNOWN}; did you mean math?",
        ),
        (
            "{model: tiny, strategy: multi_task, variant: {math: shrt}}",
            "variant.math",
            "shrt",
            "no such variant; use one of short, long; did you mean short?",
        ),
        (
            "{model: tiny, strategy: multi_task, variant: {code: short}}",
            "variant.code",
            "short",
            "no such variant; use one of (there is none)",
        ),
        (
            "{model: tiny, strategy: multi_task, variant: {law: short}}",
            "variant.law",
            "short",
            f"no such ability; use one of {KNOWN}",
        ),
        (
            "{model: tiny, strategy: {single: math}, amount: {count: {math: 5, law: 6}}}",
            "amount.law",
            "count law: 6, math: 5",
            f"no such ability; use one of {KNOWN}",
        ),
        (
            "{model: tiny, strategy: multi_task, amount: {supervised_tokens: {general: 5}}}",
            "amount",
            "supervised_tokens general: 5",
            "says nothing for code, math",
        ),
        (
            "{model: tiny, strategy: multi_task, seed: [0, 1], exclude: {seed: 2}}",
            "exclude[0].seed",
            "2",
            "the study has no such value of seed",
        ),
        (
            "{model: tiny, strategy: {sequential: all}, exclude: [{strategy: multi_task}]}",
            "exclude[0].strategy",
            "multi_task",
            "the study has no such value of strategy",
        ),
        (
            "{model: tiny, strategy: {single: math}, exclude: {model: tiny}}",
            "exclude",
            "every cell",
            "leave at least one cell of the grid",
        ),
        (
            "{model: tiny, strategy: multi_task, abilities: [math, math, general]}",
            "abilities",
            "math",
            "is given twice: leave one",
        ),
        (
            "{model: tiny, strategy: multi_task, amount: [1/4, 2/8]}",
            "amount",
            "1/4",
            "is given twice: leave one",
        ),
        (
            "{model: tiny, strategy: multi_task, seed: [1, 0, 1]}",
            "seed",
            "1",
            "is given twice: leave one",
        ),
        (
            "{model: tiny, strategy: [dmt: 1/4, {dmt: {k: 1/4}}]}",
            "strategy",
            "dmt(k=1/4)",
            "is given twice: leave one",
        ),
        (
            "{model: tiny, strategy: multi_task, linked: [{amount: [1/2, 1/2], seed: [3, 3]}]}",
            "linked",
            "1/2, 3",
            "is given twice: leave one",
        ),
        (
            "{model: tiny, strategy: multi_task, ratio: [{a: {general: 1}}, {a: {general: 1/64}}]}",
            "ratio",
            "a",
            "is the name of two ratios, which tables could not tell apart; rename one",
        ),
        (
            "{model: tiny, strategy: {sequential: [math, math]}, abilities: math}",
            "strategy",
            "sequential(order=math>math)",
            (
                "math comes twice; name each once, or, if it is to be trained twice, "
                "write stages: [{math: 1}, {math: 1}]"
            ),
        ),
        (
            "{model: tiny, strategy: {sequential: [math, general]}}",
            "strategy",
            "sequential(order=math>general)",
            (
                "leaves out code; name all that take part, say which do, abilities: [math, general], "
                "or write stages: [{math: 1}, {general: 1}]"
            ),
        ),
    ],
)
def test_what_cannot_be_meant_is_refused(study: str, field: str, value: str, remedy: str) -> None:
    assert said(sweep(study)) == [(f"studies.s.{field}", value, remedy)]


@pytest.mark.parametrize(
    "study",
    [
        "{model: [tiny, small], strategy: [base, multi_task, sequential, {dmt: 1/4}], seed: [0, 1]}",
        "{model: tiny, strategy: multi_task, variant: [{}, {math: long}, {math: short}]}",
        "{model: tiny, strategy: {sequential: {last: math}}, abilities: [code, math]}",
        (
            "{model: tiny, strategy: {sequential: all},"
            " exclude: {strategy: {sequential: [math, code, general]}}}"
        ),
        "{model: tiny, strategy: base}",
        "{model: tiny, strategy: {stages: [{math: 1}, {math: 1}]}}",
        "{model: tiny, strategy: multi_task, linked: [{amount: [1/2, 1/2], seed: [3, 4]}]}",
        "{model: tiny, strategy: multi_task, ratio: [{a: {general: 1/2}}, {b: {general: 1/2}}]}",
        "{model: tiny, strategy: {single: math}, amount: {count: {math: 5}}}",
    ],
)
def test_what_can_be_meant_is_not(study: str) -> None:
    assert said(sweep(study)) == []


def test_several_faults_are_all_told() -> None:
    found = said(
        sweep("{model: [x, y], strategy: {single: z}, ratio: {q: 2}, variant: {code: v}, exclude: {seed: 9}}")
    )
    assert [field.removeprefix("studies.s.") for field, _, _ in found] == [
        "model", "model", "strategy", "ratio.q", "variant.code", "exclude[0].seed",
    ]  # fmt: skip


def test_whoever_mentions_what_is_wrong_in_itself_is_not_to_blame() -> None:
    spec = sweep("{model: broken, strategy: [{single: law}, multi_task], variant: {law: any}}")
    names = Names((*spec.abilities, "law"), (*spec.models, "broken"))
    assert list(study_problems("s", spec, names)) == []


@given(
    st.fractions(min_value="1/64", max_value=1, max_denominator=64),
    st.fractions(min_value="1/8", max_value=8, max_denominator=8),
    st.fractions(min_value="1/8", max_value=1, max_denominator=8),
    st.integers(1, 4),
)
@example(Fraction(1, 2), Fraction(4), Fraction(1), 2)
@example(Fraction(1), Fraction(1), Fraction(1), 1)
def test_a_source_is_not_asked_for_more_than_it_may_give(amount, ratio, share, repeats) -> None:
    study = (
        f"{{model: tiny, strategy: {{stages: [{{math: {share}}}]}}, amount: {amount},"
        f" ratio: {{math: {ratio}}}, max_repeats: {repeats}}}"
    )
    found = said(sweep(study))
    if amount * ratio * share <= repeats:
        assert found == []
    else:
        ((field, value, remedy),) = found
        assert (field, value) == ("studies.s.ratio.math", str(ratio))
        of_share = f" × share {share}" if share < 1 else ""
        assert remedy.startswith(f"amount {amount} × ratio {ratio}{of_share} is more than the source has")
        assert remedy.endswith(f"max_repeats (now {repeats})")


def test_no_such_looks_for_the_name_behind_the_colon() -> None:
    assert no_such("f", "dmt(k=1): genral", "ability", ("general",)).remedy.endswith("did you mean general?")
    assert no_such("f", "1/2", "ability", ("math",), "mth").remedy.endswith("did you mean math?")


@pytest.mark.parametrize(
    ("changes", "field", "value", "remedy"),
    [
        ({"objective": {"maximise": "mat"}}, "objective.maximise", "mat", "did you mean math?"),
        (
            {"objective": {"maximise": "math", "floors": {"law": -1}}},
            "objective.floors.law",
            "-1",
            f"one of {KNOWN}",
        ),
        ({"power": {"spread": {"law": 0.1}}}, "power.spread.law", "0.1", "no such benchmark"),
    ],
)
def test_what_else_names_abilities(changes: dict[str, Any], field: str, value: str, remedy: str) -> None:
    (found,) = sweep_problems(sweep("{model: tiny, strategy: multi_task}", **changes))
    assert (found.field, found.value) == (field, value)
    assert remedy in found.remedy


@pytest.mark.parametrize(
    ("ability", "field", "value", "remedy"),
    [
        ({"benchmark": "held_out"}, "benchmark", "held_out", "source.held_out: 200"),
        ({"report": ["held_out"]}, "report[0]", "held_out", "source.held_out: 200"),
        ({"report": ["world/math", "mbpp"]}, "report[1]", "mbpp", "{name: mbpp, path: FILE}"),
        ({"benchmark": "world/math", "report": "world/math"}, "report", "world/math", "is named twice"),
    ],
)
def test_a_benchmark_says_what_it_needs(ability: dict[str, Any], field: str, value: str, remedy: str) -> None:
    abilities = {"math": {"source": "world/math", **ability}}
    (found,) = sweep_problems(sweep("{model: tiny, strategy: multi_task}", abilities=abilities))
    assert (found.field, found.value) == (f"abilities.math.{field}", value)
    assert remedy in found.remedy
