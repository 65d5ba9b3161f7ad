"""One item of the built-in world: what is asked, what would be right, what grading needs."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import chain

from raysft.data.conversation import Conversation, dialogue
from raysft.identity import Json

ABILITIES = ("math", "code", "general")
"""The abilities of the built-in world."""


@dataclass(frozen=True)
class WorldItem:
    """An exercise with its reference answers; used for training or for testing, never for both."""

    ability: str
    """One of `ABILITIES`."""
    turns: tuple[str, ...]
    """What the user says, one text per turn."""
    references: tuple[str, ...]
    """A perfect answer to each turn."""
    facts: Mapping[str, Json]
    """What grading needs: math `answer`; code `entry_point`, `prompt`, `tests`; general the `Demands`."""


def conversation(item: WorldItem) -> Conversation:
    """The item as user and assistant turns, each turn answered by its reference."""
    return dialogue(*chain.from_iterable(zip(item.turns, item.references, strict=True)))
