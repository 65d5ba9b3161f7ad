"""The words that the three abilities and the base text share."""


def _words(line: str) -> tuple[str, ...]:
    return tuple(line.split())


NAMES = _words("Tom Ann Bob Eva Sam Mia Leo Zoe Max Ida Ben Amy Dan Liz Jim Kay")
"""People."""

OBJECTS = _words("apples pens books coins cards shells stamps eggs toys cups rocks balls")
"""What people own; every plural ends in one `s`."""

CATEGORIES = {
    "fruits": _words("apple pear plum grape lemon peach mango melon"),
    "animals": _words("dog cat cow horse goat sheep duck fox"),
    "colors": _words("red blue green pink gray black white brown"),
    "tools": _words("hammer saw drill knife rope brush nail file"),
    "drinks": _words("water milk tea juice coffee cola soda cocoa"),
    "metals": _words("iron gold silver copper zinc tin lead steel"),
}
"""Things, by what they are; no word is in two categories."""

THINGS = tuple(word for words in CATEGORIES.values() for word in words)
"""All words of all categories."""

OPPOSITES = (
    ("hot", "cold"),
    ("big", "small"),
    ("fast", "slow"),
    ("old", "new"),
    ("high", "low"),
    ("wet", "dry"),
    ("open", "closed"),
    ("happy", "sad"),
    ("full", "empty"),
    ("light", "dark"),
)
"""Pairs of adjectives that mean the opposite of each other."""

GREETINGS = ("Hello", "Hi", "Welcome", "Goodbye", "Thanks")
"""Words to greet a person with."""
