"""Learning rates: warm-up, then one of four shapes."""

import math
from collections.abc import Callable

from raysft.spec.recipe import Recipe


def learning_rate(recipe: Recipe, step: int, steps: int) -> float:
    """The learning rate of an update.

    Warm-up has w = ceil(warmup × steps) updates, of which update t uses t/w of the peak. So the peak is at
    update p = max(w, 1). From there the shape falls such that the update after the last one would have
    `final_rate`: no update is spent at the final rate, which may be 0. Without warm-up the cosine is that of
    transformers.

    Worked: cosine, 3 steps, warm-up 0.03, so w = 1: shares 1, 0.75, 0.25 of the peak.

    Args:
        recipe: peak, schedule, warm-up, decay and final rate; `constant` has no final rate.
        step: from 1.
        steps: of the whole stage.
    """
    warm = warmup_updates(recipe, steps)
    # 100 steps with warm-up 0.03: updates 1 and 2 have 1/3 and 2/3, and the shape begins with the peak at 3.
    if step < warm:
        return recipe.learning_rate * step / warm
    if recipe.schedule == "constant":
        return recipe.learning_rate  # 0.05 + (1 - 0.05) need not be 1
    share = _SHAPES[recipe.schedule](recipe, step, steps, max(warm, 1))
    return recipe.learning_rate * (recipe.final_rate + (1 - recipe.final_rate) * share)


def warmup_updates(recipe: Recipe, steps: int) -> int:
    """Updates that warm up; rounding noise is ignored, so that 0.07 × 100 makes 7 and not 8."""
    # 0.07 * 100 is 7.000000000000001 in binary, of which ceil alone makes 8.
    return math.ceil(round(recipe.warmup * steps, 9))


def _position(step: int, steps: int, peak: int) -> float:
    """0 at the peak, 1 after the last update: of 9 steps with the peak at 2, step 6 is at 4/8."""
    return (step - peak) / (steps + 1 - peak)


def _cosine(recipe: Recipe, step: int, steps: int, peak: int) -> float:  # noqa: ARG001
    return 0.5 * (1 + math.cos(math.pi * _position(step, steps, peak)))


def _linear(recipe: Recipe, step: int, steps: int, peak: int) -> float:  # noqa: ARG001
    return 1 - _position(step, steps, peak)


def _hold_then_fall(recipe: Recipe, step: int, steps: int, peak: int) -> float:
    """Warm-up, stable, decay (arXiv 2404.06395): the last `decay` of all steps fall on a line.

    Where warm-up and decay leave no room for each other, the fall begins after the peak. Of 10 steps with
    decay 0.3 the last 3 have 3/4, 2/4 and 1/4 of the peak.
    """
    # Of 10 steps with the peak at 8 and decay 0.5 only 10 − 8 = 2 are left to fall, not 5.
    falling = min(math.ceil(round(recipe.decay * steps, 9)), steps - peak)
    return min(1.0, (steps + 1 - step) / (falling + 1))


_SHAPES: dict[str, Callable[[Recipe, int, int, int], float]] = {
    "cosine": _cosine,
    "linear": _linear,
    "wsd": _hold_then_fall,
}
