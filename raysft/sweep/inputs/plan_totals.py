"""What a surveyed sweep comes to: work, hours, money, memory, disk, questions, smallest differences."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal

from raysft.errors import InputError, Problem, gathered
from raysft.identity import BenchmarkKey, StageId
from raysft.plan.cost.accelerators import GIB, NUMBER_BYTES, Accelerator, Precision, engine_of, trainer_of
from raysft.plan.cost.bill import Bill, Effort, Machine, bill, stage_efforts
from raysft.plan.cost.disk import KEEPS, Disk, Keep, peak_disk
from raysft.plan.cost.evaluation import BenchmarkSize, EvaluationEffort, evaluation_effort
from raysft.plan.cost.memory import SHARDINGS, Memory, Sharding, memory_per_gpu, what_would_fit
from raysft.plan.cost.model_shape import ModelShape
from raysft.plan.cost.power import Assumptions, Detectable
from raysft.plan.counts import PointCounts, count_points
from raysft.plan.tree import Stage
from raysft.spec.sweep import SweepSpec
from raysft.sweep.inputs.bases import Base
from raysft.sweep.inputs.dry_plan import Survey
from raysft.sweep.inputs.learnable import refuse_what_cannot_be_learnt
from raysft.sweep.inputs.model_sizes import shape_of
from raysft.sweep.inputs.plan_clock import Clock, clock_of
from raysft.sweep.inputs.plan_scores import assumptions, benchmark_size, detectable, seeds_by_study

_Size = tuple[Precision, int]
"""Number format and longest conversation: what the memory of a recipe depends on."""


@dataclass(frozen=True)
class ModelMemory:
    """Memory of one GPU while a model trains, by the recipe of its stages that needs most."""

    needs: Memory
    would_fit: Mapping[Sharding, int | None]
    """Smallest number of workers for each sharding; None where not even the most would do."""


@dataclass(frozen=True)
class Account:
    """A survey, added up."""

    survey: Survey
    counts: PointCounts
    efforts: Mapping[StageId, Effort]
    """By stage."""
    bill: Bill
    machines: Mapping[str, Machine]
    """What trains, by model."""
    engines: Mapping[str, Machine]
    """What answers, by model."""
    memory: Mapping[str, ModelMemory]
    """By model, of those that train on GPUs."""
    disk: Mapping[Keep, Disk]
    """The store at its largest, for each policy of what stays."""
    sizes: Mapping[BenchmarkKey, BenchmarkSize]
    """By key of the benchmark."""
    evaluation: EvaluationEffort
    clock: Clock
    seeds: Mapping[str, int]
    """By study, of those that train: what its contrasts rest on."""
    assumptions: Mapping[BenchmarkKey, Assumptions]
    detectable: Mapping[int, Mapping[BenchmarkKey, Detectable]]
    """By number of seeds, each that a study has, from the fewest; then by key of the benchmark."""


def account(survey: Survey) -> Account:
    """Add up a survey.

    Raises:
        InputError: accelerators that are not known, and models that do not fit on theirs, all at once; or
            what `raysft.sweep.inputs.learnable` refuses.
    """
    spec, plan = survey.spec, survey.plan
    machines, engines, memory = _hardware(survey)
    refuse_what_cannot_be_learnt(survey, plan.stages.values())
    efforts = stage_efforts(plan, survey.measure, machines)
    scored = {key for one in survey.asked.values() for key in one.benchmarks}
    sizes = {key: benchmark_size(survey, key) for key in spec.benchmarks if key in scored}
    asked = [(one.model, key) for one in survey.asked.values() for key in one.benchmarks]
    evaluation = evaluation_effort(asked, sizes, engines, spec.evaluation.precision)
    assumed = {key: assumptions(spec, key) for key in sizes}
    seeds = seeds_by_study(spec)
    return Account(
        survey=survey,
        counts=count_points(plan),
        efforts=efforts,
        bill=bill(plan, efforts, spec.studies),
        machines=machines,
        engines=engines,
        memory=memory,
        disk=_disk(survey),
        sizes=sizes,
        evaluation=evaluation,
        clock=clock_of(survey, machines, engines, efforts, evaluation),
        seeds=seeds,
        assumptions=assumed,
        detectable={count: detectable(sizes, assumed, count) for count in sorted({*seeds.values()} or {1})},
    )


def _hardware(survey: Survey) -> tuple[dict[str, Machine], dict[str, Machine], dict[str, ModelMemory]]:
    """What trains and what answers, by model, and what that takes of its memory."""
    spec, shapes = survey.spec, survey.shapes
    problems: list[Problem] = []
    machines, engines, memory = {}, {}, {}
    for name in survey.plan.bases:
        with gathered(problems):
            machines[name] = Machine(shapes[name], trainer_of(spec, name))
            engines[name] = Machine(shapes[name], engine_of(spec, name))
    with gathered(problems):
        memory = memory_that_fits(
            spec, {name: shapes[name] for name in machines}, survey.plan.stages.values()
        )
    if problems:
        raise InputError(list(dict.fromkeys(problems)))
    return machines, engines, memory


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


def refuse_what_does_not_fit(spec: SweepSpec, bases: Mapping[str, Base], stages: Iterable[Stage]) -> None:
    """The same for bases that are here and stages that a run would train.

    Not covered: models whose memory the plan cannot tell (see `raysft.plan.cost.model_shape`); these may
    train.

    Raises:
        InputError: as `memory_that_fits`.
    """
    waiting = list(stages)
    on_gpus = {stage.model for stage in waiting if spec.models[stage.model].gpus_per_worker}
    shapes = {}
    for name in on_gpus:
        with suppress(InputError):
            shapes[name] = shape_of(spec.models[name], bases[name])
    memory_that_fits(spec, {name: one for name, one in shapes.items() if one is not None}, waiting)


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
        {sharding: _largest([one[sharding] for one in fits]) for sharding in SHARDINGS},
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
        if workers is not None and sharding in ("fsdp2", "single")
    ]
    remedy = (
        f"needs {memory.needs.total / GIB:.1f} GiB on each GPU, {chip.name} has {chip.memory_gib}: "
        + (f"{' or '.join(fits)} would fit" if fits else "no number of workers would fit")
        + ("; a worker trains on one of its GPUs" if model.gpus_per_worker > 1 else "")
        + "; fewer micro_batch_tokens or a shorter max_length need less as well; the GPUs are assumed to be "
        f"{chip.name}: name others by models.{name}.accelerator or cost.accelerator, or say cost.memory_gib"
    )
    return Problem(f"models.{name}.workers", str(model.workers), remedy)


def _disk(survey: Survey) -> dict[Keep, Disk]:
    plan = survey.plan
    parameters = {model: shape.parameters for model, shape in survey.shapes.items()}
    sizes = {
        address: parameters[stage.model] * NUMBER_BYTES[stage.recipe.weights_dtype]
        for address, stage in plan.stages.items()
    }
    parents = {address: stage.parent for address, stage in plan.stages.items()}
    largest, running = max(parameters.values(), default=0), survey.spec.run.trials_at_once
    return {keep: peak_disk(parents, sizes, keep, parameters=largest, running=running) for keep in KEEPS}
