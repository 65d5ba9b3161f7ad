"""Whether the models of a sweep fit on the GPUs that it names: to train there, and to answer there."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal, get_args

from raysft.errors import InputError, Problem, gathered
from raysft.identity import BenchmarkKey
from raysft.plan.cost.accelerators import GIB, Accelerator, Precision, engine_of, trainer_of
from raysft.plan.cost.engine_memory import EngineMemory, Lengths, engine_memory, rows_that_fit
from raysft.plan.cost.memory import SHARDINGS, Memory, Sharding, memory_per_gpu, what_would_fit
from raysft.plan.cost.model_shape import ModelShape
from raysft.plan.tree import Stage
from raysft.spec.model import ModelSpec
from raysft.spec.sweep import SweepSpec
from raysft.sweep.account.scores import benchmark_size, longest_rows
from raysft.sweep.inputs.model_sizes import shape_of
from raysft.sweep.inputs.read import Inputs
from raysft.sweep.inputs.score_requests import AskedScore

_BACKENDS: tuple[str, ...] = get_args(ModelSpec.model_fields["backend"].annotation)
OFFERED = tuple(one for one in SHARDINGS if one == "single" or one in _BACKENDS)
"""Ways to share out weights that a sweep file may ask for; nothing else is a remedy."""

_Size = tuple[Precision, int]
"""Number format and longest conversation: what the memory of a recipe depends on."""


@dataclass(frozen=True)
class ModelMemory:
    """Memory of one GPU while a model trains, by the recipe of its stages that needs most."""

    needs: Memory
    would_fit: Mapping[Sharding, int | None]
    """Smallest number of workers for each sharding; None where not even the most would do."""


@dataclass(frozen=True)
class EngineFit:
    """How many answers of a model an engine on a GPU writes side by side."""

    rows: Mapping[BenchmarkKey, int]
    """By benchmark: as many as `evaluation.batch_size` asks for, or as memory holds."""
    needs: EngineMemory
    """With so many rows, on the benchmark that takes most."""


def memory_that_fits(
    spec: SweepSpec, shapes: Mapping[str, ModelShape], stages: Iterable[Stage]
) -> dict[str, ModelMemory]:
    """What each model that some stages train on GPUs needs there; a worker trains on one GPU.

    Args:
        spec: the sweep.
        shapes: by model; one without a shape is left out.
        stages: what is to be trained.

    Raises:
        InputError: accelerators that are not known, and models that do not fit on what the sweep file names,
            or else on what is assumed.
    """
    sizes: dict[str, set[_Size]] = {}
    for stage in stages:
        if stage.model in shapes and spec.models[stage.model].gpus_per_worker:
            sizes.setdefault(stage.model, set()).add((stage.recipe.precision, stage.recipe.max_length))
    problems: list[Problem] = []
    memory = {}
    for name, some in sizes.items():
        with gathered(problems):
            memory[name] = _fitting(spec, name, _memory(spec, name, shapes[name], some))
    if problems:
        raise InputError(list(dict.fromkeys(problems)))
    return memory


def _fitting(spec: SweepSpec, name: str, memory: ModelMemory) -> ModelMemory:
    chip = trainer_of(spec, name)
    if memory.needs.total > chip.memory_gib * GIB:
        raise InputError([_does_not_fit(spec, name, memory, chip)])
    return memory


def refuse_what_does_not_fit(inputs: Inputs, stages: Iterable[Stage], scores: Iterable[AskedScore]) -> None:
    """The same for bases that are here, for stages and scores that a run would make.

    Not covered: models whose memory the plan cannot tell (see `raysft.plan.cost.model_shape`); these may
    train and answer.

    Raises:
        InputError: as `memory_that_fits` and `answers_that_fit`.
    """
    spec, waiting = inputs.spec, list(stages)
    asked = [(inputs.asked[subject].model, key) for subject, key in scores if key in inputs.benchmarks]
    sizes = {key: benchmark_size(inputs, key) for _, key in asked}
    shapes = {}
    for name in {stage.model for stage in waiting} | {model for model, _ in asked}:
        with suppress(InputError):
            shapes[name] = shape_of(spec.models[name], inputs.bases[name])
    known = {name: one for name, one in shapes.items() if one is not None}
    problems: list[Problem] = []
    with gathered(problems):
        memory_that_fits(spec, known, waiting)
    with gathered(problems):
        answers_that_fit(spec, known, longest_rows(asked, sizes))
    if problems:
        raise InputError(list(dict.fromkeys(problems)))


def _memory(spec: SweepSpec, name: str, shape: ModelShape, sizes: Iterable[_Size]) -> ModelMemory:
    model, chip = spec.models[name], trainer_of(spec, name)
    layout: Literal["padded", "packed"] = "padded" if model.layout == "padded" else "packed"
    needs, fits = [], []
    for precision, max_length in sizes:
        tokens = (model.micro_batch_tokens, max_length)
        needs.append(memory_per_gpu(shape, "fsdp2", model.workers, precision, *tokens, layout=layout))
        fits.append(what_would_fit(shape, precision, *tokens, chip, layout=layout))
    return ModelMemory(
        max(needs, key=lambda one: one.total),
        {sharding: _largest([one[sharding] for one in fits]) for sharding in OFFERED},
    )


def _largest(counts: Sequence[int | None]) -> int | None:
    """The largest of some numbers of workers; None, for more than any, if one of them is."""
    known = [one for one in counts if one is not None]
    return max(known) if len(known) == len(counts) else None


def _does_not_fit(spec: SweepSpec, name: str, memory: ModelMemory, chip: Accelerator) -> Problem:
    model = spec.models[name]
    fits = [
        f"{workers} workers with {sharding}"
        for sharding, workers in memory.would_fit.items()
        if workers is not None
    ]
    remedy = (
        f"needs {memory.needs.total / GIB:.1f} GiB on each GPU, {chip.name} has {chip.memory_gib}: "
        + (f"{' or '.join(fits)} would fit" if fits else "no number of workers would fit")
        + ("; a worker trains on one of its GPUs" if model.gpus_per_worker > 1 else "")
        + "; fewer micro_batch_tokens or a shorter max_length need less as well; the GPUs are assumed to be "
        f"{chip.name}: name others by models.{name}.accelerator or cost.accelerator, or say cost.memory_gib"
    )
    return Problem(f"models.{name}.workers", str(model.workers), remedy)


def answers_that_fit(
    spec: SweepSpec,
    shapes: Mapping[str, ModelShape],
    asked: Mapping[str, Mapping[BenchmarkKey, Lengths]],
) -> dict[str, EngineFit]:
    """What each model that engines on GPUs answer with needs there; an engine answers on one GPU.

    Args:
        spec: the sweep.
        shapes: by model; one without a shape is left out.
        asked: by model, and key of the benchmark: the longest row.

    Raises:
        InputError: accelerators that are not known, and models of which not even one answer fits on what the
            sweep file names, or else on what is assumed.
    """
    if not spec.evaluation.gpus_per_engine:
        return {}
    problems: list[Problem] = []
    found = {}
    for name, lengths in asked.items():
        if name in shapes and lengths:
            with gathered(problems):
                found[name] = _engine_fit(spec, name, shapes[name], lengths)
    if problems:
        raise InputError(problems)
    return found


def _engine_fit(
    spec: SweepSpec, name: str, shape: ModelShape, asked: Mapping[BenchmarkKey, Lengths]
) -> EngineFit:
    chip, precision, most = engine_of(spec, name), spec.evaluation.precision, spec.evaluation.batch_size
    rows = {
        key: rows_that_fit(shape, precision, lengths, chip.memory_gib * GIB, most)
        for key, lengths in asked.items()
    }
    needs = [engine_memory(shape, precision, max(1, rows[key]), lengths) for key, lengths in asked.items()]
    largest = max(needs, key=lambda one: one.total)
    if not all(rows.values()):
        raise InputError([_no_answer_fits(spec, name, largest, chip)])
    return EngineFit(rows, largest)


def _no_answer_fits(spec: SweepSpec, name: str, needs: EngineMemory, chip: Accelerator) -> Problem:
    asked = spec.evaluation
    remedies = [
        *(["precision: bf16 halves its weights"] if asked.precision == "fp32" else []),
        "gpus_per_engine: 0 answers on CPUs",
        f"the GPUs are assumed to be {chip.name}, others are named by models.{name}.accelerator",
        "cost.memory_gib says how much they have",
    ]
    share = "; an engine answers on one of its GPUs" if asked.gpus_per_engine > 1 else ""
    remedy = (
        f"{name} needs {needs.total / GIB:.1f} GiB to write one answer in {asked.precision}, {chip.name} has "
        f"{chip.memory_gib:g}{share}: {'; '.join(remedies)}"
    )
    return Problem("evaluation.gpus_per_engine", str(asked.gpus_per_engine), remedy)
