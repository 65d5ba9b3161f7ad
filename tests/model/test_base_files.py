"""Where the files of a base are: built in, a folder, or the Hub's cache. Nothing is fetched here."""

import json
from pathlib import Path

import pytest
from huggingface_hub import constants

from raysft.data.world import BASES
from raysft.errors import InputError, Problem
from raysft.model.base_files import BaseName, Wanted, find_base, local_base

WHOLE = ("config.json", "tokenizer.json", "model.safetensors")


def filled(folder: Path, *names: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        (folder / name).write_text("{}")
    return folder


def refusal(base: BaseName, wanted: Wanted) -> Problem:
    with pytest.raises(InputError) as caught:
        find_base(base, wanted, "models.m.base")
    (problem,) = caught.value.problems
    assert (problem.field, problem.value) == ("models.m.base", base.name)
    return problem


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The cache of a Hub that cannot be reached, laid out as huggingface_hub does."""
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    return tmp_path / "hub"


def cached(hub: Path, *names: str) -> Path:
    """A snapshot of `owner/name` with some files."""
    model = hub / "models--owner--name"
    commit = "0" * 40
    (model / "refs").mkdir(parents=True, exist_ok=True)
    (model / "refs" / "main").write_text(commit)
    return filled(model / "snapshots" / commit, *names)


@pytest.mark.parametrize("wanted", ["config", "tokenizer", "weights"])
def test_a_built_in_base_has_everything(wanted: Wanted) -> None:
    assert find_base(BaseName("world/base"), wanted, "x") == BASES["world/base"]


def test_a_relative_folder_starts_from_the_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = filled(tmp_path / "sets" / "llama", *WHOLE)
    found = find_base(BaseName("llama", data_dir=str(tmp_path / "sets")), "weights", "x")
    assert found == folder == local_base(BaseName(str(folder)), "weights")
    monkeypatch.chdir(tmp_path / "sets")
    assert find_base(BaseName("llama"), "config", "x").samefile(folder)


@pytest.mark.parametrize(
    ("has", "wanted", "lacks"),
    [
        ((), "config", "config.json"),
        (("model.safetensors",), "weights", "config.json"),
        (("config.json", "pytorch_model.bin"), "weights", "*.safetensors"),
    ],
)
def test_a_folder_that_lacks_something_is_told(
    tmp_path: Path, has: tuple[str, ...], wanted: Wanted, lacks: str
) -> None:
    folder = filled(tmp_path / "llama", *has)
    assert refusal(BaseName(str(folder)), wanted).remedy == f"there is no {lacks} in {folder}"


def test_a_shard_that_the_index_names_and_that_is_not_there(tmp_path: Path) -> None:
    folder = filled(tmp_path / "llama", "config.json", "model-1.safetensors")
    index = {"weight_map": {"a": "model-1.safetensors", "b": "model-2.safetensors"}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    assert "no model-2.safetensors" in refusal(BaseName(str(folder)), "weights").remedy


def test_what_is_in_the_cache_needs_no_hub(hub: Path) -> None:
    folder = cached(hub, *WHOLE)
    base = BaseName("owner/name")
    assert local_base(base, "weights") == folder == find_base(base, "weights", "x")


def test_a_base_whose_tokenizer_alone_is_in_the_cache_is_not_here(hub: Path) -> None:
    """`raysft data check --model` fetches no weights; a plan after it must not think that they are here."""
    cached(hub, "config.json", "tokenizer.json")
    assert local_base(BaseName("owner/name"), "weights") is None
    assert local_base(BaseName("owner/name"), "config") is not None


@pytest.mark.parametrize("name", ["owner/other", "nowhere", "./no/such/folder"])
def test_what_is_none_of_these_is_told(hub: Path, name: str) -> None:
    assert local_base(BaseName(name), "config") is None
    said = refusal(BaseName(name, data_dir="/data"), "weights").remedy
    assert said.startswith("neither a folder (/data/")
    assert "nor a Hub id that can be reached" in said
