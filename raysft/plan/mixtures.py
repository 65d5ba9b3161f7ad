"""What each stage of a cell trains on and for how long: conversations per source, and the recipe in force."""

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import NamedTuple

from raysft.composition.amount import Part
from raysft.composition.order import Subsets
from raysft.composition.strategy import Shares
from raysft.errors import Problem
from raysft.identity import SourceKey, source_key
from raysft.plan.token_counts import TokenCounts
from raysft.plan.tree import Portion
from raysft.spec.grid import Choice
from raysft.spec.recipe import Recipe, RecipeChange
from raysft.spec.study import Hold
from raysft.spec.sweep import SweepSpec

Measure = Callable[[str, SourceKey, Recipe], TokenCounts]
"""Tokens by (model, source, recipe); asked only where a budget or `hold` counts tokens."""

_ESTIMATES_ARE_OFF = Fraction(21, 20)
"""Part of an expected or sampled number of tokens that is taken for all; a run counts, and refuses more."""


class Take(NamedTuple):
    """How many conversations of a source a stage takes."""

    ability: str
    source: SourceKey
    """Key of the source."""
    conversations: int


class Draft(NamedTuple):
    """One stage before it is known which conversations it takes."""

    takes: tuple[Take, ...]
    recipe: Recipe

    @property
    def conversations(self) -> int:
        """Of one epoch."""
        return sum(take.conversations for take in self.takes)


class Mixed(NamedTuple):
    """One stage before it has a parent."""

    portions: tuple[Portion, ...]
    recipe: Recipe


class Mixtures:
    """The mixtures of one study. What is wrong with its cells is gathered in `problems`."""

    def __init__(
        self, spec: SweepSpec, study: str, sources: Mapping[SourceKey, Subsets], measure: Measure
    ) -> None:
        self._spec, self._name, self._study = spec, study, spec.studies[study]
        self._sources, self._measure = sources, measure
        self._drafts: dict[tuple[object, ...], list[Draft]] = {}
        self._recipes: dict[tuple[str, int], Recipe] = {}
        self._portions: dict[tuple[Take, int], Portion] = {}
        by_tokens = [getattr(one, "unit", "") == "supervised_tokens" for one in self._study.values("amount")]
        self._counts_tokens = any(by_tokens) or bool(getattr(self._study.hold, "supervised_tokens", None))
        self.problems: dict[Problem, None] = {}

    def of(self, choice: Choice, abilities: Sequence[str], subset_seed: int) -> list[Mixed]:
        """The stages of a cell."""
        # The values of a study's axes live as long as the study, so their numbers tell them apart; how much
        # is taken depends on the seed only where tokens are counted.
        seed = subset_seed if self._counts_tokens else None
        key = (choice.model, *map(id, choice[1:-1]), seed)
        if key not in self._drafts:
            self._drafts[key] = self._draft(choice, abilities, subset_seed)
        return [
            Mixed(tuple(self._portion(take, subset_seed) for take in draft.takes), draft.recipe)
            for draft in self._drafts[key]
        ]

    def _portion(self, take: Take, subset_seed: int) -> Portion:
        key = (take, subset_seed)
        if key not in self._portions:
            digest = self._sources[take.source].prefix_digest(subset_seed, take.conversations)
            self._portions[key] = Portion(take.ability, take.source, take.conversations, digest)
        return self._portions[key]

    def _draft(self, choice: Choice, abilities: Sequence[str], subset_seed: int) -> list[Draft]:
        shares = choice.strategy.stages(abilities)
        changes = choice.strategy.recipes() or ({},) * len(shares)
        usual = self._usual(choice)
        drafts = []
        for stage, change in zip(shares, changes, strict=True):
            recipe = usual.changed(RecipeChange.model_validate(change)) if change else usual
            drafts.append(Draft(self._takes(choice, stage, recipe, subset_seed), recipe))
        if isinstance(self._study.hold, Hold) and drafts:
            drafts = self._held(choice, drafts, self._study.hold, subset_seed)
        return [Draft(one.takes, one.recipe.settled(one.conversations)) for one in drafts]

    def _usual(self, choice: Choice) -> Recipe:
        """The recipe of a cell: one object for all that have it."""
        key = (choice.model, id(choice.recipe))
        if key not in self._recipes:
            self._recipes[key] = self._spec.recipe_of(choice.model).changed(choice.recipe)
        return self._recipes[key]

    def _takes(self, choice: Choice, shares: Shares, recipe: Recipe, subset_seed: int) -> tuple[Take, ...]:
        found = []
        for ability, share in shares.items():
            variant = choice.variant.get(ability)
            key = source_key(ability, variant)
            rows = self._sources[key].rows

            def longest(tokens: int, key: SourceKey = key) -> int:
                return self._measure(choice.model, key, recipe).longest(subset_seed, tokens)

            part = Part(ability, rows, choice.ratio.factors.get(ability, Fraction(1)), share)
            count, most = choice.amount.count(part, longest), self._study.max_repeats * rows
            if count > most:
                if not self._is_estimated(choice, key, recipe, Fraction(count, most)):
                    self._too_many(choice, key, count, rows)
                count = most
            found.append(Take(ability, key, count))
        return tuple(found)

    def _is_estimated(self, choice: Choice, key: SourceKey, recipe: Recipe, asked: Fraction) -> bool:
        """Whether a budget may well be what there is: it exceeds it by no more than an estimate is off."""
        if choice.amount.unit != "supervised_tokens" or asked > _ESTIMATES_ARE_OFF:
            return False
        return self._measure(choice.model, key, recipe).basis != "counted"

    def _too_many(self, choice: Choice, source: SourceKey, count: int, rows: int) -> None:
        allowed = self._study.max_repeats
        there = f"{source} has {rows:,}" + (f", which may repeat {allowed} times" if allowed > 1 else "")
        remedy = (
            f"{choice.strategy.label} asks for {count:,} conversations of {source}; {there}: ask for less, "
            f"or let them repeat within an epoch: max_repeats: {-(-count // rows)}"
        )
        said = f"{choice.amount}" + (f" × ratio {choice.ratio.label}" if choice.ratio.factors else "")
        self.problems[Problem(f"studies.{self._name}.amount", said, remedy)] = None

    # ---- hold

    def _held(self, choice: Choice, drafts: list[Draft], hold: Hold, subset_seed: int) -> list[Draft]:
        """Steps in the ratio of what the stages would have, so that together they are what is held."""
        usual = [one.recipe.steps_for(one.conversations) for one in drafts]
        total = hold.steps or self._steps_for_tokens(choice, drafts, hold, subset_seed)
        held = []
        for one, steps in zip(drafts, apportion(max(total, len(drafts)), usual), strict=True):
            epochs = -(-steps // one.recipe.steps_per_epoch(one.conversations))
            if epochs > hold.max_epochs:
                self._too_long(choice, one, epochs, hold)
            held.append(Draft(one.takes, one.recipe.changed(RecipeChange(steps=steps))))
        return held

    def _steps_for_tokens(self, choice: Choice, drafts: Sequence[Draft], hold: Hold, subset_seed: int) -> int:
        """Steps in which the wanted supervised tokens pass, at the mean of the point; to the nearest step."""
        steps, tokens = 0, 0.0
        for one in drafts:
            sums = [
                self._measure(choice.model, take.source, one.recipe).total(subset_seed, take.conversations)
                for take in one.takes
            ]
            # 5,000 supervised tokens in 100 conversations, of which the steps see 300: 15,000 pass.
            steps += one.recipe.steps_for(one.conversations)
            tokens += (
                sum(each.supervised for each in sums) * one.recipe.seen(one.conversations) / one.conversations
            )
        return round((hold.supervised_tokens or 0) * steps / tokens) if tokens else steps

    def _too_long(self, choice: Choice, stage: Draft, epochs: int, hold: Hold) -> None:
        remedy = (
            f"{choice.strategy.label} at {choice.amount} would pass {epochs} times over a stage of "
            f"{stage.conversations:,} conversations: leave small amounts out, hold less, or allow it: "
            f"max_epochs: {epochs}"
        )
        said = f"steps {hold.steps}" if hold.steps else f"supervised_tokens {hold.supervised_tokens}"
        self.problems[
            Problem(f"studies.{self._name}.hold", f"{said}, max_epochs {hold.max_epochs}", remedy)
        ] = None


def apportion(total: int, weights: Sequence[int]) -> list[int]:
    """Whole numbers, at least 1 each, that add up to `total` in the ratio of `weights`.

    What is left after rounding down goes to the largest remainders, the first of equal ones.
    """
    whole = sum(weights)
    exact = [Fraction(total * weight, whole) for weight in weights]
    shares = [max(1, int(one)) for one in exact]
    # 10 in the ratio 3:3:1 are 4.29, 4.29 and 1.43, hence 4, 4, 1; the one left goes to the third: 4, 4, 2.
    by_remainder = sorted(range(len(exact)), key=lambda place: shares[place] - exact[place])
    for place in by_remainder[: max(0, total - sum(shares))]:
        shares[place] += 1
    while sum(shares) > total:  # shares that were raised to 1 take from the largest
        shares[shares.index(max(shares))] -= 1
    return shares
