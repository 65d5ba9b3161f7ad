"""General: chats of two turns whose demands a rule can check, in the place of MT-Bench's.

Eight tasks in equal shares: list, repeat, uppercase, reverse, greet, opposite, membership, first or last
word; then one follow-up that changes the first answer. A follow-up that would change nothing is never asked:
uppercase after uppercase, reversal of a word said several times, the first word of one word.
"""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from raysft.data.world.demands import FOLLOW_UPS, Demands, Kind
from raysft.data.world.item import WorldItem
from raysft.data.world.words import CATEGORIES, GREETINGS, NAMES, OPPOSITES, THINGS

_ALWAYS: tuple[Kind, ...] = ("upper", "twice", "start", "end", "number")
_SEVERAL: tuple[Kind, ...] = (*_ALWAYS, "reverse", "first")
_WITH_COMMAS = ("upper", "reverse", "more")


@dataclass(frozen=True)
class _Request:
    """A first turn and its answer."""

    turn: str
    words: list[str]
    follow_ups: tuple[Kind, ...]
    separator: str = " "
    choices: tuple[str, ...] = ()
    """Words that the user lets the model choose from; empty if one answer only is right."""


def general_item(rng: Random) -> WorldItem:
    """One chat; `facts` is a `Demands` as plain JSON."""
    request = rng.choice(_TASKS)(rng)
    kind = rng.choice(request.follow_ups)
    left = [word for word in request.choices if word not in request.words]
    word = rng.choice(left if kind == "more" else THINGS)
    follow_up = FOLLOW_UPS[kind]
    second = follow_up.change(request.words, word)
    references = (request.separator.join(request.words) + ".", _written(second, kind, request.separator))
    demands = Demands(
        words=() if request.choices else tuple(request.words),
        count=len(request.words) if request.choices else 0,
        choices=request.choices,
        follow_up=kind,
        word=word if kind in ("start", "end", "more") else "",
    )
    turns = (request.turn, rng.choice(follow_up.wordings).format(word=word))
    return WorldItem("general", turns, references, demands.model_dump(mode="json"))


def _written(words: list[str], kind: Kind, separator: str) -> str:
    if kind == "number":
        return " ".join(f"{number}. {word}" for number, word in zip(words[::2], words[1::2], strict=True))
    return (separator if kind in _WITH_COMMAS else " ").join(words) + "."


def _list(rng: Random) -> _Request:
    category, count = rng.choice(tuple(CATEGORIES)), rng.randint(2, 5)
    wording = rng.choice(
        ("Name {n} {c}.", "List {n} {c}.", "Please give me {n} {c}.", "Can you tell me {n} {c}?")
    )
    choices = CATEGORIES[category]
    words = rng.sample(choices, count)
    return _Request(wording.format(n=count, c=category), words, (*_SEVERAL, "more"), ", ", choices)


def _repeat(rng: Random) -> _Request:
    word, count = rng.choice(THINGS), rng.randint(2, 5)
    turn = rng.choice((f"Repeat the word {word} {count} times.", f"Say {word} {count} times."))
    return _Request(turn, [word] * count, (*_ALWAYS, "first"))


def _upper(rng: Random) -> _Request:
    words = rng.sample(THINGS, rng.randint(2, 4))
    turn = rng.choice(("Write in uppercase: ", "Make this uppercase: ")) + " ".join(words)
    return _Request(turn, [word.upper() for word in words], _SEVERAL[1:])


def _reverse(rng: Random) -> _Request:
    words = rng.sample(THINGS, rng.randint(2, 4))
    turn = rng.choice(("Reverse the words: ", "Write these words backwards: ")) + " ".join(words)
    return _Request(turn, words[::-1], _SEVERAL)


def _greet(rng: Random) -> _Request:
    greeting, name = rng.choice(GREETINGS), rng.choice(NAMES)
    turn = rng.choice((f"Say {greeting} to {name}.", f"Greet {name} with {greeting}."))
    return _Request(turn, [greeting, name], _SEVERAL)


def _opposite(rng: Random) -> _Request:
    word, opposite = rng.sample(rng.choice(OPPOSITES), 2)
    turn = rng.choice((f"What is the opposite of {word}?", f"Give me the opposite of {word}."))
    return _Request(turn, [opposite], _ALWAYS)


def _membership(rng: Random) -> _Request:
    category = rng.choice(tuple(CATEGORIES))
    others = [one for one in CATEGORIES if one != category]
    asked = category if rng.random() < 0.5 else rng.choice(others)
    word = rng.choice(CATEGORIES[category])
    turn = rng.choice((f"Is {word} one of the {asked}?", f"Are {asked} things like {word}?"))
    return _Request(turn, ["Yes" if asked == category else "No", word], _SEVERAL)


def _one_of(rng: Random) -> _Request:
    words = rng.sample(THINGS, rng.randint(3, 4))
    place, index = rng.choice((("first", 0), ("last", -1)))
    return _Request(f"What is the {place} word of: " + " ".join(words), [words[index]], _ALWAYS)


_TASKS: tuple[Callable[[Random], _Request], ...] = (
    _list,
    _repeat,
    _upper,
    _reverse,
    _greet,
    _opposite,
    _membership,
    _one_of,
)
