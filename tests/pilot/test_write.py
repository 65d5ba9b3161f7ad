"""`raysft init`: from data files, model and budget to a sweep file that loads, fits and explains itself."""

import json
import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from support.example_pilot import write_chats, write_rows

from raysft.composition.order import ExpectedIndex
from raysft.data.sources.pipeline import load_sources
from raysft.errors import InputError
from raysft.pilot.write import Wanted, write_pilot
from raysft.plan.build import build_plan
from raysft.plan.cost.accelerators import ACCELERATORS
from raysft.plan.cost.bill import Machine, stage_efforts
from raysft.plan.cost.model_shape import KNOWN, shape_from_config
from raysft.plan.token_counts import MeanTokens
from raysft.plan.tree import BaseIdentity
from raysft.spec import SweepSpec, load_sweep
from raysft.spec.recipe import Recipe

LLAMA = "huggyllama/llama-7b"
CONFIG = {
    "hidden_size": 512,
    "num_hidden_layers": 4,
    "num_attention_heads": 8,
    "intermediate_size": 1024,
    "vocab_size": 1000,
}


def written(tmp_path: Path, *data: Path | str, **asked: Any) -> tuple[SweepSpec, str, str]:
    """The sweep, its file and what was printed."""
    usual = {
        "model": LLAMA,
        "budget": "100gpu-h",
        "out": tmp_path / "sweep.yaml",
        "name": None,
        "accelerator": None,
        "gpus": None,
        "shape_from": None,
        "force": True,
    }
    wanted = Wanted(data=tuple(map(str, data)), **{**usual, **asked})
    said = " ".join(write_pilot(wanted))
    return load_sweep(wanted.out), wanted.out.read_text(encoding="utf-8"), said


def problems(tmp_path: Path, *data: Path | str, **asked: Any) -> list[tuple[str, str]]:
    with pytest.raises(InputError) as refused:
        written(tmp_path, *data, **asked)
    return [(one.field, one.remedy) for one in refused.value.problems]


def training_hours(spec: SweepSpec, machine: Machine) -> float:
    """As `raysft plan` reckons a sweep whose model is not here, with sources read from their files."""
    (model,) = spec.models
    sources = {
        key: ExpectedIndex(key, one.index.rows, key)
        for key, one in load_sources(spec.sources, spec.data_dir, {}).items()
    }

    def expected(_model: str, source: str, _recipe: Recipe) -> MeanTokens:
        return MeanTokens(spec.sources[source].tokens, spec.sources[source].supervised_tokens)

    plan = build_plan(spec, sources, {model: BaseIdentity("w", "t", "c")}, expected)
    return sum(one.hours for one in stage_efforts(plan, expected, {model: machine}).values())


def asked_for(spec: SweepSpec) -> dict[str, set[str]]:
    """What a larger budget must not take away; amounts relative to the largest."""
    found: dict[str, set[str]] = {"strategies": set(), "seeds": set(), "amounts": set(), "studies": set()}
    for name, study in spec.studies.items():
        found["studies"].add(name)
        found["strategies"] |= {one.label for one in study.strategy}
        found["seeds"] |= set(map(str, study.seed))
        largest = max(one.value() for one in study.amount)
        found["amounts"] |= {str(one.value() / largest) for one in study.amount}
    return found


@settings(deadline=None, max_examples=5)
@given(
    st.lists(st.integers(60, 900), min_size=1, max_size=4),
    st.lists(st.integers(10, 300), min_size=2, max_size=3, unique=True),
)
def test_what_is_written_fits_and_a_larger_budget_takes_nothing_away(
    sizes: list[int], budgets: list[int]
) -> None:
    with TemporaryDirectory() as folder:
        at = Path(folder)
        files = [write_rows(at / f"{place}.jsonl", rows) for place, rows in enumerate(sizes)]
        before: dict[str, set[str]] = {}
        for hundredths in sorted(budgets):
            with suppress(InputError):
                before = fitting_and_no_less(at, files, hundredths, before)
                continue
            assert not before, "less was enough"


def fitting_and_no_less(
    at: Path, files: list[Path], hundredths: int, before: dict[str, set[str]]
) -> dict[str, set[str]]:
    spec, _, _ = written(at, *files, budget=f"{hundredths / 100}gpu-h")
    machine = Machine(KNOWN[LLAMA], ACCELERATORS["a100-80gb"])
    assert training_hours(spec, machine) <= 0.9 * hundredths / 100
    now = asked_for(spec)
    for kind, values in before.items():
        assert values <= now[kind], kind
    return now


def test_the_budget_that_a_refusal_names_is_enough(tmp_path: Path) -> None:
    files = [write_rows(tmp_path / "a.jsonl", 700), write_rows(tmp_path / "b.jsonl", 300, start=1000)]
    for unit in ("gpu-h", "h", "usd"):
        ((field, remedy),) = problems(tmp_path, *files, budget=f"0.001{unit}")
        assert field == "--budget"
        needed = re.search(rf"needs ([0-9.]+{unit})", remedy)
        assert needed
        spec, _, _ = written(tmp_path, *files, budget=needed[1])
        assert spec.studies.keys() == {"strategy"}


def leaves(value: object, at: str = "") -> Iterator[str]:
    if isinstance(value, dict):
        for key, one in value.items():
            yield from leaves(one, f"{at}.{key}" if at else key)
    else:
        yield at


def explained(text: str) -> set[str]:
    """Dotted paths of the keys that have a comment beside them or directly above."""
    found, path, above = set(), [], False
    for line in text.splitlines():
        key = re.match(r"( *)([A-Za-z0-9_-]+):", line)
        if line.lstrip().startswith("#"):
            above = True
            continue
        if key:
            path = [*path[: len(key[1]) // 2], key[2]]
            if above or "  # " in line:
                found.add(".".join(path))
        above = False
    return found


@pytest.mark.parametrize("asked", [{}, {"model": "world/base", "budget": "20cpu-h"}])
def test_every_value_is_explained(asked: dict[str, Any], tmp_path: Path) -> None:
    files = [write_rows(tmp_path / f"{name}.jsonl", 900) for name in ("code", "math", "general")]
    _, text, _ = written(tmp_path, *files, **asked)
    unexplained = set(leaves(yaml.safe_load(text))) - explained(text)
    assert unexplained == {"objective.floors.general"}, "which stands in one line with `floors`"
    assert "objective.floors" in explained(text)
    for study in ("amount", "strategy"):
        assert f"studies.{study}" in explained(text)
    lines = text.splitlines()
    bare = [line for line in lines if line.lstrip().startswith("- ") and "# " not in line]
    assert all(lines[lines.index(line) - 1].lstrip().startswith("#") for line in bare)
    assert max(map(len, lines)) <= 110


def test_what_was_seen_is_what_a_run_will_read(tmp_path: Path) -> None:
    rows = write_rows(tmp_path / "math.jsonl", 500)
    lines = rows.read_text().splitlines()
    rows.write_text("\n".join([*lines, *lines[:9], "not json"]))
    chats = write_chats(tmp_path / "talk.json", 300)
    spec, text, _ = written(tmp_path, rows, chats)
    sources = load_sources(spec.sources, spec.data_dir, {})
    assert {key: one.index.rows for key, one in sources.items()} == {"math": 400, "talk": 240}
    assert spec.abilities["math"].source.on_bad_row == "skip"
    assert "exact copies seen: 9" in text
    assert "1 malformed rows are left out" in text
    assert "400 conversations are left to train on" in text


def test_a_file_with_many_bad_rows_is_taken_and_said_to_be_one(tmp_path: Path) -> None:
    rows = write_rows(tmp_path / "math.jsonl", 500)
    rows.write_text(rows.read_text() + "\n" + '{"instruction": "no answer"}\n' * 200)
    spec, text, _ = written(tmp_path, rows)
    (source,) = load_sources(spec.sources, spec.data_dir, {}).values()
    assert (source.facts.bad_rows, source.index.rows) == (200, 400)
    assert "29% of its rows are malformed: see whether it is the file" in " ".join(text.split())


def test_a_folder_is_a_file_of_many(tmp_path: Path) -> None:
    (tmp_path / "math").mkdir()
    for number in range(4):
        rows = write_rows(tmp_path / "math" / f"train-{number}.jsonl", 500).read_text().splitlines()
        (tmp_path / "math" / f"train-{number}.jsonl").write_text("\n".join(rows[number::4]))
    (tmp_path / "math" / "test.jsonl").write_text("not to be read")
    spec, _, _ = written(tmp_path, tmp_path / "math")
    (source,) = load_sources(spec.sources, spec.data_dir, {}).values()
    assert (source.facts.read, source.index.rows) == (500, 400)


def test_rules_that_rows_need_are_turned_on_and_explained(tmp_path: Path) -> None:
    roles = ("gpt", "human", "human", "gpt")
    rows = [
        {"conversations": [{"from": role, "value": f"{role} {number}"} for role in roles[number % 2 :]]}
        for number in range(200)
    ]
    (tmp_path / "talk.json").write_text(json.dumps(rows))
    spec, text, _ = written(tmp_path, tmp_path / "talk.json")
    assert spec.abilities["talk"].source.clean == ("drop_leading_answer", "merge_same_side")
    assert "100 rows need drop_leading_answer, 200 rows need merge_same_side" in " ".join(text.split())
    (source,) = load_sources(spec.sources, spec.data_dir, {}).values()
    assert source.facts.read == 200
    assert source.facts.bad_rows == 0


def test_the_last_ability_is_written_out_and_explained(tmp_path: Path) -> None:
    files = [
        write_rows(tmp_path / "a.jsonl", 700),
        write_chats(tmp_path / "b.json", 300),
        write_rows(tmp_path / "c.jsonl", 400),
    ]
    spec, text, _ = written(tmp_path, *files)
    staged = [one for one in spec.studies["strategy"].strategy if one.kind != "multi_task"]
    assert {one.kind for one in staged} == {"sequential", "mixed_sequential", "dmt"}
    assert all(one.last == "b" for one in staged)
    assert "most answers per conversation, 2.0" in " ".join(text.split())
    assert spec.objective is not None
    assert (spec.objective.maximise, set(spec.objective.floors)) == ("a", {"b"})


def test_a_small_budget_says_what_is_left_out_and_what_will_be_seen(tmp_path: Path) -> None:
    files = [write_rows(tmp_path / f"{name}.jsonl", 900) for name in ("code", "math", "general")]
    _, text, said = written(tmp_path, *files, budget="4gpu-h")
    plain = " ".join(line.removeprefix("# ") for line in text.splitlines())
    for where in (said, plain):
        left_out = r"Left out because the budget is too small, the most telling first: .*a third seed"
        assert re.search(rf"{left_out}, [0-9.]+ GPU-hours more", where)
        assert "smallest difference between two recipes that 2 seeds" in where
        assert re.search(r"Expected: [0-9.]+ GPU-hours on a100-80gb, [0-9.]+ USD at 3.431 an hour", where)
    _, _, said = written(tmp_path, *files, budget="5000usd")
    assert "Nothing was left out" in said


def test_one_file_is_enough_for_amounts_and_says_what_is_not_asked(tmp_path: Path) -> None:
    spec, _, said = written(tmp_path, write_rows(tmp_path / "sql.jsonl", 2000))
    assert spec.studies.keys() == {"amount"}
    assert {one.label for one in spec.studies["amount"].strategy} == {"single(sql)"}
    assert "takes a second file" in said


def test_overlap_and_near_copies_are_said(tmp_path: Path) -> None:
    first, second = write_rows(tmp_path / "a.jsonl", 200), write_rows(tmp_path / "b.jsonl", 200, start=150)
    lines = first.read_text().splitlines()
    first.write_text("\n".join([*lines, *(line.replace("Question", "question") for line in lines[:20])]))
    spec, text, said = written(tmp_path, first, second)
    assert "50 questions are both in a and in b" in said
    assert "# near_duplicates: {similarity: 0.8}  # 20 differ only in case or" in text
    assert spec.abilities["a"].source.near_duplicates is None, "a suggestion, not a choice"
    assert text.count("near_duplicates") == 1


def test_a_suggested_line_can_be_taken_as_it_is(tmp_path: Path) -> None:
    rows = [{"question": f"{one} and 1?", "answer": f"{one}+1\n#### {one + 1}"} for one in range(100)]
    (tmp_path / "sums.jsonl").write_text("\n".join(map(json.dumps, rows)))
    _, text, _ = written(tmp_path, tmp_path / "sums.jsonl", write_rows(tmp_path / "b.jsonl", 200))
    (tmp_path / "gsm8k_test.jsonl").write_text(json.dumps(rows[0]))
    before, _, behind = text.partition("    benchmark: {name: held_out, metric: loss}")
    changed = before.replace("# contamination:", "contamination:")
    changed += "    # benchmark: {name: held_out}" + behind.replace("# benchmark:", "benchmark:", 1)
    (tmp_path / "changed.yaml").write_text(changed)
    ability = load_sweep(tmp_path / "changed.yaml").abilities["sums"]
    assert ability.benchmark is not None
    assert ability.benchmark.name == "gsm8k"
    assert ability.source.contamination is not None


def test_a_template_inside_the_questions_is_said(tmp_path: Path) -> None:
    rows = [
        {"prompt": f"### Instruction:\n{one}\n### Response:\n", "completion": "yes"} for one in range(100)
    ]
    (tmp_path / "a.jsonl").write_text("\n".join(map(json.dumps, rows)))
    _, _, said = written(tmp_path, tmp_path / "a.jsonl")
    assert "the questions of a already hold a chat template (### Instruction:)" in said


def test_documents_are_trained_on_and_never_asked(tmp_path: Path) -> None:
    texts = "\n".join(json.dumps({"text": f"Document {number}."}) for number in range(200))
    (tmp_path / "books.jsonl").write_text(texts)
    spec, text, _ = written(tmp_path, tmp_path / "books.jsonl", write_rows(tmp_path / "chat.jsonl", 300))
    assert spec.abilities["books"].benchmark is None
    assert "this ability has no benchmark" in text
    assert spec.objective is None, "nothing else than the last ability is measured"


def test_gpus_and_cores(tmp_path: Path) -> None:
    file = write_rows(tmp_path / "a.jsonl", 300)
    spec, _, _ = written(tmp_path, file, budget="300usd", accelerator="h100-80gb", gpus=8)
    model = spec.models["llama-7b"]
    assert (model.workers, model.gpus_per_worker, spec.run.trials_at_once) == (4, 1, 2)
    assert (spec.recipe.precision, spec.evaluation.gpus_per_engine, spec.cost.accelerator) == (
        "bf16",
        1,
        "h100-80gb",
    )
    spec, _, _ = written(tmp_path, file, model="world/base", budget="5h")
    assert (spec.recipe.precision, spec.models["world-base"].gpus_per_worker) == ("fp32", 0)
    assert spec.cost.accelerator == "cpu-core"
    assert spec.recipe.max_length <= 512
    spec, _, _ = written(tmp_path, file, model="world/base", budget="1gpu-h")
    assert spec.cost.accelerator == "a100-80gb"


def test_a_model_by_its_config_and_a_model_in_a_folder(tmp_path: Path) -> None:
    file = write_rows(tmp_path / "a.jsonl", 300)
    (tmp_path / "m").mkdir()
    (tmp_path / "m" / "config.json").write_text(json.dumps(CONFIG))
    spec, _, _ = written(tmp_path, file, model="owner/name", shape_from=tmp_path / "m" / "config.json")
    shape = spec.models["name"].shape
    assert shape is not None
    assert (shape.hidden_size, shape.layers) == (512, 4)
    assert shape_from_config(CONFIG).parameters > 5e6
    spec, _, _ = written(tmp_path, file, model=str(tmp_path / "m"))
    assert (spec.models["m"].base, spec.models["m"].shape) == ("m", None), "within data_dir"


def test_paths_start_from_the_folder_of_the_data(tmp_path: Path) -> None:
    (tmp_path / "data" / "x").mkdir(parents=True)
    first, second = (
        write_rows(tmp_path / "data" / "a.jsonl", 99),
        write_rows(tmp_path / "data" / "x" / "b.jsonl", 99),
    )
    _, text, _ = written(tmp_path, first, second)
    assert "data_dir: data " in text
    assert "path: x/b.jsonl" in text
    (tmp_path / "elsewhere").mkdir()
    spec, text, _ = written(tmp_path, first, second, out=tmp_path / "elsewhere" / "s.yaml", name="mine")
    assert f"data_dir: {tmp_path / 'data'}" in text
    assert spec.name == "mine"


def test_symbolic_links_are_written_as_they_were_given(tmp_path: Path) -> None:
    """The cache of the Hub names a file by its content, and links to it from its real name."""
    blobs, snapshot = tmp_path / "blobs", tmp_path / "snapshots" / "x"
    blobs.mkdir()
    snapshot.mkdir(parents=True)
    for name, start in (("train", 0), ("more", 200)):
        write_rows(blobs / f"{name}.jsonl", 99, start=start).rename(blobs / f"dead{name}")
        (snapshot / f"{name}.jsonl").symlink_to(f"../../blobs/dead{name}")
    spec, text, _ = written(tmp_path, snapshot / "train.jsonl", snapshot / "more.jsonl")
    assert "data_dir: snapshots/x " in text
    assert {key: one.source.path for key, one in spec.abilities.items()} == {
        "train": "train.jsonl",
        "more": "more.jsonl",
    }
    assert len(load_sources(spec.sources, spec.data_dir, {})) == 2
    (tmp_path / "same.jsonl").symlink_to(snapshot / "more.jsonl")
    found = problems(tmp_path, snapshot / "more.jsonl", tmp_path / "same.jsonl")
    assert ["is given twice" in remedy for _, remedy in found] == [True]


def test_a_folder_that_is_a_symbolic_link_is_written_as_it_was_given(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    write_rows(tmp_path / "real" / "a.jsonl", 99)
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "real")
    spec, text, _ = written(tmp_path, link / "a.jsonl", out=link / "sweep.yaml")
    assert "data_dir: . " in text
    assert spec.name == "link"
    spec, text, _ = written(tmp_path, link / "a.jsonl")
    assert "data_dir: link " in text
    assert len(load_sources(spec.sources, spec.data_dir, {})) == 1


def test_hostile_names_do_no_harm(tmp_path: Path) -> None:
    evil = tmp_path / "a: [}\n#'\"!!python\x85✓.jsonl"
    write_rows(evil, 100)
    evil.write_text(evil.read_text() + '\n{"x\\u2028\\n: [": 1}')
    spec, text, _ = written(
        tmp_path, evil, write_rows(tmp_path / "null.jsonl", 100), write_rows(tmp_path / "1e3.jsonl", 90)
    )
    assert list(spec.abilities) == ["a_python", "null", "1e3"]
    assert spec.abilities["a_python"].source.path == evil.name
    assert "\x85" not in text


def test_everything_wrong_is_said_at_once_and_nothing_is_written(tmp_path: Path) -> None:
    small = write_rows(tmp_path / "small.jsonl", 10)
    (tmp_path / "odd.jsonl").write_text('{"a": 1}\n' * 100)
    (tmp_path / "sweep.yaml").write_text("mine")
    found = problems(
        tmp_path,
        small,
        small,
        tmp_path / "odd.jsonl",
        tmp_path / "nowhere.jsonl",
        model="owner/name",
        budget="plenty",
        accelerator="abacus",
        name="not a name",
        force=False,
    )
    said = "\n".join(remedy for _, remedy in found)
    assert [field for field, _ in found[:5]] == ["--budget", "--model", "--accelerator", "--out", "--name"]
    for remedy in ("is given twice", "at least 60", "no known format", "no such file", "--shape-from"):
        assert remedy in said
    assert (tmp_path / "sweep.yaml").read_text() == "mine"


@pytest.mark.parametrize(
    "asked",
    [
        {"budget": "5gpu-h", "accelerator": "cpu-core"},
        {"budget": "5gpu-h", "gpus": 0},
        {"budget": "5cpu-h", "accelerator": "h100-80gb"},
        {"budget": "5h", "accelerator": "cpu-core", "gpus": 2},
    ],
)
def test_units_machines_and_gpus_must_agree(asked: dict[str, Any], tmp_path: Path) -> None:
    ((field, _),) = problems(tmp_path, write_rows(tmp_path / "a.jsonl", 100), **asked)
    assert field in ("--budget", "--gpus")
