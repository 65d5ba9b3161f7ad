"""How many answers one GPU can write side by side, and what its memory then holds.

What the engine does (raysft.evaluate.engines): it holds the whole model on one GPU, whatever number of GPUs
it was given; keys and values of every row for all columns of the longest row; prompts are read
`READ_TOKENS` at a time, and reference answers `READ_LOSS_TOKENS` when nothing is being written. What rows
cost is the cache of keys and values: in LLaMA-33B in bf16 a column of a row takes 2 · 60 layers · 6,656
numbers of 2 bytes, 1.6 MB, so that on 79.1 GiB beside 65 GB of weights 64 rows would have 170 columns each.

Not covered: memory of the host, where weights are read before they are moved; engines on CPUs, whose memory
a plan does not know; models that `raysft.plan.cost.model_shape` does not cover.
"""

from dataclasses import dataclass
from typing import NamedTuple

from raysft.plan.cost.accelerators import NUMBER_BYTES, Precision
from raysft.plan.cost.memory import FRAGMENTATION, RESERVE
from raysft.plan.cost.model_shape import ModelShape

READ_TOKENS = 2048
"""Prompt tokens that are read at once (raysft.evaluate.engines.decoding)."""
READ_LOSS_TOKENS = 4096
"""Tokens of reference answers that are read at once (raysft.evaluate.engines.reference_loss)."""
SLACK = 16
"""Columns by which the cache grows (raysft.evaluate.engines.row_cache)."""


class Lengths(NamedTuple):
    """The longest row that is to be written."""

    prompt: int
    """Tokens before the answer, earlier turns included."""
    answer: int
    """Most tokens of the answer."""


@dataclass(frozen=True)
class EngineMemory:
    """Bytes on the GPU of an engine at its worst moment."""

    weights: float
    cache: float
    """Keys and values of all rows."""
    work: float
    """Activations and scores of the vocabulary while something is read or written."""
    reserve: float
    """What tensors cannot use."""

    @property
    def total(self) -> float:
        """All parts."""
        return self.weights + self.cache + self.work + self.reserve


def engine_memory(shape: ModelShape, precision: Precision, rows: int, lengths: Lengths) -> EngineMemory:
    """Bytes at the worst of three moments: reading prompts, writing the last token, reading references.

    Args:
        shape: the model.
        precision: of weights and activations.
        rows: answers side by side.
        lengths: of the longest row.
    """
    size = NUMBER_BYTES[precision]
    column = 2 * shape.layers * shape.key_value_size * size
    columns = lengths.prompt + lengths.answer + SLACK
    # A layer's buffers exist twice while they grow; grouped keys and values are repeated for every head.
    layer = 2 * size * (shape.key_value_size + (shape.hidden_size if _is_grouped(shape) else 0))
    scores = rows * shape.vocabulary * (size + 4)
    writing = (rows * columns * column, rows * columns * layer + scores)
    together = min(rows * lengths.prompt, max(READ_TOKENS, lengths.prompt))
    reading = (
        (rows * (lengths.prompt + SLACK) + together) * column,
        _activations(shape, together, size) + scores,
    )
    # Logits of every token, once more in fp32, and the log-probabilities of that.
    references = (
        0,
        _activations(shape, READ_LOSS_TOKENS, size) + READ_LOSS_TOKENS * shape.vocabulary * (size + 8),
    )
    cache, work = max(writing, reading, references, key=sum)
    reserve = RESERVE + FRAGMENTATION * (cache + work)
    return EngineMemory(shape.parameters * size, cache, work, reserve)


def rows_that_fit(
    shape: ModelShape, precision: Precision, lengths: Lengths, memory_bytes: float, most: int
) -> int:
    """The largest number of rows, up to `most`, that fit; 0 where not even one does."""

    def fits(rows: int) -> bool:
        return engine_memory(shape, precision, rows, lengths).total <= memory_bytes

    low, high = 0, most
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if fits(middle) else (low, middle - 1)
    return low


def _is_grouped(shape: ModelShape) -> bool:
    return shape.key_value_heads < shape.heads


def _activations(shape: ModelShape, tokens: int, size: int) -> float:
    """Bytes of one block's tensors without a backward pass: stream, queries to outputs, gate, up, product."""
    return tokens * size * (6 * shape.hidden_size + 2 * shape.key_value_size + 3 * shape.feed_forward)
