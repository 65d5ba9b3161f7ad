"""What a surveyed sweep comes to: work, hours, money, memory, disk, questions, smallest differences."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from raysft.errors import InputError, Problem
from raysft.plan.accelerators import Accelerator, accelerator
from raysft.plan.cost import Bill, Effort, Machine, bill, stage_efforts
from raysft.plan.disk import WEIGHT_BYTES, Disk, Keep, peak_disk
from raysft.plan.evaluation import (
    USUAL_LIMIT,
    USUAL_LIMITS,
    BenchmarkSize,
    EvaluationEffort,
    evaluation_effort,
)
from raysft.plan.memory import Memory, Sharding, memory_per_gpu, what_would_fit
from raysft.plan.power import ASSUMED, Assumptions, Detectable, smallest_detectable
from raysft.spec.sweep import SweepSpec
from raysft.sweep.survey import Survey

_GIB = 2**30
_KEEPS: tuple[Keep, ...] = ("all", "leaves", "scores")


@dataclass(frozen=True)
class ModelMemory:
    """Memory of one GPU while a model trains."""

    needs: Memory
    would_fit: Mapping[Sharding, int | None]
    """Smallest number of workers for each sharding; None where not even the most would do."""


@dataclass(frozen=True)
class Account:
    """A survey, added up."""

    survey: Survey
    efforts: Mapping[str, Effort]
    """By stage."""
    bill: Bill
    machines: Mapping[str, Machine]
    """By model."""
    memory: Mapping[str, ModelMemory]
    """By model, of those that train on GPUs."""
    disk: Mapping[Keep, Disk]
    """The store at its largest, for each policy of what stays."""
    sizes: Mapping[str, BenchmarkSize]
    """By key of the benchmark."""
    evaluation: EvaluationEffort
    seeds: int
    """The fewest seeds of a study: what its contrasts rest on."""
    assumptions: Mapping[str, Assumptions]
    detectable: Mapping[str, Detectable]
    """By key of the benchmark."""


def account(survey: Survey) -> Account:
    """Add up a survey.

    Raises:
        InputError: an accelerator that is not known, or models that do not fit on theirs.
    """
    spec, plan = survey.spec, survey.plan
    machines = {name: Machine(survey.shapes[name], machine_of(spec, name)) for name in plan.bases}
    memory = {name: _memory(spec, name, machines[name]) for name in plan.bases if _on_gpus(spec, name)}
    _refuse_what_does_not_fit(spec, machines, memory)
    efforts = stage_efforts(plan, survey.measure, machines)
    sizes = {key: _size(survey, key) for key in spec.benchmarks}
    asked = [(one.model, key) for one in survey.asked.values() for key in one.benchmarks]
    assumptions = {key: _assumptions(spec, key) for key in spec.benchmarks}
    seeds = min(len(set(study.values("seed"))) for study in spec.studies.values())
    return Account(
        survey=survey,
        efforts=efforts,
        bill=bill(plan, efforts, spec.studies),
        machines=machines,
        memory=memory,
        disk=_disk(survey),
        sizes=sizes,
        evaluation=evaluation_effort(asked, sizes, machines),
        seeds=seeds,
        assumptions=assumptions,
        detectable={
            key: smallest_detectable(sizes[key].items, seeds, assumptions[key]) for key in spec.benchmarks
        },
    )


def machine_of(spec: SweepSpec, model: str) -> Accelerator:
    """What a model trains on, with the numbers that the sweep file sets."""
    usual = "a100-80gb" if _on_gpus(spec, model) else "cpu-core"
    name = spec.models[model].accelerator or spec.cost.accelerator or usual
    given = spec.cost.model_dump(exclude={"accelerator"}, exclude_none=True)
    return accelerator(name, **given)


def _on_gpus(spec: SweepSpec, model: str) -> bool:
    return spec.models[model].gpus_per_worker > 0


def _memory(spec: SweepSpec, name: str, machine: Machine) -> ModelMemory:
    model, recipe = spec.models[name], spec.recipe_of(name)
    sizes = (model.micro_batch_tokens, recipe.max_length)
    workers = model.workers * model.gpus_per_worker
    return ModelMemory(
        memory_per_gpu(machine.shape, "fsdp2", workers, recipe.precision, *sizes),
        what_would_fit(machine.shape, recipe.precision, *sizes, machine.accelerator),
    )


def _refuse_what_does_not_fit(
    spec: SweepSpec, machines: Mapping[str, Machine], memory: Mapping[str, ModelMemory]
) -> None:
    problems = []
    for name, one in memory.items():
        chip = machines[name].accelerator
        if one.needs.total > chip.memory_gib * _GIB:
            fits = [
                f"{workers} workers with {sharding}"
                for sharding, workers in one.would_fit.items()
                if workers is not None and sharding in ("fsdp2", "single")
            ]
            remedy = (
                f"needs {one.needs.total / _GIB:.1f} GiB on each GPU, {chip.name} has {chip.memory_gib}: "
                + (f"{' or '.join(fits)} would fit" if fits else "no number of workers would fit")
                + "; fewer micro_batch_tokens or a shorter max_length need less as well"
            )
            problems.append(Problem(f"models.{name}.workers", str(spec.models[name].workers), remedy))
    if problems:
        raise InputError(problems)


def _disk(survey: Survey) -> dict[Keep, Disk]:
    plan = survey.plan
    parameters = {model: shape.parameters for model, shape in survey.shapes.items()}
    sizes = {
        address: parameters[stage.model] * WEIGHT_BYTES[stage.recipe.weights_dtype]
        for address, stage in plan.stages.items()
    }
    parents = {address: stage.parent for address, stage in plan.stages.items()}
    largest, running = max(parameters.values(), default=0), survey.spec.run.trials_at_once
    return {keep: peak_disk(parents, sizes, keep, parameters=largest, running=running) for keep in _KEEPS}


def _size(survey: Survey, key: str) -> BenchmarkSize:
    ability, asked = survey.spec.benchmarks[key]
    here = survey.benchmarks.get(key)
    judged = asked.name == "mt_bench"
    if here is not None:
        questions = here.benchmark.questions
        turns = max(len(question.turns) for question in questions)
        return BenchmarkSize(len(questions), turns, here.max_new_tokens, judged, "counted")
    items = ASSUMED[asked.name].items
    if asked.name == "held_out":
        items = survey.spec.abilities[ability].source.held_out
    items = items if asked.limit is None else min(items, asked.limit)
    limit = asked.max_new_tokens or USUAL_LIMITS.get(asked.name, USUAL_LIMIT)
    return BenchmarkSize(items, 2 if judged else 1, limit, judged, "expected")


def _assumptions(spec: SweepSpec, key: str) -> Assumptions:
    """What is assumed of a benchmark, with what the sweep file says of it, by its key or its name."""
    name = spec.benchmarks[key][1].name
    one = replace(ASSUMED[name], alpha=spec.power.alpha, power=spec.power.power)
    for field in ("spread", "seed_deviation"):
        said = getattr(spec.power, field)
        if key in said or name in said:
            one = replace(one, **{field: said.get(key, said.get(name))})
    return one
