"""What must hold in a study, and between it and the rest of the sweep."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from fractions import Fraction
from math import prod
from typing import NamedTuple

from pydantic import ValidationError

from raysft.composition.amount import Amount, Budget, Share
from raysft.composition.strategy import DEFAULT_LAST, Shares, Strategy
from raysft.errors import Problem
from raysft.spec.grid import cells_of, choices, with_one_of_others
from raysft.spec.grid_checks import MOST_CELLS, grid_problems
from raysft.spec.recipe import RecipeChange
from raysft.spec.study import RatioPoint, Study
from raysft.spec.sweep import SweepSpec
from raysft.wording import NOT_GIVEN, as_written, did_you_mean, in_words, seen

_LONGEST = 120
"""Characters of a value in a message."""
_MOST_NAMES = 20
"""Names that a message lists."""


class Names(NamedTuple):
    """What studies may mention, each in the order of the file."""

    abilities: tuple[str, ...]
    models: tuple[str, ...]


def study_problems(name: str, spec: SweepSpec, names: Names) -> Iterator[Problem]:
    """Everything that is wrong with one study, as far as that can be said without its data.

    How much a source has in conversations or tokens is not known here: see `raysft.plan.mixtures`.
    """
    checks = _Checks(f"studies.{name}", spec.studies[name], spec, names)
    yield from checks.names_and_values()
    wanted = checks.wanted()
    yield from checks.too_much(wanted)
    yield from checks.unsaid(wanted)


def no_such(field: str, value: str, what: str, known: tuple[str, ...], name: str | None = None) -> Problem:
    """A name that stands for nothing; `name` where it is no part of the value."""
    near = did_you_mean(name or value.rpartition(": ")[2], known)
    more = f" and {len(known) - _MOST_NAMES} more" if len(known) > _MOST_NAMES else ""
    some = ", ".join(known[:_MOST_NAMES]) + more if known else "(there is none)"
    return Problem(seen(field), seen(value) or '""', f"no such {what}; use one of {some}{near}")


def _short(label: str) -> str:
    return label if len(label) <= _LONGEST else f"{label[:_LONGEST]}..."


class _Wanted(NamedTuple):
    """What cells ask for that differ in model, variant, recipe and seed alone."""

    amount: Amount
    ratio: RatioPoint
    shares: Shares
    """Of each ability that a stage trains on, the largest share."""


class _Checks(NamedTuple):
    """One study, and what it may mention."""

    field: str
    study: Study
    spec: SweepSpec
    names: Names

    @property
    def abilities(self) -> tuple[str, ...]:
        """Abilities that take part; all of them where a name of these is wrong, and nobody knows which."""
        known = set(self.study.abilities) <= set(self.names.abilities)
        return self.study.abilities if self.study.abilities and known else self.names.abilities

    def names_and_values(self) -> Iterator[Problem]:
        """What is wrong with single values of the axes."""
        for axis in ("model", "strategy"):
            if not self.study.values(axis):
                yield Problem(f"{self.field}.{axis}", NOT_GIVEN, "must be given, by itself or in `linked`")
        for ability, times in Counter(self.study.abilities).items():
            if ability not in self.names.abilities:
                yield no_such(f"{self.field}.abilities", ability, "ability", self.names.abilities)
            if times > 1:
                yield Problem(f"{self.field}.abilities", ability, "is given twice: leave one")
        for model in self.study.values("model"):
            if model not in self.names.models:
                yield no_such(f"{self.field}.model", model, "model", self.names.models)
        for strategy in self.study.values("strategy"):
            yield from self._strategy(strategy)
        yield from self._ratios()
        yield from self._variants()
        yield from self._budgets()
        if self.study.benchmarks == "report" and not any(one.report for one in self.spec.abilities.values()):
            remedy = "no ability has a benchmark to report by: abilities.NAME.report says it"
            yield Problem(f"{self.field}.benchmarks", "report", remedy)
        yield from grid_problems(self.field, self.study, self.abilities)

    def _strategy(self, strategy: Strategy) -> Iterator[Problem]:
        field, known = f"{self.field}.strategy", ", ".join(self.abilities)
        label = _short(strategy.label)
        unknown = [ability for ability in strategy.names() if ability not in self.abilities]
        for ability in unknown:
            yield no_such(field, f"{label}: {ability}", "ability", self.abilities)
        if strategy.needs_last() and DEFAULT_LAST not in self.abilities:
            yield Problem(field, label, f"say which ability comes `last`, one of {known}")
        elif not unknown and not all(strategy.stages(self.abilities)):
            yield Problem(field, label, "a stage has no data: it needs at least two abilities")
        elif not unknown and (objection := strategy.objection(self.abilities)):
            yield Problem(field, label, objection)
        for change in strategy.recipes():
            try:
                RecipeChange.model_validate(change)
            except ValidationError as error:
                for wrong in error.errors():
                    at = ".".join(map(str, (f"{field}.recipe", *wrong["loc"])))
                    near = did_you_mean(at.rpartition(".")[2], RecipeChange.model_fields)
                    near = near if wrong["type"] == "extra_forbidden" else ""
                    yield Problem(at, as_written(wrong["input"]), in_words(wrong) + near)

    def _ratios(self) -> Iterator[Problem]:
        named: dict[str, Mapping[str, Fraction]] = {}
        for ratio in self.study.values("ratio"):
            if ratio.name and named.setdefault(ratio.name, ratio.factors) != ratio.factors:
                remedy = "is the name of two ratios, which tables could not tell apart; rename one"
                yield Problem(f"{self.field}.ratio", ratio.name, remedy)
            for ability, factor in ratio.factors.items():
                if ability not in self.abilities:
                    yield no_such(
                        f"{self.field}.ratio.{ability}", str(factor), "ability", self.abilities, ability
                    )

    def _variants(self) -> Iterator[Problem]:
        for chosen in self.study.values("variant"):
            for ability, variant in chosen.items():
                field = f"{self.field}.variant.{ability}"
                if ability not in self.abilities:
                    yield no_such(field, variant, "ability", self.abilities, ability)
                elif ability in self.spec.abilities:
                    known = self.spec.abilities[ability].variants
                    if variant not in known:
                        yield no_such(field, variant, "variant", tuple(known))

    def _budgets(self) -> Iterator[Problem]:
        for amount in self.study.values("amount"):
            shown = _short(str(amount))
            for ability in sorted(_said(amount) - set(self.abilities)):
                yield no_such(f"{self.field}.amount.{ability}", shown, "ability", self.abilities, ability)

    # ---- what cells ask for together

    def wanted(self) -> list[_Wanted]:
        """What the cells ask for of the abilities that take part, each once."""
        # The values are held by the cells, so their numbers tell them apart.
        if cells_of(self.study, self.abilities) > MOST_CELLS:
            return []
        excluded = {axis for one in self.study.exclude for axis in one.given}
        study = with_one_of_others(self.study, {"strategy", "amount", "ratio", *excluded})
        cells = {
            (id(cell.strategy), id(cell.amount), id(cell.ratio)): cell
            for cell in choices(study, self.abilities)
        }
        rules = {id(cell.strategy): cell.strategy for cell in cells.values()}
        shares = {key: self._shares(rule) for key, rule in rules.items()}
        return [_Wanted(cell.amount, cell.ratio, shares[id(cell.strategy)]) for cell in cells.values()]

    def _shares(self, strategy: Strategy) -> Shares:
        most: Shares = {}
        for stage in strategy.stages(self.abilities):
            for ability, share in stage.items():
                if ability in self.abilities:
                    most[ability] = max(share, most.get(ability, share))
        return most

    def too_much(self, wanted: Iterable[_Wanted]) -> Iterator[Problem]:
        """Of each factor of a ratio, the cell that asks for most, if that is more than a source has."""
        most: dict[tuple[str, Fraction], tuple[Fraction, Fraction, Fraction]] = {}
        for amount, ratio, shares in wanted:
            if isinstance(amount, Share):
                for ability, factor in ratio.factors.items():
                    asked = (amount.share, factor, shares.get(ability, Fraction(0)))
                    most[ability, factor] = max(asked, most.get((ability, factor), asked), key=prod)
        for (ability, factor), asked in most.items():
            if prod(asked) > self.study.max_repeats:
                of_share = f" × share {asked[2]}" if asked[2] < 1 else ""
                remedy = (
                    f"amount {asked[0]} × ratio {factor}{of_share} is more than the source has; to repeat "
                    "conversations in an epoch, say how often: "
                    f"max_repeats (now {self.study.max_repeats})"
                )
                yield Problem(f"{self.field}.ratio.{ability}", str(factor), remedy)

    def unsaid(self, wanted: Iterable[_Wanted]) -> Iterator[Problem]:
        """Amounts that are said per ability, and not for one that a strategy trains beside them."""
        missing: dict[Amount, set[str]] = {}
        for amount, _, shares in wanted:
            if said := _said(amount):
                missing.setdefault(amount, set()).update(shares.keys() - said)
        for amount, without in missing.items():
            if without:
                names = ", ".join(ability for ability in self.abilities if ability in without)
                yield Problem(f"{self.field}.amount", _short(str(amount)), f"says nothing for {names}")


def _said(amount: Amount) -> set[str]:
    """Abilities for which an amount says a number of its own."""
    return {ability for ability, _ in amount.numbers if ability} if isinstance(amount, Budget) else set()
