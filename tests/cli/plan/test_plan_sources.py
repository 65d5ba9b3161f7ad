"""`raysft plan` says what became of every row of a source."""

import json
from pathlib import Path

import yaml
from support.command import Command
from support.example_sweep import raw_of


def test_what_rules_cleaned_is_said(command: Command) -> None:
    pairs = [{"prompt": f"{number} and 1?", "completion": f"{number + 1}"} for number in range(60)]
    chat = {"conversations": [{"from": one, "value": one} for one in ("gpt", "human", "gpt")]}
    Path("a.jsonl").write_text("\n".join(map(json.dumps, [*pairs, chat])))
    source = {"path": "a.jsonl", "clean": ["drop_leading_answer"]}
    raw = raw_of("s: {model: tiny, strategy: multi_task}", abilities={"sums": {"source": source}})
    Path("sweep.yaml").write_text(yaml.safe_dump(raw))
    done = command("plan", "sweep.yaml")
    assert done.code == 0, done.said
    assert "sums: 61 conversations, 1 cleaned by drop_leading_answer" in " ".join(done.printed.split())
    told = json.loads(command("plan", "sweep.yaml", "--json").printed)
    assert '"cleaned": {"drop_leading_answer": 1}' in json.dumps(told)


def test_every_row_of_a_joined_source_is_counted_once(command: Command) -> None:
    rows = {"a": [*range(100), *range(10)], "b": range(100, 130)}
    for name, numbers in rows.items():
        lines = (
            json.dumps({"prompt": f"{number} and 1?", "completion": f"{number + 1}"}) for number in numbers
        )
        Path(f"{name}.jsonl").write_text("\n".join([*lines, "not json"]))
    source = {"join": [{"path": "a.jsonl", "weight": 2}, "b.jsonl"], "on_bad_row": "skip"}
    raw = raw_of("s: {model: tiny, strategy: multi_task}", abilities={"sums": {"source": source}})
    Path("sweep.yaml").write_text(yaml.safe_dump(raw))
    done = command("plan", "sweep.yaml")
    assert done.code == 0, done.said
    told = " ".join(done.printed.split())
    for said in (
        "sums: 90 conversations, 2 bad rows skipped, 10 copies removed",
        "40 beyond the weights of the join",
    ):
        assert said in told
    assert sum(map(len, rows.values())) + 2 == 90 + 2 + 10 + 40
