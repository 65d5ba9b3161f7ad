import errno
import json
from pathlib import Path

import pytest
import torch
from transformers import AutoTokenizer

from raysft.data.tokens.template import tokenizer_digest
from raysft.data.tokens.tokenizer import train_tokenizer
from raysft.model.digest import weights_digest
from raysft.model.folder import export_model, load_model, portable_tensors
from raysft.model.scratch import build_scratch
from raysft.model.template_overlay import dress, set_template
from raysft.spec.model import ScratchSpec

OTHER = "{{ messages[0]['content'] }} é\n"
SHAPE = ScratchSpec(hidden_size=8, layers=1, heads=1, feed_forward=8, vocabulary=300, context=32)


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """As the Hub's cache lays a model out: links to files with other names, and a folder of its maker."""
    blobs, base = tmp_path_factory.mktemp("blobs"), tmp_path_factory.mktemp("snapshot")
    train_tokenizer(iter(["one two"]), 300, blobs)
    build_scratch(SHAPE, blobs)
    for number, file in enumerate(sorted(blobs.iterdir())):
        place = file.rename(blobs / f"blob{number}")
        (base / file.name).symlink_to(place)
    (base / "original").mkdir()
    (base / "original" / "params.json").write_text("{}")
    return base


def template_of(folder: Path) -> object:
    return AutoTokenizer.from_pretrained(folder).chat_template


def test_only_the_template_differs(base: Path, tmp_path: Path) -> None:
    target = tmp_path / "dressed"
    before = {file.name: file.read_bytes() for file in base.iterdir() if file.is_file()}
    dress(base, OTHER, target)
    assert template_of(target) == OTHER
    assert weights_digest(target) == weights_digest(base)
    assert tokenizer_digest(target) == tokenizer_digest(base)
    assert {file.name for file in target.iterdir()} == before.keys()
    assert all(file.resolve().is_file() for file in target.iterdir())
    assert (target / "model.safetensors").is_symlink()
    # the base itself is as it was
    assert {file.name: file.read_bytes() for file in base.iterdir() if file.is_file()} == before


def test_every_place_of_an_older_template_is_cleared(base: Path, tmp_path: Path) -> None:
    old = tmp_path / "old"
    dress(base, "old", old)
    (old / "chat_template.json").write_text(json.dumps({"chat_template": "old"}))
    (old / "additional_chat_templates").mkdir()
    (old / "additional_chat_templates" / "tool_use.jinja").write_text("old")
    settings = json.loads((old / "tokenizer_config.json").read_text())
    (old / "tokenizer_config.json").write_text(json.dumps({**settings, "chat_template": "old"}))
    (old / "chat_template.jinja").unlink()
    assert template_of(old) != OTHER
    dress(old, OTHER, tmp_path / "new")
    assert template_of(tmp_path / "new") == OTHER
    assert json.loads((tmp_path / "new" / "tokenizer_config.json").read_text()) == settings
    assert not (tmp_path / "new" / "additional_chat_templates").exists()
    assert (old / "additional_chat_templates" / "tool_use.jinja").exists()
    set_template(old, OTHER)
    assert template_of(old) == OTHER
    assert not (old / "chat_template.json").exists()


def test_what_is_exported_is_a_plain_folder_with_the_template(base: Path, tmp_path: Path) -> None:
    dressed, stage = tmp_path / "dressed", tmp_path / "stage"
    dress(base, OTHER, dressed)
    model = load_model(dressed, torch.float32)
    export_model(portable_tensors(model, torch.float32), dressed, stage)
    for file in dressed.iterdir():
        file.unlink()
    assert template_of(stage) == OTHER
    assert tokenizer_digest(stage) == tokenizer_digest(base)
    assert not any(file.is_symlink() for file in stage.iterdir())
    assert load_model(stage, torch.float32).num_parameters() == model.num_parameters()


def test_files_are_copied_where_there_are_no_links(
    base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.EPERM, "no links on this file system")

    monkeypatch.setattr(Path, "symlink_to", refuse)
    dress(base, OTHER, tmp_path / "dressed")
    assert not (tmp_path / "dressed" / "model.safetensors").is_symlink()
    assert weights_digest(tmp_path / "dressed") == weights_digest(base)
    assert template_of(tmp_path / "dressed") == OTHER
