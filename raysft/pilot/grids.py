"""The grids of a pilot: the smallest that tells something, and what is added to it as far as a budget allows.

The smallest compares multi_task, mixed_sequential and dmt, over two seeds, on a small share of the data; for
one cannot tell two recipes apart. `ADDITIONS` says what is added, the most telling first:

    the smallest k of dmt; smaller amounts; more of the data; each ability alone; a third seed; sequential;
    dmt's middle k; a third amount; a fourth and a fifth seed

The fullest then has two studies, with five seeds each:

    amount     each ability alone, and all together, at 1, 1/4 and 1/16 of the data
    strategy   multi_task, sequential, mixed_sequential, and dmt with k of 1/64, 1/16 and 1/4

Sizes set limits that no budget lifts: every stage takes at least `LEAST_STEPS` steps, and dmt replays at
least `LEAST_REPLAYED` conversations of each ability. The batch size depends on the sizes alone, so that
stages of a small pilot and a large one are the same, and trained once.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any, Literal

from raysft.composition.exact import count_of
from raysft.spec.recipe import Recipe

LEAST_STEPS = 10
"""Optimiser steps of the shortest stage."""
LEAST_REPLAYED = 8
"""Conversations of one ability that dmt's last stage sees again."""
BATCH_SIZES = (128, 64, 32, 16, 8)
"""The largest that gives the shortest stage enough steps is taken."""

_AMOUNTS = (Fraction(1), Fraction(1, 4), Fraction(1, 16))
_REPLAYED = (Fraction(1, 64), Fraction(1, 16), Fraction(1, 4))
_SCALES = (Fraction(1, 256), Fraction(1, 64), Fraction(1, 16), Fraction(1, 4), Fraction(1))

Studies = dict[str, dict[str, Any]]
"""As a sweep file has them."""
Kind = Literal["replay", "together", "data", "alone", "third seed", "sequential", "k", "amount", "seeds"]
"""What an addition is about."""


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

    @property
    def several(self) -> bool:
        """Whether there is anything to mix."""
        return len(self.rows) > 1

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


@dataclass(frozen=True)
class Addition:
    """Something that a grid can have more."""

    kind: Kind
    text: str
    """What it is, for whoever has to do without it."""
    fields: Mapping[str, Any]
    """Of a grid, those that are set."""

    def to(self, grid: Grid) -> Grid:
        """A grid with it."""
        return replace(grid, **self.fields)


ADDITIONS: tuple[Addition, ...] = (
    Addition("replay", "the smallest k of dmt", {"replayed": (_REPLAYED[0], _REPLAYED[-1])}),
    Addition("together", "smaller amounts", {"amounts": _AMOUNTS[:2]}),
    *(
        Addition("data", "all of the data" if scale == 1 else f"{scale} of the data", {"scale": scale})
        for scale in _SCALES[1:]
    ),
    Addition("alone", "each ability alone", {"alone": True}),
    Addition("third seed", "a third seed", {"seeds": (0, 1, 2)}),
    Addition("sequential", "sequential", {"sequential": True}),
    Addition("k", "the middle k of dmt", {"replayed": _REPLAYED}),
    Addition("amount", "a third amount", {"amounts": _AMOUNTS}),
    Addition("seeds", "a fourth seed", {"seeds": (0, 1, 2, 3)}),
    Addition("seeds", "a fifth seed", {"seeds": (0, 1, 2, 3, 4)}),
)
"""The most telling first. Of one kind each goes on from the one before."""
BUILDS_ON: Mapping[Kind, Kind] = {"k": "replay", "amount": "together", "seeds": "third seed"}
"""Kinds that go on from another."""


def smallest(data: Data) -> Grid:
    """The least that is compared, on the smallest share of the data with stages that are long enough.

    Of a single ability nothing can be compared but two amounts.
    """
    amounts = _AMOUNTS[:1] if data.several else _AMOUNTS[:2]
    scale = next((one for one in _SCALES if data.enough(one * amounts[-1])), Fraction(1))
    return Grid((0, 1), scale, amounts, alone=not data.several, sequential=False, replayed=_REPLAYED[-1:])


def batch_size(rows: Mapping[str, int], recipe: Recipe) -> int:
    """The largest of `BATCH_SIZES` with which the smallest amount still has `LEAST_STEPS` steps.

    The smallest amount is that of the fullest pilot which the smallest batch allows: it depends on sizes
    alone.
    """
    least = min(BATCH_SIZES)
    usable = [amount for amount in _AMOUNTS if _data(rows, recipe, least).enough(amount)]
    shortest = min(usable, default=Fraction(1))
    return next((size for size in BATCH_SIZES if _data(rows, recipe, size).enough(shortest)), least)


def _data(rows: Mapping[str, int], recipe: Recipe, size: int) -> Data:
    return Data("", rows, {}, None, recipe.model_copy(update={"batch_size": size}))


def studies(grid: Grid, data: Data) -> Studies:
    """The grid as a sweep file has it, without what the sizes do not allow."""
    grid = grid.within(data)
    amounts = [_written(one * grid.scale) for one in grid.amounts]
    alone = [{"single": ability} for ability in data.rows] if grid.alone else []
    together: list[object] = ["multi_task"] if data.several else []
    found: Studies = {}
    if alone or len(amounts) > 1:
        found["amount"] = _study(grid, data, [*alone, *together], amounts)
    if data.several:
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
