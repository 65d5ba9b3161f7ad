"""How many operations a stage takes, and what they come to in hours and money.

Counted are the operations of matrix products, a multiplication and an addition each (2 per weight and token),
and nothing else: norms, rotations and softmax are far below 1% of a model of any size. Forward, per token:

    2 · layers · (weights of a block's matrices)
    4 · layers · hidden size · (tokens it attends to, itself included): 2 for q·k, 2 for the sum of values
    2 · vocabulary · hidden size, where a next token is predicted

Training takes three times that: the backward pass has two products for each of the forward pass, for the
gradients of inputs and of weights. raysft does not recompute activations. Sources: Kaplan et al. 2020 (arXiv
2001.08361, section 2.1: C = 6·N·D), Hoffmann et al. 2022 (arXiv 2203.15556, appendix F, the same products one
by one), Chowdhery et al. 2022 (arXiv 2204.02311, appendix B, 6·N + 12·L·H·Q·T per token). The last counts
attention as if every token attended to all T; here a causal model attends to (T + 1) / 2 on average. What a
kernel computes and then masks is work for nothing, and lowers the utilisation.
"""

from raysft.plan.cost.accelerators import Accelerator, Precision
from raysft.plan.cost.model_shape import ModelShape


def training_flops(
    shape: ModelShape, tokens: int, mean_length: float, *, targets: int | None = None
) -> float:
    """Operations to train on real tokens, padding excluded.

    Args:
        shape: the model.
        tokens: real tokens over all epochs.
        mean_length: tokens of the conversation that a token is in, on average: Σn² / Σn over conversations.
            The plain mean is too small where lengths differ; attention is all that depends on it.
        targets: supervised tokens over all epochs; raysft projects only these to the vocabulary. None takes
            all tokens, as other programs count: at most 2% more for LLaMA-7B and 27% for Llama-3.2-1B.
    """
    # The t-th token attends to t tokens: of 3 tokens 1 + 2 + 3, or (3 + 1) / 2 each.
    blocks = tokens * (2 * shape.layers * shape.block_matrices + _attention(shape, (mean_length + 1) / 2))
    return 3 * (blocks + 2 * shape.head * (tokens if targets is None else targets))


def generation_flops(shape: ModelShape, prompt_tokens: int, new_tokens: int) -> float:
    """Operations to answer one question greedily with a cache of keys and values.

    The last new token is drawn and never read, so prompt + new − 1 tokens pass the blocks. Steps that a batch
    spends on answers that have ended already are not counted: they are part of `generation_mfu`.
    """
    if new_tokens < 1:
        return 0.0
    read = prompt_tokens + new_tokens - 1
    blocks = read * (2 * shape.layers * shape.block_matrices + _attention(shape, (read + 1) / 2))
    return blocks + 2 * shape.head * new_tokens


def _attention(shape: ModelShape, attended: float) -> float:
    """Operations of one token's attention in all layers, forward."""
    return 4 * shape.layers * shape.hidden_size * attended


def training_hours(flops: float, accelerator: Accelerator, precision: Precision = "bf16") -> float:
    """Hours of one accelerator to train with so many operations; two accelerators take half as long each."""
    return flops / (accelerator.peak(precision) * 1e12 * accelerator.mfu) / 3600


def generation_hours(flops: float, accelerator: Accelerator, precision: Precision) -> float:
    """Hours of one accelerator to generate with so many operations.

    The share of the peak is one for both number formats, by what bf16 reaches. Generating waits for memory
    more than for products, so in fp32 on a GPU (16 times the hours on an A100) this is too many, not too few.
    """
    return flops / (accelerator.peak(precision) * 1e12 * accelerator.generation_mfu) / 3600


def money(hours: float, accelerator: Accelerator) -> float:
    """US dollars for accelerator-hours; storage, traffic, idle time and the head node are not in it."""
    return hours * accelerator.price_per_hour


def hours_text(gpu_hours: float, core_hours: float) -> str:
    """Hours with their unit: `0.108 core-hours`, `12 GPU-hours and 0.3 core-hours`."""
    said = [(gpu_hours, "GPU-hours"), (core_hours, "core-hours")]
    return " and ".join(f"{_three_digits(hours)} {unit}" for hours, unit in said if hours) or "no time"


def _three_digits(number: float) -> str:
    """Three digits at least, never as a power of ten: 0.108, 12.3, 10,812."""
    return f"{number:,.0f}" if number >= 100 else f"{number:.3g}"
