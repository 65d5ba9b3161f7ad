"""Bad input: every problem at once, exit code 2, fast, and no Ray."""

import time
from pathlib import Path

import pytest
from support.command import raysft

GOOD = """
name: t
abilities:
  code: {source: world/code, benchmark: world/code}
  math: {source: world/math, benchmark: world/math}
  general: {source: world/general, benchmark: world/general}
models:
  tiny: {base: world/base}
studies:
  s: {model: tiny, strategy: [multi_task], amount: [1]}
"""


def refused(text: str, tmp_path: Path, *arguments: str) -> str:
    file = tmp_path / "sweep.yaml"
    file.write_text(text)
    found = raysft("run", str(file), "--store", str(tmp_path / "store"), *arguments, cwd=tmp_path)
    assert found.returncode == 2, found.stderr
    assert not (tmp_path / "store").exists()
    return found.stderr


def test_all_problems_in_one_message_in_under_three_seconds(tmp_path: Path) -> None:
    text = """
name: t
abilities:
  code: {source: world/code, benchmark: world/code, colour: red}
  math: {source: missing.jsonl, benchmark: world/math}
  general: {source: world/general, benchmark: world/general}
models:
  tiny: {base: world/base}
recipe: {batch_size: -8}
studies:
  s: {model: tiny, strategy: [multi_task, dmt], amount: [1, 2], ratio: [{sql: 1/2}]}
"""
    begun = time.monotonic()
    said = refused(text, tmp_path)
    seconds = time.monotonic() - begun
    for field, value, remedy in (
        ("abilities.code.colour", "red", "no such key"),
        ("recipe.batch_size", "-8", "must be at least 1"),
        ("studies.s.strategy[1]", "dmt", "k: must be given"),
        ("studies.s.amount[1]", "2", "at most 1"),
        ("studies.s.ratio.sql", "1/2", "use one of code, math, general"),
        ("abilities.math.source.path", "missing.jsonl", "no such file"),
    ):
        (line,) = [line for line in said.splitlines() if line.strip().startswith(field)]
        assert value in line
        assert remedy in line
    assert said.startswith("6 problems; nothing was started")
    assert seconds < 10, "3 s on a quiet machine; this catches an import of ray or torch"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ("name: t", "name"),
        ("tiny: {base: world/base}", "models"),
        ("multi_task", "studies.s.strategy"),
    ],
)
def test_what_is_missing_is_named(change: str, field: str, tmp_path: Path) -> None:
    assert field in refused(GOOD.replace(change, ""), tmp_path)


def test_a_file_that_is_not_yaml(tmp_path: Path) -> None:
    assert "is not YAML" in refused("a: [", tmp_path)
    assert "written twice" in refused(GOOD + "name: again\n", tmp_path)


def test_a_malformed_row_is_named_with_file_and_line(tmp_path: Path) -> None:
    rows = ['{"prompt": "a", "response": "b"}', '{"prompt": "a"}', "not json"]
    (tmp_path / "rows.jsonl").write_text("\n".join(rows))
    said = refused(GOOD.replace("world/math, benchmark", "rows.jsonl, benchmark"), tmp_path)
    assert "rows.jsonl:2" in said
    assert "rows.jsonl:3" in said


def test_wrong_changes_and_unknown_studies(tmp_path: Path) -> None:
    assert "--set" in refused(GOOD, tmp_path, "--set", "recipe")
    assert "recipe.epochs" in refused(GOOD, tmp_path, "--set", "recipe.epochs=0")
    assert "use one of s" in refused(GOOD, tmp_path, "--only", "nothing")


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    found = raysft("plan", "nowhere.yaml", cwd=tmp_path)
    assert found.returncode == 2
    assert "nowhere.yaml" in found.stderr


def test_plan_starts_nothing_and_needs_no_store(tmp_path: Path) -> None:
    file = tmp_path / "sweep.yaml"
    file.write_text(GOOD)
    found = raysft("plan", str(file), cwd=tmp_path)
    assert found.returncode == 0, found.stderr
    assert "code 512 + math 2,048 + general 1,024" in found.stdout
    assert [entry.name for entry in tmp_path.iterdir()] == ["sweep.yaml"]


def test_options_are_named_as_they_were_given(tmp_path: Path) -> None:
    said = refused(
        GOOD, tmp_path, "--set", "recipe.epoch=3", "--set", "colour={a: 1}", "--set", "studies.t.seed=1"
    )
    assert [line.strip().partition(": no such")[0] for line in said.splitlines()[1:]] == [
        "--set: studies.t.seed=1",
        "--set recipe.epoch: 3",
        "--set colour: {a: 1}",
    ]
    assert "--only: t: no such study; use one of s" in refused(GOOD, tmp_path, "--only", "t")


def test_a_long_list_ends_in_a_number(tmp_path: Path) -> None:
    said = refused(GOOD + "".join(f"k{number}: 1\n" for number in range(400)), tmp_path)
    assert said.startswith("400 problems; nothing was started:\n  k0: 1: no such key here")
    assert said.endswith("  and 300 more problems\n")


def test_an_empty_name_of_a_store_is_refused(tmp_path: Path) -> None:
    """As `--store "$UNSET"` gives it; the current folder would be filled with a store."""
    (tmp_path / "sweep.yaml").write_text(GOOD)
    for command in ("run", "plan", "status"):
        found = raysft(command, "sweep.yaml", "--store", "", cwd=tmp_path)
        assert found.returncode == 2
        assert "--store" in found.stderr
        assert "name a folder" in found.stderr
    assert [one.name for one in tmp_path.iterdir()] == ["sweep.yaml"]
