"""The fields of one object of a row, and which of them were looked at."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field

_HALF_PAIR = re.compile("[\ud800-\udfff]")
_NOTHING = frozenset({"", "[]", "{}", "null", "none"})
"""Texts that stand for no value where a column is text, as LLaMA-Factory's `tools` is."""


class Malformed(ValueError):
    """What is wrong with a row; becomes a Problem in `parse_row` and never leaves the reading of rows."""


class Refused(Malformed):
    """What a row says that cannot be carried: its form is right, and another form would not help."""


@dataclass
class Reading:
    """What is asked of the reading of one row, and what is noted meanwhile."""

    clean: Collection[str] = ()
    """Rules that are on, by name; see `raysft.data.read.forms.order`."""
    cleaned: list[str] = field(default_factory=list)
    """Those that changed the row."""
    unused: list[str] = field(default_factory=list)
    """Keys with a value that nobody looked at, `messages[].name` inside messages, once for each place."""


class Fields:
    """An object of a row. A key without a value (null, an empty text or list) is no key: Parquet has many."""

    def __init__(self, value: object, what: str = "") -> None:
        if not isinstance(value, Mapping):
            raise Malformed(f"{what} is not an object".strip())
        self._values: Mapping[str, object] = value
        self._given = {key: one for key, one in value.items() if not is_empty(one)}
        self._unused = dict(self._given)

    def get(self, key: str) -> object | None:
        """The value of a key, which counts as used from now on; None where there is none."""
        self._unused.pop(key, None)
        return self._given.get(key)

    def raw(self, key: str) -> object | None:
        """As `get`, but an empty value is given as it is."""
        self._unused.pop(key, None)
        return self._values.get(key)

    def leave(self, key: str) -> object | None:
        """The value of a key, which does not count as used."""
        return self._given.get(key)

    def has(self, key: str) -> bool:
        """Whether a key has a value."""
        return key in self._given

    def none_of(self, keys: Set[str]) -> bool:
        """Whether no key of a set has a value."""
        return keys.isdisjoint(self._given)

    def there(self, key: str) -> bool:
        """Whether a key is there, if only with an empty value other than null."""
        return self._values.get(key) is not None

    def first(self, keys: Sequence[str]) -> str | None:
        """The first of some keys that has a value."""
        return next(filter(self._given.__contains__, keys), None)

    def agreed(self, keys: Sequence[str], *, empty: bool = False) -> str:
        """The text under one of several names for the same; nothing where none has a value.

        Raises:
            Malformed: two of them differ, or one is no text.
        """
        given = [*filter(self._given.__contains__, keys)]
        texts = {text(self.get(key), key, empty=empty) for key in given}
        if len(texts) > 1:
            raise Malformed(f"{' and '.join(given)} differ; keep one of them")
        return texts.pop() if texts else ""

    def unused(self, prefix: str = "") -> Iterator[str]:
        """Keys with a value that were never asked for."""
        return (f"{prefix}{key}" for key in self._unused)


def is_empty(value: object) -> bool:
    """Whether a value says nothing; 0 and false do say something.

    Parquet and Arrow give a struct that is not there as one whose fields are null.
    """
    if value is None or isinstance(value, str):
        return not value
    if isinstance(value, dict):
        return all(map(_bare, value.values()))
    return isinstance(value, list | tuple) and all(map(_bare, value))


def _bare(value: object) -> bool:
    return value is None or (isinstance(value, str | list | tuple | dict) and not value)


def means_nothing(value: object) -> bool:
    """As `is_empty`, for columns that hold JSON as text: `"[]"` is no list of tools."""
    return is_empty(value) or (
        isinstance(value, str) and len(value) < 16 and value.strip().lower() in _NOTHING
    )


def text(value: object, name: str, *, empty: bool = False) -> str:
    """A value that must be text of at least one character that is no white space, unless `empty` is right."""
    if not isinstance(value, str):
        raise Malformed(f"{name} must be text, not {kind(value)}")
    if not empty and (not value or value.isspace()):
        raise Malformed(f"{name} is empty")
    if not value.isascii() and _HALF_PAIR.search(value):
        raise Malformed(f"{name} holds half of a surrogate pair, which is no character")
    return value


_KINDS: dict[type, str] = {
    type(None): "null",
    bool: "true or false",
    int: "a number",
    float: "a number",
    str: "text",
    list: "a list",
    dict: "an object",
}
"""What JSON calls them."""


def kind(value: object) -> str:
    """The type of a value, for messages."""
    return _KINDS.get(type(value), "a value of another kind")
