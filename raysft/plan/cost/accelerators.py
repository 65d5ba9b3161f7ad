"""What computes, how fast, with how much memory and for how much money.

Peaks are dense figures (half of what a datasheet prints "with sparsity") from NVIDIA's datasheets: V100 (Jan
2020), A100 (Jun 2021), H100 and H200 (SXM, 2023-2024), HGX B200 in the Blackwell architecture brief (2024),
L4 and L40S (2023); for the A10G, a card of AWS alone, AWS's description of G5. `memory_gib` is what PyTorch
reports as the card's total capacity, which is a little below the number in the name. Not covered: other
vendors, PCIe versions, FP8, links between cards.

Prices are assumptions, to be overridden: on demand, Linux, AWS us-west-2, June 2026, price of the
instance / its GPUs: p3dn, p4d, p4de, p5, p5en and p6-b200 (8 GPUs each), g6, g5 and g6e.xlarge, m5.2xlarge (8
vCPUs). GPU clouds ask a half to a third of that, spot capacity about a third.

`mfu`, the share of the peak that real training reaches, is assumed too, between what is published for 7-70 B
models: on A100 33% (ChipNeMo, arXiv 2311.00176: 2,710 GPU-hours for 7 B parameters and 24 B tokens) to
50-64%, on H100 36-46% at best (both LLM Foundry's training benchmarks). It is of real tokens: raysft packs
its rows and recomputes nothing. Programs that pad each row, or recompute activations, reach less by these
products: Vicuna-13B's 8 A100 for a day (recomputed, 2,048 tokens a row) are some 20% by its real tokens.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Literal

from raysft.errors import InputError, Problem
from raysft.spec.sweep import SweepSpec

Precision = Literal["fp32", "bf16"]
NUMBER_BYTES: Mapping[Precision, int] = {"fp32": 4, "bf16": 2}
"""Bytes of a number, on a device or in a model folder."""
GIB = 2**30
"""Bytes of a GiB."""


@dataclass(frozen=True)
class Accelerator:
    """One GPU, or one CPU core."""

    name: str
    peak_tflops: float
    """Dense matrix products in bf16 (on the V100 fp16), in 10¹² operations a second."""
    fp32_tflops: float
    """The same in fp32 without tensor cores, which is what `precision: fp32` computes in."""
    memory_gib: float
    """What a process can get, in 2³⁰ bytes."""
    price_per_hour: float
    """US dollars, on demand."""
    mfu: float = 0.40
    """Share of the peak that training reaches: model operations over real tokens (arXiv 2204.02311, B)."""
    generation_mfu: float = 0.04
    """Share of the peak that generating reaches, which waits for memory: about that of 7 B parameters and 64
    answers side by side."""

    @property
    def is_core(self) -> bool:
        """Whether it is a CPU core, whose hours are core-hours; of all others they are GPU-hours."""
        return self.name == USUAL_CORE

    def peak(self, precision: Precision) -> float:
        """Peak in TFLOP/s in a number format."""
        return self.fp32_tflops if precision == "fp32" else self.peak_tflops


USUAL_GPU, USUAL_CORE = "a100-80gb", "cpu-core"
"""What is assumed where a sweep file names nothing."""

_TABLE = (
    Accelerator("a100-40gb", 312, 19.5, 39.4, 2.745),
    Accelerator("a100-80gb", 312, 19.5, 79.1, 3.431),
    Accelerator("h100-80gb", 989, 67, 79.1, 6.88, mfu=0.35),
    Accelerator("h200-141gb", 989, 67, 139.7, 7.912, mfu=0.35),
    Accelerator("b200", 2250, 75, 178.3, 14.242, mfu=0.35),
    # 72 W: the clock falls under a steady load, and the peak is not held.
    Accelerator("l4", 121, 30.3, 22.0, 0.805, mfu=0.30),
    Accelerator("a10g", 70, 31.5, 22.0, 1.006),
    Accelerator("l40s", 362, 91.6, 44.4, 1.861, mfu=0.35),
    # It has no bf16: the first figure is fp16, in which raysft does not train; bf16 there is emulated, and
    # slow.
    Accelerator("v100-32gb", 125, 15.7, 31.7, 3.902, mfu=0.30),
    # One vCPU of about 3 GHz with AVX2: 32 operations a cycle. raysft reached 10-11 thousand real tokens a
    # second on one with 0.5 M parameters, which is 0.03 TFLOP/s, and 0.016 while generating; bf16 is no
    # faster there.
    Accelerator("cpu-core", 0.1, 0.1, 4.0, 0.048, mfu=0.30, generation_mfu=0.15),
)
ACCELERATORS = {one.name: one for one in _TABLE}
"""By name; a new one is a row above."""

_NUMBERS = tuple(one.name for one in fields(Accelerator) if one.name != "name")
_SHARES = ("mfu", "generation_mfu")


def accelerator(name: str, **overrides: float) -> Accelerator:
    """An accelerator by its name, with some of its numbers replaced: `accelerator("l4", price_per_hour=0.4)`.

    Raises:
        InputError: no such name or number, a number that is not above 0 (a price may be 0), a share above 1;
            every problem at once.
    """
    problems = [] if name in ACCELERATORS else [_unknown("accelerator", name, ACCELERATORS)]
    for field, value in overrides.items():
        if field not in _NUMBERS:
            problems.append(_unknown(f"accelerator.{field}", str(value), _NUMBERS))
        elif not (0 < value < float("inf") or (field, value) == ("price_per_hour", 0)):
            problems.append(Problem(f"accelerator.{field}", str(value), "must be a number above 0"))
        elif field in _SHARES and value > 1:
            problems.append(Problem(f"accelerator.{field}", str(value), "is a share of the peak: at most 1"))
    if problems:
        raise InputError(problems)
    return replace(ACCELERATORS[name], **overrides)  # type: ignore[arg-type]  # `name` is no override


def trainer_of(spec: SweepSpec, model: str) -> Accelerator:
    """What a model trains on, with the numbers that the sweep file sets.

    Raises:
        InputError: the sweep file names an accelerator that is not known.
    """
    usual = USUAL_GPU if spec.models[model].gpus_per_worker else USUAL_CORE
    own = spec.models[model].accelerator
    name, field = (
        own or spec.cost.accelerator or usual,
        f"models.{model}.accelerator" if own else "cost.accelerator",
    )
    if name not in ACCELERATORS:
        raise InputError([_unknown(field, name, ACCELERATORS)])
    given = spec.cost.model_dump(exclude={"accelerator"}, exclude_none=True)
    return accelerator(name, **given)


def engine_of(spec: SweepSpec, model: str) -> Accelerator:
    """What answers for a model: what it trains on, or the usual core or GPU where engines have the other.

    The numbers that a sweep file sets are of what trains; a usual core or GPU has the table's.

    Raises:
        InputError: the sweep file names an accelerator that is not known.
    """
    trainer, on_core = trainer_of(spec, model), spec.evaluation.gpus_per_engine == 0
    if on_core == trainer.is_core:
        return trainer
    return ACCELERATORS[USUAL_CORE if on_core else USUAL_GPU]


def _unknown(field: str, value: str, known: tuple[str, ...] | dict[str, Accelerator]) -> Problem:
    return Problem(field, value, f"there is none of that name; use one of {', '.join(known)}")
