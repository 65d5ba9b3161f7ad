"""What a plan and a run refuse because there is nothing to learn, or not all of it would be learnt."""

import json
from pathlib import Path

import pytest
from support.example_sweep import spec_of

from raysft.errors import InputError
from raysft.plan.tree import Stage
from raysft.spec.sweep import SweepSpec
from raysft.sweep.inputs.bases import Base
from raysft.sweep.inputs.learnable import context_of, fate_lines, refuse_what_cannot_be_learnt
from raysft.sweep.inputs.read import Inputs, read_inputs

STUDY = "s: {model: tiny, strategy: multi_task, amount: 1}"
NO_SYSTEM = """
{%- for message in messages -%}{%- if message['role'] == 'user' -%}{{- '<|user|>' + message['content'] -}}
{%- elif message['role'] == 'assistant' -%}{{- '<|assistant|>' -}}
{%- generation -%}{{- message['content'].lstrip() + '<|end|>' -}}{%- endgeneration -%}
{%- endif -%}{%- endfor -%}
{%- if add_generation_prompt -%}{{- '<|assistant|>' -}}{%- endif -%}
"""


def recipe(**changes: object) -> dict[str, object]:
    return {"batch_size": 8, "max_length": 256, **changes}


def inputs_of(tmp_path: Path, spec: SweepSpec) -> Inputs:
    return read_inputs(spec, str(tmp_path / "store"))


def refused(found: Inputs) -> list[str]:
    with pytest.raises(InputError) as error:
        refuse_what_cannot_be_learnt(found, found.plan.stages.values())
    return [f"{one.field}: {one.value}: {one.remedy}" for one in error.value.problems]


def unwritten(tmp_path: Path, words: int) -> tuple[Inputs, list[Stage]]:
    """A sweep that leaves `max_length` at 2,048, of conversations with more than so many tokens."""
    tmp_path.mkdir()
    turns = [{"role": "user", "content": "7 " * words}, {"role": "assistant", "content": "b"}]
    (tmp_path / "rows.jsonl").write_text(json.dumps({"messages": turns}) + "\n")
    abilities = {"math": {"source": str(tmp_path / "rows.jsonl")}}
    found = inputs_of(tmp_path, spec_of(STUDY, abilities=abilities, recipe={"batch_size": 8}))
    return found, [*found.plan.stages.values()]


def with_system(tmp_path: Path, losses: str) -> SweepSpec:
    """Ten conversations, of which three have a system message."""
    rows = []
    for number in range(10):
        turns = [{"role": "user", "content": f"{number}?"}, {"role": "assistant", "content": str(number)}]
        rows.append(
            {"messages": [{"role": "system", "content": "Be brief."}, *turns] if number < 3 else turns}
        )
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (tmp_path / "mine.jinja").write_text(NO_SYSTEM)
    model = {"base": "world/base", "template": str(tmp_path / "mine.jinja"), "template_losses": losses}
    abilities = {"math": {"source": str(tmp_path / "rows.jsonl")}}
    return spec_of(STUDY, abilities=abilities, models={"tiny": model})


def test_what_can_be_learnt_is_not_refused(tmp_path: Path) -> None:
    found = inputs_of(tmp_path, spec_of(STUDY))
    refuse_what_cannot_be_learnt(found, found.plan.stages.values())
    assert list(fate_lines(found)) == []


def test_a_source_of_which_nothing_is_left_is_refused(tmp_path: Path) -> None:
    problems = refused(inputs_of(tmp_path, spec_of(STUDY, recipe=recipe(max_length=8))))
    assert len(problems) == 2, "a turn of general is shorter"
    assert problems[1].startswith(
        "recipe.max_length: 8: nothing is left to learn of math for tiny: each of its 64"
    )


def test_a_stage_whose_part_of_a_source_has_nothing_left_is_refused(tmp_path: Path) -> None:
    long = {"messages": [{"role": "user", "content": "x " * 60}, {"role": "assistant", "content": "y"}]}
    short = {"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]}
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in (long, short)))
    abilities = {"math": {"source": str(tmp_path / "rows.jsonl")}}
    study = "s: {model: tiny, strategy: multi_task, amount: 1/2, seed: [0, 1, 2, 3, 4, 5, 6, 7]}"
    spec = spec_of(study, abilities=abilities, recipe=recipe(max_length=32, overflow="drop"))
    found = inputs_of(tmp_path, spec)
    problems = refused(found)
    empty = {
        stage.subset_seed
        for stage in found.plan.stages.values()
        if found.measure("tiny", "math", stage.recipe).total(stage.subset_seed, 1).supervised == 0
    }
    assert 0 < len(empty) < 8
    assert {int(one.split("seed ")[1].split(",")[0]) for one in problems} == empty
    assert list(fate_lines(found)) == [
        "math, model tiny: of 2 conversations 1 dropped at max_length 32 (overflow: drop)"
    ]


def test_a_longest_sequence_above_the_context_is_refused_with_both_numbers(tmp_path: Path) -> None:
    (problem,) = refused(inputs_of(tmp_path, spec_of(STUDY, recipe=recipe(max_length=513))))
    assert problem.startswith("recipe.max_length: 513: tiny reads at most 512 tokens")
    refuse_what_cannot_be_learnt(*unwritten(tmp_path / "short", 100))
    with pytest.raises(InputError, match="tiny reads at most 512 tokens"):
        refuse_what_cannot_be_learnt(*unwritten(tmp_path / "long", 600))
    shape = {"hidden_size": 16, "layers": 1, "heads": 2, "feed_forward": 16, "vocabulary": 300, "context": 64}
    (problem,) = refused(inputs_of(tmp_path, spec_of(STUDY, models={"tiny": {"base": shape}})))
    assert "tiny reads at most 64 tokens" in problem


@pytest.mark.parametrize(
    ("config", "context"),
    [
        ({"max_position_embeddings": 2048}, 2048),
        ({"max_position_embeddings": 2048, "rope_scaling": None}, 2048),
        ({"max_position_embeddings": 2048, "rope_scaling": {"type": "linear", "factor": 4.0}}, 8192),
        ({"max_position_embeddings": 2048, "rope_parameters": {"rope_type": "yarn", "factor": 4.0}}, 8192),
        ({"max_position_embeddings": 131072, "rope_scaling": {"rope_type": "llama3", "factor": 8.0}}, 131072),
        ({}, None),
    ],
)
def test_the_context_of_a_model(tmp_path: Path, config: dict[str, object], context: int | None) -> None:
    (tmp_path / "config.json").write_text(json.dumps(config))
    base = Base.__new__(Base)
    object.__setattr__(base, "folder", tmp_path)
    object.__setattr__(base, "scratch", None)
    assert context_of(base) == context


def test_a_template_that_loses_text_is_refused_with_kind_count_and_place(tmp_path: Path) -> None:
    (problem,) = refused(inputs_of(tmp_path, with_system(tmp_path, "refuse")))
    assert problem.startswith("models.tiny.template: loses the text of a system message in 3 conversations")
    assert f"{tmp_path}/rows.jsonl:" in problem
    assert "models.tiny.template_losses: count" in problem


def test_losses_that_are_allowed_are_said(tmp_path: Path) -> None:
    found = inputs_of(tmp_path, with_system(tmp_path, "count"))
    refuse_what_cannot_be_learnt(found, found.plan.stages.values())
    (line,) = fate_lines(found)
    assert line.startswith("math, model tiny: the template loses the text of a system message in 3 conv")


def test_inputs_of_a_template_are_part_of_what_identifies_a_stage(tmp_path: Path) -> None:
    (tmp_path / "mine.jinja").write_text("{% if polite %}Please. {% endif %}" + NO_SYSTEM)
    model = {"base": "world/base", "template": str(tmp_path / "mine.jinja")}
    with pytest.raises(InputError, match="reads polite"):
        inputs_of(tmp_path, spec_of(STUDY, models={"tiny": model}))
    stages = [
        {
            *inputs_of(
                tmp_path, spec_of(STUDY, models={"tiny": {**model, "template_inputs": {"polite": one}}})
            ).plan.stages
        }
        for one in (True, False)
    ]
    assert stages[0].isdisjoint(stages[1])
