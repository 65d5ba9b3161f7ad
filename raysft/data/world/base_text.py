"""Base text: what a model reads before it is fine-tuned, so that there is something to fine-tune.

Arithmetic facts, snippets of code, facts about words, registers to look things up in, copying, and traces
of the three abilities as plain text without roles. Copying and arithmetic matter most: a base without copying
learns half as much from the same fine-tuning.
"""

from collections.abc import Callable, Iterator
from random import Random

from raysft.data.world.code_problems import routine
from raysft.data.world.draw import seeded
from raysft.data.world.item import ABILITIES, WorldItem
from raysft.data.world.operation import Settings
from raysft.data.world.operation_table import FAMILIES
from raysft.data.world.reserve import is_held_out, random_item, training_items
from raysft.data.world.words import CATEGORIES, GREETINGS, NAMES, OBJECTS, OPPOSITES, THINGS


def pretraining_documents(count: int, seed: int = 0) -> Iterator[str]:
    """Documents of base text; each seed gives others, and fewer are the first of more.

    No document holds what a test item asks; see `raysft.data.world.reserve.leak_units`.
    """
    rng = seeded("base text", seed)
    for _ in range(count):
        yield rng.choices(_KINDS, weights=_SHARES)[0](rng)


def tokenizer_texts(count: int) -> Iterator[str]:
    """Texts to train a tokenizer on: base text and, every second, a training conversation.

    The conversations bring in what base text never shows, such as `####` and docstrings.
    """
    documents, conversations = pretraining_documents(count), _conversation_texts(count)
    for place in range(count):
        yield next(conversations if place % 2 else documents)


def _conversation_texts(count: int) -> Iterator[str]:
    rows = -(-count // len(ABILITIES))
    for items in zip(*(training_items(ability, rows) for ability in ABILITIES), strict=True):
        yield from map(_as_text, items)


def _as_text(item: WorldItem) -> str:
    return "\n".join(part for pair in zip(item.turns, item.references, strict=True) for part in pair)


def _fresh_item(ability: str, rng: Random) -> WorldItem:
    while True:
        item = random_item(ability, rng)
        if not is_held_out(item):
            return item


def _arithmetic(rng: Random) -> str:
    return rng.choice((" ", "\n", ". ")).join([_equation(rng) for _ in range(6)])


def _equation(rng: Random) -> str:
    """One equation; the easy ones, which worked steps need most, are the most frequent."""
    chance = rng.random()
    if chance < 0.42:
        a, operator, b = rng.randint(1, 80), "+", rng.randint(2, 19)
    elif chance < 0.52:
        a, operator, b = rng.randint(3, 42), "+", rng.randint(3, 42)
    elif chance < 0.78:
        a, operator = rng.randint(3, 99), "-"
        b = rng.randint(2, min(19, a))
    elif chance < 0.84:
        a, operator = rng.randint(4, 99), "-"
        b = rng.randint(2, min(81, a))
    elif chance < 0.93:
        a, operator, b = rng.randint(2, 9), "*", rng.randint(2, 9)
    else:
        a, operator, b = rng.randint(2, 40), "*", rng.choice((2, 2, 3))
        b = b if a * b < 100 else 2
    result = {"+": a + b, "-": a - b, "*": a * b}[operator]
    return f"{a}{operator}{b}={result}"


def _question(rng: Random) -> str:
    return _fresh_item("math", rng).turns[0]


def _function(rng: Random) -> str:
    made = routine(rng)
    return f"{made.signature}\n{made.body}"


def _trace(rng: Random) -> str:
    """An item in another layout than that of training: no roles, no `####`, the docstring as a comment."""
    item = _fresh_item(rng.choices(ABILITIES, weights=(25, 20, 55))[0], rng)
    match item.ability:
        case "math":
            return f"Q: {item.turns[0]}\nA: {item.references[0].splitlines()[0]}"
        case "code":
            signature, docstring = item.turns[0].splitlines()
            comment = "# " + docstring.strip().strip('"')
            return f"{comment}\n{signature}\n{item.references[0]}"
        case _:
            text = _as_text(item)
            return text if rng.random() < 0.5 else "\n".join(text.splitlines()[:2])


def _line_of_code(rng: Random) -> str:
    step, settings = rng.choice(FAMILIES).operations.draw(rng), Settings.drawn(rng)
    variable = rng.choice(("nums", "xs", "s", "n", "text"))
    phrase = settings.write(rng.choice((step.phrase, step.other_phrase)), variable)
    return f"# {phrase}\n{settings.write(step.source, variable)}"


def _fact(rng: Random) -> str:
    chance = rng.random()
    category = rng.choice(tuple(CATEGORIES))
    words = ", ".join(rng.sample(CATEGORIES[category], rng.randint(2, 5)))
    if chance < 0.4:
        return f"{words} are {category}."
    if chance < 0.7:
        return f"{category}: {words}."
    a, b = rng.sample(rng.choice(OPPOSITES), 2)
    return rng.choice((f"{a} is the opposite of {b}.", f"not {a} but {b}."))


def _register(rng: Random) -> str:
    """Who has what, then looked up again in another order."""
    people = rng.sample(NAMES, rng.randint(2, 4))
    lines = [f"{one} has {rng.randint(2, 99)} {rng.choice(OBJECTS)}." for one in people]
    return " ".join(lines) + "\n" + " ".join(rng.sample(lines, len(lines)))


_COPIED = (
    *THINGS,
    *NAMES,
    *OBJECTS,
    *(word for pair in OPPOSITES for word in pair),
    "Yes",
    "No",
    *GREETINGS,
    *CATEGORIES,
    *map(str, range(2, 60, 3)),
)


def _copy(rng: Random) -> str:
    words = rng.choices(_COPIED, k=rng.randint(3, 9))
    line, chance = " ".join(words), rng.random()
    if chance < 0.6:
        return f"{line}.\n{line}.\n{line}."
    if chance < 0.8:
        return f"{line}.\n{line.upper()}."
    if chance < 0.92:
        return f"{line}.\n{' '.join(words[::-1])}."
    return " ".join(f"{place}. {word}" for place, word in enumerate(words, 1))


_KINDS: tuple[Callable[[Random], str], ...] = (
    _arithmetic,
    _question,
    _function,
    _trace,
    _line_of_code,
    _fact,
    _register,
    _copy,
)
_SHARES = (18, 6, 6, 20, 6, 7, 10, 27)
