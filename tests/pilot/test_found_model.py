"""What is known of a model without a network."""

import json
from pathlib import Path

import pytest

from raysft.errors import InputError
from raysft.pilot.found_model import find_model
from raysft.plan.cost.model_shape import KNOWN

CONFIG = {
    "model_type": "llama",
    "hidden_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 128,
    "vocab_size": 300,
    "max_position_embeddings": 777,
}
MARKED = "{% for m in messages %}{% generation %}{{ m['content'] }}{% endgeneration %}{% endfor %}"


def folder(at: Path, **settings: object) -> Path:
    at.mkdir()
    (at / "config.json").write_text(json.dumps(CONFIG))
    (at / "tokenizer_config.json").write_text(json.dumps(settings))
    return at


def refusal(model: str, shape_from: Path | None = None) -> str:
    with pytest.raises(InputError) as refused:
        find_model(model, shape_from)
    return str(refused.value)


def test_what_is_shipped_has_its_own_template() -> None:
    found = find_model("world/base", None)
    assert (found.base, found.template, found.context, found.name) == ("world/base", "own", 512, "world-base")
    assert 400_000 < found.shape.parameters < 600_000
    assert found.folder is not None
    assert find_model("world/base-small", None).shape.parameters < found.shape.parameters


def test_a_known_id_needs_nothing() -> None:
    found = find_model("meta-llama/Llama-2-7b-hf", None)
    assert found.shape == KNOWN["meta-llama/Llama-2-7b-hf"]
    assert (found.context, found.template, found.folder) == (4096, "vicuna", None)
    assert find_model("huggyllama/llama-7b", None).context == 2048
    assert find_model("meta-llama/Llama-3.2-1B", None).template == "llama-3"


def test_a_folder_is_read(tmp_path: Path) -> None:
    plain = find_model(str(folder(tmp_path / "plain")), None)
    assert (plain.shape.hidden_size, plain.context, plain.template) == (64, 777, "vicuna")
    unmarked = folder(tmp_path / "unmarked", chat_template="{{ messages }}")
    assert find_model(str(unmarked), None).template == "vicuna"
    marked = folder(tmp_path / "marked", chat_template=MARKED)
    assert find_model(str(marked), None).template == "own"
    (tmp_path / "plain" / "chat_template.jinja").write_text(MARKED)
    assert find_model(str(tmp_path / "plain"), None).template == "own"


def test_an_unknown_model_needs_its_config(tmp_path: Path) -> None:
    said = refusal("owner/name")
    assert "--shape-from" in said
    assert "world/base" in said
    config = folder(tmp_path / "elsewhere") / "config.json"
    found = find_model("owner/name", config)
    assert (found.base, found.shape.layers, found.shape_said) == ("owner/name", 2, True)


def test_configs_that_do_not_serve_are_refused(tmp_path: Path) -> None:
    config = tmp_path / "config.json"
    assert "cannot be read" in refusal("owner/name", config)
    config.write_text("[1]")
    assert "no JSON object" in refusal("owner/name", config)
    config.write_text(json.dumps({**CONFIG, "model_type": "qwen2", "hidden_size": "wide"}))
    said = refusal("owner/name", config)
    assert "--shape-from: model_type" in said
    assert "--shape-from: hidden_size" in said
