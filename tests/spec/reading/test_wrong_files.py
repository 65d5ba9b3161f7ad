"""Wrong sweep files: each problem once with its field, none that is not there, all of them in one answer."""

import itertools
import random
import re
import time
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from support.places import ROOT

from raysft.errors import InputError, Problem
from raysft.spec import load_sweep
from raysft.spec.sweep import SweepSpec

GOOD = """
name: good
abilities:
  math:
    source: {path: world/math, held_out: 20}
    benchmark: held_out
    report: world/math
    variants: {short: {path: world/math, rows: 64}}
  code: {source: world/code, benchmark: world/code}
  general: {source: world/general, benchmark: world/general}
models:
  tiny: {base: world/base}
  small: {base: {hidden_size: 64, layers: 2, heads: 2, feed_forward: 128, vocabulary: 512}}
recipe: {epochs: 1}
studies:
  s: {model: tiny, strategy: multi_task}
  t: {model: [tiny, small], strategy: [multi_task, {dmt: 1/16}], amount: [1, 1/4], seed: [0, 1]}
"""

KEYS = "no such key here"
WHOLE, NUMBER, TEXT, EXACT = "write a whole number", "write a number", "write text", "write an exact fraction"
MAPPING, LIST = "write a mapping", "write a list"

CASES: list[tuple[str, str, dict[str, str]]] = [
    # (place, what is written there, the fields that are named and a part of what is said of each)
    # ---- names
    ("name", "", {"name": TEXT}),
    ("name", "2024", {"name": 'in quotes it is: "2024"'}),
    ("name", "true", {"name": 'in quotes it is: "true"'}),
    ("name", "a/b", {"name": "use letters, digits"}),
    ("name", "CON", {"name": "device"}),
    ("name", "nul.txt", {"name": "device"}),
    ("name", "ends.", {"name": "must not end with a dot"}),
    ("name", '"a\\u202eb"', {"name": "U+202E cannot be in a text"}),
    ("name", f"{'a' * 300}", {"name": "at most 200 characters"}),
    ("name", "a+b", {"name": "only names that"}),
    ("name", '"\\ud800"', {"name": "U+D800 cannot be in a text"}),
    ("data_dir", "[a]", {"data_dir": TEXT}),
    ("nam", "x", {"nam": "did you mean name?"}),
    ("colour", "red", {"colour": f"{KEYS}; there are name, data_dir"}),
    # ---- abilities
    ("abilities/Math", "{source: world/math}", {"abilities.Math": "differs from math in capitals only"}),
    ("abilities/a b", "{source: world/math}", {"abilities.a b": "use letters, digits"}),
    ("abilities/law", "5", {"abilities.law": MAPPING}),
    ("abilities/law", "{}", {"abilities.law.source": "must be given"}),
    ("abilities/law", "{sorce: world/math}", {"abilities.law.sorce": "did you mean source?"}),
    ("abilities/code/source", "world/cod", {"abilities.code.source": "did you mean world/code?"}),
    ("abilities/code/source", "gone.jsonl", {"abilities.code.source.path": "no such file"}),
    ("abilities/code/source", '"a\\0b"', {"abilities.code.source": "U+0000"}),
    ("abilities/code/source", "[]", {"abilities.code.source": "name at least one file"}),
    ("abilities/code/source", "5", {"abilities.code.source": MAPPING}),
    ("abilities/code/source", "{path: [], held_out: -1}", {
        "abilities.code.source": "name at least one file", "abilities.code.source.held_out": "at least 0"}),
    ("abilities/code/source", "{path: [world/code], join: [{path: b.jsonl, weight: 0}]}", {
        "abilities.code.source.path": "built-in", "abilities.code.source.join[0].weight": "above 0"}),
    ("abilities/code/source", "{path: 5}", {"abilities.code.source.path": f"{TEXT}; in quotes"}),
    (
        "abilities/code/source",
        "{path: world/code, row: 5, formt: gsm8k, limit: 0, tokens: .nan}",
        {
            "abilities.code.source.row": "did you mean rows?",
            "abilities.code.source.formt": "did you mean format?",
            "abilities.code.source.limit": "must be at least 1",
            "abilities.code.source.tokens": "not infinite",
        },
    ),
    (
        "abilities/code/source",
        "{path: world/code, drop: [{any: x}, {matches: '('}, {longer_than: yes}]}",
        {
            "abilities.code.source.drop[0].any": "did you mean any_of?",
            "abilities.code.source.drop[1].matches": "is no regular expression",
            "abilities.code.source.drop[2].longer_than": WHOLE,
        },
    ),
    ("abilities/code/source", "{path: world/code, rows: 010}",
     {"abilities.code.source.rows": "without a zero"}),
    ("abilities/code/source", '{path: world/code, rows: "10"}',
     {"abilities.code.source.rows": "without quotes"}),
    ("abilities/code/benchmark", "gsm8x", {"abilities.code.benchmark": "did you mean gsm8k?"}),
    ("abilities/code/benchmark", "{name: gsm8k}", {"abilities.code.benchmark": "path: FILE"}),
    ("abilities/general/benchmark", "held_out", {"abilities.general.benchmark": "source.held_out: 200"}),
    ("abilities/code/benchmark", "{limit: 5}", {"abilities.code.benchmark.name": "must be given"}),
    ("abilities/code/report", "[mbpp, nope]", {
        "abilities.code.report[0]": "say where", "abilities.code.report[1]": "use world/math"}),
    ("abilities/code/variants", "{v: lost.jsonl, w: {}}", {
        "abilities.code.variants.v.path": "no such file",
        "abilities.code.variants.w": "name at least one file"}),
    ("abilities/math/reports", "x", {"abilities.math.reports": "did you mean report?"}),
    # ---- models
    ("models/tiny/base", "world/bose", {"models.tiny.base": "did you mean world/base?"}),
    ("models/tiny/base", "7", {"models.tiny.base": TEXT}),
    ("models/tiny/workers", "0", {"models.tiny.workers": "must be at least 1"}),
    ("models/tiny/worker", "3", {"models.tiny.worker": "did you mean workers?"}),
    ("models/tiny/recipe", "{epoch: 3, warmup: 1}", {
        "models.tiny.recipe.epoch": "did you mean epochs?", "models.tiny.recipe.warmup": "must be below 1"}),
    ("models/small/base/layers", "10000000000000000", {"models.small.base.layers": "must be below"}),
    ("models/small/base/heads", "3", {"models.small.base": "must be a multiple of"}),
    ("models/TINY", "{base: world/base}", {"models.TINY": "differs from tiny"}),
    ("models/more", "", {"models.more": MAPPING}),
    ("models/more", "{shape: {layers: 1}, bas: x}", {
        "models.more.bas": "did you mean base?",
        **{f"models.more.shape.{one}": "must be given" for one in
           ("hidden_size", "heads", "feed_forward", "vocabulary")}}),
    # ---- recipe, evaluation, run, cost, power, objective
    ("recipe", "5", {"recipe": MAPPING}),
    ("recipe", "{epochs: 1, steps: 5, learning_rate: true}", {
        "recipe.learning_rate": NUMBER, "recipe": "give `epochs` or `steps`"}),
    ("recipe", "{learning-rate: 1}", {"recipe.learning-rate": "did you mean learning_rate?"}),
    ("recipe", "{lr: 1}", {"recipe.lr": "did you mean learning_rate?"}),
    ("recipe", "{batch_size: 1.0, clip: .inf, loss: tokens, warmup: -1}", {
        "recipe.batch_size": WHOLE, "recipe.clip": "not infinite",
        "recipe.loss": "did you mean token?", "recipe.warmup": "must be at least 0"}),
    ("recipe/epochs", f"{'9' * 5000}", {"recipe.epochs": "must be below 1,000,000,000,000"}),
    ("recipe/epochs", f"{'9' * 400}", {"recipe.epochs": "must be below 1,000,000,000,000"}),
    ("recipe/epochs", "1:30", {"recipe.epochs": WHOLE}),
    ("recipe/epochs", "!!python/object:os.system 1", {"recipe.epochs": "no such tag"}),
    ("evaluation", "{stage: all, batch_size: on}", {
        "evaluation.stage": "did you mean stages?", "evaluation.batch_size": WHOLE}),
    ("evaluation", "[]", {"evaluation": MAPPING}),
    ("run", "{trials_at_once: true, attempt: 1}", {
        "run.trials_at_once": WHOLE, "run.attempt": "did you mean attempts?"}),
    ("cost", "{price: 1, mfu: 40}", {
        "cost.price": "did you mean price_per_hour?", "cost.mfu": "must be at most 1"}),
    ("power", "{alfa: 1, power: 5}", {"power.alfa": "did you mean alpha?", "power.power": "must be below 1"}),
    ("power", "{spread: {world/mth: 0.3, math: 30}}", {
        "power.spread.world/mth": "did you mean world/math?", "power.spread.math": "30% is 0.3"}),
    ("objective", "{maximise: mth, floors: {lw: 1}}", {
        "objective.maximise": "did you mean math?", "objective.floors.lw": "no such ability"}),
    ("objective", "{maximize: math}", {"objective.maximize": "did you mean maximise?"}),
    # ---- studies
    ("studies/u", "", {"studies.u": MAPPING}),
    ("studies/u", "{}", {"studies.u.model": "must be given", "studies.u.strategy": "must be given"}),
    ("studies/u", "[a]", {"studies.u": f"{MAPPING}, such as {{model: tiny, strategy: multi_task}}"}),
    ("models/more", "world/base", {"models.more": "such as {base: world/base}"}),
    ("evaluation", "", {"evaluation": "such as {stages: all}; or leave the key out"}),
    ("studies/s/ratio", "[1/4]", {"studies.s.ratio[0]": "such as {general: 1/4}"}),
    ("studies/s/strategy", "dmt(k=1/16)", {"studies.s.strategy": "; write {dmt: 1/16}"}),
    ('""', "5", {'""': KEYS}),
    ("studies/S", "{model: tiny, strategy: multi_task}", {"studies.S": "differs from s"}),
    ("studies/s/model", "tinny", {"studies.s.model": "did you mean tiny?"}),
    ("studies/s/model", "[tony, 5, ~]", {
        "studies.s.model[1]": "in quotes", "studies.s.model[2]": TEXT, "studies.s.model": "no such model"}),
    ("studies/s/model", "[]", {"studies.s.model": "give at least 1"}),
    ("studies/s/model", "[tiny, tiny]", {"studies.s.model": "is given twice"}),
    ("studies/s/models", "tiny", {"studies.s.models": "did you mean model?"}),
    ("studies/s/strategy", "dmt", {"studies.s.strategy": "k: must be given, such as {dmt: 1/16}"}),
    ("studies/s/strategy", "multi_tusk", {"studies.s.strategy": "did you mean multi_task?"}),
    ("studies/s/strategy", "", {"studies.s.strategy": "write one strategy"}),
    ("studies/s/strategy", "{dmt: 1/4, last: math}",
     {"studies.s.strategy": "inside it: {dmt: {k: ..., ...}}"}),
    ("studies/s/strategy", "{dmt: {k: 2, last: mth}}", {
        "studies.s.strategy.dmt.k": "must lie between 0 and 1", "studies.s.strategy": "did you mean math?"}),
    ("studies/s/strategy", "{dmt: {last: mth}}", {
        "studies.s.strategy.dmt.k": "must be given", "studies.s.strategy": "did you mean math?"}),
    ("studies/s/strategy", "{dmt: {k: {math: 0.5, code: 2}, lst: x}}", {
        "studies.s.strategy.dmt.k.math": EXACT, "studies.s.strategy.dmt.k.code": "must lie between",
        "studies.s.strategy.dmt.lst": "did you mean last?"}),
    ("studies/s/strategy", "{single: [math]}", {"studies.s.strategy.single": TEXT}),
    ("studies/s/strategy", "[{single: mth}, base, dmtt]", {
        "studies.s.strategy": "did you mean math?", "studies.s.strategy[2]": "did you mean dmt?"}),
    ("studies/s/strategy", "{multi_task: 5}", {"studies.s.strategy": "takes no value"}),
    ("studies/s/strategy", "{sequential: {ordr: [math]}}", {"studies.s.strategy.sequential.ordr": "order?"}),
    ("studies/s/strategy", "[nope, {dmt: {k: 2}}, {sequential: [math, math, code]}]", {
        "studies.s.strategy[0]": "no such strategy", "studies.s.strategy[1].dmt.k": "must lie between",
        "studies.s.strategy": "math comes twice"}),
    ("studies/s/strategy", "{sequential: {last: 5}}", {"studies.s.strategy.sequential.last": TEXT}),
    ("studies/u", "{model: tiny, abilities: [math, code], strategy: [{mixed_sequential: {last: 5}}]}", {
        "studies.u.strategy[0].mixed_sequential.last": TEXT}),
    ("studies/s/strategy", "[multi_task, multi_task]", {"studies.s.strategy": "is given twice"}),
    ("studies/s/strategy", "{stages: [{math: 2}, {mth: 1}, {code: 0.5}]}", {
        "studies.s.strategy.stages[0].math": "must be at most 1",
        "studies.s.strategy.stages[2].code": EXACT, "studies.s.strategy": "did you mean math?"}),
    ("studies/s/strategy", "{stages: {a: {math: 2}, b: {mixture: {code: 0}, aftr: a}, c: 5}}", {
        "studies.s.strategy.stages.a.math": "at most 1",
        "studies.s.strategy.stages.b.mixture.code": "must be above 0",
        "studies.s.strategy.stages.b.aftr": "did you mean after?",
        "studies.s.strategy.stages.c": "write abilities with shares"}),
    ("studies/s/strategy", "{stages: [{mixture: {math: 3}, recipe: {epoch: 3}}]}", {
        "studies.s.strategy.stages[0].mixture.math": "at most 1",
        "studies.s.strategy.recipe.epoch": "did you mean epochs?"}),
    ("studies/s/strategy", "{stages: {a: {math: 1}, b: {mixture: {math: 1}, after: aa}}}", {
        "studies.s.strategy.stages.b.after": "no stage is called aa"}),
    ("studies/s/strategy", "{stages: {math: 1, code: 1}}",
     {"studies.s.strategy.stages": "one mixture for each"}),
    ("studies/s/amount", "0.25", {"studies.s.amount": EXACT}),
    ("studies/s/amount", "[2, 0, -1/4, 1/0, ~]", {
        "studies.s.amount[0]": "at most 1",
        "studies.s.amount[1]": "above 0", "studies.s.amount[2]": "above 0",
        "studies.s.amount[3]": EXACT, "studies.s.amount[4]": EXACT}),
    ("studies/s/amount", "[1/4, 2/8]", {"studies.s.amount": "is given twice"}),
    ("studies/s/amount", f"{{count: 1{'0' * 400}}}", {"studies.s.amount.count": "below 1,000,000,000,000"}),
    ("studies/s/amount", f"1/{'9' * 5000}", {"studies.s.amount": EXACT}),
    ("studies/s/amount", "{count: {math: 0, code: x}}", {
        "studies.s.amount.count.math": "above 0", "studies.s.amount.count.code": "above 0",
        "studies.s.amount": "says nothing for general"}),
    ("studies/s/amount", "{count: {math: 5, lw: 5}}", {
        "studies.s.amount.lw": "no such ability", "studies.s.amount": "says nothing for code, general"}),
    ("studies/s/amount", "{counts: 5}", {"studies.s.amount": "{count: 5000}"}),
    ("studies/s/ratio", "{math: 2}", {"studies.s.ratio.math": "more than the source has"}),
    ("studies/s/ratio", "{mth: 1/2, code: 0.5}", {
        "studies.s.ratio.mth": "did you mean math?", "studies.s.ratio.code": EXACT}),
    ("studies/s/ratio", "{few: {math: 1/2}, more: {math: 0, code: x}}", {
        "studies.s.ratio.more.math": "above 0", "studies.s.ratio.more.code": EXACT}),
    ("studies/s/ratio", '{"a\\u202eb": {math: 1/2}}',
     {"studies.s.ratio.a\\u202eb": "U+202E cannot be in a text"}),
    ("studies/s/ratio", '{"a\\u200bb": {math: 1/2}}', {
        "studies.s.ratio.a\\u200bb": "all of which can be seen"}),
    ("models/tiny/base", '"a\\eb"', {"models.tiny.base": "U+001B cannot be in a text"}),
    ("studies/s/variant", "{math: shrt, code: x}", {
        "studies.s.variant.math": "did you mean short?", "studies.s.variant.code": "no such variant"}),
    ("studies/s/recipe", "[{epoch: 3}, {batch_size: x}]", {
        "studies.s.recipe[0].epoch": "epochs?", "studies.s.recipe[1].batch_size": WHOLE}),
    ("studies/s/seed", "[0, -1, 010, no, 4294967296]", {
        "studies.s.seed[1]": "at least 0", "studies.s.seed[2]": "without a zero in front",
        "studies.s.seed[3]": WHOLE, "studies.s.seed[4]": "must be below 4294967296"}),
    ("studies/s/seed", "[0, 1, 0]", {"studies.s.seed": "is given twice"}),
    ("studies/s/hold", "steps", {"studies.s.hold": "write epochs, {steps: 500}"}),
    ("studies/s/hold", "{steps: 5, supervised_tokens: 6}", {"studies.s.hold": "one of them"}),
    ("studies/s/hold", "{steps: 5, supervised_tokens: 6, max_epochs: 0}", {
        "studies.s.hold": "one of them", "studies.s.hold.max_epochs": "at least 1"}),
    ("studies/s/exclude", "[{amount: 1/512}, {modle: tiny}]", {
        "studies.s.exclude[0].amount": "no such value", "studies.s.exclude[1].modle": "did you mean model?"}),
    ("studies/s/exclude", "[{modle: tiny}, {seed: x}]", {
        "studies.s.exclude[0].modle": "did you mean model?", "studies.s.exclude[1].seed": WHOLE}),
    ("studies/s/hold", "{step: 5}", {"studies.s.hold.step": "did you mean steps?"}),
    ("studies/s/hold", "{steps: 0, max_epoch: 3}", {
        "studies.s.hold.steps": "at least 1", "studies.s.hold.max_epoch": "did you mean max_epochs?"}),
    ("studies/s/benchmarks", "reports", {"studies.s.benchmarks": "did you mean report?"}),
    ("studies/s/abilities", "[math, cod]", {"studies.s.abilities": "did you mean code?"}),
    ("studies/s/max_repeats", "10000000", {"studies.s.max_repeats": "must be at most 10000"}),
    ("studies/s/exclude", "{strategy: multi_task}", {"studies.s.exclude": "leave at least one cell"}),
    ("studies/t/exclude", "[{}, {seed: 5}, {modell: x}, {amount: 0.5}, {}]", {
        "studies.t.exclude[0]": "names no axis", "studies.t.exclude[2].modell": "did you mean model?",
        "studies.t.exclude[3].amount": EXACT, "studies.t.exclude[4]": "names no axis"}),
    ("studies/t/exclude", "[{seed: 5}, {amount: 1/3, model: tiny}]", {
        "studies.t.exclude[0].seed": "no such value", "studies.t.exclude[1].amount": "no such value"}),
    ("studies/u", ("{strategy: multi_task, linked: {model: [tiny, small], seed: [0, 1]},"
        " exclude: {model: tiny, seed: 1}}"), {"studies.u.exclude[0]": "it excludes nothing"}),
    ("studies/u", "{linked: [{strategy: [multi, dmt], seed: [0, 1]}], model: tiny}", {
        "studies.u.linked[0].strategy[0]": "did you mean multi_task?",
        "studies.u.linked[0].strategy[1]": "k: must be given"}),
    ("studies/u",
     "{model: tiny, seed: 3, strategy: base, linked: [{seed: [0, 1], amount: [1, 1/2]}, {ratio: {}}]}", {
        "studies.u.linked[0].seed": "is given twice", "studies.u.linked[1]": "two or more axes"}),
    ("studies/u", (f"{{model: tiny, strategy: base, seed: {list(range(700))}, amount: [1, 1/2],"
        f" recipe: {[{'batch_size': one} for one in range(1, 300)]}}}"),
        {"studies.u": "at most 250,000 cells"}),
]  # fmt: skip
WHOLE_PARTS: list[tuple[str, str, dict[str, str]]] = [
    # Nothing can be said of what needs these parts.
    ("abilities", "5", {"abilities": MAPPING}),
    ("abilities", "{}", {"abilities": "give at least 1"}),
    ("models", "[tiny]", {"models": MAPPING}),
    ("models", "", {"models": MAPPING}),
    ("studies", "{}", {"studies": "give at least 1"}),
    ("studies", "x", {"studies": MAPPING}),
]
OF_THE_LIBRARY = re.compile(
    r"Input should|Value error|valid (integer|number|string|dict)|unable to parse|Field required|Extra inputs"
    r"|instance of|pydantic|literal\[|function-|discriminator|None\b|True\b|False\b|\{'\w|dict\b|tuple",
)


def file_with(*cases: tuple[str, str, dict[str, str]]) -> str:
    """The good file with other values in some places; each is put in as text, as a user writes it."""
    raw = yaml.safe_load(GOOD)
    marks = {}
    for number, (place, text, _) in enumerate(cases):
        at = raw
        *above, last = ("" if step == '""' else step for step in place.split("/"))
        for step in above:
            at = at.setdefault(step, {})
        at[last] = f"@{number}@"
        marks[f"'@{number}@'"] = text
    written: str = yaml.safe_dump(raw, sort_keys=False, width=10**6)
    for mark, text in marks.items():
        written = written.replace(mark, text)
    return written


def refused(folder: Path, text: str) -> list[Problem]:
    (folder / "sweep.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        load_sweep(folder / "sweep.yaml")
    return list(caught.value.problems)


def check(found: list[Problem], *cases: tuple[str, str, dict[str, str]]) -> None:
    expected = {field: said for _, _, fields in cases for field, said in fields.items()}
    told = {one.field: one.remedy for one in found}
    assert told.keys() == expected.keys()
    assert len(found) == len(expected), "each problem once"
    for field, said in expected.items():
        assert said in told[field], field
    assert not [one for one in found if OF_THE_LIBRARY.search(str(one))]


OF_CELLS = re.compile("says nothing|more than the source|leave at least|excludes nothing|no such value|cells")
"""What is wrong with the cells of a study is known once its axes are right."""


def apart(cases: tuple[tuple[str, str, dict[str, str]], ...]) -> bool:
    """Whether no case is written where another one is, or in it, or hides it."""
    pairs = list(itertools.permutations(cases, 2))
    if any(f"{one[0]}/".startswith(f"{other[0]}/") for one, other in pairs):
        return False
    # A rule about a whole mapping is told once its parts are right.
    wholes = [(field.replace(".", "/"), other[0]) for one, other in pairs for field in one[2]]
    if any(path.startswith(f"{whole}/") for whole, path in wholes):
        return False
    of_cells = [one for one in cases if OF_CELLS.search(" ".join(one[2].values()))]
    studies = [one[0].split("/")[1] for one in cases if one[0].startswith("studies/")]
    return not any(studies.count(one[0].split("/")[1]) > 1 for one in of_cells)


def test_the_good_file_is_good(tmp_path: Path) -> None:
    (tmp_path / "sweep.yaml").write_text(GOOD, encoding="utf-8")
    assert load_sweep(tmp_path / "sweep.yaml").name == "good"


@pytest.mark.parametrize("case", CASES + WHOLE_PARTS, ids=lambda case: f"{case[0]}: {case[1][:40]}")
def test_a_wrong_file_is_told_all_that_is_wrong_and_nothing_else(
    tmp_path: Path, case: tuple[str, str, dict[str, str]]
) -> None:
    check(refused(tmp_path, file_with(case)), case)


@settings(deadline=None, max_examples=150)
@given(st.lists(st.sampled_from(CASES), min_size=2, max_size=4).map(tuple).filter(apart))
def test_several_faults_are_all_told_in_one_answer(
    tmp_path_factory: pytest.TempPathFactory, cases: tuple[tuple[str, str, dict[str, str]], ...]
) -> None:
    check(refused(tmp_path_factory.getbasetemp(), file_with(*cases)), *cases)


SHIPPED = sorted((ROOT / "sweeps").glob("*.yaml"))
ODD: list[Any] = [
    None, True, -1, 0, 1.5, float("nan"), float("inf"), 10**400, "", "no", "x" * 300, "1/0", "\u202e", [], {},
    [[]], [None], {"": None}, {"a": {"b": []}}, "multi_task", "dmt", "all", "world/math", [1, 1], {"dmt": {}},
]  # fmt: skip


def places_of(value: object, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [at, *(place for step, one in inner for place in places_of(one, (*at, step)))]


def mutate(raw: Any, chance: random.Random) -> None:
    """Put something odd somewhere, take something out, misspell a key, or move a part elsewhere."""
    places = [place for place in places_of(raw) if place]
    *above, last = chance.choice(places)
    at = raw
    for step in above:
        at = at[step]
    match chance.randrange(4):
        case 0:
            at[last] = chance.choice(ODD)
        case 1:
            del at[last]
        case 2 if isinstance(at, dict):
            at[str(last)[:-1] + chance.choice("xs_")] = at.pop(last)
        case _:
            source = raw
            for step in chance.choice(places):
                source = source[step]
            at[last] = yaml.safe_load(yaml.safe_dump(source))


@settings(deadline=None, max_examples=200)
@given(st.sampled_from(SHIPPED), st.integers(0, 2**32), st.integers(1, 4))
def test_whatever_becomes_of_a_sweep_is_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, shipped: Path, seed: int, times: int
) -> None:
    raw = yaml.safe_load(shipped.read_text(encoding="utf-8"))
    chance = random.Random(seed)
    for _ in range(times):
        mutate(raw, chance)
        if not raw:
            return
    read_or_refused(tmp_path_factory.getbasetemp() / "odd.yaml", yaml.safe_dump(raw).encode())


@settings(deadline=None, max_examples=200)
@given(st.sampled_from(SHIPPED), st.integers(0, 2**32), st.integers(1, 6))
def test_whatever_becomes_of_its_bytes_is_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, shipped: Path, seed: int, times: int
) -> None:
    text = bytearray(shipped.read_bytes())
    chance = random.Random(seed)
    for _ in range(times):
        place = chance.randrange(len(text))
        length = chance.randrange(1, 30)
        other = chance.randrange(len(text))
        new = chance.choice(
            [b"", b"\t", b"&a ", b"*a ", b"- ", b": ", b"{", b"]", b"!x ", b"\xff", b"\n", b"<<: "]
        )
        text[place : place + chance.choice([0, length])] = chance.choice([new, text[other : other + length]])
    read_or_refused(tmp_path_factory.getbasetemp() / "odd.yaml", bytes(text))


def read_or_refused(file: Path, given_: bytes) -> None:
    file.write_bytes(given_)
    wrong: object = None
    begun = time.monotonic()
    try:
        spec = load_sweep(file, data="unseen")
    except InputError as error:
        said = str(error).encode().decode()
        wrong = [one for one in error.problems if not (one.field and one.value and one.remedy)]
        wrong = wrong or OF_THE_LIBRARY.findall(said) or not error.problems
    else:
        said = "read"
        wrong = SweepSpec.model_validate(spec.model_dump(mode="json")) != spec
    assert not wrong, said
    assert time.monotonic() - begun < 2
