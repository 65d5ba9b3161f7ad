"""`raysft report`, `status` and `why`: they read, say what is missing, and change nothing by the way."""

import json
from pathlib import Path

import pytest
import yaml
from s3fs import S3FileSystem
from support.command import Command
from support.finished_sweep import SCORES, STAGES, contents, finish, write_sweep

from raysft.store import Store

READING = ("status", "report", "why")


@pytest.fixture
def finished(tmp_path: Path) -> Path:
    finish(write_sweep(tmp_path), tmp_path / "store")
    return tmp_path


def test_a_report_has_every_score_and_is_in_the_store(finished: Path, command: Command) -> None:
    done = command("report", "sweep.yaml", "--store", "store")
    assert done.code == 0, done.said
    folder = finished / "store" / "sweeps" / "done"
    assert {path.name for path in folder.iterdir()} == {
        "results.parquet", "results.csv", "items.parquet", "sweep.json", "report.html",
    }  # fmt: skip
    assert f"report: {folder}/report.html" in done.printed


def test_a_second_report_that_finds_nothing_leaves_the_first_one(finished: Path, command: Command) -> None:
    assert command("report", "sweep.yaml", "--store", "store").code == 0
    before = contents(finished / "store")
    write_sweep(finished, evaluation={"precision": "bf16"})
    done = command("report", "sweep.yaml", "--store", "store")
    assert done.code == 1
    assert "no score that the sweep done takes" in done.printed.replace("\n", " ")
    assert f"{SCORES} × evaluation.precision fp32 → bf16" in done.printed
    assert contents(finished / "store") == before


def test_set_has_a_sweep_of_its_own(finished: Path, command: Command) -> None:
    assert command("report", "sweep.yaml", "--store", "store").code == 0
    before = contents(finished / "store")
    done = command("report", "sweep.yaml", "--store", "store", "--set", "evaluation.stages=leaves")
    assert done.code == 0
    after = contents(finished / "store")
    assert {name: after[name] for name in before} == before
    assert "sweeps/done+evaluation.stages=leaves/report.html" in after


def test_a_report_that_would_lose_scores_stays_as_it_is(finished: Path, command: Command) -> None:
    assert command("report", "sweep.yaml", "--store", "store").code == 0
    store = Store.open(finished / "store")
    for body in list(store.read_documents("scores"))[:2]:
        store.remove_document("scores", body["fingerprint"])
    before = contents(finished / "store" / "sweeps")
    done = command("report", "sweep.yaml", "--store", "store")
    assert done.code == 1
    assert "2 scores that are not found any more" in done.printed.replace("\n", " ")
    assert contents(finished / "store" / "sweeps") == before
    done = command("report", "sweep.yaml", "--store", "store", "--out", "elsewhere")
    assert done.code == 0
    assert (finished / "elsewhere" / "report.html").exists()
    assert contents(finished / "store" / "sweeps") == before


@pytest.mark.parametrize("name", READING)
def test_a_store_that_is_not_there_is_refused_and_not_made(
    tmp_path: Path, command: Command, name: str
) -> None:
    write_sweep(tmp_path)
    before = contents(tmp_path)
    done = command(name, "sweep.yaml", "--store", "typo")
    assert done.code == 2
    assert "--store: typo: " in done.said
    assert contents(tmp_path) == before
    assert not (tmp_path / "typo").exists()


@pytest.mark.parametrize("name", ["status", "why"])
def test_looking_changes_nothing(finished: Path, command: Command, name: str) -> None:
    before = contents(finished)
    assert command(name, "sweep.yaml", "--store", "store").code == 0
    assert command(name, "sweep.yaml", "--store", "store", "--json").code == 0
    assert contents(finished) == before


def test_status_counts_scores_and_says_why_some_would_be_made(finished: Path, command: Command) -> None:
    done = command("status", "sweep.yaml", "--store", "store")
    assert f"scores: {SCORES} in the store, 0 to make" in done.printed
    write_sweep(finished, evaluation={"precision": "bf16"})
    done = command("status", "sweep.yaml", "--store", "store")
    assert f"scores: 0 in the store, {SCORES} to make" in done.printed
    assert f"{SCORES} × evaluation.precision fp32 → bf16" in done.printed
    told = json.loads(command("status", "sweep.yaml", "--store", "store", "--json").printed)
    assert {point["status"] for point in told["points"]} == {"waiting"}, "without its scores no point is done"
    assert told["scores"]["reasons"] == {"evaluation.precision fp32 → bf16": SCORES}


def test_why_names_the_field_and_takes_one_point(finished: Path, command: Command) -> None:
    raw = yaml.safe_load((finished / "sweep.yaml").read_text())
    write_sweep(finished, recipe={**raw["recipe"], "learning_rate": 0.5})
    told = json.loads(command("why", "sweep.yaml", "--store", "store", "--json").printed)
    assert len({stage["stage"] for point in told["points"] for stage in point["stages"]}) == STAGES
    done = command("why", "sweep.yaml", "dmt", "--store", "store")
    assert done.printed.count("recipe.learning_rate") == 2, "at its stage, and in the sum"
    assert "mixed_sequential" not in done.printed
    done = command("why", "sweep.yaml", "no such point", "--store", "store")
    assert done.code == 2
    assert "POINT: no such point" in done.said


def test_plan_counts_scores_that_would_be_made_again(finished: Path, command: Command) -> None:
    done = command("plan", "sweep.yaml", "--store", "store")
    assert "left to train: nothing" in done.printed
    assert f"left to score: none of {SCORES} scores" in done.printed
    write_sweep(finished, evaluation={"precision": "bf16"})
    before = contents(finished)
    done = command("plan", "sweep.yaml", "--store", "store")
    assert f"left to score: {SCORES} of {SCORES} scores" in done.printed
    assert f"{SCORES} × evaluation.precision fp32 → bf16" in done.printed
    told = json.loads(command("plan", "sweep.yaml", "--store", "store", "--json").printed)
    assert told["to_make"] == {
        "stages": 0,
        "stage_reasons": {},
        "scores": SCORES,
        "score_reasons": {"evaluation.precision fp32 → bf16": SCORES},
    }
    assert contents(finished) == before
    told = json.loads(command("plan", "sweep.yaml", "--store", "typo", "--json").printed)
    assert (told["to_make"]["stages"], told["to_make"]["scores"]) == (STAGES, SCORES)
    assert contents(finished) == before


def test_an_edited_recipe_is_named_for_the_stages_by_plan_and_status(
    finished: Path, command: Command
) -> None:
    raw = yaml.safe_load((finished / "sweep.yaml").read_text())
    write_sweep(finished, recipe={**raw["recipe"], "epochs": 2})
    for name in ("plan", "status"):
        assert "1 × recipe.epochs 1 → 2" in command(name, "sweep.yaml", "--store", "store").printed
    done = command("plan", "sweep.yaml", "--store", "typo")
    assert "there is no store yet" in done.printed


@pytest.mark.parametrize("url", ["foo://x", "s3://no-such-bucket/x", "sweep.yaml"])
@pytest.mark.parametrize("name", [*READING, "plan"])
def test_a_store_that_cannot_be_looked_at_is_refused(
    finished: Path, command: Command, monkeypatch: pytest.MonkeyPatch, name: str, url: str
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    before = contents(finished)
    done = command(name, "sweep.yaml", "--store", url)
    S3FileSystem.clear_instance_cache()  # it has no credentials, which the next test may have
    assert contents(finished) == before
    if (name, url) == ("plan", "sweep.yaml"):
        assert "there is no store yet" in done.printed
        return
    assert done.code == 2
    assert f"--store: {url}: " in done.said


@pytest.mark.parametrize("arguments", [("report", "--out"), ("plan", "--figure")])
def test_what_cannot_be_written_is_refused(
    finished: Path, command: Command, arguments: tuple[str, str]
) -> None:
    (finished / "a-file").write_text("mine")
    name, option = arguments
    done = command(name, "sweep.yaml", "--store", "store", option, "a-file/x.svg")
    assert done.code == 2
    assert "Traceback" not in done.said
    assert (finished / "a-file").read_text() == "mine"
