"""The grids of a pilot, from the fullest to the smallest, as far as the sizes of the data allow.

The fullest has two studies, with three seeds each:

    amount     each ability alone, and all together, at 1, 1/4 and 1/16 of the data
    strategy   multi_task, sequential, mixed_sequential, and dmt with k of 1/64, 1/16 and 1/4

Sizes set limits that no budget lifts: every stage takes at least `LEAST_STEPS` steps, and dmt replays at
least `LEAST_REPLAYED` conversations of each ability. `GIVEN_UP` says what a smaller one lacks, one after the
other: the third seed; amounts of 1/16; the middle k; sequential; the runs of one ability alone; all but 1/4,
1/16, 1/64, 1/256 of the data; the smaller amounts; all k but the largest. Two seeds stay, for one cannot tell
two recipes apart. The batch size depends on the sizes alone, so that stages of a small pilot and a large one
are the same, and trained once.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import partial
from typing import Any

from raysft.composition.exact import count_of
from raysft.spec.recipe import Recipe

LEAST_STEPS = 10
"""Optimiser steps of the shortest stage."""
LEAST_REPLAYED = 8
"""Conversations of one ability that dmt's last stage sees again."""
BATCH_SIZES = (128, 64, 32, 16, 8)
"""The largest that gives the shortest stage enough steps is taken."""

_SEEDS = (0, 1, 2)
_AMOUNTS = (Fraction(1), Fraction(1, 4), Fraction(1, 16))
_REPLAYED = (Fraction(1, 64), Fraction(1, 16), Fraction(1, 4))
_SCALES = (Fraction(1, 4), Fraction(1, 16), Fraction(1, 64), Fraction(1, 256))

Studies = dict[str, dict[str, Any]]
"""As a sweep file has them."""


@dataclass(frozen=True)
class Data:
    """What there is to train on."""

    model: str
    """Its name in the sweep."""
    rows: Mapping[str, int]
    """Conversations of each ability, held-out ones left out; one ability or more."""
    turns: Mapping[str, int]
    """Questions of a held-out conversation of each ability, on average, rounded up."""
    last: str | None
    """Ability that sequential strategies train last; None where there is only one."""
    recipe: Recipe

    def enough(self, amount: Fraction) -> bool:
        """Whether a stage on this amount of the smallest source has enough steps."""
        return self.recipe.steps_for(count_of(amount, min(self.rows.values()))) >= LEAST_STEPS

    def replayable(self, share: Fraction) -> bool:
        """Whether this share of each ability but the last is enough to be replayed."""
        others = [rows for ability, rows in self.rows.items() if ability != self.last]
        return bool(others) and share * min(others) >= LEAST_REPLAYED


@dataclass(frozen=True)
class Grid:
    """A pilot before it is written as studies."""

    seeds: tuple[int, ...]
    scale: Fraction
    """The largest amount."""
    amounts: tuple[Fraction, ...]
    """Of the study `amount`, relative to the scale; the largest, 1, first."""
    alone: bool
    """Whether each ability is also trained alone."""
    sequential: bool
    replayed: tuple[Fraction, ...]
    """The k of dmt, smallest first."""

    def within(self, data: Data) -> "Grid":
        """The same without what the sizes do not allow."""
        return replace(
            self,
            amounts=tuple(one for one in self.amounts if one == 1 or data.enough(one * self.scale)),
            replayed=tuple(one for one in self.replayed if data.replayable(one * self.scale)),
        )


FULLEST = Grid(_SEEDS, Fraction(1), _AMOUNTS, alone=True, sequential=True, replayed=_REPLAYED)


def batch_size(rows: Mapping[str, int], recipe: Recipe) -> int:
    """The largest of `BATCH_SIZES` with which the smallest amount still has `LEAST_STEPS` steps.

    The smallest amount is that of the fullest pilot which the smallest batch allows: it depends on sizes
    alone.
    """
    least = min(BATCH_SIZES)
    usable = [amount for amount in _AMOUNTS if _data(rows, recipe, least).enough(amount)]
    smallest = min(usable, default=Fraction(1))
    return next((size for size in BATCH_SIZES if _data(rows, recipe, size).enough(smallest)), least)


def _data(rows: Mapping[str, int], recipe: Recipe, size: int) -> Data:
    return Data("", rows, {}, None, recipe.model_copy(update={"batch_size": size}))


def studies(grid: Grid, data: Data) -> Studies:
    """The grid as a sweep file has it."""
    amounts = [_written(one * grid.scale) for one in grid.amounts]
    alone = [{"single": ability} for ability in data.rows]
    several = len(data.rows) > 1
    together: list[object] = ["multi_task"] if several else []
    found: Studies = {}
    if not several or grid.alone or len(amounts) > 1:
        single = alone if grid.alone or not several else []
        found["amount"] = _study(grid, data, [*single, *together], amounts)
    if several:
        found["strategy"] = _study(grid, data, _strategies(grid, data), amounts[:1])
    return found


def _written(share: Fraction) -> int | str:
    return 1 if share == 1 else str(share)


def _study(grid: Grid, data: Data, strategies: list[object], amounts: list[int | str]) -> dict[str, Any]:
    return {"model": data.model, "strategy": strategies, "amount": amounts, "seed": list(grid.seeds)}


def _strategies(grid: Grid, data: Data) -> list[object]:
    last = {"last": data.last}
    return [
        "multi_task",
        # With two abilities it is mixed_sequential.
        *([{"sequential": last}] if grid.sequential and len(data.rows) > 2 else []),
        {"mixed_sequential": last},
        *({"dmt": {"k": str(one), **last}} for one in grid.replayed),
    ]


# ---- what is given up

_Change = Callable[[Grid, Data], Grid]


def _two_seeds(grid: Grid, _data: Data) -> Grid:
    return replace(grid, seeds=grid.seeds[:2])


def _without_the_smallest_amount(grid: Grid, _data: Data) -> Grid:
    return replace(grid, amounts=tuple(one for one in grid.amounts if one != _AMOUNTS[-1]))


def _without_the_middle_k(grid: Grid, _data: Data) -> Grid:
    return grid if len(grid.replayed) < 3 else replace(grid, replayed=(grid.replayed[0], grid.replayed[-1]))


def _without_sequential(grid: Grid, _data: Data) -> Grid:
    return replace(grid, sequential=False)


def _together_only(grid: Grid, _data: Data) -> Grid:
    return replace(grid, alone=False)


def _scaled(scale: Fraction, grid: Grid, data: Data) -> Grid:
    # Of a single ability nothing can be compared but two amounts.
    least = scale if len(data.rows) > 1 else scale * min(_AMOUNTS[:2])
    return replace(grid, scale=scale) if data.enough(least) else grid


def _one_amount(grid: Grid, data: Data) -> Grid:
    return replace(grid, amounts=grid.amounts[:1]) if len(data.rows) > 1 else grid


def _one_k(grid: Grid, _data: Data) -> Grid:
    return replace(grid, replayed=grid.replayed[-1:])


GIVEN_UP: tuple[tuple[str, str, _Change], ...] = (
    ("seed", "the third seed", _two_seeds),
    ("amount", "amounts of 1/16", _without_the_smallest_amount),
    ("k", "the middle k of dmt", _without_the_middle_k),
    ("sequential", "sequential", _without_sequential),
    ("alone", "each ability alone", _together_only),
    *(("data", f"all but {scale} of the data", partial(_scaled, scale)) for scale in _SCALES),
    ("together", "the smaller amounts", _one_amount),
    ("replay", "all k of dmt but the largest", _one_k),
)
"""Kind, words, and how; a later entry of the same kind stands for the one before."""
