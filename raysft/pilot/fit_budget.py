"""Which first sweep fits a budget, what it has to do without, and what that would cost.

From the smallest grid of `raysft.pilot.grids` on, each addition is planned and reckoned as `raysft plan` does
it, with what a sweep file expects of its sources, and kept if the whole still fits. So of any two grids that
fit, the one is taken that has the most telling addition in which they differ, and nothing that it has to do
without would fit beside it.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple

from raysft.composition.order import ExpectedIndex
from raysft.identity import SourceKey, fingerprint, source_key
from raysft.pilot.grids import ADDITIONS, BUILDS_ON, Addition, Data, Grid, Kind, Studies, smallest, studies
from raysft.plan.build import build_plan
from raysft.plan.cost.accelerators import NUMBER_BYTES, engine_of
from raysft.plan.cost.bill import Bill, Machine, bill, stage_efforts
from raysft.plan.cost.disk import Disk, peak_disk
from raysft.plan.cost.evaluation import USUAL_LIMITS, BenchmarkSize, EvaluationEffort, evaluation_effort
from raysft.plan.cost.fixed_cost import scoring_overhead, stage_overhead
from raysft.plan.cost.model_shape import ModelShape
from raysft.plan.counts import PointCounts, count_points
from raysft.plan.token_counts import MeanTokens
from raysft.plan.tree import BaseIdentity, Plan
from raysft.spec.model import ModelSpec
from raysft.spec.recipe import Recipe
from raysft.spec.sweep import SweepSpec

TRAINING_SHARE = Fraction(9, 10)
"""Of the budget; the rest is for what an estimate does not see."""


class Overhead(NamedTuple):
    """What all stages and engines take beside their real work: see `raysft.plan.cost.fixed_cost`."""

    stages_s: float
    """Of all stages together, on the clock."""
    training_hours: float
    """Accelerator-hours: a stage holds all its workers."""
    answering_hours: float
    """To read the weights of the base and of every stage."""


class Without(NamedTuple):
    """Something for which a budget is not enough."""

    kind: Kind
    text: str
    hours: float
    """Accelerator-hours that it would add, answers included."""


@dataclass(frozen=True)
class Reckoned:
    """A grid, and what it comes to."""

    grid: Grid
    studies: Studies
    """As a sweep file has them."""
    spec: SweepSpec
    counts: PointCounts
    bill: Bill
    evaluation: EvaluationEffort
    disk: Disk
    """The store at its largest, where all weights stay."""
    overhead: "Overhead"

    @property
    def training_hours(self) -> float:
        """Accelerator-hours for which stages hold their workers."""
        return self.bill.whole.shared.hours + self.overhead.training_hours

    @property
    def hours(self) -> float:
        """Accelerator-hours of training and answering."""
        return self.training_hours + self.evaluation.hours + self.overhead.answering_hours

    @property
    def needs(self) -> float:
        """Accelerator-hours of a budget that it fits: nine tenths for training, or all with the answers."""
        return max(self.training_hours / float(TRAINING_SHARE), self.hours)


@dataclass(frozen=True)
class Pilot(Reckoned):
    """The grid that was chosen."""

    without: tuple[Without, ...] = ()
    """What the budget is not enough for, the most telling first; of one kind the next step."""


Reckon = Callable[[Grid], Reckoned]


def largest_that_fits(
    data: Data, spec_of: Callable[[Studies], SweepSpec], machine: Machine, hours: float
) -> Pilot:
    """The pilot that a number of accelerator-hours pays for; the smallest if they pay for none.

    Args:
        data: what there is.
        spec_of: the sweep with these studies; its sources say how many tokens are expected.
        machine: what trains.
        hours: of one accelerator.
    """

    def reckon(grid: Grid) -> Reckoned:
        return _reckoned(grid, data, spec_of(studies(grid, data)), machine)

    chosen = reckon(smallest(data))
    refused: list[Addition] = []
    for addition in ADDITIONS:
        larger = addition.to(chosen.grid)
        if larger.scale < chosen.grid.scale or not _has_its_ground(addition, refused):
            continue
        tried = reckon(larger)
        if tried.needs <= hours:
            chosen = tried
        else:
            refused.append(addition)
    return Pilot(**vars(chosen), without=tuple(_without(chosen, refused, data, reckon)))


def _has_its_ground(addition: Addition, refused: list[Addition]) -> bool:
    """Whether what it goes on from was not refused."""
    kinds = {one.kind for one in refused}
    return addition.kind not in kinds and BUILDS_ON.get(addition.kind) not in kinds


def _without(chosen: Reckoned, refused: list[Addition], data: Data, reckon: Reckon) -> Iterator[Without]:
    for addition in refused:
        larger = addition.to(chosen.grid)
        if studies(larger, data) != chosen.studies:
            yield Without(addition.kind, addition.text, reckon(larger).hours - chosen.hours)


def _reckoned(grid: Grid, data: Data, spec: SweepSpec, machine: Machine) -> Reckoned:
    said = fingerprint("pilot", 1, {"model": data.model})
    base = BaseIdentity(said, said, said)
    rows_of = {source_key(name): rows for name, rows in data.rows.items()}
    sources = {key: ExpectedIndex(key, rows, key) for key, rows in rows_of.items()}

    def expected(_model: str, source: SourceKey, _recipe: Recipe) -> MeanTokens:
        return MeanTokens(*spec.sources[source].expected_length)

    plan = build_plan(spec, sources, {data.model: base}, expected)
    efforts = stage_efforts(plan, expected, {data.model: machine})
    sizes = {
        key: BenchmarkSize(
            spec.abilities[key].source.held_out,
            data.turns[key],
            USUAL_LIMITS[spec.benchmarks[key][1].kind],
            judged=False,
            basis="expected",
        )
        for key in spec.benchmarks
    }
    scored = [(data.model, key) for _ in (base, *plan.stages) for key in sizes]
    engine = Machine(machine.shape, engine_of(spec, data.model))
    asked = evaluation_effort(scored, sizes, {data.model: engine}, spec.evaluation.precision)
    added = bill(plan, efforts, spec.studies)
    disk = _disk(plan, machine.shape, spec.run.trials_at_once)
    overhead = _overhead(plan, machine.shape, spec.models[data.model])
    return Reckoned(grid, studies(grid, data), spec, count_points(plan), added, asked, disk, overhead)


def _overhead(plan: Plan, shape: ModelShape, model: ModelSpec) -> Overhead:
    sizes = [NUMBER_BYTES[stage.recipe.weights_dtype] * shape.parameters for stage in plan.stages.values()]
    inline = model.workers == 1 and not model.gpus_per_worker
    stages_s = sum(stage_overhead(size, inline=inline) for size in sizes)
    # The base is read as well; its file is taken to be as large as that of a stage.
    answering_s = sum(scoring_overhead(size) for size in (*sizes, max(sizes)))
    return Overhead(stages_s, model.workers * stages_s / 3600, answering_s / 3600)


def _disk(plan: Plan, shape: ModelShape, running: int) -> Disk:
    parents = {address: stage.parent for address, stage in plan.stages.items()}
    sizes = {
        address: NUMBER_BYTES[stage.recipe.weights_dtype] * shape.parameters
        for address, stage in plan.stages.items()
    }
    return peak_disk(parents, sizes, "all", parameters=shape.parameters, running=running)
