"""Everything that is wrong with a sweep file comes in one answer, in words of the project."""

import copy
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from raysft.errors import InputError, Problem
from raysft.spec import load_sweep

GOOD: dict[str, Any] = {
    "name": "good",
    "abilities": {
        "math": {"source": {"path": "world/math", "held_out": 20}, "benchmark": "held_out"},
        "code": {"source": "world/code", "benchmark": "world/code"},
        "general": {"source": "world/general", "benchmark": "world/general"},
    },
    "models": {
        "tiny": {"base": "world/base"},
        "small": {
            "base": {"hidden_size": 64, "layers": 2, "heads": 2, "feed_forward": 128, "vocabulary": 512}
        },
    },
    "recipe": {"epochs": 1},
    "studies": {
        "amount": {"model": "tiny", "strategy": {"single": "math"}, "amount": [1, "1/4"]},
        "ways": {"model": ["tiny", "small"], "strategy": ["multi_task", {"dmt": "1/16"}], "seed": [0, 1]},
    },
}
OF_THE_LIBRARY = re.compile(
    r"Input should|Value error|valid (integer|number|string|dict)|unable to parse|pattern '|Field required"
    r"|Extra inputs|instance of|pydantic|literal\[|function-|discriminator|\btags?\b",
    re.IGNORECASE,
)

FAULTS: dict[str, tuple[Any, str, str]] = {
    # place: (what is written there, the field that is named, what is said)
    "name": ("a/b", "name", "use letters, digits"),
    "colour": ("red", "colour", "no such key here; there are name, data_dir"),
    "abilities.math.sorce": ("x", "abilities.math.sorce", "did you mean source?"),
    "abilities.math.source.rows": ("many", "abilities.math.source.rows", "write a whole number"),
    "abilities.math.source.held_out": (1.5, "abilities.math.source.held_out", "write a whole number"),
    "abilities.math.source.tokens": ("few", "abilities.math.source.tokens", "write a number"),
    "abilities.math.source.on_bad_row": ("skipp", "abilities.math.source.on_bad_row", "did you mean skip?"),
    "abilities.math.benchmark": ("gsm8x", "abilities.math.benchmark", "did you mean gsm8k?"),
    "abilities.math.report": ("mt_bench", "abilities.math.report[0]", "say where its questions are"),
    "abilities.code.source": ("gone.jsonl", "abilities.code.source.path", "no such file"),
    "abilities.code.variants": ({"v": "lost.jsonl"}, "abilities.code.variants.v.path", "no such file"),
    "abilities.law": (5, "abilities.law", "write a mapping"),
    "models.tiny.base": (7, "models.tiny.base", "write text"),
    "models.tiny.workers": (0, "models.tiny.workers", "must be at least 1"),
    "models.small.base.heads": ("two", "models.small.base.heads", "write a whole number"),
    "models.small.base.depth": (3, "models.small.base.depth", "no such key here"),
    "recipe.warmup": (1, "recipe.warmup", "must be below 1"),
    "recipe.learning_rate": (0, "recipe.learning_rate", "must be above 0"),
    "recipe.decay": (2, "recipe.decay", "must be at most 1"),
    "recipe.clip": (float("inf"), "recipe.clip", "not infinite"),
    "recipe.loss": (3, "recipe.loss", "use token or conversation"),
    "studies.amount.strategy": ({"single": "mth"}, "studies.amount.strategy", "did you mean math?"),
    "studies.amount.model": ("tony", "studies.amount.model", "did you mean tiny?"),
    "studies.amount.hold": ({"steps": 0}, "studies.amount.hold.steps", "must be at least 1"),
    "studies.amount.exclude": ([{}], "studies.amount.exclude[0]", "names no axis"),
    "studies.ways.amount": (0.25, "studies.ways.amount", "write an exact fraction"),
    "studies.ways.seed": ([0, -1, "x"], "studies.ways.seed[1]", "must be at least 0"),
    "studies.ways.ratio": ({"maths": "1/2"}, "studies.ways.ratio.maths", "did you mean math?"),
    "studies.ways.linked": ({"variant": {}}, "studies.ways.linked", "needs two or more axes"),
    "studies.ways.recipe": ({"epoch": 3}, "studies.ways.recipe.epoch", "did you mean epochs?"),
    "studies.ways.strategy": (
        {"dmt": {"k": "1/4", "lst": "x"}},
        "studies.ways.strategy.dmt.lst",
        "no such key here; did you mean last?",
    ),
    "studies.more": ("multi_task", "studies.more", "write a mapping"),
    "evaluation.stage": ("all", "evaluation.stage", "did you mean stages?"),
    "run.trials_at_once": (True, "run.trials_at_once", "write a whole number"),
    "power.alpha": (5, "power.alpha", "must be below 1"),
    "objective": ({"maximise": "mth"}, "objective.maximise", "did you mean math?"),
}


def faulty(*places: str) -> dict[str, Any]:
    raw = copy.deepcopy(GOOD)
    for place in places:
        inner = raw
        *above, last = place.split(".")
        for step in above:
            inner = inner.setdefault(step, {})
        inner[last] = FAULTS[place][0]
    return raw


def refused(folder: Path, raw: dict[str, Any], *changes: str) -> list[Problem]:
    (folder / "sweep.yaml").write_text(yaml.safe_dump(raw, sort_keys=False), encoding="utf-8")
    with pytest.raises(InputError) as caught:
        load_sweep(folder / "sweep.yaml", changes)
    return list(caught.value.problems)


def one_for(field: str, found: list[Problem]) -> Problem:
    # A single value stands for a list of one.
    (problem,) = [one for one in found if one.field in (field, f"{field}[0]")]
    return problem


@pytest.mark.parametrize("place", FAULTS)
def test_one_fault_is_one_problem_in_our_words(tmp_path: Path, place: str) -> None:
    _, field, said = FAULTS[place]
    found = refused(tmp_path, faulty(place))
    assert said in one_for(field, found).remedy
    assert len(found) == 1 or place == "studies.ways.seed"


@given(st.sets(st.sampled_from(sorted(FAULTS)), min_size=2))
def test_all_faults_are_named_in_one_answer(
    tmp_path_factory: pytest.TempPathFactory, places: set[str]
) -> None:
    found = refused(tmp_path_factory.getbasetemp(), faulty(*sorted(places)))
    for place in places:
        _, field, said = FAULTS[place]
        assert said in one_for(field, found).remedy, place
    assert not [str(one) for one in found if OF_THE_LIBRARY.search(one.remedy)]
    assert len(found) == len(places) + ("studies.ways.seed" in places), "nothing is named that is right"


def test_everything_at_once(tmp_path: Path) -> None:
    found = refused(tmp_path, faulty(*FAULTS))
    assert len(found) == len(FAULTS) + 1


@pytest.mark.parametrize("wrong", [5, [], {}, None, "x"])
@pytest.mark.parametrize("part", ["abilities", "models", "studies"])
def test_what_is_said_of_the_rest_does_not_wait_for_a_part_that_is_wrong_as_a_whole(
    tmp_path: Path, part: str, wrong: object
) -> None:
    raw = {**faulty("recipe.warmup", "evaluation.stage"), part: wrong}
    fields = [one.field for one in refused(tmp_path, raw)]
    assert sorted(fields) == sorted([part, "recipe.warmup", "evaluation.stage"])


@pytest.mark.parametrize("key", ["name", "abilities", "models", "studies"])
def test_a_misspelt_key_is_one_problem_and_not_also_missing(tmp_path: Path, key: str) -> None:
    raw = {f"{one}x" if one == key else one: value for one, value in GOOD.items()}
    (problem,) = refused(tmp_path, raw)
    assert (problem.field, problem.remedy) == (f"{key}x", f"no such key here; did you mean {key}?")


def test_changes_of_the_command_line_are_refused_with_the_rest(tmp_path: Path) -> None:
    found = refused(tmp_path, faulty("power.alpha"), "recipe", "run.attempts=[", "recipe.epochs=0")
    assert [one.field for one in found[:2]] == ["changes", "changes"]
    assert {one.field for one in found[2:]} == {"power.alpha", "changes recipe.epochs"}


def test_what_is_no_yaml_is_told_with_its_place(tmp_path: Path) -> None:
    (tmp_path / "sweep.yaml").write_text("name: a\nmodels: {a: [}\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"line 2, column 14") as caught:
        load_sweep(tmp_path / "sweep.yaml")
    assert "unicode string" not in str(caught.value)
