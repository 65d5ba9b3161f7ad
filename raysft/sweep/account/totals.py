"""What a surveyed sweep comes to: work, hours, money, memory, disk, questions, smallest differences."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from raysft.errors import InputError, Problem, gathered
from raysft.identity import BenchmarkKey, StageId
from raysft.plan.cost.accelerators import NUMBER_BYTES, engine_of, trainer_of
from raysft.plan.cost.bill import Bill, Effort, Machine, bill, stage_efforts
from raysft.plan.cost.disk import Disk, peak_disk
from raysft.plan.cost.engine_memory import Lengths
from raysft.plan.cost.evaluation import BenchmarkSize, EvaluationEffort, evaluation_effort
from raysft.plan.cost.power import Assumptions, Detectable
from raysft.plan.cost.whole import WholeCost
from raysft.plan.counts import PointCounts, count_points
from raysft.sweep.account.clock import Clock, clock_of, whole_cost
from raysft.sweep.account.memory import EngineFit, ModelMemory, answers_that_fit, memory_that_fits
from raysft.sweep.account.scores import (
    assumptions,
    benchmark_size,
    detectable,
    longest_rows,
    seeds_by_study,
)
from raysft.sweep.inputs.dry_plan import Survey
from raysft.sweep.inputs.learnable import refuse_what_cannot_be_learnt


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
    answering: Mapping[str, EngineFit]
    """By model, of those that engines on GPUs answer with."""
    disk: Disk
    """The store at its largest; all weights stay."""
    sizes: Mapping[BenchmarkKey, BenchmarkSize]
    """By key of the benchmark."""
    evaluation: EvaluationEffort
    whole: WholeCost
    """Training and all that comes beside it, from an empty store."""
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
    scored = {key for one in survey.asked.values() for key in one.benchmarks}
    sizes = {key: benchmark_size(survey, key) for key in spec.benchmarks if key in scored}
    asked = [(one.model, key) for one in survey.asked.values() for key in one.benchmarks]
    machines, engines, memory, answering = _hardware(survey, longest_rows(asked, sizes))
    refuse_what_cannot_be_learnt(survey, plan.stages.values())
    efforts = stage_efforts(plan, survey.measure, machines)
    evaluation = evaluation_effort(asked, sizes, engines, spec.evaluation.precision)
    assumed = {key: assumptions(spec, key) for key in sizes}
    seeds = seeds_by_study(spec)
    added = bill(plan, efforts, spec.studies)
    return Account(
        survey=survey,
        counts=count_points(plan),
        efforts=efforts,
        bill=added,
        machines=machines,
        engines=engines,
        memory=memory,
        answering=answering,
        disk=_disk(survey),
        sizes=sizes,
        evaluation=evaluation,
        whole=whole_cost(survey, machines, engines, added.whole.shared, evaluation),
        clock=clock_of(survey, machines, engines, efforts, evaluation),
        seeds=seeds,
        assumptions=assumed,
        detectable={count: detectable(sizes, assumed, count) for count in sorted({*seeds.values()} or {1})},
    )


class _Hardware(NamedTuple):
    """What trains and what answers, by model, and what that takes of its memory."""

    machines: Mapping[str, Machine]
    engines: Mapping[str, Machine]
    memory: Mapping[str, ModelMemory]
    answering: Mapping[str, EngineFit]


def _hardware(survey: Survey, rows: Mapping[str, Mapping[BenchmarkKey, Lengths]]) -> _Hardware:
    spec, shapes = survey.spec, survey.shapes
    problems: list[Problem] = []
    machines: dict[str, Machine] = {}
    engines: dict[str, Machine] = {}
    memory: Mapping[str, ModelMemory] = {}
    answering: Mapping[str, EngineFit] = {}
    for name in survey.plan.bases:
        with gathered(problems):
            machines[name] = Machine(shapes[name], trainer_of(spec, name))
            engines[name] = Machine(shapes[name], engine_of(spec, name))
    with gathered(problems):
        memory = memory_that_fits(
            spec, {name: shapes[name] for name in machines}, survey.plan.stages.values()
        )
    with gathered(problems):
        known = {name: shapes[name] for name in engines}
        answering = answers_that_fit(spec, known, rows)
    if problems:
        raise InputError(list(dict.fromkeys(problems)))
    return _Hardware(machines, engines, memory, answering)


def _disk(survey: Survey) -> Disk:
    plan = survey.plan
    parameters = {model: shape.parameters for model, shape in survey.shapes.items()}
    sizes = {
        address: parameters[stage.model] * NUMBER_BYTES[stage.recipe.weights_dtype]
        for address, stage in plan.stages.items()
    }
    parents = {address: stage.parent for address, stage in plan.stages.items()}
    largest, running = max(parameters.values(), default=0), survey.spec.run.trials_at_once
    return peak_disk(parents, sizes, "all", parameters=largest, running=running)
