"""What identifies weights: their tensors, and how a model computes with them. Needs no torch.

The tensors are what a loader makes of the files: their names, number formats, shapes and bytes. How they are
spread over files, what the files are called, and what else is written into them changes nothing.
"""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from raysft.identity import WeightsDigest, canonical_bytes, digest_bytes, digest_lines

_WHO_WROTE_IT = ("_name_or_path", "_commit_hash", "transformers_version", "architectures", "auto_map")
_HOW_IT_IS_RUN = (
    *("dtype", "torch_dtype", "use_bfloat16", "use_cache", "_attn_implementation", "torchscript"),
    *("_attn_implementation_autoset", "output_attentions", "output_hidden_states", "return_dict"),
    *("initializer_range", "problem_type", "finetuning_task", "task_specific_params", "id2label", "label2id"),
)
"""Weights are loaded whole, for the next token, in the number format that a sweep asks for."""
_HOW_IT_SAMPLES = (
    *("do_sample", "temperature", "top_k", "top_p", "typical_p", "num_beams", "num_beam_groups"),
    *("num_return_sequences", "max_length", "min_length", "early_stopping", "length_penalty"),
    *("repetition_penalty", "diversity_penalty", "no_repeat_ngram_size", "encoder_no_repeat_ngram_size"),
    *("bad_words_ids", "forced_bos_token_id", "forced_eos_token_id", "output_scores"),
    *("return_dict_in_generate", "remove_invalid_values", "exponential_decay_length_penalty"),
)
"""Of older files: a benchmark says how answers are sampled, and a model's own advice is not followed."""
_SAYS_NOTHING = frozenset((*_WHO_WROTE_IT, *_HOW_IT_IS_RUN, *_HOW_IT_SAMPLES))
"""Keys of config.json that change neither training nor answers; a key that is not known may change both."""

_ONE_FILE, _INDEX, _ANY = "model.safetensors", "model.safetensors.index.json", "*.safetensors"
_LONGEST_HEADER = 100_000_000
"""Bytes that the format allows a header."""
_CHUNK = 1 << 20


class _Tensor(NamedTuple):
    """Where the bytes of one tensor are in the data of a file."""

    start: int
    end: int
    name: str
    dtype: str
    shape: list[int]


def weights_digest(folder: Path) -> WeightsDigest:
    """Digest of the tensors of a Hugging Face folder, its config.json, and the tokens that end an answer.

    The same tensors with another number of heads or another base of the rotary embedding are another model;
    the same in one file or in several are not.

    Raises:
        FileNotFoundError: if there is no tensor file, or no config.json.
    """
    tensors = sorted(line for file in _tensor_files(folder) for line in _described(file))
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    return WeightsDigest(digest_lines([*tensors, _computes(config), _ends(folder, config)]))


def _tensor_files(folder: Path) -> list[Path]:
    """The files that transformers reads, in the order in which it looks for them; others are not used."""
    if (folder / _ONE_FILE).is_file():
        return [folder / _ONE_FILE]
    if (folder / _INDEX).is_file():
        named = json.loads((folder / _INDEX).read_text(encoding="utf-8"))["weight_map"].values()
        return [folder / name for name in sorted(set(named))]
    files = sorted(folder.glob(_ANY))
    if not files:
        raise FileNotFoundError(f"no {_ANY} in {folder}")
    return files


def _computes(config: dict[str, Any]) -> str:
    said = {key: config[key] for key in config if key not in _SAYS_NOTHING}
    return f"config.json {digest_bytes(canonical_bytes(said))}"


def _ends(folder: Path, config: dict[str, Any]) -> str:
    """The tokens that end an answer: of generation_config.json, or of config.json where there is none."""
    path = folder / "generation_config.json"
    said = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else config
    return f"ends {canonical_bytes(said.get('eos_token_id')).decode()}"


def _described(path: Path) -> Iterator[str]:
    """A line for each tensor; one for the whole of a file that is damaged, which a loader will refuse."""
    with path.open("rb") as file:
        tensors = _header(file, path.stat().st_size)
        if tensors is None:
            file.seek(0)
            yield f"damaged {hashlib.file_digest(file, 'sha256').hexdigest()}"
            return
        for one in tensors:
            known = canonical_bytes([one.name, one.dtype, one.shape]).decode()
            yield f"{known} {_digest_of_next(file, one.end - one.start)}"


def _header(file: BinaryIO, size: int) -> list[_Tensor] | None:
    """The tensors of a file in the order of their bytes, which are read next; None if it is damaged."""
    length = int.from_bytes(file.read(8), "little")
    if size < 8 or length > min(size - 8, _LONGEST_HEADER):
        return None
    try:
        raw = json.loads(file.read(length))
        tensors = sorted(_tensor(name, raw[name]) for name in raw if name != "__metadata__")
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None
    # Tensors that lay over each other would be read once each: a small file could keep us busy for days.
    ends = [0, *(one.end for one in tensors)]
    starts = [*(one.start for one in tensors), size - 8 - length]
    return tensors if starts == ends and all(one.start <= one.end for one in tensors) else None


def _tensor(name: str, raw: dict[str, Any]) -> _Tensor:
    start, end = raw["data_offsets"]
    name.encode()  # half a surrogate pair has no bytes, and is a ValueError
    return _Tensor(int(start), int(end), name, str(raw["dtype"]), [int(one) for one in raw["shape"]])


def _digest_of_next(file: BinaryIO, count: int) -> str:
    hasher = hashlib.sha256()
    while count:
        chunk = file.read(min(count, _CHUNK))
        if not chunk:
            break  # shortened while it is read
        hasher.update(chunk)
        count -= len(chunk)
    return hasher.hexdigest()
