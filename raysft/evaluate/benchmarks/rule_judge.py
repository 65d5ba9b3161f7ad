"""The rule judge of the built-in world: grades a chat of two turns from 1 to 10.

A perfect turn is worth 10, a turn without anything right 1, and what is partly right lies between. Only
words count: punctuation and white space do not, upper and lower case do, and every extra word is an error.
The second turn is held against the model's *own* first answer with the follow-up applied to it, so a wrong
first answer is not punished twice. Not judged: tone and grammar.
"""

import re
from dataclasses import dataclass

from raysft.data.world.demands import FOLLOW_UPS, Demands

_WORST, _BEST = 1.0, 10.0


@dataclass(frozen=True)
class Rating:
    """Grades of one chat, each from 1 to 10."""

    first: float
    second: float
    wordless: bool
    """The first answer has no words at all; then there is nothing to change either."""

    @property
    def mean(self) -> float:
        """The grade of the chat."""
        return (self.first + self.second) / 2


def rate(demands: Demands, first: str, second: str) -> Rating:
    """Grade the two answers of one chat."""
    given, changed = _words(first), _words(second)
    if not given:
        return Rating(_WORST, _WORST, wordless=True)
    return Rating(_first_turn(demands, given), _second_turn(demands, given, changed), wordless=False)


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text)


def _first_turn(demands: Demands, given: list[str]) -> float:
    """Exact words in order; or 3 points each for the number of words, their kind, and no repetition."""
    if demands.words:
        return _likeness(given, list(demands.words))
    right_count = len(given) == demands.count
    right_kind = all(word in demands.choices for word in given)
    return _WORST + 3 * right_count + 3 * right_kind + 3 * _distinct(given)


def _second_turn(demands: Demands, given: list[str], changed: list[str]) -> float:
    """The first answer changed as asked; "one more" has several right answers, worth 4 + 3 + 2 points."""
    if demands.follow_up != "more":
        return _likeness(changed, FOLLOW_UPS[demands.follow_up].change(given, demands.word))
    if not changed:
        return _WORST
    one_more = changed[:-1] == given
    right_kind = all(word in demands.choices for word in changed)
    return _WORST + 4 * one_more + 3 * right_kind + 2 * _distinct(changed)


def _likeness(given: list[str], wanted: list[str]) -> float:
    """10 if equal; else 1, and 3 for the right words in another order, 2 for their number, 2 for any one."""
    if given == wanted:
        return _BEST
    same_words = sorted(given) == sorted(wanted)
    return _WORST + 3 * same_words + 2 * (len(given) == len(wanted)) + 2 * (not set(given).isdisjoint(wanted))


def _distinct(words: list[str]) -> bool:
    return len(set(words)) == len(words)
