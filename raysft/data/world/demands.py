"""What a two-turn chat asks for, as plain facts that a rule can check.

The second turn changes the first answer, whatever that was. The same table therefore writes the reference
and, in `raysft.evaluate.benchmarks.rule_judge`, is applied to the answer that a model really gave.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from pydantic import BaseModel, ConfigDict

Kind = Literal["upper", "twice", "start", "end", "number", "reverse", "first", "more"]
"""What a follow-up asks for."""


@dataclass(frozen=True)
class FollowUp:
    """One change to a first answer."""

    wordings: tuple[str, str]
    """How the user says it; `{word}` is the word that goes with it."""
    change: Callable[[list[str], str], list[str]]
    """From the words of the first answer, and the word that goes with the follow-up, to the second answer."""


FOLLOW_UPS: dict[Kind, FollowUp] = {
    "upper": FollowUp(
        ("Now make it uppercase.", "Write that in uppercase."),
        lambda words, _: [word.upper() for word in words],
    ),
    "twice": FollowUp(("Now say it twice.", "Say that two times."), lambda words, _: words + words),
    "start": FollowUp(("Start it with {word}.", "Put {word} in front."), lambda words, word: [word, *words]),
    "end": FollowUp(("End it with {word}.", "Put {word} at the end."), lambda words, word: [*words, word]),
    "number": FollowUp(
        ("Now number the words.", "Add numbers to the words."),
        lambda words, _: [part for place, word in enumerate(words, 1) for part in (str(place), word)],
    ),
    "reverse": FollowUp(("Now reverse it.", "Now write it backwards."), lambda words, _: words[::-1]),
    "first": FollowUp(("Only give the first one.", "Keep just the first word."), lambda words, _: words[:1]),
    "more": FollowUp(("Add one more.", "Give me one more."), lambda words, word: [*words, word]),
}


class Demands(BaseModel):
    """What both turns of one chat ask for; `model_dump(mode="json")` is the `facts` of the item."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    words: tuple[str, ...] = ()
    """The first answer: exactly these words in this order; empty where `count` of `choices` are asked for."""
    count: int = 0
    """How many different words of `choices` the first answer must have."""
    choices: tuple[str, ...] = ()
    """Words to choose from."""
    follow_up: Kind
    """How the second answer must differ from the first."""
    word: str = ""
    """The word that the follow-up names; for `more`, the one that the reference chose."""
