"""Hugging Face folders: how weights are opened, written and recognised.

The bytes of the tensor files are a pure function of the weights (names, shapes, values, number format): no
time, no version and no order of insertion enters them. So equal weights have equal digests.
"""

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import torch
from huggingface_hub import save_torch_state_dict
from transformers import AutoModelForCausalLM, PreTrainedModel
from transformers.utils import logging as transformers_logging

DtypeName = Literal["fp32", "bf16"]
DTYPES: dict[DtypeName, torch.dtype] = {"fp32": torch.float32, "bf16": torch.bfloat16}

SHARD_SIZE = "5GB"
"""Largest tensor file; transformers, vLLM and the Hub read a folder of several by its index."""

_CARRIED = (
    "generation_config.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "tokenizer.model",
    "special_tokens_map.json",
    "added_tokens.json",
    "vocab.json",
    "merges.txt",
    "chat_template.jinja",
    "chat_template.json",
)
"""Files that a stage hands on as they are; a fixed list, so that no stray file travels along."""


def load_model(folder: Path, dtype: torch.dtype) -> PreTrainedModel:
    """Open a causal language model on the CPU.

    Args:
        folder: a Hugging Face folder with safetensors; no code from it is run and nothing is downloaded.
        dtype: number format of the parameters in memory, whatever the files hold.
    """
    transformers_logging.disable_progress_bar()
    return AutoModelForCausalLM.from_pretrained(
        folder, dtype=dtype, local_files_only=True, use_safetensors=True
    )


def export_model(tensors: Mapping[str, torch.Tensor], source: Path, target: Path) -> None:
    """Write weights as a folder that `AutoModelForCausalLM` and `AutoTokenizer` open as it is.

    Args:
        tensors: parameters by their name in transformers, tied ones once, all in one number format.
        source: folder with configuration and tokenizer, which are handed on.
        target: made if it does not exist.
    """
    target.mkdir(parents=True, exist_ok=True)
    for name in _CARRIED:
        if (source / name).is_file():
            shutil.copyfile(source / name, target / name)
    config = json.loads((source / "config.json").read_text(encoding="utf-8"))
    write_config(config, target, next(iter(tensors.values())).dtype)
    write_weights(tensors, target)


def write_config(config: Mapping[str, Any], folder: Path, dtype: torch.dtype) -> None:
    """Write `config.json` with the number format of the weights beside it."""
    kept = {key: value for key, value in config.items() if key not in ("dtype", "torch_dtype")}
    text = json.dumps({**kept, "dtype": str(dtype).removeprefix("torch.")}, indent=2, sort_keys=True)
    (folder / "config.json").write_text(text + "\n", encoding="utf-8")


def write_weights(tensors: Mapping[str, torch.Tensor], folder: Path) -> None:
    """Write tensors as `model.safetensors`, or as several files with an index above `SHARD_SIZE`."""
    ordered = {name: tensors[name].detach().contiguous() for name in sorted(tensors)}
    save_torch_state_dict(ordered, folder, max_shard_size=SHARD_SIZE, metadata={"format": "pt"})


def portable_tensors(model: torch.nn.Module, dtype: torch.dtype) -> dict[str, torch.Tensor]:
    """A whole model's parameters on the CPU in one number format, tied ones once."""
    return {name: one.detach().to("cpu", dtype) for name, one in model.named_parameters()}
