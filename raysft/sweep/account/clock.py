"""How long a surveyed sweep will take on the clock, on what its file asks for."""

from collections import Counter
from collections.abc import Mapping
from typing import NamedTuple

from raysft.identity import StageId
from raysft.plan.cost.accelerators import NUMBER_BYTES, Precision
from raysft.plan.cost.bill import Effort, Machine
from raysft.plan.cost.evaluation import EvaluationEffort
from raysft.plan.cost.fixed_cost import scoring_overhead, stage_overhead
from raysft.plan.cost.wall_clock import Fleet, WallClock, wall_clock
from raysft.plan.cost.whole import Spent, WholeCost, added
from raysft.plan.counts import count_points
from raysft.spec.model import ModelSpec
from raysft.sweep.inputs.dry_plan import Survey


class Clock(NamedTuple):
    """The time of a whole sweep from an empty store, and on what."""

    fleet: Fleet
    bounds: WallClock
    fixed_s: float
    """Of all stages together, what they take beside their steps: start, load, save."""


def clock_of(
    survey: Survey,
    machines: Mapping[str, Machine],
    engines: Mapping[str, Machine],
    efforts: Mapping[StageId, Effort],
    evaluation: EvaluationEffort,
) -> Clock:
    """Bounds of the time, see `raysft.plan.cost.wall_clock`, with the fixed costs of stages in them.

    Args:
        survey: the sweep.
        machines: what trains, by model.
        engines: what answers, by model.
        efforts: what each stage takes on one accelerator, by fingerprint.
        evaluation: what answering takes.
    """
    spec, models = survey.spec, survey.spec.models
    fleet, overhead = _fleet(survey, machines, engines), _overheads(survey)
    seconds, fixed, busy = {}, 0.0, 0.0
    for address, stage in survey.plan.stages.items():
        effort, beside = efforts[address], overhead[stage.model, stage.recipe.weights_dtype]
        took = beside + (effort.gpu_hours + effort.core_hours) * 3600 / models[stage.model].workers
        seconds[address] = took
        fixed += beside
        busy += took * devices(models[stage.model])
    answering = evaluation.hours * 3600 + sum(_loading(survey).values())
    busy += answering * max(1, spec.evaluation.gpus_per_engine)
    bounds = wall_clock(survey.plan, seconds, answering, busy if fleet.shared else 0.0, fleet)
    return Clock(fleet, bounds, fixed)


def whole_cost(
    survey: Survey,
    machines: Mapping[str, Machine],
    engines: Mapping[str, Machine],
    training: Effort,
    evaluation: EvaluationEffort,
) -> WholeCost:
    """What everything takes from an empty store; arguments as in `clock_of`, `training` of all stages."""
    models, overhead = survey.spec.models, _overheads(survey)
    starting = dict.fromkeys(machines, 0.0)
    for stage in survey.plan.stages.values():
        seconds = overhead[stage.model, stage.recipe.weights_dtype]
        starting[stage.model] += seconds * devices(models[stage.model]) / 3600
    loading = _loading(survey)
    return WholeCost(
        Spent(training.gpu_hours, training.core_hours, training.cost),
        added([Spent(), *(Spent.on(machines[name].accelerator, hours) for name, hours in starting.items())]),
        Spent(evaluation.gpu_hours, evaluation.core_hours, evaluation.cost),
        added([Spent(), *(Spent.on(engines[name].accelerator, s / 3600) for name, s in loading.items())]),
    )


def _fleet(survey: Survey, machines: Mapping[str, Machine], engines: Mapping[str, Machine]) -> Fleet:
    """The file says how many points train at once; engines get as much as that, or what trains takes turns.

    Where engines run on other devices than training, as many are assumed as there are devices that train.
    """
    spec, points = survey.spec, count_points(survey.plan).distinct_points
    slots = max(1, min(spec.run.trials_at_once, points))
    together = slots * max((devices(spec.models[model]) for model in machines), default=1)
    shared = all(
        machines[model].accelerator.is_core == engines[model].accelerator.is_core for model in machines
    )
    return Fleet(slots, together, max(1, together // max(1, spec.evaluation.gpus_per_engine)), shared)


def devices(model: ModelSpec) -> int:
    """GPUs that a stage holds, or cores."""
    return model.workers * max(1, model.gpus_per_worker)


def _overheads(survey: Survey) -> dict[tuple[str, Precision], float]:
    """Seconds of a stage beside its steps, by model and number format of its weights."""
    return {
        (name, precision): stage_overhead(
            survey.shapes[name].parameters * size, inline=_is_inline(survey.spec.models[name])
        )
        for name in survey.plan.bases
        for precision, size in NUMBER_BYTES.items()
    }


def _is_inline(model: ModelSpec) -> bool:
    """As a run decides it on a cluster of its own."""
    return model.workers == 1 and not model.gpus_per_worker


def _loading(survey: Survey) -> dict[str, float]:
    """Seconds to give all weights that are scored to an engine, by model."""
    subjects = Counter(one.model for one in survey.asked.values())
    return {
        name: count
        * scoring_overhead(
            survey.shapes[name].parameters * NUMBER_BYTES[survey.spec.recipe_of(name).weights_dtype]
        )
        for name, count in subjects.items()
    }
