"""A plan on the terminal: first what it cannot show; names of units; nothing broken at 80 columns."""

import io
import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from rich.console import Console
from support.command import Command
from support.example_sweep import WORLD, raw_of
from support.places import SWEEPS

from raysft.cli.plan.command import print_plan, print_points
from raysft.spec.reading.load import load_sweep
from raysft.sweep.results.plan_view import view_plan

MT_BENCH = {**WORLD, "general": {**WORLD["general"], "benchmark": {"name": "mt_bench", "path": "not here"}}}


def printed(command: Command, raw: dict[str, Any], *options: str) -> str:
    Path("sweep.yaml").write_text(yaml.safe_dump(raw))
    done = command("plan", "sweep.yaml", *options)
    assert done.code == 0, done.said
    return done.printed


def together(text: str) -> str:
    """Without the breaks of lines."""
    return " ".join(text.split())


def test_with_one_seed_the_first_line_says_that_no_verdict_is_possible(command: Command) -> None:
    said = printed(command, raw_of("s: {model: tiny, strategy: [multi_task, sequential]}"))
    assert said.startswith("No verdict about any recipe will be possible: with one seed")
    assert "two recipes," not in said, "a column that would be empty is not there"
    assert "another seed" not in said, "nor what it would assume"


def test_the_study_with_one_seed_is_named_where_another_has_more(command: Command) -> None:
    raw = raw_of(
        "{few: {model: tiny, strategy: multi_task},"
        " many: {model: tiny, strategy: multi_task, seed: [0, 1, 2]}, none: {model: tiny, strategy: base}}"
    )
    said = printed(command, raw)
    assert said.startswith("No verdict about the recipes of few will be possible")
    assert "two recipes," in said
    assert "3 seeds" in said
    found = json.loads(printed(command, raw, "--json"))
    assert found["seeds"] == {"few": 1, "many": 3}
    maths = found["detectable"]["math"]
    assert (maths["seeds"], maths["between_recipes"]) == (1, None)
    assert maths["between_recipes_by_seeds"]["1"] is None
    assert maths["between_recipes_by_seeds"]["3"] > maths["between_checkpoints"]


def test_with_seeds_enough_the_first_line_counts(command: Command) -> None:
    raw = raw_of("s: {model: tiny, strategy: [multi_task, sequential], seed: [0, 1]}")
    assert printed(command, raw).startswith("t: 4 points and the base, 8 stages\n")
    assert printed(command, raw, "--points").startswith("4 points and the base\n")


def test_a_benchmark_that_needs_a_judge_is_said_before_the_trees_and_costs_no_judging(
    command: Command,
) -> None:
    raw = raw_of("s: {model: tiny, strategy: multi_task, seed: [0, 1]}", abilities=MT_BENCH)
    said = together(printed(command, raw))
    assert said.startswith("general: mt_bench can be graded by a judge alone, and raysft has none yet")
    assert "tokens of a judge" not in said
    assert "judge:" not in said
    found = json.loads(printed(command, raw, "--json"))["evaluation"]
    assert (found["judge_tokens"], found["lacks_judge"]) == (None, ["general"])
    without = raw_of("s: {model: tiny, strategy: multi_task, seed: [0, 1]}")
    assert "judge" not in printed(command, without)
    assert json.loads(printed(command, without, "--json"))["evaluation"]["lacks_judge"] == []


def test_hours_have_a_unit(command: Command) -> None:
    said = printed(command, raw_of("s: {model: tiny, strategy: multi_task}"))
    assert "core-hour" in said
    assert "GPU" not in said
    model = {"base": "huggyllama/llama-7b", "workers": 8, "gpus_per_worker": 1}
    recipe = {"precision": "bf16"}
    raw = raw_of("s: {model: tiny, strategy: multi_task}", models={"tiny": model}, recipe=recipe)
    said = printed(command, {**raw, "evaluation": {"gpus_per_engine": 1}})
    assert "GPU-hours" in said
    assert "core-" not in said


def test_what_is_not_there_has_no_column_and_no_legend(command: Command) -> None:
    said = printed(command, raw_of("s: {model: tiny, strategy: multi_task}"))
    for absent in ("distinct", "GiB", "would be seen", "fsdp2"):
        assert absent not in said
    one_item = {**WORLD, "math": {**WORLD["math"], "benchmark": {"name": "world/math", "limit": 1}}}
    said = printed(command, raw_of("s: {model: tiny, strategy: multi_task}", abilities=one_item))
    assert "-: no difference would be seen" in said


def test_the_time_on_the_clock_is_said_to_be_an_estimate_and_of_what(command: Command) -> None:
    raw = raw_of("s: {model: tiny, strategy: [multi_task, sequential]}", run={"trials_at_once": 2})
    said = together(printed(command, raw))
    assert "time on the clock: about" in said
    assert "2 stages at once (run.trials_at_once) and 2 engines; an estimate from the speeds below" in said
    found = json.loads(printed(command, raw, "--json"))["wall_clock"]
    assert 0 < found["shortest_s"] <= found["longest_s"]
    assert (found["stages_at_once"], found["engines"]) == (2, 2)
    one = json.loads(printed(command, {**raw, "run": {"trials_at_once": 1}}, "--json"))["wall_clock"]
    assert one["stages_at_once"] == 1
    assert one["shortest_s"] > found["shortest_s"]


def test_workers_shorten_the_time_and_not_the_hours(command: Command) -> None:
    def large(workers: int) -> dict[str, Any]:
        model = {"base": "huggyllama/llama-7b", "workers": workers, "gpus_per_worker": 1}
        raw = raw_of(
            "s: {model: tiny, strategy: multi_task}",
            models={"tiny": model},
            recipe={"precision": "bf16", "epochs": 2000, "batch_size": 64},
            evaluation={"gpus_per_engine": 1},
        )
        found: dict[str, Any] = json.loads(printed(command, raw, "--json"))
        return found

    few, many = large(8), large(16)
    assert few["gpu_hours"] == many["gpu_hours"]
    assert few["wall_clock"]["fixed_s"] == many["wall_clock"]["fixed_s"] > 200, "27 GB read and written"
    saved = few["wall_clock"]["longest_s"] - many["wall_clock"]["longest_s"]
    assert saved >= few["gpu_hours"] * 3600 / 16


@pytest.mark.parametrize("file", ["controls", "modern", "paper", "quickstart"])
def test_no_line_of_a_shipped_sweep_is_too_long_and_no_name_is_broken(file: str, tmp_path: Path) -> None:
    """These have the most, the longest and the oddest names; the others are of the same form, and slow."""
    spec = load_sweep(SWEEPS / f"{file}.yaml", (), None, "expected")
    with view_plan(spec, str(tmp_path / "no store")) as found:
        cells = [cell for point in found.account.survey.plan.points for cell in point.cells]
        for show, names in (
            (print_plan, {*spec.studies, *found.account.machines, *spec.benchmarks}),
            (print_points, {cell.strategy for cell in cells}),
        ):
            for width in (80, 200):
                text = io.StringIO()
                show(found, Console(file=text, width=width))
                lines = text.getvalue().splitlines()
                assert [line for line in lines if len(line.rstrip()) > width] == []
                assert [name for name in names if name not in text.getvalue()] == []
