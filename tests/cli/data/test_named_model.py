from pathlib import Path

import pytest
from support.small_tokenizers import llama1_like
from transformers import AutoTokenizer

from raysft.cli.data.arguments import ModelOptions
from raysft.cli.data.named_model import NamedModel, named_model, opened_model
from raysft.data.inspect.named_source import NamedSource, named_source
from raysft.data.tokens.chat_templates import template_for
from raysft.errors import InputError

SWEEP = """
name: t
data_dir: sets
abilities: {a: {source: world/math}}
recipe: {max_length: 99}
models: {llama: {base: llama, template: vicuna, recipe: {overflow: cut}}}
studies: {s: {model: llama, strategy: [{single: a}], amount: [1]}}
"""


def meant(name: str | Path, source: NamedSource, *options: str | int | None) -> NamedModel:
    return named_model(str(name), ModelOptions(str(name), *options), source.sweep)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "sets").mkdir()
    llama1_like().save_pretrained(tmp_path / "sets" / "llama")
    (tmp_path / "sweep.yaml").write_text(SWEEP)
    return tmp_path


def test_a_model_of_the_sweep_comes_with_its_template_and_recipe(folder: Path) -> None:
    source = named_source([f"{folder}/sweep.yaml:a"])
    model = meant("llama", source)
    assert model.base.path == folder / "sets" / "llama"
    assert (model.recipe.max_length, model.recipe.overflow) == (99, "cut")
    other = meant("llama", source, None, 50, "drop").recipe
    assert (other.max_length, other.overflow) == (50, "drop")
    with opened_model(model, "tokenizer") as opened:
        tokenizer = AutoTokenizer.from_pretrained(opened.folder)
    assert tokenizer.chat_template == opened.tokenizer.chat_template == template_for("vicuna", tokenizer)


def test_without_a_sweep_it_is_a_base_and_the_default_recipe(folder: Path) -> None:
    source = named_source(["world/math"])
    model = meant(folder / "sets" / "llama", source, "alpaca")
    assert model.recipe.max_length == 2048
    with opened_model(model, "tokenizer") as opened:
        assert "### Response:" in AutoTokenizer.from_pretrained(opened.folder).chat_template
    assert not opened.folder.exists(), "a folder with another template is a thing of the moment"
    assert (folder / "sets" / "llama" / "tokenizer.json").exists()


def test_a_template_file_is_found_from_here_also_for_a_sweep(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    tokenizer = llama1_like()
    Path("own.jinja").write_text(template_for("chatml", tokenizer))
    source = named_source(["sweep.yaml:a"])
    with opened_model(meant("llama", source, "own.jinja"), "tokenizer") as opened:
        assert "<|im_start|>" in str(opened.tokenizer.chat_template)


@pytest.mark.parametrize("name", ["world/base", "world/base-small"])
def test_the_bases_of_the_built_in_world(name: str) -> None:
    source = named_source(["world/math"])
    with opened_model(meant(name, source), "weights") as opened:
        assert (opened.folder / "model.safetensors").exists()


def test_a_tokenizer_without_a_template_is_told_what_to_do(folder: Path) -> None:
    source = named_source(["world/math"])
    model = meant(folder / "sets" / "llama", source)
    with pytest.raises(InputError, match="vicuna"), opened_model(model, "tokenizer"):
        pytest.fail("it has no template")
