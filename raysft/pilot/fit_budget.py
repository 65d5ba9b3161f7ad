"""Which first sweep fits a budget, and what is given up for it.

The grids of `raysft.pilot.grids` are planned and reckoned one after the other, as `raysft plan` does it
with what a sweep file expects of its sources; the first that fits is taken. Their order never changes, so
whoever raises a budget loses nothing.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction

from raysft.composition.order import ExpectedIndex
from raysft.identity import fingerprint
from raysft.pilot.grids import FULLEST, GIVEN_UP, Data, Grid, Studies, studies
from raysft.plan.build import build_plan
from raysft.plan.cost.accelerators import NUMBER_BYTES, engine_of
from raysft.plan.cost.bill import Bill, Machine, bill, stage_efforts
from raysft.plan.cost.disk import Disk, peak_disk
from raysft.plan.cost.evaluation import USUAL_LIMITS, BenchmarkSize, EvaluationEffort, evaluation_effort
from raysft.plan.cost.model_shape import ModelShape
from raysft.plan.token_counts import MeanTokens
from raysft.plan.tree import BaseIdentity, Plan
from raysft.spec.recipe import Recipe
from raysft.spec.sweep import SweepSpec

TRAINING_SHARE = Fraction(9, 10)
"""Of the budget; the rest is for what an estimate does not see."""


@dataclass(frozen=True)
class Pilot:
    """A grid, what it comes to, and what was given up for it."""

    grid: Grid
    given_up: tuple[str, ...]
    studies: Studies
    """As a sweep file has them."""
    spec: SweepSpec
    bill: Bill
    evaluation: EvaluationEffort
    disk: Disk
    """The store at its largest, where all weights stay."""

    @property
    def needs(self) -> float:
        """Accelerator-hours of a budget that it fits: nine tenths for training, or all with the answers."""
        training = self.bill.whole.shared.hours
        return max(training / float(TRAINING_SHARE), training + self.evaluation.hours)


def pilots(data: Data, spec_of: Callable[[Studies], SweepSpec], machine: Machine) -> Iterator[Pilot]:
    """Pilots from the fullest to the smallest, each with what was given up; reckoned when they are asked for.

    Args:
        data: what there is.
        spec_of: the sweep with these studies; its sources say how many tokens are expected.
        machine: what trains.
    """
    grid, given_up = FULLEST.within(data), dict[str, str]()
    yield _reckoned(grid, data, spec_of, machine, given_up)
    for kind, text, change in GIVEN_UP:
        smaller = change(grid, data).within(data)
        if studies(smaller, data) != studies(grid, data):
            given_up = {**given_up, kind: text}
            yield _reckoned(smaller, data, spec_of, machine, given_up)
        grid = smaller


def first_that_fits(found: Iterator[Pilot], hours: float) -> Pilot:
    """The fullest pilot that a number of accelerator-hours pays for; the smallest if there is none."""
    for pilot in found:
        if pilot.needs <= hours:
            return pilot
    return pilot


def _reckoned(
    grid: Grid,
    data: Data,
    spec_of: Callable[[Studies], SweepSpec],
    machine: Machine,
    given_up: Mapping[str, str],
) -> Pilot:
    written = studies(grid, data)
    spec = spec_of(written)
    said = fingerprint("pilot", 1, {"model": data.model})
    base = BaseIdentity(said, said, said)
    sources = {name: ExpectedIndex(name, rows, name) for name, rows in data.rows.items()}

    def expected(_model: str, source: str, _recipe: Recipe) -> MeanTokens:
        return MeanTokens(spec.sources[source].tokens, spec.sources[source].supervised_tokens)

    plan = build_plan(spec, sources, {data.model: base}, expected)
    efforts = stage_efforts(plan, expected, {data.model: machine})
    sizes = {
        key: BenchmarkSize(
            spec.abilities[key].source.held_out,
            data.turns[key],
            USUAL_LIMITS["held_out"],
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
    return Pilot(grid, tuple(given_up.values()), written, spec, added, asked, disk)


def _disk(plan: Plan, shape: ModelShape, running: int) -> Disk:
    parents = {address: stage.parent for address, stage in plan.stages.items()}
    sizes = {
        address: NUMBER_BYTES[stage.recipe.weights_dtype] * shape.parameters
        for address, stage in plan.stages.items()
    }
    return peak_disk(parents, sizes, "all", parameters=shape.parameters, running=running)
