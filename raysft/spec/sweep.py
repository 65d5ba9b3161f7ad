"""The whole sweep file."""

from collections.abc import Iterator
from typing import Annotated, Literal, NamedTuple

from pydantic import Field

from raysft.composition.strategies import DEFAULT_LAST
from raysft.errors import InputError, Problem
from raysft.spec.evaluation import BenchmarkSpec, EvaluationSpec
from raysft.spec.frozen import Frozen, Whole
from raysft.spec.model import ModelSpec
from raysft.spec.recipe import Recipe
from raysft.spec.source import SourceSpec
from raysft.spec.study import Study

Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$", max_length=64)]
"""Letters, digits, `_`, `.` and `-`."""


class AbilitySpec(Frozen):
    """An ability: one training source, one benchmark."""

    source: SourceSpec
    """Conversations that teach it."""
    benchmark: BenchmarkSpec | None = None
    """What measures it; `null` for a sweep that only trains."""


class RunSpec(Frozen):
    """How the sweep is carried out. Nothing here changes a result."""

    trials_at_once: Annotated[Whole, Field(ge=1)] = 2
    """Points under way at the same time."""
    resume_every_s: Annotated[float, Field(gt=0)] = 30.0
    """Seconds between two resume states of a stage; at most so much work is lost."""
    attempts: Annotated[Whole, Field(ge=1)] = 3
    """How often a stage is tried in one run when its process dies or the infrastructure fails."""
    keep: Literal["all"] = "all"
    """Which weights stay in the store."""


class Names(NamedTuple):
    """What studies may mention, each in the order of the file."""

    abilities: tuple[str, ...]
    models: tuple[str, ...]


class SweepSpec(Frozen):
    """A sweep: abilities, models, one recipe, and the studies whose union it is."""

    name: Name
    """Name of the sweep's folder in the store."""
    data_dir: str = "."
    """Folder that relative paths of data start from; itself relative to the sweep file."""
    abilities: Annotated[dict[Name, AbilitySpec], Field(min_length=1)]
    """Abilities in the order of training."""
    models: Annotated[dict[Name, ModelSpec], Field(min_length=1)]
    """Models by the name that studies use."""
    recipe: Recipe = Recipe()
    """How every stage is trained."""
    studies: Annotated[dict[Name, Study], Field(min_length=1)]
    """Named grids; equal points of two studies are one point."""
    evaluation: EvaluationSpec = EvaluationSpec()
    """What every stage is scored on."""
    run: RunSpec = RunSpec()
    """How the sweep is carried out."""

    def only(self, study: str) -> "SweepSpec":
        """The same sweep with one of its studies, under a name of its own, so that it replaces no results.

        Raises:
            InputError: there is no study of that name.
        """
        if study not in self.studies:
            raise InputError(
                [Problem("--only", study, f"no such study; use one of {', '.join(self.studies)}")]
            )
        kept = {study: self.studies[study]}
        return self.model_copy(update={"name": f"{self.name}-{study}", "studies": kept})

    def problems(self, names: Names | None = None) -> Iterator[Problem]:
        """Everything that is wrong between fields; each field alone is already known to be right.

        Args:
            names: what the file names, where some of that was wrong in itself and is left out here: then
                whoever mentions it is not to blame.
        """
        names = names or Names(tuple(self.abilities), tuple(self.models))
        for name, ability in self.abilities.items():
            yield from _benchmark_problems(name, ability)
        for name, study in self.studies.items():
            yield from _model_problems(f"studies.{name}.model", study, names)
            yield from _strategy_problems(f"studies.{name}.strategy", study, names)
            yield from _ratio_problems(f"studies.{name}.ratio", study, names)


def _model_problems(field: str, study: Study, names: Names) -> Iterator[Problem]:
    for model in study.model:
        if model not in names.models:
            yield Problem(field, model, f"no such model; use one of {', '.join(names.models)}")


def _strategy_problems(field: str, study: Study, names: Names) -> Iterator[Problem]:
    known = ", ".join(names.abilities)
    for strategy in study.strategy:
        unknown = [ability for ability in strategy.names() if ability not in names.abilities]
        for ability in unknown:
            yield Problem(field, f"{strategy.label}: {ability}", f"no such ability; use one of {known}")
        if strategy.needs_last() and DEFAULT_LAST not in names.abilities:
            yield Problem(field, strategy.label, f"say which ability comes `last`, one of {known}")
        elif not unknown and not all(strategy.stages(names.abilities)):
            yield Problem(field, strategy.label, "a stage has no data: it needs at least two abilities")


def _ratio_problems(field: str, study: Study, names: Names) -> Iterator[Problem]:
    most = max(study.amount)
    for ability, factor in ((ability, factor) for ratio in study.ratio for ability, factor in ratio.items()):
        where = f"{field}.{ability}"
        if ability not in names.abilities:
            yield Problem(where, str(factor), f"no such ability; use one of {', '.join(names.abilities)}")
        elif factor * most > 1:
            yield Problem(where, str(factor), f"amount {most} × ratio {factor} is more than the source has")


def _benchmark_problems(name: str, ability: AbilitySpec) -> Iterator[Problem]:
    benchmark, field = ability.benchmark, f"abilities.{name}.benchmark"
    if benchmark is None:
        return
    if benchmark.name == "held_out" and not ability.source.held_out:
        yield Problem(field, "held_out", "say how many conversations to split off: source.held_out: 200")
    if benchmark.name in ("gsm8k", "humaneval", "mt_bench") and not benchmark.path:
        remedy = f"say where its questions are: {{name: {benchmark.name}, path: FILE}}"
        yield Problem(field, benchmark.name, remedy)
