"""The smallest difference that a sweep would see: between two checkpoints, and between two recipes.

Items and seeds are crossed: both arms answer the same items and are trained with the same seeds, so a
difference D of item i and seed s is

    D(i, s) = difference + item(i) + seed(s) + rest(i, s)

with standard deviations of the three random parts. Of two checkpoints (one seed), D varies over items by
item² + rest². Of two recipes, the mean over n items and s seeds has variance

    item² / n + seed² / s + rest² / (n · s)

and its standard error is estimated as in `analysis.uncertainty`, from the items' means over the seeds and the
seeds' means over the items, which counts the rest twice: too large by rest² / (n · s), never too small. Its t
quantile has Satterthwaite's degrees of freedom (Biometrics Bulletin 2, 1946), which are few where seeds
matter: two seeds see little. Verdicts of 0 and 1 on two checkpoints go through McNemar's exact test
(Psychometrika 12, 1947).

What is assumed of each part is in `ASSUMED`, by benchmark; a plan prints it beside the difference. Not
covered: unscored items, families of several contrasts (which need larger differences), seed variances pooled
over arms.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

_SLICES = 400
"""Equally likely values of an estimated variance that the power is averaged over."""
_HALVINGS = 20
"""Steps of the bisection: to a millionth of the span."""

_SPANS = {"verdicts": 100.0, "ratings": 9.0, "losses": 10.0}
"""From the worst to the best score; a loss of 10 nats is that of guessing among 22,000 tokens."""


@dataclass(frozen=True)
class Assumptions:
    """What is taken for granted of a benchmark before anything was measured."""

    kind: Literal["verdicts", "ratings", "losses"]
    """Items that are right or wrong, scored in percent, rated from 1 to 10, or a loss in nats per token."""
    items: int
    """Questions of the whole benchmark; the turns of one question are one item."""
    spread: float
    """Of verdicts, the discordance: the share of items on which two checkpoints disagree. Of ratings, the
    standard deviation over items of the difference between two checkpoints: sqrt(item² + rest²)."""
    seed_deviation: float
    """`seed` above: the standard deviation, over seeds, of the difference between the arms on endless items,
    in points of the score. On n items a difference varies more over seeds, for it also holds rest² / n."""
    lasting: float = 0.5
    """item² / (item² + rest²): the share of the items' variance that is the same for every seed."""
    alpha: float = 0.05
    """Two-sided error rate of one contrast."""
    power: float = 0.80
    """Chance to see a difference of the size that is returned."""

    @property
    def span(self) -> float:
        """From the worst to the best score, in points."""
        return _SPANS[self.kind]

    @property
    def unit(self) -> str:
        """In what a difference is told."""
        return "nats per token" if self.kind == "losses" else "points"

    @property
    def text(self) -> str:
        """In words, for whoever reads a difference of two recipes."""
        return (
            f"{self._items}, {self.lasting:.0%} of that variance whatever the seed; another seed moves a "
            f"difference by {self.seed_deviation:g} {self.unit} (standard deviation); {self._errors}"
        )

    @property
    def checkpoints_text(self) -> str:
        """In words, for whoever reads a difference of two checkpoints, in which seeds play no part."""
        return f"{self._items}; {self._errors}"

    @property
    def _items(self) -> str:
        if self.kind == "verdicts":
            return f"two models disagree on {self.spread:.0%} of the items"
        return f"differences between two models vary by {self.spread:g} over items"

    @property
    def _errors(self) -> str:
        return f"alpha {self.alpha:g} two-sided, power {self.power:.0%}"


ASSUMED: Mapping[str, Assumptions] = {
    "gsm8k": Assumptions("verdicts", 1319, 0.20, 1.0),
    "math": Assumptions("verdicts", 5000, 0.12, 0.7),
    "humaneval": Assumptions("verdicts", 164, 0.15, 1.5),
    "mbpp": Assumptions("verdicts", 500, 0.20, 1.5),
    "mt_bench": Assumptions("ratings", 80, 2.0, 0.1),
    # Seen in one run of `sweeps/quickstart.yaml`: 5 strategies, 2 seeds, 300 items.
    "world/math": Assumptions("verdicts", 300, 0.35, 4.0, lasting=0.3),
    "world/code": Assumptions("verdicts", 300, 0.30, 1.0, lasting=0.3),
    "world/general": Assumptions("ratings", 300, 1.9, 0.1, lasting=0.1),
    "held_out": Assumptions("verdicts", 200, 0.25, 1.5),
    "held_out_loss": Assumptions("losses", 200, 0.15, 0.01),
}
"""By benchmark. Those of published benchmarks are guesses for fine-tuned models of 7-13 B parameters, to be
replaced by what a sweep has measured. The number of items is that of the published file; of a held-out set it
is whatever was split off. MT-Bench counts questions, whose two turns are averaged."""


@dataclass(frozen=True)
class Detectable:
    """Smallest differences, in points of the score, that are seen with the assumed power.

    None where no difference would be: too few items, or one seed.
    """

    checkpoints: float | None
    """Between two checkpoints on these items."""
    recipes: float | None
    """Between two recipes; one seed per arm cannot answer that."""


def smallest_detectable(n_items: int, seeds: int, assumptions: Assumptions) -> Detectable:
    """What two arms that share items and seeds would show.

    Where a difference is larger than the assumed discordance, so is the discordance: then all the items on
    which the arms disagree go one way.

    Args:
        n_items: items that are asked, at least 1; the benchmark's own number where no limit is set.
        seeds: runs of each arm, at least 1.
        assumptions: of the benchmark.
    """
    given = assumptions

    def between_checkpoints(difference: float) -> float:
        if given.kind == "verdicts":
            return _mcnemar_power(difference / given.span, n_items, given)
        variance = given.spread**2 / n_items
        part = _Part(variance, n_items - 1)
        return _t_power(difference, variance, _Part(0.0, n_items - 1), part, given.alpha)

    def between_recipes(difference: float) -> float:
        return _crossed_power(difference, n_items, seeds, given)

    enough = n_items > 1
    return Detectable(
        _smallest(between_checkpoints, given) if enough else None,
        _smallest(between_recipes, given) if enough and seeds > 1 else None,
    )


def _smallest(power: Callable[[float], float], given: Assumptions) -> float | None:
    """The smallest difference with enough power, by bisection; None if the whole span has not enough."""
    if power(given.span) < given.power:
        return None
    low, high = 0.0, given.span
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (low, middle) if power(middle) >= given.power else (middle, high)
    return high


@dataclass(frozen=True)
class _Part:
    """A part of the squared standard error."""

    variance: float
    """Its expectation."""
    freedom: int
    """Degrees of freedom with which it is estimated."""


def _mcnemar_power(difference: float, n_items: int, given: Assumptions) -> float:
    """Power of McNemar's exact test for a difference of two shares, 0 to 1.

    Averaged over the number of items on which the two disagree.
    """
    import numpy as np
    from scipy import stats

    share = max(given.spread, difference)
    # All but a billionth of what the number of disagreements may be.
    fewest, most = stats.binom.ppf([1e-9, 1 - 1e-9], n_items, share)
    disagree = np.arange(fewest, most + 1)
    # Rejected when one side has at least `critical` of them, whose two-sided p is at most alpha: 15 of 20
    # have 0.041, and 14 have 0.115.
    critical = stats.binom.isf(given.alpha / 2, disagree, 0.5) + 1
    wins = (1 + difference / share) / 2
    rejected = stats.binom.sf(critical - 1, disagree, wins)
    rejected += stats.binom.cdf(disagree - critical, disagree, wins)
    return float(np.sum(stats.binom.pmf(disagree, n_items, share) * rejected))


def _crossed_power(difference: float, n_items: int, seeds: int, given: Assumptions) -> float:
    """Power of the contrast of two recipes, with the standard error of the module's docstring."""
    single = given.spread**2
    if given.kind == "verdicts":  # of one seed's differences in points, each −100, 0 or 100
        single = given.span**2 * max(given.spread, difference / given.span)
    item, rest = given.lasting * single, (1 - given.lasting) * single
    item_part = (item + rest / seeds) / n_items
    true = item / n_items + given.seed_deviation**2 / seeds + rest / (n_items * seeds)
    seed_part = (given.seed_deviation**2 + rest / n_items) / seeds
    known, estimated = _Part(item_part, n_items - 1), _Part(seed_part, seeds - 1)
    return _t_power(difference, true, known, estimated, given.alpha)


def _t_power(difference: float, variance: float, known: _Part, estimated: _Part, alpha: float) -> float:
    """Power of a t test whose squared standard error is a sum of two parts.

    The second part is estimated as its expectation times χ² / freedom, independent of the mean, and enters
    the standard error and Satterthwaite's degrees of freedom. The first counts as known, for it comes from
    many items.

    Args:
        difference: that is there.
        variance: of the estimated difference.
        known: the part that is taken as it is; 0 for none.
        estimated: the part over whose estimates the power is averaged.
        alpha: two-sided.
    """
    import numpy as np
    from scipy import stats

    # The middles of equally likely slices: of four they would be 1/8, 3/8, 5/8 and 7/8.
    chances = (np.arange(_SLICES) + 0.5) / _SLICES
    drawn = estimated.variance * stats.chi2.ppf(chances, estimated.freedom) / estimated.freedom
    spread = known.variance**2 / known.freedom + drawn**2 / estimated.freedom
    freedom = (known.variance + drawn) ** 2 / spread
    margin = stats.t.ppf(1 - alpha / 2, freedom) * np.sqrt(known.variance + drawn)
    above = stats.norm.sf((margin - difference) / variance**0.5)
    below = stats.norm.cdf((-margin - difference) / variance**0.5)
    return float(np.mean(above + below))
