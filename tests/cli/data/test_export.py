"""`raysft data export`: what a stage trains on, held against the plan and against the files."""

import json
from itertools import pairwise
from pathlib import Path
from random import Random

import pytest
import yaml
from support.command import Command
from support.example_sweep import raw_of

from raysft.identity import digest_lines

AMOUNTS = "s: {model: tiny, strategy: multi_task, amount: [1, 1/2, 1/8], seed: [0, 3]}"


def write(name: str, raw: dict[str, object]) -> str:
    Path(name).write_text(yaml.safe_dump(raw))
    return name


def planned(command: Command, sweep: str) -> list[dict]:
    done = command("plan", sweep, "--json")
    assert done.code == 0, done.said
    return json.loads(done.printed)["stage_list"]


def exported(command: Command, sweep: str, stage: str) -> list[dict]:
    done = command("data", "export", sweep, stage)
    assert done.code == 0, done.said
    return [json.loads(line) for line in done.printed.splitlines()]


def ids(rows: list[dict], source: str) -> list[str]:
    return [row["id"] for row in rows if row["source"] == source]


def test_every_amount_is_the_beginning_of_a_larger_one_and_what_the_plan_says(command: Command) -> None:
    sweep = write("sweep.yaml", raw_of(AMOUNTS))
    stages = planned(command, sweep)
    rows = {stage["fingerprint"]: exported(command, sweep, stage["fingerprint"]) for stage in stages}
    for stage in stages:
        for source, digest in stage["digests"].items():
            mine = ids(rows[stage["fingerprint"]], source)
            assert len(mine) == stage["mixture"][source]
            assert digest_lines(sorted(mine)) == digest
    for seed in (0, 3):
        of_seed = sorted(
            (one for one in stages if one["seed"] == seed), key=lambda one: one["mixture"]["math"]
        )
        assert [one["mixture"]["math"] for one in of_seed] == [8, 32, 64]
        for smaller, larger in pairwise(of_seed):
            for source in smaller["digests"]:
                few, more = (ids(rows[one["fingerprint"]], source) for one in (smaller, larger))
                assert few == more[: len(few)]


def test_the_rows_are_those_of_the_file_in_whatever_order_it_has(command: Command) -> None:
    rows = [{"prompt": f"{one} + 1?", "completion": f"{one + 1}"} for one in range(40)]
    given = {(row["prompt"], row["completion"]) for row in rows}
    found = []
    for seed in (1, 2):
        Random(seed).shuffle(rows)
        Path("sums.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
        raw = raw_of(
            "s: {model: tiny, strategy: multi_task, amount: 1/4}",
            abilities={"sums": {"source": {"path": "sums.jsonl"}}},
        )
        sweep = write("sums.yaml", raw)
        (stage,) = planned(command, sweep)
        found.append(exported(command, sweep, stage["fingerprint"][:12]))
    assert found[0] == found[1]
    assert len(found[0]) == 10
    texts = {tuple(turn["content"] for turn in row["messages"]) for row in found[0]}
    assert len(texts) == 10
    assert texts < given


def test_what_is_exported_can_be_a_source(command: Command) -> None:
    sweep = write("sweep.yaml", raw_of("s: {model: tiny, strategy: {single: math}, amount: 1/4}"))
    (stage,) = planned(command, sweep)
    rows = exported(command, sweep, stage["fingerprint"])
    Path("again.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    raw = raw_of(
        "s: {model: tiny, strategy: {single: math}}", abilities={"math": {"source": {"path": "again.jsonl"}}}
    )
    (again,) = planned(command, write("again.yaml", raw))
    assert again["fingerprint"] == stage["fingerprint"]


def test_documents_and_repeats_are_written_as_they_are_trained_on(command: Command) -> None:
    Path("notes.jsonl").write_text("".join(json.dumps({"text": f"note {one}"}) + "\n" for one in range(4)))
    raw = raw_of(
        "s: {model: tiny, strategy: multi_task, amount: {count: 6}, max_repeats: 2}",
        abilities={"notes": {"source": {"path": "notes.jsonl"}}},
    )
    sweep = write("notes.yaml", raw)
    (stage,) = planned(command, sweep)
    rows = exported(command, sweep, stage["fingerprint"])
    assert sorted({row["text"] for row in rows}) == [f"note {one}" for one in range(4)]
    assert rows[4:] == rows[:2]


@pytest.mark.parametrize(("stage", "said"), [("", "4 stages of this plan"), ("xyz", "no stage of this plan")])
def test_a_stage_that_is_not_one_is_refused(command: Command, stage: str, said: str) -> None:
    sweep = write("sweep.yaml", raw_of("s: {model: tiny, strategy: [multi_task, sequential]}"))
    done = command("data", "export", sweep, stage)
    assert (done.code, done.printed) == (2, "")
    assert said in done.said


def test_a_sweep_that_cannot_be_run_is_refused(command: Command) -> None:
    raw = raw_of(
        "s: {model: tiny, strategy: multi_task}",
        abilities={"gone": {"source": {"path": "gone.jsonl", "rows": 9}}},
    )
    done = command("data", "export", write("gone.yaml", raw), "0")
    assert done.code == 2
    assert "gone.jsonl" in done.said


def test_how_many_times_a_stage_passes_over_each_conversation(command: Command) -> None:
    sweep = write(
        "sweep.yaml", raw_of("s: {model: tiny, strategy: {single: math}, hold: {steps: 12}, seed: 1}")
    )
    (stage,) = planned(command, sweep)
    times = [row["times"] for row in exported(command, sweep, stage["fingerprint"])]
    assert (len(times), sum(times)) == (64, 12 * 8)
    assert set(times) == {1, 2}, "one epoch of 8 steps, and the first 4 of the second"
