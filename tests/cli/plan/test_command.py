"""`raysft plan` as its users call it: with data and without, good and bad."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from support.command import Command
from support.example_sweep import WORLD, raw_of
from support.places import SWEEPS

PAPER = SWEEPS / "paper.yaml"


def plan(command: Command, raw: dict[str, Any]) -> dict[str, Any]:
    Path("sweep.yaml").write_text(yaml.safe_dump(raw))
    done = command("plan", "sweep.yaml", "--json")
    assert done.code == 0, done.said
    found: dict[str, Any] = json.loads(done.printed)
    return found


def refused(command: Command, raw: dict[str, Any]) -> str:
    Path("sweep.yaml").write_text(yaml.safe_dump(raw))
    done = command("plan", "sweep.yaml")
    assert done.code == 2, done.printed
    return done.said


def test_the_papers_questions_need_no_data_and_no_model(command: Command) -> None:
    done = command("plan", str(PAPER), "--only", "rq1,rq2,rq3,rq4", "--json")
    assert done.code == 0, done.said
    found = json.loads(done.printed)
    assert found["expected"] == [
        *("code", "math", "general", "general/no_code_math"),
        *("llama-7b", "llama-13b", "llama-33b"),
    ]
    for model in found["by_model"].values():
        assert (model["points"], model["distinct_points"]) == (46, 41)
        assert model["savings"]["against_one_run_per_point"] >= 1.6
        assert model["savings"]["against_dropping_equal_points"] >= 1.36
        savings = model["by_study"]["rq4"]["savings"]
        assert savings["against_one_run_per_point"] >= 1.65
        assert savings["hours_against_one_run_per_point"] == pytest.approx(1.18, abs=0.01)
    smallest = [
        stage["mixture"]
        for point in found["point_list"]
        for cell in point["cells"]
        for stage in point["stages"]
        if cell["study"] == "rq2" and cell["amount"] == "1/256" and point["model"] == "llama-7b"
    ]
    assert smallest == [{"code": 78, "math": 430, "general": 336}]


def test_the_sweep_over_k_shares_its_first_stage(command: Command) -> None:
    done = command("plan", str(PAPER), "--only", "dmt_k", "--json")
    found = json.loads(done.printed)["by_model"]["llama-7b"]
    assert (found["points"], found["stages"], found["stages_without_sharing"]) == (10, 11, 20)
    assert found["savings"]["against_one_run_per_point"] >= 1.9
    assert found["savings"]["hours_against_one_run_per_point"] == pytest.approx(1.23, abs=0.01)


@pytest.mark.parametrize(
    ("file", "points", "distinct"), [("modern", 216, 204), ("controls", 92, 85), ("paper_tiny", 122, 100)]
)
def test_other_sweeps_can_be_planned(command: Command, file: str, points: int, distinct: int) -> None:
    done = command("plan", str(PAPER.with_name(f"{file}.yaml")), "--json")
    assert done.code == 0, done.said
    found = json.loads(done.printed)
    assert (found["points"], found["distinct_points"]) == (points, distinct)
    assert len(found["point_list"]) == distinct
    assert all(point["stages"] for point in found["point_list"])
    assert len(found["base_list"]) == found["bases"] == len(found["by_model"])
    assert sum(len(point["cells"]) for point in found["point_list"]) == points


def test_keys_are_stable(command: Command) -> None:
    found = plan(command, raw_of("s: {model: tiny, strategy: [multi_task, sequential], seed: [0, 1]}"))
    group = {
        *("points", "distinct_points", "stages", "stages_without_sharing", "conversation_epochs", "steps"),
        *("tokens", "supervised_tokens", "flops", "gpu_hours", "core_hours", "cost", "savings"),
        *("conversation_epochs_without_sharing", "gpu_hours_without_sharing"),
        *("core_hours_without_sharing", "cost_without_sharing"),
    }
    assert found.keys() == group | {
        *("name", "expected", "by_study", "by_model", "sources", "fitted", "accelerators", "memory", "disk"),
        *("evaluation", "detectable", "point_list", "base_list", "stage_list"),
        *("bases", "seeds", "wall_clock", "to_make", "whole", "assumptions", "fitted"),
    }
    assert found["by_study"]["s"].keys() == group
    assert found["by_model"]["tiny"].keys() == group | {"by_study"}
    assert found["by_model"]["tiny"]["by_study"]["s"].keys() == group
    assert (found["points"], found["stages"], found["expected"]) == (4, 8, [])
    assert found["sources"]["math"] == {
        "rows": 64,
        "expected_rows": 64,
        "read": 64,
        "notes": None,
        "counts": {
            **dict.fromkeys(("bad_rows", "duplicates", "near_duplicates"), 0),
            **dict.fromkeys(("contaminated", "decontaminated"), 0),
            **dict.fromkeys(("held_out", "held_out_answers", "held_out_elsewhere"), 0),
            "read": 64,
            "left": 64,
            "cleaned": {},
            "dropped": {},
            "findings": [],
        },
        "tokens_basis": "counted",
    }
    (base,) = found["base_list"]
    assert base["cells"][0]["strategy"] == "base"
    assert base["stages"] == []
    fingerprints = {stage["fingerprint"] for stage in found["stage_list"]}
    assert {
        stage["fingerprint"] for point in found["point_list"] for stage in point["stages"]
    } == fingerprints
    assert found["supervised_tokens"] == sum(stage["supervised_tokens"] for stage in found["stage_list"])


def test_a_source_that_will_be_freed_of_questions_not_here_yet_is_said_to_be_expected(
    command: Command,
) -> None:
    rows = [{"prompt": f"{number} and 1?", "completion": str(number + 1)} for number in range(40)]
    Path("sums.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    source = {"path": "sums.jsonl", "contamination": {"mode": "remove"}}
    sums = {"source": source, "benchmark": {"name": "gsm8k", "path": "test.jsonl"}}
    raw = raw_of("s: {model: tiny, strategy: multi_task}", abilities={"sums": sums})
    assert plan(command, raw)["expected"] == ["sums"]
    Path("test.jsonl").write_text(json.dumps({"question": "9 and 9?", "answer": "18\n#### 18"}) + "\n")
    assert plan(command, raw)["expected"] == []


def test_another_number_of_rows_than_expected_is_planned_and_flagged(command: Command) -> None:
    rows = [{"prompt": f"{number} and 1?", "completion": str(number + 1)} for number in range(40)]
    Path("sums.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    source = {"path": "sums.jsonl", "rows": 50}
    raw = raw_of("s: {model: tiny, strategy: multi_task}", abilities={"sums": {"source": source}})
    found = plan(command, raw)
    assert found["sources"]["sums"]["rows"] == 40
    assert "40 rows were read, `rows` expects 50" in found["sources"]["sums"]["notes"]
    assert found["conversation_epochs"] == 3 * 40
    Path("sums.jsonl").unlink()
    without = plan(command, raw)
    assert (without["expected"], without["conversation_epochs"]) == (["sums"], 150)
    assert without["supervised_tokens"] == 150 * 250


@pytest.mark.parametrize(
    ("limits", "trained"),
    [({}, 40), ({"limit": 20}, 15), ({"limit": 80}, 40), ({"kept": 30}, 25), ({"kept": 30, "limit": 20}, 15)],
)
def test_an_absent_source_is_expected_to_hold_out_what_it_will(
    command: Command, limits: dict[str, int], trained: int
) -> None:
    source = {"path": "sums.jsonl", "rows": 45, "held_out": 5, **limits}
    raw = raw_of("s: {model: tiny, strategy: multi_task}", abilities={"sums": {"source": source}})
    absent = plan(command, raw)
    assert (absent["expected"], absent["conversation_epochs"]) == (["sums"], 3 * trained)
    rows = [{"prompt": f"{number} and 1?", "completion": str(number + 1)} for number in range(45)]
    if "kept" in limits:
        rows = rows[: limits["kept"]]
    Path("sums.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert plan(command, raw)["conversation_epochs"] == 3 * trained


def test_an_absent_source_that_would_leave_nothing_is_refused_as_a_present_one(command: Command) -> None:
    rows = [{"prompt": f"{number} and 1?", "completion": str(number + 1)} for number in range(10)]
    sources = {
        name: {"path": f"{name}.jsonl", "rows": 10, "held_out": held_out}
        for name, held_out in {"sums": 10, "more": 12}.items()
    }
    abilities = {name: {"source": source} for name, source in sources.items()}
    raw = raw_of("s: {model: tiny, strategy: multi_task}", abilities=abilities)
    absent = refused(command, raw)
    Path("sums.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert refused(command, raw) == absent, "of two problems one is found in the file itself"
    Path("more.jsonl").write_text(Path("sums.jsonl").read_text())
    assert sorted(refused(command, raw).splitlines()) == sorted(absent.splitlines())
    assert "abilities.sums.source.held_out: 10: must be below 10, the number of distinct" in absent
    assert "2 problems" in absent


def test_a_percentage_where_a_share_is_meant_is_refused(command: Command) -> None:
    raw = raw_of("s: {model: tiny, strategy: multi_task}", power={"spread": {"world/math": 35}})
    assert "power.spread.world/math: 35: is a share of the items" in refused(command, raw)


def test_a_source_that_is_neither_here_nor_expected_is_refused(command: Command) -> None:
    raw = raw_of("s: {model: tiny, strategy: multi_task}", abilities={"sums": {"source": "sums.jsonl"}})
    said = refused(command, raw)
    assert "say how many rows it has: `rows`" in said


def test_a_model_that_does_not_fit_is_refused_with_what_would(command: Command) -> None:
    models = {"tiny": {"base": "huggyllama/llama-7b", "workers": 1, "gpus_per_worker": 1}}
    raw = raw_of("s: {model: tiny, strategy: multi_task}", models=models, cost={"accelerator": "l4"})
    raw["recipe"]["precision"] = "bf16"
    said = refused(command, raw)
    assert "models.tiny.workers: 1: needs" in said
    assert "would fit" in said


def test_everything_that_is_wrong_is_named_at_once(command: Command) -> None:
    raw = raw_of(
        "{a: {model: tiny, strategy: {single: sql}},"
        " b: {model: tiny, strategy: multi_task, amount: 0},"
        " c: {model: tiny, strategy: multi_task, ratio: {math: 2}},"
        " d: {model: tiny, strategy: {stages: {x: {mixture: {math: 1}, after: y},"
        " y: {mixture: {math: 1}, after: x}}}}}"
    )
    said = refused(command, raw)
    for problem in (
        "studies.a.strategy: single(sql): sql: no such ability",
        "studies.b.amount",
        "above 0",
        "studies.c.ratio.math: 2: amount 1 × ratio 2 is more than the source has",
        "cyclic",
        "4 problems; nothing was started",
    ):
        assert problem in said
    raw["studies"] = yaml.safe_load(
        "{a: {model: tiny, strategy: multi_task, amount: {count: 60}},"
        " b: {model: tiny, strategy: {single: code}, hold: {steps: 500}}}"
    )
    said = refused(command, raw)
    for problem in ("code has 16", "general has 32", "max_epochs: 250", "3 problems"):
        assert problem in said


def test_points_and_tree_are_printed(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "160")
    raw = raw_of("s: {model: tiny, strategy: mixed_sequential, ratio: {few: {math: 1/4}}}")
    Path("sweep.yaml").write_text(yaml.safe_dump(raw))
    points = command("plan", "sweep.yaml", "--points").printed
    assert "mixed_sequential" in points
    assert "math 16" in points
    assert "few" in points
    tree = command("plan", "sweep.yaml", "--figure", "tree.svg").printed
    assert "└──" in tree
    assert "left to train: 24 steps" in tree
    drawn = Path("tree.svg").read_text()
    assert drawn.startswith("<?xml")
    command("plan", "sweep.yaml", "--figure", "again.svg")
    assert Path("again.svg").read_text() == drawn
    assert command("plan", "sweep.yaml", "--figure", "tree.gif").code == 2


def test_a_token_budget_is_planned_from_real_tokens(command: Command) -> None:
    study = "s: {model: tiny, strategy: {single: math}, amount: [{supervised_tokens: 400}, 1]}"
    found = plan(command, raw_of(study, abilities=WORLD))
    few, whole = found["stage_list"]
    assert few["supervised_tokens"] / 3 <= 400
    mean = whole["supervised_tokens"] / 3 / 64
    assert few["mixture"]["math"] == pytest.approx(400 / mean, abs=3)
