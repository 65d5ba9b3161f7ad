"""How sure a mean score is, when the same items are answered by models of several seeds.

Items and seeds are crossed: every seed answers the same items, so neither is nested in the other. Covers the
mean of one cell; contrasts between cells, verdicts and pooled seed variances are not covered here.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

# Shapes: I items, S seeds.

CONFIDENCE = 0.95
"""Coverage of every interval that is shown."""


@dataclass(frozen=True)
class Estimate:
    """A mean on the scale of the verdicts, with how sure it is."""

    value: float
    """Mean over seeds of the mean over items."""
    standard_error: float | None
    """Square root of item part plus seed part; None for a single item."""
    low: float | None
    """Lower end of the 95% interval."""
    high: float | None
    """Upper end of the 95% interval."""
    n: int
    """Items graded for at least one seed."""
    seeds: int
    """1 means that the seed part is missing: how much another run would differ is not known."""


def crossed(verdicts: NDArray[np.float64]) -> Estimate:
    """Mean of a table of verdicts with its standard error and 95% interval.

    The variance is that of the items' means over seeds divided by n, plus that of the seeds' means over items
    divided by s; t quantiles have Satterthwaite's degrees of freedom (Biometrics Bulletin 2, 1946). What
    neither items nor seeds explain is in both parts, so the variance is too large by the residual / (n·s),
    never too small. With one seed only the items vary, and the interval speaks of that one model.

    Args:
        verdicts: one row per item, one column per seed; NaN where an item is unscored. No column may be
            NaN throughout.

    Verdicts that are all 0 or 1 get Wilson's interval for the number of independent items that the standard
    error is worth, so 0 of 300 reads 0 to 1.3%, not 0 to 0.
    """
    graded_IS = verdicts[~np.isnan(verdicts).all(axis=1)]
    items, seeds = graded_IS.shape
    seed_means_S = np.nanmean(graded_IS, axis=0)
    value = float(seed_means_S.mean())
    if items < 2:
        return Estimate(value, None, None, None, items, seeds)
    item_part = float(np.nanmean(graded_IS, axis=1).var(ddof=1)) / items
    seed_part = float(seed_means_S.var(ddof=1)) / seeds if seeds > 1 else 0.0
    error = math.sqrt(item_part + seed_part)
    quantile = float(stats.t.ppf((1 + CONFIDENCE) / 2, _satterthwaite(item_part, items, seed_part, seeds)))
    binary = bool(np.isin(graded_IS[~np.isnan(graded_IS)], (0.0, 1.0)).all())
    low, high = (
        _wilson(value, error, items, quantile)
        if binary
        else (value - quantile * error, value + quantile * error)
    )
    return Estimate(value, error, low, high, items, seeds)


def _satterthwaite(item_part: float, items: int, seed_part: float, seeds: int) -> float:
    """Degrees of freedom of the sum of two variances that are both estimated."""
    if seed_part == 0:
        return items - 1
    # Equal parts of 300 items and 2 seeds have 4 / (1/299 + 1/1) = 3.99; where seeds are all, 1 is left.
    return (item_part + seed_part) ** 2 / (item_part**2 / (items - 1) + seed_part**2 / (seeds - 1))


def _wilson(share: float, error: float, items: int, quantile: float) -> tuple[float, float]:
    """Wilson's interval (JASA 22, 1927) with the effective sample size p(1 - p) / SE²."""
    # Half right with a standard error of 5% is worth 0.25 / 0.0025 = 100 items, however many were asked.
    worth = share * (1 - share) / error**2 if error > 0 and 0 < share < 1 else float(items)
    centre = share + quantile**2 / (2 * worth)
    half = quantile * math.sqrt(share * (1 - share) / worth + (quantile / (2 * worth)) ** 2)
    # 0 of 300 with a quantile of 1.968: centre and half are 0.65% each, so it ends at 1.29% / 1.0129 = 1.27%.
    widen = 1 + quantile**2 / worth
    # At 0 and 1 the ends are exact in theory; rounding must not push them past the value.
    return min(share, max(0.0, (centre - half) / widen)), max(share, min(1.0, (centre + half) / widen))
