"""`raysft init` as its users call it, and that `raysft plan` says the same of what it wrote."""

import json
import re
from pathlib import Path

import pytest
import typer
from support.command import Command
from support.example_pilot import write_rows
from typer.testing import CliRunner

from raysft.cli.init import init
from raysft.errors import InputError
from raysft.spec import load_sweep

LLAMA = "huggyllama/llama-7b"


def test_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_rows(tmp_path / "a.jsonl", 100)
    app = typer.Typer()
    app.command()(init)
    arguments = ["a.jsonl", "--model", "world/base", "--budget", "2cpu-h"]
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 0, done.output
    assert done.output.splitlines()[-2:] == ["    raysft plan sweep.yaml", "    raysft run sweep.yaml"]
    assert load_sweep(tmp_path / "sweep.yaml").data_dir == str(tmp_path)
    again = CliRunner().invoke(app, arguments)
    assert isinstance(again.exception, InputError)
    assert CliRunner().invoke(app, [*arguments, "--force"]).exit_code == 0


@pytest.mark.parametrize(
    ("model", "budget", "unit"), [(LLAMA, "30gpu-h", "GPU-hours"), ("world/base", "2cpu-h", "core-hours")]
)
def test_init_and_plan_name_the_same_hours_points_and_differences(
    command: Command, tmp_path: Path, model: str, budget: str, unit: str
) -> None:
    for place, (name, rows) in enumerate((("math", 700), ("code", 400), ("general", 900))):
        write_rows(tmp_path / f"{name}.jsonl", rows, words=40, start=1000 * place)
    long = [
        {"prompt": f"What is {one}?", "completion": f"It is {one}. " + "And more. " * 30}
        for one in range(600)
    ]
    (tmp_path / "code.jsonl").write_text("\n".join(map(json.dumps, long)))
    files = [f"{name}.jsonl" for name in ("math", "code", "general")]
    done = command("init", *files, "--model", model, "--budget", budget)
    assert done.code == 0, done.said
    said = " ".join(done.printed.split())
    next_commands = [line.split() for line in done.printed.splitlines()[-2:]]
    assert next_commands == [["raysft", "plan", "sweep.yaml"], ["raysft", "run", "sweep.yaml"]]
    plan = command(*next_commands[0][1:])
    shown = " ".join(plan.printed.split())

    training, answering, starts, points = hours_in(said)
    planned = json.loads(command("plan", "sweep.yaml", "--json").printed)
    key = unit.replace("-", "_").lower()
    # Where the tokenizer is here, a plan counts every token, and init a sample, with usual marks of turns.
    tolerance = 0.006 if model == LLAMA else 0.15
    assert training == pytest.approx(planned[key], rel=tolerance)
    assert answering == pytest.approx(planned["evaluation"][key], rel=0.006)
    assert f"{starts} to start, load and save all stages" in shown
    assert f"{points}, {planned['stages']} stages" in shown
    differences = re.findall(
        r"([0-9.]+) (?:points of 100|nats per token) on (\w+) \(([0-9]+) questions", said
    )
    assert len(differences) == 3
    for difference, ability, questions in differences:
        detectable = planned["detectable"][ability]
        assert detectable["items"] == int(questions)
        assert detectable["between_recipes"] == pytest.approx(float(difference), rel=0.06)


def hours_in(said: str) -> tuple[float, float, str, str]:
    """Hours of training and answering, time to start all stages, and the points, as `init` prints them."""
    found = re.search(
        r"Of these, ([0-9.]+) \S+ train, ([0-9.]+) \S+ answer .* weights \(([^)]*) for all stages\)", said
    )
    counted = re.search(r"see\. (\S.*?), which share", said)
    assert found
    assert counted
    return float(found[1]), float(found[2]), found[3], counted[1]
