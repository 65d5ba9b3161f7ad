"""On what the model of a pilot trains, and how many workers it takes there."""

from dataclasses import dataclass
from typing import Literal

from raysft.errors import InputError, Problem
from raysft.pilot.found_model import FoundModel
from raysft.plan.cost.accelerators import ACCELERATORS, USUAL_CORE, Accelerator, Precision
from raysft.plan.cost.memory import FRAGMENTATION, RESERVE, memory_per_gpu, what_would_fit
from raysft.plan.cost.model_shape import ModelShape
from raysft.spec.sweep import RunSpec

_NO_BF16 = ("v100-32gb", USUAL_CORE)
"""Accelerators on which bf16 is no faster, or slower."""
_NODE = 8
"""GPUs of a usual machine; more are taken only if a model needs them."""
_MICRO_BATCHES = (4096, 2048, 1024, 512)
_GIB = 2**30


@dataclass(frozen=True)
class Placement:
    """On what a model trains, and how it fits there."""

    accelerator: Accelerator
    workers: int
    gpus_per_worker: int
    micro_batch_tokens: int
    precision: Precision
    at_once: int
    """Points under way at the same time."""
    memory_gib: float
    """What one worker needs."""

    @property
    def side_by_side(self) -> int:
        """Accelerators at work at the same time."""
        return self.at_once * self.workers


def place(found: FoundModel, accelerator: Accelerator, max_length: int, gpus: int | None) -> Placement:
    """The fewest workers on which a model fits, if it also fits on one GPU to answer questions.

    On CPU cores it is one process, whose memory nobody limits here.

    Args:
        found: the model.
        accelerator: on what.
        max_length: longest sequence in tokens.
        gpus: that there are; None for as many as it takes.

    Raises:
        InputError: it does not fit.
    """
    shape, precision = found.shape, _precision(accelerator)
    if accelerator.name == USUAL_CORE:
        size = _needs(shape, 1, precision, _MICRO_BATCHES[0], max_length, "padded")
        at_once = RunSpec().trials_at_once
        return Placement(accelerator, 1, 0, _MICRO_BATCHES[0], precision, at_once, size)
    least = _least(shape, accelerator, max_length)
    if not least or (gpus or least) < least:
        raise InputError([_does_not_fit(found, accelerator, max_length, gpus)])
    most = gpus or max(_NODE, least)
    micro_batch, workers = next(
        (size, workers)
        for size in _MICRO_BATCHES
        if (workers := _fewest(shape, accelerator, size, max_length)) is not None and workers <= most
    )
    size = _needs(shape, workers, precision, micro_batch, max_length, "packed")
    return Placement(accelerator, workers, 1, micro_batch, precision, most // workers if gpus else 1, size)


def _precision(accelerator: Accelerator) -> Precision:
    return "fp32" if accelerator.name in _NO_BF16 else "bf16"


def _fewest(shape: ModelShape, accelerator: Accelerator, micro_batch: int, max_length: int) -> int | None:
    fits = what_would_fit(shape, _precision(accelerator), micro_batch, max_length, accelerator)
    return fits["single"] or fits["fsdp2"]


def _least(shape: ModelShape, accelerator: Accelerator, max_length: int) -> int:
    """The fewest workers with any micro-batch; 0 where no number is enough, or one GPU cannot answer."""
    if not _answers(shape, accelerator, _precision(accelerator)):
        return 0
    every = (_fewest(shape, accelerator, size, max_length) for size in _MICRO_BATCHES)
    return min((one for one in every if one is not None), default=0)


def _answers(shape: ModelShape, accelerator: Accelerator, precision: Precision) -> bool:
    """Whether the weights fit on one GPU: an engine answers on one."""
    weights = shape.parameters * (2 if precision == "bf16" else 4)
    return (1 + FRAGMENTATION) * weights + RESERVE <= accelerator.memory_gib * _GIB


def _needs(
    shape: ModelShape,
    workers: int,
    precision: Precision,
    micro_batch: int,
    max_length: int,
    layout: Literal["padded", "packed"],
) -> float:
    memory = memory_per_gpu(shape, "fsdp2", workers, precision, micro_batch, max_length, layout=layout)
    return memory.total / _GIB


def _does_not_fit(found: FoundModel, accelerator: Accelerator, max_length: int, gpus: int | None) -> Problem:
    others = {
        name: _least(found.shape, one, max_length) for name, one in ACCELERATORS.items() if name != USUAL_CORE
    }
    fits = ", ".join(f"{workers} × {name}" for name, workers in others.items() if workers)
    needs = others[accelerator.name]
    value = f"{gpus} × {accelerator.name}" if gpus else accelerator.name
    remedy = (
        f"{found.base} with {found.shape.parameters:,} parameters does not fit there, to be trained on "
        f"{max_length:,} tokens at once and to answer on one GPU"
    )
    if needs:
        remedy += f"; it needs {needs} of them"
    return Problem("--gpus" if needs else "--accelerator", value, f"{remedy}; it fits on {fits or 'none'}")
