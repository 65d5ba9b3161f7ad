"""Bases with the chat templates that a sweep asks for, from the sweep file to what a stage hands on."""

from pathlib import Path
from typing import Any

import pytest
import torch
from support.small_tokenizers import llama1_like, llama3_like
from transformers import AutoTokenizer

from raysft.composition.order import SourceIndex
from raysft.data.conversation import dialogue
from raysft.data.tokens.chat_templates import template_for
from raysft.data.tokens.template import encode, tokenizer_digest
from raysft.data.tokens.tokenizer import CHAT_TEMPLATE, train_tokenizer
from raysft.data.world import BASES
from raysft.errors import InputError, Problem
from raysft.evaluate.engines.chat_prompt import prompt_tokens
from raysft.evaluate.engines.transformers_engine import TransformersEngine
from raysft.identity import digest_bytes
from raysft.model.digest import weights_digest
from raysft.model.folder import export_model, load_model, portable_tensors
from raysft.model.scratch import build_scratch
from raysft.spec.model import ScratchSpec
from raysft.spec.sweep import SweepSpec
from raysft.store import Store
from raysft.sweep.inputs.bases import Base, dressed_bases, find_bases, used_models

SHAPE = {"hidden_size": 8, "layers": 1, "heads": 1, "feed_forward": 8, "vocabulary": 300, "context": 512}
SOURCES = {"math": SourceIndex("math", ("a", "b"))}


def bases_of(folder: Path, **models: dict[str, Any]) -> dict[str, Base]:
    raw = {
        "name": "t",
        "data_dir": str(folder),
        "abilities": {"math": {"source": "world/math"}},
        "models": models,
        "studies": {"all": {"model": list(models), "strategy": "multi_task"}},
    }
    spec = SweepSpec.model_validate(raw)
    return find_bases(spec, SOURCES, used_models(spec))


def problems_of(folder: Path, **models: dict[str, Any]) -> dict[str, Problem]:
    with pytest.raises(InputError) as caught:
        bases_of(folder, **models)
    return {problem.field: problem for problem in caught.value.problems}


@pytest.fixture
def plain(tmp_path: Path) -> Path:
    """A base in the manner of LLaMA: its tokenizer has no chat template."""
    folder = tmp_path / "llama"
    llama1_like().save_pretrained(folder)
    build_scratch(ScratchSpec.model_validate(SHAPE), folder)
    return folder


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store.open(tmp_path / "store")


def test_world_bases_pass_with_their_own_template(tmp_path: Path) -> None:
    found = bases_of(tmp_path, base={"base": "world/base"}, small={"base": "world/base-small"})
    assert {base.identity.template for base in found.values()} == {digest_bytes(CHAT_TEMPLATE.encode())}
    assert found["base"].folder == BASES["world/base"]
    assert found["small"].identity.weights != found["base"].identity.weights
    assert found["base"].template is None


@pytest.mark.parametrize("name", ["vicuna", "alpaca", "chatml"])
def test_another_template_changes_the_identity_of_the_template_alone(tmp_path: Path, name: str) -> None:
    found = bases_of(tmp_path, own={"base": "world/base"}, other={"base": "world/base", "template": name})
    own, other = found["own"].identity, found["other"].identity
    text = template_for(name, AutoTokenizer.from_pretrained(BASES["world/base"]))
    assert other.template == digest_bytes(text.encode()) != own.template
    assert (other.weights, other.tokenizer) == (own.weights, own.tokenizer)
    assert found["other"].template == text


def test_a_base_without_a_template_is_refused_with_what_to_do(tmp_path: Path, plain: Path) -> None:
    (problem,) = problems_of(tmp_path, x={"base": plain.name}).values()
    assert (problem.field, problem.value) == ("models.x.template", "none")
    for needed in ("{% generation %}", "{% endgeneration %}", "template: vicuna", "template: FILE.jinja"):
        assert needed in problem.remedy


def test_every_problem_is_told_at_once(tmp_path: Path, plain: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    (tmp_path / "bad.jinja").write_text("{% generation %}")
    (tmp_path / "bytes.jinja").write_bytes(b"\xff\xfe")
    found = problems_of(
        tmp_path,
        none={"base": plain.name},
        missing={"base": "nobody/nothing", "template": "missing.jinja"},
        bad={"base": plain.name, "template": "bad.jinja"},
        bytes={"base": plain.name, "template": "bytes.jinja"},
        scratch={"base": SHAPE, "template": "bad.jinja"},
        well={"base": plain.name, "template": "alpaca"},
    )
    assert found.keys() == {
        "models.none.template",
        "models.missing.template",
        "models.missing.base",
        "models.bad.template",
        "models.bytes.template",
        "models.scratch.template",
    }
    missing = found["models.missing.template"]
    assert missing.value == "missing.jinja"
    assert str(tmp_path / "missing.jinja") in missing.remedy
    assert "use own, vicuna, alpaca, chatml, llama-3, or a Jinja file" in missing.remedy
    assert "is not Jinja" in str(found["models.bad.template"])
    assert "UTF-8" in str(found["models.bytes.template"])


def test_a_file_is_used_as_it_is(tmp_path: Path, plain: Path, store: Store) -> None:
    text = "{#- mine -#}\n" + template_for("chatml", llama1_like())
    (tmp_path / "mine.jinja").write_text(text)
    bases = bases_of(tmp_path, x={"base": plain.name, "template": "mine.jinja"})
    assert bases["x"].identity.template == digest_bytes(text.encode())
    with dressed_bases(bases, store) as dressed:
        assert AutoTokenizer.from_pretrained(dressed["x"].folder).chat_template == text


def test_everything_that_opens_the_base_sees_the_template(tmp_path: Path, plain: Path, store: Store) -> None:
    """Tokenising, engine, and what a stage hands on; and afterwards nothing is left on the workbench."""
    bases = bases_of(tmp_path, x={"base": plain.name, "template": "vicuna"})
    chat = dialogue("Hi", "Hello")
    with dressed_bases(bases, store) as dressed:
        folder, identity = dressed["x"].folder, dressed["x"].identity
        assert folder is not None
        assert identity == bases["x"].identity
        assert (weights_digest(folder), tokenizer_digest(folder)) == (identity.weights, identity.tokenizer)

        trained = encode(AutoTokenizer.from_pretrained(folder), chat)
        TransformersEngine().load(folder, identity.weights)
        export_model(
            portable_tensors(load_model(folder, torch.float32), torch.float32), folder, tmp_path / "stage"
        )
    assert not folder.exists()
    assert plain.exists()
    opened = AutoTokenizer.from_pretrained(tmp_path / "stage")
    assert digest_bytes(opened.chat_template.encode()) == identity.template
    assert tokenizer_digest(tmp_path / "stage") == identity.tokenizer
    assert encode(opened, chat) == trained
    (prompt,) = prompt_tokens(opened, [[{"role": "user", "content": "Hi"}]])
    assert prompt == trained.tokens[: trained.supervised.index(True)]
    assert not any(file.is_symlink() for file in (tmp_path / "stage").iterdir())


def test_bases_with_their_own_template_stay_where_they_are(tmp_path: Path, store: Store) -> None:
    bases = bases_of(tmp_path, x={"base": "world/base"}, y={"base": SHAPE, "template": "vicuna"})
    with dressed_bases(bases, store) as dressed:
        assert dressed == bases


@pytest.mark.parametrize("name", ["vicuna", "alpaca", "chatml"])
def test_a_model_from_scratch_takes_a_template(tmp_path: Path, name: str) -> None:
    """Its text is known before its tokenizer is."""
    found = bases_of(tmp_path, own={"base": SHAPE}, other={"base": SHAPE, "template": name})
    own, other = found["own"], found["other"]
    train_tokenizer(iter(["What is 2 + 3? It is 5."]), 300, tmp_path / "trained")
    text = template_for(name, AutoTokenizer.from_pretrained(tmp_path / "trained"))
    assert (own.template, other.template) == (None, text)
    assert own.identity.template == digest_bytes(CHAT_TEMPLATE.encode())
    assert other.identity.template == digest_bytes(text.encode())
    assert (other.identity.weights, other.identity.tokenizer) == (
        own.identity.weights,
        own.identity.tokenizer,
    )
    assert other.scratch == own.scratch


def test_a_template_that_melts_with_answers_is_refused_before_a_tokenizer_is_trained(tmp_path: Path) -> None:
    """A trained tokenizer of 300 tokens would hardly merge `:(`, one of 32,000 does."""
    train_tokenizer(iter([]), 300, tmp_path / "trained")
    text = template_for("alpaca", AutoTokenizer.from_pretrained(tmp_path / "trained"))
    (tmp_path / "mine.jinja").write_text(text.replace(r"Response:\n", "Response:"))
    (problem,) = problems_of(tmp_path, x={"base": SHAPE, "template": "mine.jinja"}).values()
    assert problem.field == "models.x.template"
    assert "before the answer '(x)'" in problem.value


def test_the_same_name_fits_itself_to_each_tokenizer(tmp_path: Path, plain: Path) -> None:
    other = tmp_path / "llama3"
    llama3_like("<|im_start|>", "<|im_end|>").save_pretrained(other)
    build_scratch(ScratchSpec.model_validate(SHAPE), other)
    found = bases_of(
        tmp_path,
        one={"base": plain.name, "template": "chatml"},
        three={"base": other.name, "template": "chatml"},
    )
    assert "'<|im_end|>'" in str(found["three"].template)
    assert "'<|im_end|>'" not in str(found["one"].template)
