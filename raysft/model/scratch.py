"""A LLaMA with random weights: what a study without a base model starts from."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import torch
from transformers import AutoTokenizer, GenerationConfig, LlamaConfig, LlamaForCausalLM

from raysft.model.folder import portable_tensors, write_config, write_weights


class ScratchShape(Protocol):
    """What a model from scratch is made of; `raysft.spec.ScratchSpec` has these fields."""

    @property
    def hidden_size(self) -> int:
        """Width of the residual stream."""

    @property
    def layers(self) -> int:
        """Transformer blocks."""

    @property
    def heads(self) -> int:
        """Attention heads."""

    @property
    def feed_forward(self) -> int:
        """Width inside the feed-forward part."""

    @property
    def context(self) -> int:
        """Longest sequence in tokens."""

    @property
    def seed(self) -> int:
        """Seed of the random weights."""


@dataclass(frozen=True)
class SpecialTokens:
    """Token ids that a model's configuration names; None where the tokenizer has no such token."""

    bos: int | None
    eos: int | None
    pad: int | None

    def as_config(self) -> Mapping[str, int | None]:
        """The names that transformers uses."""
        return {"bos_token_id": self.bos, "eos_token_id": self.eos, "pad_token_id": self.pad}


def build_scratch(shape: ScratchShape, folder: Path) -> None:
    """Add a LLaMA with random weights to a folder that holds its tokenizer."""
    tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    special = SpecialTokens(tokenizer.bos_token_id, tokenizer.eos_token_id, tokenizer.pad_token_id)
    write_scratch(shape, len(tokenizer), special, folder)


def write_scratch(shape: ScratchShape, vocabulary: int, special: SpecialTokens, folder: Path) -> None:
    """Write a LLaMA with seeded random fp32 weights and tied embeddings as a Hugging Face folder.

    Files that are in the folder already, such as the tokenizer's, are kept.

    Args:
        shape: sizes and seed.
        vocabulary: tokens of the tokenizer, which may differ from what the sweep asked for.
        special: ids for the configuration.
        folder: made if it does not exist.
    """
    config = scratch_config(shape, vocabulary, special)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(shape.seed)
        model = LlamaForCausalLM(config)
    folder.mkdir(parents=True, exist_ok=True)
    write_config({**config.to_diff_dict(), "architectures": ["LlamaForCausalLM"]}, folder, torch.float32)
    GenerationConfig(**special.as_config()).save_pretrained(folder)
    write_weights(portable_tensors(model, torch.float32), folder)


def scratch_config(shape: ScratchShape, vocabulary: int, special: SpecialTokens) -> LlamaConfig:
    """The configuration of a model from scratch."""
    return LlamaConfig(
        vocab_size=vocabulary,
        hidden_size=shape.hidden_size,
        intermediate_size=shape.feed_forward,
        num_hidden_layers=shape.layers,
        num_attention_heads=shape.heads,
        num_key_value_heads=shape.heads,
        max_position_embeddings=shape.context,
        tie_word_embeddings=True,
        **special.as_config(),
    )
