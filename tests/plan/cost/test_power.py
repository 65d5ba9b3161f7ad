"""Power: the difference that is promised is seen as often as is said, by simulation of the very tests."""

import math
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import stats

from raysft.plan.cost.power import ASSUMED, Assumptions, smallest_detectable
from raysft.spec.evaluation import RATED

Floats = NDArray[np.float64]

TRIALS = 3000
NOISE = 0.035
"""Four standard errors of a share of 0.8 over so many trials, and half a point for what is approximate."""


def found(given: Assumptions, items: int, seeds: int) -> float:
    difference = smallest_detectable(items, seeds, given).recipes
    assert difference is not None
    return difference


def contrasts_seen(differences: Floats, alpha: float) -> float:
    """Share of trials in which two recipes are told apart; the estimator of `analysis.uncertainty`.

    Args:
        differences: of the two arms, by trial, item and seed.
        alpha: two-sided.
    """
    items, seeds = differences.shape[1:]
    item_part = differences.mean(axis=2).var(axis=1, ddof=1) / items
    seed_part = differences.mean(axis=1).var(axis=1, ddof=1) / seeds
    squared = item_part + seed_part
    freedom = squared**2 / (item_part**2 / (items - 1) + seed_part**2 / (seeds - 1))
    critical = stats.t.ppf(1 - alpha / 2, freedom) * np.sqrt(squared)
    return float((np.abs(differences.mean(axis=(1, 2))) > critical).mean())


def rated(given: Assumptions, difference: float, items: int, seeds: int, trials: int) -> Floats:
    """Differences of ratings, all parts normal."""
    draw = np.random.default_rng(7)
    item, rest = given.lasting**0.5 * given.spread, (1 - given.lasting) ** 0.5 * given.spread
    return (
        difference
        + draw.normal(0, item, (trials, items, 1))
        + draw.normal(0, given.seed_deviation, (trials, 1, seeds))
        + draw.normal(0, rest, (trials, items, seeds))
    )


def judged(given: Assumptions, difference: float, items: int, seeds: int, trials: int) -> Floats:
    """Differences of verdicts, each −100, 0 or 100, with the discordance that is assumed.

    Some items differ the same way for every seed, the others anew with each; a seed leans the latter one way.
    """
    draw = np.random.default_rng(11)
    lasting = given.spread * given.lasting
    anew = (given.spread - lasting) / (1 - lasting)
    lean = difference / given.span / given.spread
    same = draw.random((trials, items, 1)) < lasting
    same_sign = np.where(draw.random((trials, items, 1)) < (1 + lean) / 2, 1.0, -1.0)
    strength = given.seed_deviation / given.span / (anew * (1 - lasting))
    leans = np.clip(lean + draw.normal(0, strength, (trials, 1, seeds)), -1, 1)
    signs = np.where(draw.random((trials, items, seeds)) < (1 + leans) / 2, 1.0, -1.0)
    signs *= draw.random((trials, items, seeds)) < anew
    return 100 * np.where(same, same_sign, signs)


@pytest.mark.parametrize("seeds", [2, 3, 5])
@pytest.mark.parametrize("name", ["mt_bench", "world/general"])
def test_recipes_that_differ_by_so_much_in_ratings_are_told_apart(name: str, seeds: int) -> None:
    given = ASSUMED[name]
    difference = found(given, 80, seeds)
    seen = contrasts_seen(rated(given, difference, 80, seeds, TRIALS), given.alpha)
    assert seen == pytest.approx(given.power, abs=NOISE)


@pytest.mark.parametrize("seeds", [2, 3, 5])
@pytest.mark.parametrize("name", ["humaneval", "world/math"])
def test_recipes_that_differ_by_so_much_in_verdicts_are_told_apart(name: str, seeds: int) -> None:
    given = ASSUMED[name]
    difference = found(given, 164, seeds)
    seen = contrasts_seen(judged(given, difference, 164, seeds, TRIALS), given.alpha)
    assert seen == pytest.approx(given.power, abs=NOISE)


def test_equal_recipes_are_told_apart_no_more_often_than_alpha() -> None:
    given = ASSUMED["mt_bench"]
    for seeds in (2, 3, 5):
        assert contrasts_seen(rated(given, 0, 80, seeds, TRIALS), given.alpha) < given.alpha + 0.015


def two_sided(wins: int, losses: int) -> float:
    """McNemar's exact p, from its definition."""
    total = wins + losses
    tail = sum(math.comb(total, one) for one in range(min(wins, losses) + 1))
    return min(1.0, 2 * tail / 2.0**total)


@pytest.mark.parametrize(("name", "items"), [("humaneval", 164), ("gsm8k", 300), ("held_out", 60)])
def test_checkpoints_that_differ_by_so_much_are_told_apart_by_mcnemar(name: str, items: int) -> None:
    given = ASSUMED[name]
    difference = smallest_detectable(items, 1, given).checkpoints
    assert difference is not None
    draw = np.random.default_rng(3)
    share = difference / given.span
    counts = draw.multinomial(
        items, [(given.spread + share) / 2, (given.spread - share) / 2, 1 - given.spread], TRIALS
    )
    seen = np.mean([two_sided(int(wins), int(losses)) <= given.alpha for wins, losses, _ in counts])
    assert seen == pytest.approx(given.power, abs=NOISE)


def test_checkpoints_that_differ_by_so_much_in_ratings_are_told_apart() -> None:
    given = ASSUMED["mt_bench"]
    difference = smallest_detectable(20, 1, given).checkpoints
    assert difference is not None
    sample = rated(replace(given, seed_deviation=0), difference, 20, 1, TRIALS)[:, :, 0]
    seen = (stats.ttest_1samp(sample, 0, axis=1).pvalue <= given.alpha).mean()
    assert seen == pytest.approx(given.power, abs=NOISE)


def test_one_seed_says_something_of_checkpoints_and_nothing_of_recipes() -> None:
    seen = smallest_detectable(1319, 1, ASSUMED["gsm8k"])
    assert seen.checkpoints == pytest.approx(3.5, abs=0.1)
    assert seen.recipes is None


def test_the_checkpoints_do_not_depend_on_the_number_of_seeds() -> None:
    given = ASSUMED["humaneval"]
    assert len({smallest_detectable(164, seeds, given).checkpoints for seeds in (1, 2, 5)}) == 1


@pytest.mark.parametrize("items", [1, 2, 5])
def test_so_few_items_show_nothing(items: int) -> None:
    """Of five items that all go one way the exact p is 0.0625."""
    assert smallest_detectable(items, 2, ASSUMED["gsm8k"]).checkpoints is None


def test_six_items_show_that_nearly_all_went_one_way() -> None:
    seen = smallest_detectable(6, 1, ASSUMED["gsm8k"]).checkpoints
    assert seen == pytest.approx(100 * 0.8 ** (1 / 6), abs=0.01)


@pytest.mark.parametrize("name", sorted(ASSUMED))
def test_every_benchmark_shows_something_with_three_seeds_and_more_with_more(name: str) -> None:
    given = ASSUMED[name]
    least = [found(given, given.items, seeds) for seeds in (2, 3, 5, 10)]
    assert least == sorted(least, reverse=True)
    assert 0 < least[-1] < given.span / 4


@settings(deadline=None, max_examples=10)
@given(
    items=st.integers(30, 2000),
    seeds=st.integers(2, 6),
    spread=st.floats(0.05, 0.5),
    deviation=st.floats(0, 4),
)
def test_less_noise_and_less_asked_for_show_smaller_differences(
    items: int, seeds: int, spread: float, deviation: float
) -> None:
    """Where seeds lead, more items may show a little less: t then has fewer degrees of freedom."""
    given, slack = Assumptions("verdicts", items, spread, deviation), 1e-3
    least = found(given, items, seeds)
    assert found(replace(given, power=0.6), items, seeds) <= least + slack
    assert found(replace(given, alpha=0.1), items, seeds) <= least + slack
    assert found(replace(given, seed_deviation=deviation + 1), items, seeds) >= least - slack
    still = replace(given, seed_deviation=0.0)
    least = found(still, items, seeds)
    assert found(still, 2 * items, seeds) <= least + slack
    assert found(replace(still, spread=spread / 2), items, seeds) <= least + slack


def test_the_text_says_what_is_assumed() -> None:
    said = ASSUMED["gsm8k"].text
    assert "20% of the items" in said
    assert "1 points" in said
    assert "alpha 0.05" in said
    assert "80%" in said
    assert "vary by 2 over items" in ASSUMED["mt_bench"].text


def test_importing_takes_neither_numpy_nor_scipy_along() -> None:
    modules = "accelerators, compute, disk, memory, model_shape, power"
    heavy = "{'numpy', 'scipy', 'torch', 'transformers'} & sys.modules.keys()"
    code = f"import sys; from raysft.plan.cost import {modules}; print({heavy})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_benchmarks_are_rated_or_judged_right_and_wrong_as_the_sweep_file_takes_them() -> None:
    assert {name for name, one in ASSUMED.items() if one.kind == "ratings"} == set(RATED)
