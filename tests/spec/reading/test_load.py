"""Reading a sweep file: what is meant, and every problem at once."""

import copy
import re
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from support.places import ROOT

from raysft.composition.amount import Share
from raysft.composition.strategies import Dmt, Single
from raysft.errors import InputError, Problem
from raysft.spec import SweepSpec, load_sweep
from raysft.spec.reading.load import resolve
from raysft.spec.study import RatioPoint
from raysft.store import Store

GOOD = """
name: good
abilities:
  code: {source: world/code, benchmark: world/code}
  math: {source: math.jsonl, benchmark: {name: gsm8k, path: test.jsonl, limit: 50}}
  general: {source: {path: [a.json, b.json], format: alpaca, held_out: 20}, benchmark: held_out}
models:
  tiny: {base: world/base}
  small: {base: {hidden_size: 64, layers: 2, heads: 2, feed_forward: 128, vocabulary: 512}}
recipe: {batch_size: 8, learning_rate: 1e-3}
studies:
  amount: {model: tiny, strategy: {single: math}, amount: [1, 1/4, 1/256]}
  ways: {model: [tiny, small], strategy: [multi_task, {dmt: 1/16}], ratio: {general: 1/4}, seed: [0, 1]}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("math.jsonl", "test.jsonl", "a.json", "b.json"):
        (tmp_path / name).write_text("{}\n", encoding="utf-8")
    return tmp_path


def load(folder: Path, text: str = GOOD, *changes: str, limit: int | None = None) -> SweepSpec:
    (folder / "sweep.yaml").write_text(text, encoding="utf-8")
    return load_sweep(folder / "sweep.yaml", changes, limit)


def problems(folder: Path, text: str = GOOD, *changes: str) -> list[Problem]:
    with pytest.raises(InputError) as caught:
        load(folder, text, *changes)
    return list(caught.value.problems)


def fields(found: list[Problem]) -> list[str]:
    return [problem.field for problem in found]


def altered(path: str, value: Any) -> str:
    """The good file with one place changed; `path` is dotted."""
    raw = yaml.safe_load(GOOD)
    inner = raw
    *parents, last = path.split(".")
    for parent in parents:
        inner = inner.setdefault(parent, {})
    inner[last] = value
    return yaml.safe_dump(raw, sort_keys=False)


def test_a_good_file_is_read_as_it_is_meant(folder: Path) -> None:
    spec = load(folder)
    assert list(spec.abilities) == ["code", "math", "general"], (
        "the order of the file is the order of training"
    )
    assert spec.abilities["general"].source.paths == ("a.json", "b.json")
    assert spec.studies["amount"].strategy == (Single(ability="math"),)
    assert spec.studies["amount"].amount == tuple(map(Share, (Fraction(1), Fraction(1, 4), Fraction(1, 256))))
    assert spec.studies["ways"].strategy[1] == Dmt(k=Fraction(1, 16))
    assert spec.studies["ways"].ratio == (RatioPoint(factors={"general": Fraction(1, 4)}),)
    assert spec.recipe.learning_rate == 1e-3
    assert resolve(spec, "a.json") == str(folder / "a.json")


def test_the_example_in_the_readme_is_a_sweep_file(folder: Path) -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    example = readme.partition("```yaml\n")[2].partition("```")[0]
    (folder / "readme.yaml").write_text(example, encoding="utf-8")
    planned = load_sweep(folder / "readme.yaml", data="expected")
    assert planned.studies.keys() == {"amount", "order"}, "`plan` needs none of its files"
    (folder / "data").mkdir()
    for name in ("math.jsonl", "gsm8k_test.jsonl", "chat.json"):
        (folder / "data" / name).touch()
    assert load(folder, example) == planned


def test_what_was_read_can_be_written_and_read_again(folder: Path) -> None:
    spec = load(folder)
    written = yaml.safe_dump(spec.model_dump(mode="json"), sort_keys=False)
    assert "{dmt: {k: 1/16}}" in yaml.safe_dump(spec.model_dump(mode="json"), default_flow_style=True)
    assert load(folder, written) == spec


def test_every_problem_of_a_bad_file_is_in_one_message(folder: Path) -> None:
    bad = """
name: bad
colour: red
abilities:
  math: {source: gone.jsonl, benchmark: {name: gsm8k}}
  general: {source: world/general}
models: {tiny: {base: world/base}}
recipe: {batch_size: -3}
studies:
  one:
    model: [tiny, tony]
    strategy: [dmt, {single: moth}, multi_task]
    amount: 2
    ratio: [{law: 1/2}, {math: 3}]
"""
    found = {problem.field: problem for problem in problems(folder, bad)}
    assert {field: problem.value for field, problem in found.items()} == {
        "colour": "red",
        "abilities.math.source.path": "gone.jsonl",
        "abilities.math.benchmark": "gsm8k",
        "recipe.batch_size": "-3",
        "studies.one.model": "tony",
        "studies.one.strategy[0]": "dmt",
        "studies.one.strategy": "single(moth): moth",
        "studies.one.amount": "2",
        "studies.one.ratio.law": "1/2",
        "studies.one.ratio.math": "3",
    }
    assert all(problem.remedy for problem in found.values())


@pytest.mark.parametrize("name", ["gsm8k", "humaneval", "mt_bench", "math", "mbpp"])
def test_a_published_benchmark_must_say_where_its_questions_are(folder: Path, name: str) -> None:
    text = f"""
name: pathless
abilities:
  math: {{source: world/math, benchmark: {{name: {name}}}}}
models: {{tiny: {{base: world/base}}}}
studies: {{one: {{model: tiny, strategy: multi_task, amount: 1}}}}
"""
    (found,) = problems(folder, text)
    assert (found.field, found.value) == ("abilities.math.benchmark", name)
    assert f"{{name: {name}, path: FILE}}" in found.remedy


@pytest.mark.parametrize(
    ("path", "value", "field"),
    [
        ("recipe.batch_size", 1.0, "recipe.batch_size"),
        ("recipe.batch_size", "8", "recipe.batch_size"),
        ("recipe.batch_size", True, "recipe.batch_size"),
        ("recipe.learning_rate", 0, "recipe.learning_rate"),
        ("recipe.learning_rate", ".nan", "recipe.learning_rate"),
        ("recipe.loss", "tokens", "recipe.loss"),
        ("recipe.warmup", 1, "recipe.warmup"),
        ("name", "a/b", "name"),
        ("abilities.a b", {"source": "world/math"}, "abilities.a b"),
        ("abilities.math.source", {"format": "alpaca"}, "abilities.math.source.path"),
        ("abilities.math.source", 5, "abilities.math.source"),
        ("abilities.math.source", [], "abilities.math.source.path"),
        ("abilities.code.source", "world/law", "abilities.code.source.path"),
        ("abilities.code.source", ["world/code", "a.json"], "abilities.code.source.path"),
        ("abilities.code.benchmark", "held_out", "abilities.code.benchmark"),
        ("abilities.code.benchmark", "mt_bench", "abilities.code.benchmark"),
        ("abilities.code.benchmark", "nope", "abilities.code.benchmark.name"),
        ("abilities.math.benchmark.path", "gone", "abilities.math.benchmark.path"),
        ("models.tiny.base", "world/bose", "models.tiny.base"),
        ("models.tiny.base", 7, "models.tiny.base"),
        ("models.small.base.heads", 3, "models.small.base"),
        ("models.small.base.depth", 3, "models.small.base.depth"),
        ("models.tiny.workers", 0, "models.tiny.workers"),
        ("studies.ways.seed", [0, -1], "studies.ways.seed[1]"),
        ("studies.ways.seed", 2**32, "studies.ways.seed[0]"),
        ("studies.ways.amount", 0.25, "studies.ways.amount[0]"),
        ("studies.ways.strategy", [], "studies.ways.strategy"),
        ("studies.ways.model", "tony", "studies.ways.model"),
        ("studies.ways.strategy", {"dmt": {"k": 1, "last": "law"}}, "studies.ways.strategy"),
        ("run.trials_at_once", 0, "run.trials_at_once"),
        ("studies", {}, "studies"),
    ],
    ids=str,
)
def test_one_wrong_place_is_one_problem_with_its_field(
    folder: Path, path: str, value: Any, field: str
) -> None:
    found = problems(folder, altered(path, value))
    # A bare value stands for its main field, and a single value for a list of one: both names are right.
    named = {field, field.removesuffix(".path"), field.removesuffix(".name"), field.removesuffix("[0]")}
    assert len(found) == 1, found
    assert found[0].field in named


def test_a_missing_key_names_itself_and_nothing_around_it(folder: Path) -> None:
    raw = yaml.safe_load(GOOD)
    del raw["models"]["small"]["base"]["layers"]
    del raw["studies"]["ways"]["model"]
    found = problems(folder, yaml.safe_dump(raw))
    assert sorted(fields(found)) == ["models.small.base.layers", "studies.ways.model"]
    assert {problem.value for problem in found} == {"not given"}


def test_a_strategy_that_leaves_a_stage_empty_is_refused(folder: Path) -> None:
    raw = yaml.safe_load(GOOD)
    raw["abilities"] = {"general": {"source": "world/general"}}
    raw["studies"] = {"one": {"model": "tiny", "strategy": "mixed_sequential"}}
    assert fields(problems(folder, yaml.safe_dump(raw))) == ["studies.one.strategy"]


def test_the_last_ability_must_be_said_where_none_is_general(folder: Path) -> None:
    raw = yaml.safe_load(GOOD)
    raw["abilities"] = {"sql": {"source": "world/code"}, "law": {"source": "world/math"}}
    raw["studies"] = {"one": {"model": "tiny", "strategy": ["sequential", {"dmt": {"k": 1, "last": "law"}}]}}
    (problem,) = problems(folder, yaml.safe_dump(raw))
    assert (problem.field, problem.value) == ("studies.one.strategy", "sequential")
    assert "law, sql" in problem.remedy


@pytest.mark.parametrize(
    ("text", "remedy"),
    [
        ("name: [", "is not YAML"),
        ("- a\n- b", "must be a mapping"),
        ("", "must be a mapping"),
        ("name: [a, b: c]: d", "is not YAML"),
        ("name: a\n--- \nname: b", "a second document begins; a sweep file is one (line 2, column 1)"),
    ],
)
def test_what_is_not_a_sweep_file_is_refused(folder: Path, text: str, remedy: str) -> None:
    (problem,) = problems(folder, text)
    assert problem.field == "SWEEP"
    assert remedy in problem.remedy


def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="No such file"):
        load_sweep(tmp_path / "gone.yaml")
    (tmp_path / "latin.yaml").write_bytes(b"name: \xe4")
    with pytest.raises(InputError, match="is not UTF-8"):
        load_sweep(tmp_path / "latin.yaml")


def test_parts_can_be_merged_in(folder: Path) -> None:
    merged = GOOD.replace("amount: {model", "amount: &amount {model") + "  more: {<<: *amount, seed: 3}\n"
    spec = load(folder, merged)
    assert spec.studies["more"].amount == spec.studies["amount"].amount
    assert spec.studies["more"].seed == (3,)


def test_changes_are_yaml_and_make_what_is_not_there(folder: Path) -> None:
    spec = load(folder, GOOD, "recipe.epochs=1", "evaluation.stages=leaves", "studies.ways.seed=[5, 6]")
    assert spec.recipe.epochs == 1
    assert spec.recipe.batch_size == 8
    assert spec.evaluation.stages == "leaves"
    assert spec.studies["ways"].seed == (5, 6)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ("recipe", "changes"),
        ("=1", "changes"),
        ("recipe..epochs=1", "changes"),
        ("name.first=1", "changes"),
        ("recipe.epochs=[", "changes"),
        ("recipe.epochs=!x 1", "changes"),
        ("studies.way.seed=1", "changes"),
        ("studies.ways.seed.0=1", "changes"),
        ("recipe.epochs=0", "changes recipe.epochs"),
        ("colour=red", "changes colour"),
        ("colour.of.it=red", "changes colour.of.it"),
        ("studies.ways.seed=[0, x]", "changes studies.ways.seed[1]"),
        ("recipe.epochs=", "changes recipe.epochs"),
    ],
)
def test_a_wrong_change_is_refused(folder: Path, change: str, field: str) -> None:
    assert fields(problems(folder, GOOD, change)) == [field]


STUDY = "{model: tiny, strategy: multi_task}"
THREE = {
    name: {"source": f"world/{name}", "benchmark": f"world/{name}"} for name in ("code", "math", "general")
}


def of_study(study: str, **changes: Any) -> str:
    """A sweep of three abilities with one study `s`."""
    raw = {
        "name": "t",
        "abilities": THREE,
        "models": {"tiny": {"base": "world/base"}},
        "studies": {"s": yaml.safe_load(study)},
        **changes,
    }
    return yaml.safe_dump(raw, sort_keys=False)


@pytest.mark.parametrize(
    "study",
    [
        "{strategy: multi_task, linked: {amount: [1, 1/4], ratio: [{}, {general: 4}]}}",
        (
            "{strategy: multi_task, amount: [1, 1/4], ratio: [{}, {general: 4}],"
            " exclude: {amount: 1, ratio: {general: 4}}}"
        ),
        "{strategy: {single: math}, ratio: {general: 4}}",
        "{strategy: {stages: [{math: 1/4}]}, ratio: {math: 4}}",
        "{strategy: multi_task, ratio: {math: 3}, max_repeats: 3}",
        (
            "{linked: {strategy: [{single: math}, {single: code}],"
            " amount: [{count: {math: 100}}, {count: {code: 50}}]}}"
        ),
        (
            "{strategy: [{single: math}, {single: code}],"
            " amount: [{count: {math: 100}}, {count: {code: 50}}],"
            " exclude: [{strategy: {single: math}, amount: {count: {code: 50}}},"
            " {strategy: {single: code}, amount: {count: {math: 100}}}]}"
        ),
    ],
)
def test_what_no_cell_asks_for_is_not_held_against_a_study(folder: Path, study: str) -> None:
    assert load(folder, of_study(f"{{model: tiny, {study[1:]}")).studies.keys() == {"s"}


@pytest.mark.parametrize(
    ("study", "field", "value", "said"),
    [
        (
            "{strategy: multi_task, linked: {amount: [1/4, 1], ratio: [{}, {general: 4}]}}",
            "studies.s.ratio.general",
            "4",
            "amount 1 × ratio 4 is more than the source has",
        ),
        (
            "{strategy: [{single: math}, {dmt: 1/4}], ratio: {general: 2}}",
            "studies.s.ratio.general",
            "2",
            "max_repeats (now 1)",
        ),
        (
            "{strategy: {stages: [{math: 1/2}, {math: 1/4}]}, amount: [1/4, 1, 1/2], ratio: {math: 3}}",
            "studies.s.ratio.math",
            "3",
            "amount 1 × ratio 3 × share 1/2 is more",
        ),
        (
            "{strategy: [{single: math}, multi_task], amount: {count: {math: 100}}}",
            "studies.s.amount",
            "count math: 100",
            "says nothing for code, general",
        ),
        (
            "{strategy: multi_task, recipe: [{}, {epochs: 3}], exclude: {recipe: {max_length: 2048}}}",
            "studies.s.exclude[0].recipe",
            "max_length=2048",
            "no such value of recipe",
        ),
        (
            "{strategy: {stages: {basics: {math: 1}, polish: general}}}",
            "studies.s.strategy.stages.polish",
            "general",
            "write abilities with shares",
        ),
        (
            "{strategy: {stages: [{mixture: {math: 1}, recipe: {steps: null}}]}}",
            "studies.s.strategy.recipe",
            "{steps: null}",
            "give `epochs` or `steps`",
        ),
        (
            "{strategy: multi_task, ratio: {general: 1:4}}",
            "studies.s.ratio.general",
            "1:4",
            "write an exact fraction",
        ),
    ],
)
def test_what_a_cell_asks_for_in_vain_is_one_problem(
    folder: Path, study: str, field: str, value: str, said: str
) -> None:
    text = of_study(STUDY).partition("studies:")[0] + f"studies: {{s: {{model: tiny, {study[1:]}}}\n"
    (problem,) = problems(folder, text)
    assert (problem.field, problem.value) == (field, value)
    assert said in problem.remedy


@pytest.mark.parametrize(
    ("written", "field"),
    [("weight: 3:1", "weight"), ("weight: 190:20:30", "weight"), ("weight: 3:1.5", "weight")],
)
def test_a_number_with_colons_is_text(folder: Path, written: str, field: str) -> None:
    source = f"{{join: [{{path: a.json, {written}}}, b.json]}}"
    found = problems(
        folder,
        GOOD.replace("{path: [a.json, b.json], format: alpaca, held_out: 20}", source).replace(
            "benchmark: held_out", "benchmark: null"
        ),
    )
    assert fields(found) == [f"abilities.general.source.join[0].{field}"]
    assert found[0].value.strip('"') == written.partition(": ")[2]
    assert "write an exact fraction" in found[0].remedy


@pytest.mark.parametrize(
    ("power", "field", "value", "said"),
    [
        ({"spread": {"world/math": 35}}, "power.spread.world/math", "35", "35% is 0.35"),
        ({"spread": {"math": 1.01}}, "power.spread.math", "1.01", "at most 1"),
        ({"spread": {"world/moth": 0.3}}, "power.spread.world/moth", "0.3", "use one of math, world/math"),
        ({"seed_deviation": {"gsm8k": 1}}, "power.seed_deviation.gsm8k", "1", "no such benchmark"),
    ],
)
def test_assumptions_about_noise_that_cannot_hold_are_refused(
    folder: Path, power: dict[str, Any], field: str, value: str, said: str
) -> None:
    found = problems(folder, of_study(STUDY, power=power, abilities={"math": THREE["math"]}))
    assert [(one.field, one.value) for one in found] == [(field, value)]
    assert said in found[0].remedy


def test_ratings_may_vary_by_more_than_one_point(folder: Path) -> None:
    power = {"spread": {"world/general": 2.0, "math": 1, "world/code": 0.3}, "seed_deviation": {"code": 3}}
    assert load(folder, of_study(STUDY, power=power)).power.spread["world/general"] == 2.0


def test_an_assumption_about_an_ability_that_is_wrong_in_itself_is_no_second_problem(folder: Path) -> None:
    abilities = {**THREE, "math": {"source": 5, "benchmark": "world/math"}}
    found = problems(folder, of_study(STUDY, power={"spread": {"math": 0.2}}, abilities=abilities))
    assert fields(found) == ["abilities.math.source"]


@pytest.mark.parametrize("where", ["sweep", "model", "study"])
def test_steps_cannot_be_taken_away_without_epochs(folder: Path, where: str) -> None:
    change = {"recipe": {"steps": None}}
    study = yaml.safe_load(STUDY)
    text = of_study(
        yaml.safe_dump({**study, **change} if where == "study" else study),
        models={"tiny": {"base": "world/base", **(change if where == "model" else {})}},
        recipe={"steps": None, "epochs": None} if where == "sweep" else {"steps": 10},
    )
    (problem,) = problems(folder, text)
    assert "give `epochs` or `steps`" in problem.remedy


def test_some_studies_of_a_sweep_have_a_name_that_no_others_have(folder: Path) -> None:
    study = yaml.safe_load(STUDY)
    text = of_study(STUDY, studies={"a": study, "b": study, "a-b": study, "limit5": study})
    spec = load(folder, text)
    some = [spec.only(studies) for studies in (["a", "b"], ["a-b"], ["limit5"], ["a"])]
    names = [spec.name, load(folder, text, limit=5).name, *(one.name for one in some)]
    assert len(set(names)) == len(names)
    assert some[0].name == spec.only(["b", "a"]).name == "t+a+b"
    assert list(some[0].studies) == ["a", "b"]
    for one in some:
        (problem,) = problems(folder, yaml.safe_dump(one.model_dump(mode="json"), sort_keys=False))
        assert problem.field == "name", "a file cannot have a name that an option makes"
        assert Store.open(str(folder / "store")).sweep_path(one.name).endswith(f"/{one.name}")


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        (["recipe.epochs=2"], "good+recipe.epochs=2"),
        (["recipe.epochs=2", "recipe.batch_size=3"], "good+recipe.epochs=2+recipe.batch_size=3"),
        (["run.trials_at_once=7"], "good"),
        (["name=other", "recipe.epochs=2"], "other+recipe.epochs=2"),
    ],
)
def test_what_is_set_runs_under_a_name_of_its_own(folder: Path, changes: list[str], name: str) -> None:
    spec = load(folder, GOOD, *changes)
    assert spec.name == name
    assert Store.open(str(folder / "store")).sweep_path(name).endswith(f"/{name}")


def test_values_that_no_folder_can_hold_have_a_digest_in_the_name(folder: Path) -> None:
    names = [load(folder, GOOD, f"recipe={{epochs: {count}}}").name for count in (3, 4)]
    assert all(re.fullmatch(r"good\+set=[0-9a-f]{8}", name) for name in names)
    assert names[0] != names[1]
    with pytest.raises(InputError, match="changes"):
        load(folder, GOOD, *(f"recipe.epochs={number:060d}" for number in range(1, 21)))


def test_a_name_that_yaml_takes_for_a_truth_value_is_a_name(folder: Path) -> None:
    spec = load(folder, of_study(STUDY, studies={"no": yaml.safe_load(STUDY)}).replace("'no'", "no"))
    assert list(spec.studies) == ["no"]


def test_a_study_cannot_have_the_sign_between_studies_in_its_name(folder: Path) -> None:
    (problem,) = problems(folder, of_study(STUDY, studies={"a+b": yaml.safe_load(STUDY)}))
    assert problem.field == "studies.a+b"


def test_more_studies_than_a_name_can_hold_are_refused(folder: Path) -> None:
    names = [f"{letter}{'x' * 60}" for letter in "abcd"]
    spec = load(folder, of_study(STUDY, studies={name: yaml.safe_load(STUDY) for name in names}))
    assert spec.only(names[:3]).studies.keys() == set(names[:3])
    with pytest.raises(InputError, match="only") as caught:
        spec.only(names)
    assert "at most 200" in caught.value.problems[0].remedy


def test_data_dir_starts_at_the_file_and_a_changed_one_at_the_current_folder(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "sweeps").mkdir()
    assert load(folder / "sweeps", GOOD + "data_dir: ..\n").data_dir == str(folder)
    monkeypatch.chdir(folder)
    assert load(folder / "sweeps", GOOD, "data_dir=.").data_dir == str(folder)


def test_urls_stay_as_they_are(folder: Path) -> None:
    spec = load(folder, GOOD, "data_dir=s3://bucket/data/")
    assert spec.data_dir == "s3://bucket/data/"
    assert resolve(spec, "a.json") == "s3://bucket/data/a.json"
    assert resolve(spec, "hf://owner/name") == "hf://owner/name"
    assert resolve(spec, "/absolute") == "/absolute"


def test_a_limit_makes_every_source_and_benchmark_smaller_and_none_larger(folder: Path) -> None:
    bare = GOOD.replace(
        "  code: {source: world/code, benchmark: world/code}", "  code: {source: world/code, benchmark: null}"
    )
    spec = load(folder, bare, limit=80)
    assert [ability.source.limit for ability in spec.abilities.values()] == [80, 80, 80]
    assert spec.abilities["math"].benchmark is not None
    assert spec.abilities["math"].benchmark.limit == 50, "the file asks for fewer"
    assert spec.abilities["code"].benchmark is None


@pytest.mark.parametrize(
    ("source", "limit", "left"),
    [
        ("{path: a.json, held_out: 200}", 100, 20),
        ("{path: a.json, held_out: 200, rows: 4000}", 100, 5),
        ("{path: a.json, held_out: 200, rows: 150}", 100, 100),
        ("{path: a.json, held_out: 200}", 5000, 200),
        ("{path: a.json, held_out: 200, limit: 50}", 100, 10),
        ("{path: a.json, held_out: 3}", 2, 1),
        ("{path: a.json, held_out: 0}", 100, 0),
        ("{path: a.json}", 100, 0),
    ],
)
def test_a_limit_scales_what_is_held_out(folder: Path, source: str, limit: int, left: int) -> None:
    text = GOOD.replace("{path: [a.json, b.json], format: alpaca, held_out: 20}", source)
    text = text.replace("benchmark: held_out", "benchmark: null")
    assert load(folder, text, limit=limit).abilities["general"].source.held_out == left


def test_a_limit_scales_what_variants_hold_out(folder: Path) -> None:
    text = GOOD.replace(
        "benchmark: held_out}",
        "benchmark: held_out, variants: {v: {path: a.json, held_out: 20}, bare: b.json}}",
    )
    ability = load(folder, text, limit=10).abilities["general"]
    assert (ability.source.held_out, ability.variants["v"].held_out, ability.variants["bare"].held_out) == (
        2,
        2,
        0,
    )


raw_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
PLACES = [
    "abilities",
    "abilities.math",
    "abilities.math.source",
    "abilities.math.benchmark",
    "models",
    "models.tiny",
    "models.tiny.base",
    "recipe",
    "recipe.clip",
    "studies",
    "studies.ways",
    "studies.ways.strategy",
    "studies.ways.amount",
    "studies.ways.ratio",
    "studies.ways.seed",
    "evaluation",
    "run",
    "name",
    "data_dir",
]


@given(st.lists(st.tuples(st.sampled_from(PLACES), raw_values), min_size=1, max_size=3))
def test_whatever_is_written_is_read_or_refused_as_input(
    tmp_path_factory: pytest.TempPathFactory, changes: list[tuple[str, Any]]
) -> None:
    raw = copy.deepcopy(yaml.safe_load(GOOD))
    for path, value in changes:
        inner: Any = raw
        *parents, last = path.split(".")
        for parent in parents:
            inner = inner.get(parent) if isinstance(inner, dict) else None
        if isinstance(inner, dict):
            inner[last] = value
    file = tmp_path_factory.getbasetemp() / "any.yaml"
    file.write_text(yaml.safe_dump(raw, allow_unicode=True), encoding="utf-8")
    with pytest.raises(InputError) as caught:
        load_sweep(file)
    # The files that the sweep names are not there, so there is always something to say.
    assert all(problem.field and problem.remedy for problem in caught.value.problems)
