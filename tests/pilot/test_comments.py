"""The comments of a first sweep file: what was seen, what is suggested, and why a score is what it is."""

import json
from pathlib import Path

import pytest
import yaml
from support.example_pilot import write_chats, write_rows

from raysft.pilot.write import Wanted, write_pilot
from raysft.spec import SweepSpec, load_sweep

GSM8K = [{"question": f"{one} and 1?", "answer": f"{one}+1={one + 1}\n#### {one + 1}"} for one in range(300)]
PROGRAMS = [
    {"instruction": f"Add {one}.", "output": f"def add(x):\n    return x + {one}\n"} for one in range(300)
]
FREE = [
    {"prompt": f"Why {one}?", "completion": f"Because of {one}. " + "And so on. " * 30} for one in range(300)
]


def write(path: Path, rows: list[dict[str, str]]) -> Path:
    path.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    return path


def file_of(tmp_path: Path, *data: Path, budget: str = "500gpu-h") -> tuple[SweepSpec, str]:
    out = tmp_path / "sweep.yaml"
    names = tuple(map(str, data))
    list(write_pilot(Wanted(names, "huggyllama/llama-7b", budget, out, None, None, None, None, True)))
    return load_sweep(out), " ".join(out.read_text(encoding="utf-8").replace("#", "").split())


@pytest.mark.parametrize(
    ("rows", "suggested"),
    [(GSM8K, "name: gsm8k"), (PROGRAMS, "name: humaneval"), (FREE, "name: mt_bench")],
    ids=["sums", "programs", "open"],
)
def test_what_no_model_gives_word_for_word_is_scored_by_loss(
    tmp_path: Path, rows: list[dict[str, str]], suggested: str
) -> None:
    spec, text = file_of(tmp_path, write(tmp_path / "a.jsonl", rows))
    benchmark = spec.abilities["a"].benchmark
    assert benchmark is not None
    assert (benchmark.name, benchmark.metric) == ("held_out", "loss")
    assert "scored by the loss on their own answers, lower is better" in text
    assert suggested in text
    assert spec.objective is None, "a loss is not to be as high as possible"


def test_short_answers_are_scored_word_for_word(tmp_path: Path) -> None:
    spec, text = file_of(
        tmp_path, write_rows(tmp_path / "a.jsonl", 300), write_rows(tmp_path / "b.jsonl", 99)
    )
    for ability in spec.abilities.values():
        assert ability.benchmark is not None
        assert ability.benchmark.metric is None
    assert "to be answered word for word" in text


def test_a_goal_is_set_for_what_is_scored_word_for_word_alone(tmp_path: Path) -> None:
    short = write_rows(tmp_path / "sql.jsonl", 300)
    spec, _ = file_of(
        tmp_path, write(tmp_path / "why.jsonl", FREE), short, write_chats(tmp_path / "chat.json", 300)
    )
    assert spec.objective is not None
    assert spec.objective.maximise == "sql"
    assert set(spec.objective.floors) == {"chat"}


def test_a_held_out_set_says_its_share_and_what_it_can_show(tmp_path: Path) -> None:
    spec, text = file_of(tmp_path, write_rows(tmp_path / "a.jsonl", 540))
    assert spec.abilities["a"].source.held_out == 108
    assert (
        "never trained on; 20% of the questions, on which two recipes must differ by 11.4 points of 100"
        in text
    )
    assert "432 conversations are left to train on" in text


def test_the_header_says_what_to_run_and_what_is_left_out(tmp_path: Path) -> None:
    files = [write_rows(tmp_path / f"{name}.jsonl", 900) for name in ("code", "math", "general")]
    _, text = file_of(tmp_path, *files, budget="4gpu-h")
    assert text.index("raysft plan sweep.yaml") < text.index("raysft run sweep.yaml") < text.index("name:")
    assert "Left out because the budget is too small, the most telling first:" in text


def test_seeds_and_amounts_are_explained_by_their_numbers(tmp_path: Path) -> None:
    files = [write_rows(tmp_path / f"{name}.jsonl", 900) for name in ("code", "general")]
    spec, text = file_of(tmp_path, *files)
    assert spec.studies["amount"].seed == (0, 1, 2, 3, 4)
    assert "5 runs of each point tell chance from recipe better than two" in text
    raw = yaml.safe_load((tmp_path / "sweep.yaml").read_text(encoding="utf-8"))
    assert raw["studies"]["amount"]["amount"] == [1, "1/4", "1/16"]
    assert "1/16 of code is 45 conversations" in text
