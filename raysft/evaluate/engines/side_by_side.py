"""How many answers a device writes side by side, and what is done when its memory does not hold them.

The number is reckoned from the sizes of the model before anything is written, and halved whenever memory
runs out all the same: what was written before is kept, and only the batch that did not fit is begun again.
"""

import gc
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

import torch
from transformers import PreTrainedModel

from raysft.errors import InputError, OutOfMemory
from raysft.plan.cost.accelerators import Precision
from raysft.plan.cost.engine_memory import Lengths, rows_that_fit
from raysft.plan.cost.model_shape import shape_from_config

_One = TypeVar("_One")
_Found = TypeVar("_Found")


_OUT_OF_MEMORY = ("out of memory", "_ALLOC_FAILED", "can't allocate memory")


def rows_on(model: PreTrainedModel, precision: Precision, lengths: Lengths, most: int) -> int:
    """Rows of some lengths that the device of a model holds by arithmetic, at least 1 and at most `most`.

    On a CPU, and for a model whose sizes are not covered, it is `most`.
    """
    if model.device.type != "cuda":
        return most
    try:
        shape = shape_from_config(model.config.to_dict())
    except InputError:
        return most
    memory = torch.cuda.get_device_properties(model.device).total_memory
    return max(1, rows_that_fit(shape, precision, lengths, memory, most))


def in_batches(
    items: Sequence[_One], rows: int, work: Callable[[Sequence[_One]], _Found]
) -> Iterator[tuple[Sequence[_One], _Found, int]]:
    """Work through items in batches of at most `rows`, of half as many from each time that memory runs out.

    Yields:
        Each batch, what came of it, and the largest size that a batch could have then.

    Raises:
        OutOfMemory: one item alone does not fit.
    """
    start = 0
    while start < len(items):
        batch = items[start : start + rows]
        found = _tried(work, batch)
        if found:
            start += len(batch)
            yield batch, found[0], rows
        elif len(batch) == 1:
            raise OutOfMemory("the memory of the device does not hold one answer: take a device with more")
        else:
            rows = len(batch) // 2


def _is_out_of_memory(error: RuntimeError) -> bool:
    """Whether memory ran out; torch has a type for it, its libraries and its allocator on a CPU do not."""
    said = str(error)
    return isinstance(error, torch.OutOfMemoryError) or any(word in said for word in _OUT_OF_MEMORY)


def _tried(work: Callable[[Sequence[_One]], _Found], batch: Sequence[_One]) -> tuple[_Found] | None:
    """What came of a batch, or None where memory ran out; then all that it had taken is given back."""
    try:
        return (work(batch),)
    except RuntimeError as error:
        if not _is_out_of_memory(error):
            raise
    # Only now is the error gone, and with it the frames that held its tensors.
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    return None
