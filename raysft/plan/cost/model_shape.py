"""The sizes that a LLaMA-like model is made of, and how many parameters they come to.

Everything that a plan says of compute, memory and disk is arithmetic on these seven numbers, so that it can
be said before a weight is downloaded. Covers models of LLaMA's form: rotary positions, RMSNorm, gated
feed-forward, grouped-query attention, no biases (Touvron et al. 2023, arXiv 2302.13971; Llama 2, 2307.09288;
Llama 3, 2407.21783). Not covered: mixtures of experts, biases, norms of queries and keys (Qwen), heads whose
width is not hidden size / heads.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from raysft.errors import InputError, Problem

COVERED = ("llama", "mistral")
"""Values of `model_type` whose parameters are counted as below."""


@dataclass(frozen=True)
class ModelShape:
    """A LLaMA-like model, by its sizes."""

    hidden_size: int
    """Width of the residual stream."""
    layers: int
    """Transformer blocks."""
    heads: int
    """Attention heads, each hidden size / heads wide."""
    key_value_heads: int
    """Heads of keys and values; fewer than `heads` with grouped-query attention."""
    feed_forward: int
    """Width inside the feed-forward part."""
    vocabulary: int
    """Rows of the embedding, padding rows included."""
    tied: bool
    """Whether the projection to the vocabulary is the embedding."""

    @property
    def key_value_size(self) -> int:
        """Width of all keys of a token, and of all values."""
        return self.hidden_size // self.heads * self.key_value_heads

    @property
    def block_matrices(self) -> int:
        """Weights of one block that take part in a matrix product: q, k, v, o, gate, up, down."""
        attention = 2 * self.hidden_size * (self.hidden_size + self.key_value_size)
        return attention + 3 * self.hidden_size * self.feed_forward

    @property
    def block_parameters(self) -> int:
        """All weights of one block: its matrices and the gains of its two norms."""
        return self.block_matrices + 2 * self.hidden_size

    @property
    def head(self) -> int:
        """Weights of the projection to the vocabulary, also where they are the embedding's."""
        return self.vocabulary * self.hidden_size

    @property
    def outer_parameters(self) -> int:
        """All weights outside the blocks: embedding, last norm, and the head where it is one of its own."""
        return self.head * (1 if self.tied else 2) + self.hidden_size

    @property
    def parameters(self) -> int:
        """All weights, tied ones once: 6,738,415,616 for LLaMA-7B."""
        return self.layers * self.block_parameters + self.outer_parameters


_LLAMA_7B = ModelShape(4096, 32, 32, 32, 11008, 32000, tied=False)
_LLAMA_13B = ModelShape(5120, 40, 40, 40, 13824, 32000, tied=False)
_LLAMA_3_8B = ModelShape(4096, 32, 32, 8, 14336, 128256, tied=False)
_LLAMA_3_1B = ModelShape(2048, 16, 32, 8, 8192, 128256, tied=True)
_LLAMA_3_3B = ModelShape(3072, 28, 24, 8, 8192, 128256, tied=True)
_TINY_LLAMA = ModelShape(2048, 22, 32, 4, 5632, 32000, tied=False)

KNOWN: Mapping[str, ModelShape] = {
    "huggyllama/llama-7b": _LLAMA_7B,
    "huggyllama/llama-13b": _LLAMA_13B,
    "huggyllama/llama-30b": ModelShape(6656, 60, 52, 52, 17920, 32000, tied=False),
    "huggyllama/llama-65b": ModelShape(8192, 80, 64, 64, 22016, 32000, tied=False),
    "meta-llama/Llama-2-7b-hf": _LLAMA_7B,
    "meta-llama/Llama-2-13b-hf": _LLAMA_13B,
    "meta-llama/Llama-2-70b-hf": ModelShape(8192, 80, 64, 8, 28672, 32000, tied=False),
    "meta-llama/Meta-Llama-3-8B": _LLAMA_3_8B,
    "meta-llama/Meta-Llama-3-8B-Instruct": _LLAMA_3_8B,
    "meta-llama/Llama-3.1-8B": _LLAMA_3_8B,
    "meta-llama/Llama-3.1-8B-Instruct": _LLAMA_3_8B,
    "meta-llama/Llama-3.2-1B": _LLAMA_3_1B,
    "meta-llama/Llama-3.2-1B-Instruct": _LLAMA_3_1B,
    "meta-llama/Llama-3.2-3B": _LLAMA_3_3B,
    "meta-llama/Llama-3.2-3B-Instruct": _LLAMA_3_3B,
    "TinyLlama/TinyLlama_v1.1": _TINY_LLAMA,
    "TinyLlama/TinyLlama-1.1B-Chat-v1.0": _TINY_LLAMA,
}
"""Shapes by Hugging Face id, as their published config.json has them; for plans made without a network."""

_SIZES = ("hidden_size", "num_hidden_layers", "num_attention_heads", "intermediate_size", "vocab_size")
_GROUPS = "num_key_value_heads"
_BIASES = ("attention_bias", "mlp_bias")


def shape_from_config(config: Mapping[str, object]) -> ModelShape:
    """The shape that a parsed config.json describes.

    `num_key_value_heads` defaults to the number of heads and `tie_word_embeddings` to false, as in
    transformers' `LlamaConfig`.

    Raises:
        InputError: a size is missing or no positive integer, or the model is not of the form covered here;
            every problem at once, by the name of its key.
    """
    problems = list(_problems(config))
    if problems:
        raise InputError(problems)
    hidden, layers, heads, feed_forward, vocabulary = (_size(config[key]) for key in _SIZES)
    groups = _size(config.get(_GROUPS)) or heads
    tied = config.get("tie_word_embeddings") is True
    return ModelShape(hidden, layers, heads, groups, feed_forward, vocabulary, tied=tied)


def _problems(config: Mapping[str, object]) -> Iterator[Problem]:
    kind = config.get("model_type", COVERED[0])
    if kind not in COVERED:
        yield Problem("model_type", str(kind), f"{' and '.join(COVERED)} models can be planned for")
    for key in _SIZES:
        if key not in config:
            yield Problem(key, "missing", "config.json of a LLaMA-like model has it")
    for key in (*_SIZES, _GROUPS):
        if config.get(key) is not None and not _size(config[key]):
            yield Problem(key, repr(config[key]), "must be a positive integer")
    for key in _BIASES:
        if config.get(key):
            yield Problem(key, repr(config[key]), "models with biases are not covered by the plan")
    yield from _head_problems(config)


def _head_problems(config: Mapping[str, object]) -> Iterator[Problem]:
    hidden, heads = _size(config.get("hidden_size")), _size(config.get("num_attention_heads"))
    groups = _size(config.get(_GROUPS)) or heads
    if not hidden or not heads:
        return
    if hidden % heads or heads % groups:
        value = f"{groups} heads of keys and values, {heads} heads, hidden size {hidden}"
        yield Problem("num_attention_heads", value, "each number must divide the next")
    elif config.get("head_dim") not in (None, hidden // heads):
        remedy = f"only heads of hidden_size / num_attention_heads = {hidden // heads} are covered"
        yield Problem("head_dim", repr(config["head_dim"]), remedy)


def _size(value: object) -> int:
    """A positive integer; 0 for anything else, true and false included."""
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else 0
