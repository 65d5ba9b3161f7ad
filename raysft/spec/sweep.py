"""The whole sweep file."""

from collections.abc import Mapping, Sequence
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, PrivateAttr

from raysft.errors import InputError, Problem
from raysft.identity import BenchmarkKey, SourceKey, benchmark_key, source_key
from raysft.spec.assumptions import CostSpec, PowerSpec
from raysft.spec.evaluation import BenchmarkSpec, EvaluationSpec
from raysft.spec.fields import Frozen, Number, Whole, folder_name, listed
from raysft.spec.model import ModelSpec
from raysft.spec.objective import ObjectiveSpec
from raysft.spec.reading.derived_name import LONGEST, derived_name
from raysft.spec.recipe import Recipe
from raysft.spec.source import SourceSpec
from raysft.spec.study import Study
from raysft.wording import argument, did_you_mean

Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$", max_length=64)]
"""Letters, digits, `_`, `.` and `-`."""


class AbilitySpec(Frozen):
    """An ability: one training source, one benchmark to select by."""

    source: SourceSpec
    """Conversations that teach it."""
    variants: Mapping[Name, SourceSpec] = {}
    """Other sources of the same ability, which a study may name on its axis `variant`."""
    benchmark: BenchmarkSpec | None = None
    """What measures it; `null` for a sweep that only trains."""
    report: Annotated[tuple[BenchmarkSpec, ...], BeforeValidator(listed)] = ()
    """Further benchmarks to report by; a study says whether its points are scored on them."""


class RunSpec(Frozen):
    """How the sweep is carried out. Nothing here changes a result."""

    trials_at_once: Annotated[Whole, Field(ge=1)] = 2
    """Points under way at the same time."""
    resume_every_s: Annotated[Number, Field(gt=0)] = 30.0
    """Seconds between two resume states of a stage; at most so much work is lost."""
    attempts: Annotated[Whole, Field(ge=1)] = 3
    """How often a stage is tried in one run when its process dies or the infrastructure fails."""


class SweepSpec(Frozen):
    """A sweep: abilities, models, one recipe, and the studies whose union it is.

    `raysft.load_sweep` reads one from a file, with every problem in one answer; from Python:

    >>> sweep = SweepSpec.model_validate({
    ...     "name": "mine",
    ...     "abilities": {
    ...         "math": {"source": {"path": "math.jsonl", "rows": 800}},
    ...         "general": {"source": {"path": "chats.jsonl", "rows": 200}},
    ...     },
    ...     "models": {"tiny": {"base": "world/base", "recipe": {"batch_size": 4}}},
    ...     "studies": {
    ...         "order": {"model": "tiny", "strategy": ["multi_task", "sequential"]},
    ...         "amount": {"model": "tiny", "strategy": "multi_task", "amount": [1, "1/4"], "seed": [0, 1]},
    ...     },
    ...     "recipe": {"epochs": 3, "batch_size": 8},
    ... })
    >>> sweep.recipe_of("tiny").batch_size
    4
    >>> sweep.only(["amount"]).name
    'mine+amount'
    """

    name: Annotated[
        str,
        Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.+=-]*$", max_length=LONGEST),
        AfterValidator(folder_name),
    ]
    """Name of the sweep's folder in the store. After a `+` comes what an option of the command changed."""
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
    cost: CostSpec = CostSpec()
    """What the plan assumes about accelerators."""
    power: PowerSpec = PowerSpec()
    """What the plan assumes about noise."""
    objective: ObjectiveSpec | None = None
    """What a recommendation looks for; `null` for none."""
    _every_study: Mapping[str, Study] | None = PrivateAttr(None)

    @property
    def every_study(self) -> Mapping[str, Study]:
        """The studies of the whole file, also where `only` has left some out."""
        return self._every_study or self.studies

    @property
    def sources(self) -> dict[SourceKey, SourceSpec]:
        """Every source: under the ability's name, and its variants as `ability/variant`."""
        found = {}
        for name, ability in self.abilities.items():
            found[source_key(name)] = ability.source
            found.update({source_key(name, one): source for one, source in ability.variants.items()})
        return found

    @property
    def benchmarks(self) -> dict[BenchmarkKey, tuple[str, BenchmarkSpec]]:
        """Every benchmark with its ability: under the ability's name, or `ability/name` to report by."""
        found = {}
        for name, ability in self.abilities.items():
            if ability.benchmark is not None:
                found[benchmark_key(name)] = (name, ability.benchmark)
            found.update({benchmark_key(name, one.name): (name, one) for one in ability.report})
        return found

    def recipe_of(self, model: str) -> Recipe:
        """The recipe of a model, before what studies and stages change."""
        return self.recipe.changed(self.models[model].recipe)

    def only(self, studies: Sequence[str]) -> "SweepSpec":
        """The same sweep with some of its studies, under a name of its own, so that it replaces no results.

        Raises:
            InputError: there is no study of some name, or too many are chosen for one name to hold.
        """
        known = ", ".join(self.studies)
        problems = [
            Problem(
                argument("--only"),
                study,
                f"no such study; use one of {known}{did_you_mean(study, self.studies)}",
            )
            for study in studies
            if study not in self.studies
        ]
        if problems:
            raise InputError(problems)
        kept = {name: study for name, study in self.studies.items() if name in studies}
        name = derived_name(self.name, kept, "--only")
        chosen = self.model_copy(update={"name": name, "studies": kept})
        chosen._every_study = self.every_study
        return chosen
