"""From the studies of a sweep to a plan: every cell becomes a list of stages, equal ones become one.

Two strategies that begin alike; neither data nor a model is needed:

    >>> from raysft.composition.order import ExpectedIndex
    >>> rows = {"math": 400, "general": 100}
    >>> spec = SweepSpec.model_validate({
    ...     "name": "example",
    ...     "abilities": {name: {"source": {"path": name, "rows": count}} for name, count in rows.items()},
    ...     "models": {"tiny": {"base": "world/base"}},
    ...     "studies": {"s": {"model": "tiny", "strategy": ["sequential", {"dmt": {"k": "1/4"}}]}},
    ...     "recipe": {"epochs": 3, "batch_size": 8},
    ... })
    >>> sources = {name: ExpectedIndex(name, count, "its content") for name, count in rows.items()}
    >>> plan = build_plan(spec, sources, {"tiny": BaseIdentity("weights", "tokenizer", "template")})
    >>> for stage in plan.stages.values():
    ...     print(stage.mixture_text(), "·", stage.steps, "steps ·", plan.users[stage.fingerprint], "points")
    math 400 · 150 steps · 2 points
    general 100 · 39 steps · 1 points
    math 100 + general 100 · 75 steps · 1 points
    >>> [cell.text() for point in plan.points for cell in point.cells]
    ['base', 'sequential, amount 1, seed 0', 'dmt(k=1/4), amount 1, seed 0']
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from raysft.composition.order import Subsets
from raysft.composition.strategies import Base, write_strategy
from raysft.errors import InputError, Problem
from raysft.identity import SourceKey, StageId, canonical_bytes
from raysft.plan.address import StageAddresses, point_fingerprint
from raysft.plan.mixtures import Measure, Mixed, Mixtures
from raysft.plan.token_counts import TokenCounts
from raysft.plan.tree import BaseIdentity, Cell, Plan, Point, Stage
from raysft.spec.grid import Choice, choices
from raysft.spec.recipe import Recipe
from raysft.spec.sweep import SweepSpec


def _nothing_measured(model: str, source: SourceKey, _recipe: Recipe) -> TokenCounts:
    raise LookupError(f"tokens of {source} under {model} are needed, and nobody counts them")


def build_plan(
    spec: SweepSpec,
    sources: Mapping[SourceKey, Subsets],
    bases: Mapping[str, BaseIdentity],
    measure: Measure = _nothing_measured,
) -> Plan:
    """Expand the studies of a sweep.

    Args:
        spec: the sweep.
        sources: the index of every source, by its key.
        bases: the identity of every model's base.
        measure: counts tokens; asked only by a sweep with budgets in tokens.

    Raises:
        InputError: with every cell that asks for more than its sources have, or that passes over them more
            often than its study allows.
    """
    builder = _Builder(bases)
    problems: dict[Problem, None] = {}
    for name, study in spec.studies.items():
        abilities = study.abilities or tuple(spec.abilities)
        for model in dict.fromkeys(study.values("model")):
            builder.add(model, (), Cell(name, model, Base().label))
        mixtures, cells = Mixtures(spec, name, sources, measure), _Cells(name)
        for place, choice in enumerate(choices(study, abilities), start=1):
            subset_seed = choice.seed if study.subset_seed is None else study.subset_seed
            stages = builder.stages(choice, mixtures.of(choice, abilities, subset_seed), subset_seed)
            cell = cells.of(choice, place) if stages else Cell(name, choice.model, Base().label)
            builder.add(choice.model, stages, cell)
        problems.update(mixtures.problems)
    if problems:
        raise InputError(list(problems))
    return builder.plan()


class _Cells:
    """The cells of one study; what cells have in common is put into words once."""

    def __init__(self, study: str) -> None:
        self._study = study
        self._usual: dict[tuple[object, ...], Cell] = {}

    def of(self, choice: Choice, place: int) -> Cell:
        """The cell of one choice."""
        key = (choice.model, *map(id, choice[1:-1]))
        if key not in self._usual:
            self._usual[key] = Cell(
                study=self._study,
                model=choice.model,
                strategy=choice.strategy.label,
                amount=choice.amount,
                ratio=tuple(sorted(choice.ratio.factors.items())),
                ratio_name=choice.ratio.name,
                variant=tuple(sorted(choice.variant.items())),
                recipe=choice.recipe.label,
                written=canonical_bytes(
                    {"strategy": write_strategy(choice.strategy), "recipe": choice.recipe.written}
                ).decode(),
            )
        return replace(self._usual[key], seed=choice.seed, place=place)


class _Builder:
    """Collects points and stages, each once."""

    def __init__(self, bases: Mapping[str, BaseIdentity]) -> None:
        self._bases = bases
        self._addresses = StageAddresses()
        self._stages: dict[StageId, Stage] = {}
        self._points: dict[tuple[StageId, tuple[StageId, ...]], tuple[str, dict[Cell, None]]] = {}

    def stages(self, choice: Choice, mixed: Sequence[Mixed], subset_seed: int) -> tuple[StageId, ...]:
        """Fingerprints of the stages of one cell, parents first."""
        model, base, seed = choice.model, self._bases[choice.model], choice.seed
        parent: StageId | None = None
        found = []
        for portions, recipe in mixed:
            address = self._addresses.of(base, parent, portions, recipe, seed)
            if address not in self._stages:
                self._stages[address] = Stage(
                    address, model, base, parent, portions, recipe, seed, subset_seed
                )
            parent = address
            found.append(address)
        return tuple(found)

    def add(self, model: str, stages: tuple[StageId, ...], cell: Cell) -> None:
        """Add a cell; cells of the same base with the same stages are one point."""
        _, cells = self._points.setdefault((self._bases[model].fingerprint, stages), (model, {}))
        cells[cell] = None

    def plan(self) -> Plan:
        """Everything collected."""
        points = tuple(
            Point(point_fingerprint(self._bases[model], stages), model, stages, tuple(cells))
            for (_, stages), (model, cells) in self._points.items()
        )
        return Plan(points, self._stages, dict(self._bases))
