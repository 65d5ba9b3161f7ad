"""What must hold between the fields of a sweep; each field alone is already known to be right."""

from collections.abc import Iterator
from fractions import Fraction
from typing import NamedTuple

from pydantic import ValidationError

from raysft.composition.amount import Share
from raysft.composition.strategy import DEFAULT_LAST, Strategy
from raysft.errors import Problem
from raysft.spec.evaluation import BenchmarkSpec
from raysft.spec.recipe import RecipeChange
from raysft.spec.study import Axes, Study
from raysft.spec.sweep import AbilitySpec, SweepSpec

_NEED_FILES = ("gsm8k", "humaneval", "mt_bench", "math", "mbpp")
"""Benchmarks whose questions are in a file of their authors."""


class Names(NamedTuple):
    """What studies may mention, each in the order of the file."""

    abilities: tuple[str, ...]
    models: tuple[str, ...]


def sweep_problems(spec: SweepSpec, names: Names | None = None) -> Iterator[Problem]:
    """Everything that is wrong between fields.

    Args:
        spec: the sweep.
        names: what the file names, where some of that was wrong in itself and is left out of the sweep: then
            whoever mentions it is not to blame.
    """
    names = names or Names(tuple(spec.abilities), tuple(spec.models))
    for name, ability in spec.abilities.items():
        yield from _benchmark_problems(name, ability)
    for name, study in spec.studies.items():
        yield from _StudyChecks(f"studies.{name}", study, spec, names).problems()
    if spec.objective is not None:
        for wanted in (spec.objective.maximise, *spec.objective.floors):
            if wanted not in names.abilities:
                yield _no_such("objective", wanted, "ability", names.abilities)


class _StudyChecks(NamedTuple):
    """One study, and what it may mention."""

    field: str
    study: Study
    spec: SweepSpec
    names: Names

    @property
    def abilities(self) -> tuple[str, ...]:
        """Abilities that take part."""
        return self.study.abilities or self.names.abilities

    def problems(self) -> Iterator[Problem]:
        for axis in ("model", "strategy"):
            if not self.study.values(axis):
                yield Problem(f"{self.field}.{axis}", "not given", "must be given, by itself or in `linked`")
        for ability in self.study.abilities:
            if ability not in self.names.abilities:
                yield _no_such(f"{self.field}.abilities", ability, "ability", self.names.abilities)
        for model in self.study.values("model"):
            if model not in self.names.models:
                yield _no_such(f"{self.field}.model", model, "model", self.names.models)
        for strategy in self.study.values("strategy"):
            yield from self._strategy(strategy)
        yield from self._ratios()
        yield from self._variants()
        yield from self._budgets()
        for place, exclusion in enumerate(self.study.exclude):
            yield from self._exclusion(f"{self.field}.exclude[{place}]", exclusion)

    def _strategy(self, strategy: Strategy) -> Iterator[Problem]:
        field, known = f"{self.field}.strategy", ", ".join(self.abilities)
        unknown = [ability for ability in strategy.names() if ability not in self.abilities]
        for ability in unknown:
            yield _no_such(field, f"{strategy.label}: {ability}", "ability", self.abilities)
        if strategy.needs_last() and DEFAULT_LAST not in self.abilities:
            yield Problem(field, strategy.label, f"say which ability comes `last`, one of {known}")
        elif not unknown and not all(strategy.stages(self.abilities)):
            yield Problem(field, strategy.label, "a stage has no data: it needs at least two abilities")
        for change in strategy.recipes():
            try:
                RecipeChange.model_validate(change)
            except ValidationError as error:
                wrong = error.errors()[0]
                at = ".".join(map(str, wrong["loc"])) or "recipe"
                yield Problem(f"{field}.recipe.{at}", str(wrong["input"]), wrong["msg"])

    def _ratios(self) -> Iterator[Problem]:
        shares = [one.share for one in self.study.values("amount") if isinstance(one, Share)]
        most = max(shares, default=Fraction(0))
        for ratio in self.study.values("ratio"):
            for ability, factor in ratio.factors.items():
                field = f"{self.field}.ratio.{ability}"
                if ability not in self.abilities:
                    yield _no_such(field, str(factor), "ability", self.abilities)
                elif factor * most > self.study.max_repeats:
                    remedy = (
                        f"amount {most} × ratio {factor} is more than the source has; to repeat "
                        "conversations in an epoch, say how often: "
                        f"max_repeats (now {self.study.max_repeats})"
                    )
                    yield Problem(field, str(factor), remedy)

    def _variants(self) -> Iterator[Problem]:
        for chosen in self.study.values("variant"):
            for ability, variant in chosen.items():
                field = f"{self.field}.variant.{ability}"
                if ability not in self.abilities:
                    yield _no_such(field, variant, "ability", self.abilities)
                elif ability in self.spec.abilities:
                    known = self.spec.abilities[ability].variants
                    if variant not in known:
                        yield _no_such(field, variant, "variant", tuple(known))

    def _budgets(self) -> Iterator[Problem]:
        for amount in self.study.values("amount"):
            said = {ability for ability, _ in getattr(amount, "numbers", ()) if ability}
            for ability in sorted(said - set(self.abilities)):
                yield _no_such(f"{self.field}.amount.{ability}", str(amount), "ability", self.abilities)
            if said and (missing := [one for one in self.abilities if one not in said]):
                yield Problem(f"{self.field}.amount", str(amount), f"says nothing for {', '.join(missing)}")

    def _exclusion(self, field: str, exclusion: Axes) -> Iterator[Problem]:
        """A value that no cell has excludes nothing, and is most likely a slip."""
        for axis in exclusion.given:
            known = list(self.study.values(axis))
            if axis == "strategy":
                known = [one for rule in known for one in rule.expanded(self.abilities)] + known
            for value in getattr(exclusion, axis):
                if value not in known:
                    said = getattr(value, "label", value)
                    yield Problem(f"{field}.{axis}", str(said), f"the study has no such value of {axis}")


def _no_such(field: str, value: str, what: str, known: tuple[str, ...]) -> Problem:
    return Problem(field, value, f"no such {what}; use one of {', '.join(known) or '(there is none)'}")


def _benchmark_problems(name: str, ability: AbilitySpec) -> Iterator[Problem]:
    asked = [("benchmark", ability.benchmark)] if ability.benchmark else []
    asked += [(f"report[{place}]", further) for place, further in enumerate(ability.report)]
    for field, benchmark in asked:
        yield from _one_benchmark(f"abilities.{name}.{field}", benchmark, ability)
    names = [benchmark.name for _, benchmark in asked]
    for twice in sorted({one for one in names if names.count(one) > 1}):
        yield Problem(f"abilities.{name}.report", twice, "is named twice")


def _one_benchmark(field: str, benchmark: BenchmarkSpec, ability: AbilitySpec) -> Iterator[Problem]:
    if benchmark.name == "held_out" and not ability.source.held_out:
        yield Problem(field, "held_out", "say how many conversations to split off: source.held_out: 200")
    if benchmark.name in _NEED_FILES and not benchmark.path:
        remedy = f"say where its questions are: {{name: {benchmark.name}, path: FILE}}"
        yield Problem(field, benchmark.name, remedy)
