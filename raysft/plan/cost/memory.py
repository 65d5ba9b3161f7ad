"""How much memory one GPU needs while it trains, part by part, and how many GPUs it takes at least.

What raysft does (raysft.train): master weights, gradients and both AdamW moments in fp32, cut into equal
shares by FSDP2, each block gathered when it is used and the embedding and the head for a whole step; with
`bf16` the gathered weights and all activations are bf16. One worker runs without sharding: weights in fp32,
bf16 by autocast. No activation is recomputed. Logits are computed for supervised tokens only, and their loss
in fp32; here every token counts as supervised, which is the worst a micro-batch can hold.

`zero1` to `zero3` are DeepSpeed's (Rajbhandari et al. 2020, arXiv 1910.02054, section 3: 2 + 2 + 12 bytes a
parameter in bf16), with the sizes of its buckets as its documentation gives them; raysft does not run them,
so they are for planning only.

Activations are what PyTorch keeps for the backward pass of transformers' LLaMA with its default attention
(`sdpa`), counted tensor by tensor (tests hold the count against a real model on the CPU) in the manner of
Korthikanti et al. 2022 (arXiv 2205.05198). Not covered: memory of the host, where each worker opens the whole
model in fp32 once.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, get_args

from raysft.plan.cost.accelerators import GIB, NUMBER_BYTES, Accelerator, Precision
from raysft.plan.cost.model_shape import ModelShape

Sharding = Literal["single", "fsdp2", "zero1", "zero2", "zero3"]
SHARDINGS: tuple[Sharding, ...] = get_args(Sharding)

WORKERS = (1, 2, 4, 8, 16, 32, 64, 128, 256)
"""Numbers of workers that are tried."""

RESERVE = 3 * 2**29
"""1.5 GiB that tensors never get: context and kernels of CUDA, buffers of NCCL, workspace of cuBLAS."""
FRAGMENTATION = 0.05
"""Share of all other parts that is lost between the tensors of the caching allocator."""

_ZERO_BUCKET = 500_000_000
"""Parameters in DeepSpeed's `reduce_bucket_size` and `allgather_bucket_size`, its defaults."""
_ZERO3_LIVE = 1_000_000_000
"""Parameters that ZeRO-3 keeps gathered: its default `stage3_max_live_parameters`."""


@dataclass(frozen=True)
class Memory:
    """Bytes on one GPU at the worst moment of a step, by what they hold."""

    parameters: float
    """Its share of the weights, between steps."""
    gradients: float
    """Its share of the gradients, which several micro-batches add up in."""
    optimiser: float
    """Its share of AdamW's moments, and of master weights where they are apart from the parameters."""
    gathered: float
    """Weights that are whole, or copied into bf16, while they are used; gradients before they are shared."""
    activations: float
    """Kept for the backward pass."""
    logits: float
    """Scores of the vocabulary and their gradients."""
    reserve: float
    """What tensors cannot use."""

    @property
    def total(self) -> float:
        """All parts."""
        states = self.parameters + self.gradients + self.optimiser
        return states + self.gathered + self.activations + self.logits + self.reserve


def memory_per_gpu(
    shape: ModelShape,
    sharding: Sharding,
    workers: int,
    precision: Precision,
    micro_batch_tokens: int,
    max_length: int,
    *,
    layout: Literal["padded", "packed"] = "packed",
) -> Memory:
    """Bytes on each GPU while a stage is trained.

    Args:
        shape: the model.
        sharding: `single` and `fsdp2` are what raysft runs on one worker and on several.
        workers: training processes, one GPU each; `fsdp2` on one is `single`.
        precision: of the forward and backward pass.
        micro_batch_tokens: positions that one worker computes at once.
        max_length: longest conversation in tokens; it comes alone where it is longer than a micro-batch.
        layout: `packed` is what raysft takes on a GPU.
    """
    if sharding == "fsdp2" and workers == 1:
        sharding = "single"
    tokens = max(micro_batch_tokens, max_length)
    kept = _activations(shape, tokens, precision, sharding, layout)
    # The loss keeps its log-probabilities; its backward pass makes two more of the same size, all fp32.
    # 32,000 entries and 4,096 tokens make 1.6 GB.
    logits = 12 * shape.vocabulary * tokens
    parameters, gradients, optimiser = _states(shape.parameters, sharding, workers, precision)
    gathered = _gathered(shape, sharding, precision, kept, logits)
    tensors = parameters + gradients + optimiser + gathered + kept + logits
    reserve = RESERVE + FRAGMENTATION * tensors
    return Memory(parameters, gradients, optimiser, gathered, kept, logits, reserve)


def what_would_fit(
    shape: ModelShape,
    precision: Precision,
    micro_batch_tokens: int,
    max_length: int,
    accelerator: Accelerator,
    *,
    layout: Literal["padded", "packed"] = "packed",
) -> dict[Sharding, int | None]:
    """The smallest number of workers, of 1, 2, 4 … 256, on which a model trains, for each sharding.

    None where not even the most would do: then fewer tokens per micro-batch may help, or more memory per GPU.
    """

    def fits(sharding: Sharding, workers: int) -> bool:
        need = memory_per_gpu(
            shape, sharding, workers, precision, micro_batch_tokens, max_length, layout=layout
        )
        return need.total <= accelerator.memory_gib * GIB

    return {one: next((n for n in _allowed(one) if fits(one, n)), None) for one in SHARDINGS}


def _allowed(sharding: Sharding) -> Iterator[int]:
    return iter(WORKERS[:1] if sharding == "single" else WORKERS)


def _states(
    parameters: int, sharding: Sharding, workers: int, precision: Precision
) -> tuple[float, float, float]:
    """Bytes of parameters, gradients and optimiser on one worker, between steps."""
    if sharding in ("single", "fsdp2"):
        # 16 bytes a parameter: 7 B take 112 GB on one GPU, and 14 GB on each of 8.
        share = parameters / (workers if sharding == "fsdp2" else 1)
        return 4 * share, 4 * share, 8 * share
    share, held = parameters / workers, NUMBER_BYTES[precision]
    # DeepSpeed keeps fp32 master weights beside the parameters, also where those are fp32 themselves.
    return (
        held * (share if sharding == "zero3" else parameters),
        held * (parameters if sharding == "zero1" else share),
        12 * share,
    )


def _gathered(
    shape: ModelShape, sharding: Sharding, precision: Precision, kept: float, logits: float
) -> float:
    """Bytes of weights and gradients that are whole for a while.

    With FSDP2 a step has three moments that may be the worst. At the loss there are the outer weights, which
    stay for the whole step, the block that was at work, the next one on its way, all activations and the
    logits. In the last block's backward pass the gradients of the head and of that block are there in place
    of the logits and of the block's activations, its own once more in fp32 for the exchange. At the end the
    outer gradients are, and nothing else. Here counts what the weights come to at the loss, and what
    another moment needs beyond all of that: 0 to 5% above what PyTorch's own tracker finds.

    Args:
        shape: the model.
        sharding: how weights are shared out.
        precision: of the gathered weights.
        kept: bytes of activations.
        logits: bytes of logits at the loss.
    """
    size, outer, block = NUMBER_BYTES[precision], shape.outer_parameters, shape.block_parameters
    if sharding == "single":  # autocast keeps a copy of every matrix
        return size * (shape.layers * shape.block_matrices + shape.head) if precision == "bf16" else 0
    if sharding == "fsdp2":
        weights = size * (outer + 2 * block)
        in_block = size * shape.head + (size + 4) * block - kept / shape.layers - logits
        at_end = (size + 4) * outer - (weights + kept + logits)
        return weights + max(0, in_block, at_end)
    bucket = size * min(_ZERO_BUCKET, shape.parameters)
    return bucket + (size * min(_ZERO3_LIVE, shape.parameters) if sharding == "zero3" else bucket)


def _activations(
    shape: ModelShape,
    tokens: int,
    precision: Precision,
    sharding: Sharding,
    layout: Literal["padded", "packed"],
) -> float:
    """Bytes kept for the backward pass: tokens · layers · (per token and layer), and what follows the blocks.

    With h = hidden size, k = width of the keys, f = feed-forward, a token keeps in every block:

    norms, twice       fp32 h·(4 + 4) input and normalised; bf16 h·(4 + 2), for the input is made fp32
    inputs of q k v    h in the format of the computation; autocast makes a copy for each of them
    attention          query and output h each, key and value k each; in packed rows h, for they are repeated
    inputs of gate up  h, or a copy each; their outputs, silu and the product 4·f
    statistics         4 bytes for each norm and head

    A packed row keeps a mask of tokens² numbers in each block besides: at 16,384 tokens 15% of what LLaMA-7B
    keeps.
    """
    size = NUMBER_BYTES[precision]
    autocast = sharding == "single" and precision == "bf16"
    norm = 8 if autocast or precision == "fp32" else 6  # per norm, bytes per unit of h
    copies = 5 if autocast else 2
    keys = shape.hidden_size if layout == "packed" else shape.key_value_size
    per_token = (
        shape.hidden_size * (2 * norm + size * copies)
        + size * (2 * shape.hidden_size + 2 * keys + 4 * shape.feed_forward)
        + 4 * (2 + shape.heads)
    )
    mask = size * tokens if layout == "packed" else 0
    after = shape.hidden_size * (norm + size)  # the last norm, and the input of the head
    return float(tokens * (shape.layers * (per_token + mask) + after))
