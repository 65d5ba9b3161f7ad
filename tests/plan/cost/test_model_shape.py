"""Shapes: parameters as published, and config.json read or refused."""

import json
from pathlib import Path

import pytest
from safetensors import safe_open
from support.model_size import parameter_count
from transformers import LlamaConfig

import raysft.data.world
from raysft.errors import InputError
from raysft.plan.cost.model_shape import KNOWN, ModelShape, shape_from_config

BASE = Path(raysft.data.world.__file__).parent / "base"
CONFIG = {
    "model_type": "llama",
    "hidden_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 128,
    "vocab_size": 300,
}


def fields_at_fault(config: dict[str, object]) -> list[str]:
    with pytest.raises(InputError) as caught:
        shape_from_config(config)
    return [problem.field for problem in caught.value.problems]


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("huggyllama/llama-7b", 6_738_415_616),
        ("huggyllama/llama-13b", 13_015_864_320),
        ("huggyllama/llama-30b", 32_528_943_616),
        ("huggyllama/llama-65b", 65_285_660_672),
        ("meta-llama/Llama-2-70b-hf", 68_976_648_192),
        ("meta-llama/Llama-3.2-1B", 1_235_814_400),
        ("meta-llama/Llama-3.2-3B-Instruct", 3_212_749_824),
        ("meta-llama/Llama-3.1-8B", 8_030_261_248),
        ("TinyLlama/TinyLlama-1.1B-Chat-v1.0", 1_100_048_384),
    ],
)
def test_known_models_have_the_parameters_that_are_published(name: str, parameters: int) -> None:
    assert KNOWN[name].parameters == parameters


@pytest.mark.parametrize("tied", [True, False])
@pytest.mark.parametrize("groups", [1, 2, 8])
def test_parameters_are_those_of_the_model_that_transformers_builds(groups: int, tied: bool) -> None:
    config = LlamaConfig(
        vocab_size=320,
        hidden_size=96,
        intermediate_size=200,
        num_hidden_layers=3,
        num_attention_heads=8,
        num_key_value_heads=groups,
        tie_word_embeddings=tied,
    )
    assert ModelShape(96, 3, 8, groups, 200, 320, tied).parameters == parameter_count(config)


def test_the_base_of_the_built_in_world_is_counted_to_the_last_weight() -> None:
    shape = shape_from_config(json.loads((BASE / "config.json").read_text(encoding="utf-8")))
    counted = 0
    for file in BASE.glob("*.safetensors"):
        with safe_open(file, "np") as tensors:
            counted += sum(tensors.get_tensor(name).size for name in tensors.keys())  # noqa: SIM118
    assert shape.parameters == counted


def test_what_a_config_leaves_out_is_as_in_transformers() -> None:
    shape = shape_from_config(CONFIG)
    assert (shape.key_value_heads, shape.tied) == (4, False)
    null = shape_from_config({**CONFIG, "num_key_value_heads": None, "tie_word_embeddings": True})
    assert (null.key_value_heads, null.tied) == (4, True)


def test_every_missing_key_is_named_at_once() -> None:
    assert fields_at_fault({"model_type": "llama", "hidden_size": 64, "vocab_size": 300}) == [
        "num_hidden_layers",
        "num_attention_heads",
        "intermediate_size",
    ]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"hidden_size": "64"}, "hidden_size"),
        ({"vocab_size": 0}, "vocab_size"),
        ({"num_hidden_layers": True}, "num_hidden_layers"),
        ({"num_key_value_heads": 2.0}, "num_key_value_heads"),
        ({"num_attention_heads": 5}, "num_attention_heads"),
        ({"num_key_value_heads": 3}, "num_attention_heads"),
        ({"head_dim": 32}, "head_dim"),
        ({"attention_bias": True}, "attention_bias"),
        ({"model_type": "mixtral"}, "model_type"),
    ],
)
def test_a_model_of_another_form_is_refused(change: dict[str, object], field: str) -> None:
    assert fields_at_fault({**CONFIG, **change}) == [field]
