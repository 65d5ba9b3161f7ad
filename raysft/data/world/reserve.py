"""Which items are for testing, and which for training.

The reserve, 1,000 test items per ability, is drawn first, from a seed of its own; whatever comes after it,
training conversations or base text, leaves out everything that the reserve asks.
"""

from collections.abc import Callable, Iterator
from functools import cache
from itertools import islice
from random import Random

from raysft.data.world.chats import general_item
from raysft.data.world.code_problems import code_item
from raysft.data.world.draw import seeded
from raysft.data.world.item import ABILITIES, WorldItem
from raysft.data.world.math_problems import math_item
from raysft.errors import InputError, Problem

RESERVE = 1_000
"""Test items per ability that nothing else may contain."""

_MAKERS: dict[str, Callable[[Random], WorldItem]] = {
    "math": math_item,
    "code": code_item,
    "general": general_item,
}


def random_item(ability: str, rng: Random) -> WorldItem:
    """An item of one ability, perhaps one of the reserve.

    Raises:
        InputError: the world has no such ability.
    """
    if ability not in _MAKERS:
        raise InputError([Problem("world", ability, f"the built-in world has {', '.join(ABILITIES)}")])
    return _MAKERS[ability](rng)


def leak_units(item: WorldItem) -> tuple[str, ...]:
    """The texts that give a test item away; no other item may have one, and no document may hold one.

    Math: the question. Code: the docstring, under whatever function and variable name. General: both turns
    together, and where the first quotes words (`Reverse the words: tin goat plum`), that turn with its
    answer. Other first turns (`Say Hello to Tom.`) are so few that leaving them out would leave nothing to
    learn from: they recur with other follow-ups. Not covered: questions that differ from a test item in one
    number or name, and answers without their question, such as a body that several docstrings ask for.
    """
    first = item.turns[0]
    match item.ability:
        case "code":
            return (first.split('"""')[1],)
        case "general":
            return (" ".join(item.turns), *([f"{first} {item.references[0]}"] if ": " in first else []))
        case _:
            return (first,)


def is_held_out(item: WorldItem) -> bool:
    """Whether an item asks what a test item asks."""
    held_out = _held_out_units(item.ability)
    return any(unit in held_out for unit in leak_units(item))


def test_items(ability: str, count: int = 300) -> list[WorldItem]:  # noqa: PT028 - no test of ours
    """The test set of an ability: always the same items, and fewer are the first of more.

    Raises:
        InputError: unknown ability, or a count outside 1 to `RESERVE`.
    """
    if not 1 <= count <= RESERVE:
        raise InputError([Problem("limit", str(count), f"a built-in test set has 1 to {RESERVE:,} items")])
    return list(_reserve(ability)[:count])


def training_items(ability: str, rows: int, seed: int = 0) -> list[WorldItem]:
    """Training items with distinct prompts, none of which asks what a test item asks.

    Deterministic in (ability, seed); more rows keep the first ones.

    Raises:
        InputError: unknown ability, or a negative number of rows.
    """
    if rows < 0:
        raise InputError([Problem("rows", str(rows), "a number of rows, 0 or more")])
    return list(islice(_distinct_training_items(ability, seed), rows))


def _distinct_training_items(ability: str, seed: int) -> Iterator[WorldItem]:
    rng = seeded(ability, "training", seed)
    seen: set[tuple[str, ...]] = set()
    while True:
        item = random_item(ability, rng)
        if item.turns not in seen and not is_held_out(item):
            seen.add(item.turns)
            yield item


@cache
def _reserve(ability: str) -> tuple[WorldItem, ...]:
    rng = seeded(ability, "test")
    seen: set[str] = set()
    items: list[WorldItem] = []
    while len(items) < RESERVE:
        item = random_item(ability, rng)
        units = leak_units(item)
        if seen.isdisjoint(units):
            seen.update(units)
            items.append(item)
    return tuple(items)


@cache
def _held_out_units(ability: str) -> frozenset[str]:
    return frozenset(unit for item in _reserve(ability) for unit in leak_units(item))
