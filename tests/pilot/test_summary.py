"""What a pilot is said to come to: the numbers are those of the plan, with units, and odd files are named."""

import json
from pathlib import Path

import pytest
from support.example_pilot import write_chats, write_rows

from raysft.pilot.write import Wanted, write_pilot
from raysft.plan.cost.power import ASSUMED, smallest_detectable

USUAL = {"name": None, "accelerator": None, "gpus": None, "shape_from": None, "force": True}


def said(tmp_path: Path, *data: Path, model: str = "huggyllama/llama-7b", budget: str = "500gpu-h") -> str:
    wanted = Wanted(tuple(map(str, data)), model, budget, tmp_path / "sweep.yaml", **USUAL)  # type: ignore[arg-type]
    return " ".join(" ".join(write_pilot(wanted)).split())


def write_free_text(path: Path, rows: int) -> Path:
    written = [
        {"prompt": f"Tell me about {number}.", "completion": f"{number} is a number. " + "It has more. " * 30}
        for number in range(rows)
    ]
    path.write_text("\n".join(map(json.dumps, written)), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("model", "budget", "unit"),
    [("huggyllama/llama-7b", "500gpu-h", "GPU-hours"), ("world/base", "50cpu-h", "core-hours")],
)
def test_hours_have_their_unit(tmp_path: Path, model: str, budget: str, unit: str) -> None:
    text = said(tmp_path, write_rows(tmp_path / "a.jsonl", 300), model=model, budget=budget)
    other = {"GPU-hours", "core-hours"} - {unit}
    assert unit in text
    assert not [one for one in other if one in text]


def test_the_differences_are_those_of_five_seeds_on_the_held_out_questions(tmp_path: Path) -> None:
    text = said(
        tmp_path, write_rows(tmp_path / "short.jsonl", 400), write_free_text(tmp_path / "long.jsonl", 500)
    )
    exact = smallest_detectable(80, 5, ASSUMED["held_out"]).recipes
    loss = smallest_detectable(100, 5, ASSUMED["held_out_loss"]).recipes
    assert f"{exact:.1f} points of 100 on short (80 questions)" in text
    assert f"{loss:.2g} nats per token on long (100 questions)" in text
    assert ASSUMED["held_out"].text in text
    assert ASSUMED["held_out_loss"].text in text


def test_assumptions_that_no_ability_needs_are_not_told(tmp_path: Path) -> None:
    text = said(tmp_path, write_rows(tmp_path / "short.jsonl", 400))
    assert ASSUMED["held_out"].text in text
    assert "nats" not in text


def test_a_budget_of_which_little_is_used_says_so(tmp_path: Path) -> None:
    files = [write_rows(tmp_path / "a.jsonl", 300), write_rows(tmp_path / "b.jsonl", 300, start=500)]
    assert "Nothing was left out. It is " in said(tmp_path, *files)
    assert "% of the budget" in said(tmp_path, *files)


def test_every_template_and_overlap_is_named_with_its_files(tmp_path: Path) -> None:
    first, second = write_rows(tmp_path / "a.jsonl", 200), write_rows(tmp_path / "b.jsonl", 200, start=190)
    chat = write_chats(tmp_path / "c.json", 200)
    text = said(tmp_path, first, second, chat)
    assert "10 questions are both in a and in b" in text
    assert "in c" not in text.partition("Beware")[2].partition("written")[0]
