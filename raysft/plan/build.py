"""From the studies of a sweep to a plan: every cell becomes a list of stages, equal ones become one."""

import itertools
from collections.abc import Iterator, Mapping
from fractions import Fraction

from raysft.composition.exact import count_of
from raysft.composition.order import SourceIndex
from raysft.composition.strategies import Base, Shares, Strategy
from raysft.identity import fingerprint
from raysft.plan.tree import STAGE_VERSION, BaseIdentity, Cell, Plan, Point, Portion, Stage, stage_identity
from raysft.spec.study import Study
from raysft.spec.sweep import SweepSpec


def build_plan(
    spec: SweepSpec, sources: Mapping[str, SourceIndex], bases: Mapping[str, BaseIdentity]
) -> Plan:
    """Expand the studies of a sweep.

    Args:
        spec: the sweep.
        sources: the index of every ability's source.
        bases: the identity of every model's base.
    """
    builder = _Builder(spec, sources, bases)
    for name, study in spec.studies.items():
        for model in study.model:
            builder.add(model, (), Cell(name, Base().label, None, (), None))
        for model, strategy, amount, ratio, seed in _cells(study):
            subset_seed = seed if study.subset_seed is None else study.subset_seed
            stages = builder.stages(model, strategy, amount, ratio, seed, subset_seed)
            cell_seed = seed if stages else None
            cell = Cell(
                name, strategy.label, amount if stages else None, tuple(sorted(ratio.items())), cell_seed
            )
            builder.add(model, stages, cell)
    return builder.plan()


def _cells(study: Study) -> Iterator[tuple[str, Strategy, Fraction, dict[str, Fraction], int]]:
    """Row-major: the seed varies fastest."""
    return itertools.product(study.model, study.strategy, study.amount, study.ratio, study.seed)


class _Builder:
    """Collects points and stages, each once."""

    def __init__(
        self, spec: SweepSpec, sources: Mapping[str, SourceIndex], bases: Mapping[str, BaseIdentity]
    ) -> None:
        self._spec, self._sources, self._bases = spec, sources, bases
        self._stages: dict[str, Stage] = {}
        self._points: dict[str, tuple[str, tuple[str, ...], list[Cell]]] = {}

    def stages(
        self,
        model: str,
        strategy: Strategy,
        amount: Fraction,
        ratio: dict[str, Fraction],
        seed: int,
        subset_seed: int,
    ) -> tuple[str, ...]:
        """Fingerprints of the stages of one cell, parents first."""
        parent: str | None = None
        found = []
        for shares in strategy.stages(tuple(self._spec.abilities)):
            portions = self._portions(shares, amount, ratio, subset_seed)
            parent = self._stage(model, parent, portions, seed, subset_seed)
            found.append(parent)
        return tuple(found)

    def _portions(
        self, shares: Shares, amount: Fraction, ratio: dict[str, Fraction], subset_seed: int
    ) -> tuple[Portion, ...]:
        found = []
        for ability, share in shares.items():
            source = self._sources[ability]
            count = count_of(amount * ratio.get(ability, Fraction(1)) * share, source.rows)
            found.append(Portion(ability, count, source.prefix_digest(subset_seed, count)))
        return tuple(found)

    def _stage(
        self, model: str, parent: str | None, portions: tuple[Portion, ...], seed: int, subset_seed: int
    ) -> str:
        base, recipe = self._bases[model], self._spec.recipe
        address = fingerprint("stage", STAGE_VERSION, stage_identity(base, parent, portions, recipe, seed))
        if address not in self._stages:
            self._stages[address] = Stage(address, model, base, parent, portions, recipe, seed, subset_seed)
        return address

    def add(self, model: str, stages: tuple[str, ...], cell: Cell) -> None:
        """Add a cell; cells of the same model with the same stages are one point."""
        base = self._bases[model].fingerprint
        address = fingerprint("point", 1, {"base": base, "stages": stages})
        _, _, cells = self._points.setdefault(address, (model, stages, []))
        if cell not in cells:
            cells.append(cell)

    def plan(self) -> Plan:
        """Everything collected."""
        points = tuple(
            Point(address, model, stages, tuple(cells))
            for address, (model, stages, cells) in self._points.items()
        )
        return Plan(points, self._stages, dict(self._bases))
