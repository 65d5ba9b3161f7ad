import json
from dataclasses import dataclass

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file
from support.model_size import parameter_count
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from transformers import AutoModelForCausalLM, AutoTokenizer, PreTrainedTokenizerFast

from raysft.model.digest import weights_digest
from raysft.model.folder import export_model, load_model, portable_tensors, write_weights
from raysft.model.scratch import SpecialTokens, build_scratch, write_scratch


@dataclass(frozen=True)
class Shape:
    hidden_size: int = 16
    layers: int = 2
    heads: int = 2
    feed_forward: int = 24
    context: int = 128
    seed: int = 0


SPECIAL = SpecialTokens(bos=None, eos=1, pad=0)
TEMPLATE = "{% for message in messages %}{{ message['content'] }}{% endfor %}"


@pytest.fixture
def base(tmp_path):
    folder = tmp_path / "base"
    words = {f"w{one}": one for one in range(60)} | {"<pad>": 60, "<end>": 61}
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=Tokenizer(WordLevel(words, unk_token="w0")), pad_token="<pad>", eos_token="<end>"
    )
    tokenizer.chat_template = TEMPLATE
    tokenizer.save_pretrained(folder)
    build_scratch(Shape(), folder)
    return folder


def test_a_model_from_scratch_fits_its_tokenizer(base):
    model = AutoModelForCausalLM.from_pretrained(base)
    assert model.config.vocab_size == 62
    assert (model.config.eos_token_id, model.config.pad_token_id) == (61, 60)
    assert model.generation_config.eos_token_id == 61
    assert model.get_input_embeddings().weight is model.get_output_embeddings().weight
    assert parameter_count(model.config) == sum(one.numel() for one in model.parameters())


def test_weights_from_scratch_depend_on_the_seed_only(tmp_path):
    torch.manual_seed(1)
    write_scratch(Shape(), 62, SPECIAL, tmp_path / "one")
    drawn = torch.rand(1)
    write_scratch(Shape(), 62, SPECIAL, tmp_path / "two")
    write_scratch(Shape(seed=1), 62, SPECIAL, tmp_path / "other")
    one, two, other = (weights_digest(tmp_path / name) for name in ("one", "two", "other"))
    assert one == two != other
    torch.manual_seed(1)
    assert torch.equal(torch.rand(1), drawn), "the caller's random numbers are left alone"


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_an_exported_folder_opens_and_exports_to_the_same_bytes(base, tmp_path, dtype):
    model = load_model(base, torch.float32)
    export_model(portable_tensors(model, dtype), base, tmp_path / "first")
    again = load_model(tmp_path / "first", torch.float32)
    export_model(portable_tensors(again, dtype), tmp_path / "first", tmp_path / "second")
    written = {one.name for one in (tmp_path / "first").iterdir()}
    assert written >= {"config.json", "generation_config.json", "model.safetensors", "tokenizer.json"}
    for one in (tmp_path / "first").iterdir():
        assert one.read_bytes() == (tmp_path / "second" / one.name).read_bytes(), one.name
    opened = AutoModelForCausalLM.from_pretrained(tmp_path / "first")
    assert {one.dtype for one in opened.parameters()} == {dtype}
    tokenizer = AutoTokenizer.from_pretrained(tmp_path / "first")
    assert tokenizer.chat_template == TEMPLATE
    for name, one in model.named_parameters():
        assert torch.equal(opened.get_parameter(name), one.to(dtype))


def test_bytes_do_not_depend_on_the_order_of_the_tensors(tmp_path):
    tensors = {name: torch.full((2, 2), float(ord(name))) for name in "cab"}
    for folder, names in (("one", "cab"), ("two", "abc")):
        (tmp_path / folder).mkdir()
        write_weights({name: tensors[name] for name in names}, tmp_path / folder)
    one, two = ((tmp_path / folder / "model.safetensors").read_bytes() for folder in ("one", "two"))
    assert one == two
    with safe_open(tmp_path / "one/model.safetensors", "pt") as file:
        assert file.metadata() == {"format": "pt"}


def test_large_models_are_written_in_several_files(base, tmp_path, monkeypatch):
    monkeypatch.setattr("raysft.model.folder.SHARD_SIZE", "4KB")
    model = load_model(base, torch.float32)
    export_model(portable_tensors(model, torch.float32), base, tmp_path / "sharded")
    files = sorted(one.name for one in (tmp_path / "sharded").glob("*.safetensors"))
    assert len(files) > 2
    index = json.loads((tmp_path / "sharded/model.safetensors.index.json").read_text())
    assert sorted(set(index["weight_map"].values())) == files
    opened = AutoModelForCausalLM.from_pretrained(tmp_path / "sharded")
    for name, one in model.named_parameters():
        assert torch.equal(opened.get_parameter(name), one)


def test_one_changed_bit_changes_the_digest(base):
    before, path = weights_digest(base), base / "model.safetensors"
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    assert weights_digest(base) != before


@pytest.mark.parametrize(
    ("key", "differs"),
    [
        *((key, True) for key in ("rope_theta", "num_attention_heads", "rms_norm_eps", "a_new_key")),
        *((key, False) for key in ("_name_or_path", "use_cache", "torch_dtype", "dtype", "architectures")),
        *((key, False) for key in ("transformers_version", "initializer_range", "temperature")),
    ],
)
def test_how_a_model_computes_is_in_the_digest_and_who_wrote_it_is_not(base, key, differs):
    before, path = weights_digest(base), base / "config.json"
    config = json.loads(path.read_text())
    path.write_text(json.dumps({**config, key: 1}, indent=1))
    assert (weights_digest(base) != before) == differs


def test_one_file_or_several_under_any_name_are_the_same_weights(base, tmp_path, monkeypatch):
    before = weights_digest(base)
    (base / "consolidated.safetensors").write_bytes(b"what transformers does not read")
    assert weights_digest(base) == before
    monkeypatch.setattr("raysft.model.folder.SHARD_SIZE", "4KB")
    export_model(portable_tensors(load_model(base, torch.float32), torch.float32), base, tmp_path / "many")
    assert len(list((tmp_path / "many").glob("*.safetensors"))) > 2
    assert weights_digest(tmp_path / "many") == before
    (base / "consolidated.safetensors").unlink()
    (base / "model.safetensors").rename(base / "other.safetensors")
    assert weights_digest(base) == before


def test_what_ends_an_answer_is_in_the_digest_and_how_a_model_would_like_to_sample_is_not(base):
    before, path = weights_digest(base), base / "generation_config.json"
    said = json.loads(path.read_text())
    path.write_text(json.dumps({**said, "temperature": 0.3, "do_sample": True}))
    assert weights_digest(base) == before
    path.write_text(json.dumps({**said, "eos_token_id": [said["eos_token_id"], 7]}))
    assert weights_digest(base) != before
    path.unlink()
    assert weights_digest(base) == before, "config.json names the same token"


def test_a_tensor_of_another_name_shape_or_format_is_another(tmp_path, base):
    digests = set()
    for name, values in (
        ("a", torch.zeros(4, 2)),
        ("b", torch.zeros(4, 2)),
        ("a", torch.zeros(2, 4)),
        ("a", torch.zeros(4, 2, dtype=torch.int32)),
    ):
        save_file({name: values}, base / "model.safetensors", metadata={"who": name})
        digests.add(weights_digest(base))
    assert len(digests) == 4
    save_file({"a": torch.zeros(4, 2)}, base / "model.safetensors", metadata={"who": "another"})
    assert weights_digest(base) in digests


HEADER = b'{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"b":{"dtype":"U8","shape":[4],"data_offsets":'


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"short",
        (2**63).to_bytes(8, "little") + b"{}",
        (2).to_bytes(8, "little") + b"[]",
        (9).to_bytes(8, "little") + b'{"a": 12}',
        (100_000).to_bytes(8, "little") + b"[" * 100_000,
        (len(HEADER) + 7).to_bytes(8, "little") + HEADER + b"[0,4]}}" + b"1234",
        (len(HEADER) + 7).to_bytes(8, "little") + HEADER + b"[4,8]}}" + b"1234",
    ],
    ids=["empty", "short", "long", "list", "number", "deep", "over each other", "cut"],
)
def test_a_damaged_file_has_a_digest_of_its_own(base, data):
    before = weights_digest(base)
    (base / "model.safetensors").write_bytes(data)
    damaged = weights_digest(base)
    assert damaged == weights_digest(base) != before


def test_a_folder_without_weights_has_no_digest(tmp_path):
    with pytest.raises(FileNotFoundError, match="safetensors"):
        weights_digest(tmp_path)
