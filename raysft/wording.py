"""What is wrong with a value, in words for whoever wrote it: never those of the library that found it.

`in_words` takes one of pydantic's errors, as a mapping (`ValidationError.errors()`), so this module needs no
pydantic. A type of error that is not in the table is told by pydantic's own message.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from difflib import get_close_matches
from itertools import islice
from typing import Any, NamedTuple

NOT_GIVEN = "not given"
"""In place of a value that is missing."""

_WHOLE = "write a whole number"
_NUMBER = "write a number"
_TRUTH = "write true or false"
_LIST = "write a list, such as [a, b]"
_MAPPING = "write a mapping, such as {key: value}"

_SAID: Mapping[str, str | Callable[[Mapping[str, Any]], str]] = {
    "missing": "must be given",
    "extra_forbidden": "no such key here",
    "int_type": _WHOLE,
    "int_parsing": _WHOLE,
    "int_parsing_size": _WHOLE,
    "int_from_float": _WHOLE,
    "float_type": _NUMBER,
    "float_parsing": _NUMBER,
    "finite_number": "write a number that is not infinite",
    "bool_type": _TRUTH,
    "bool_parsing": _TRUTH,
    "string_type": lambda given: _write_text(given["input"]),
    "string_unicode": "has characters that are none: write it anew",
    "string_too_short": lambda given: f"write at least {given['min_length']} characters",
    "string_too_long": lambda given: f"write at most {given['max_length']} characters",
    "string_pattern_mismatch": "use letters, digits, `_`, `.` and `-`, and begin with a letter or digit",
    "literal_error": lambda given: f"use {given['expected'].replace(chr(39), '')}",
    "greater_than": lambda given: f"must be above {_plain_number(given['gt'])}",
    "greater_than_equal": lambda given: f"must be at least {_plain_number(given['ge'])}",
    "less_than": lambda given: f"must be below {_plain_number(given['lt'])}",
    "less_than_equal": lambda given: f"must be at most {_plain_number(given['le'])}",
    "too_short": lambda given: f"give at least {given['min_length']}",
    "too_long": lambda given: f"give at most {given['max_length']}",
    "list_type": _LIST,
    "tuple_type": _LIST,
    "dict_type": _MAPPING,
    "mapping_type": _MAPPING,
    "model_type": _MAPPING,
    "model_attributes_type": _MAPPING,
    "invalid_key": "a key must be text: put it in quotes",
    "none_required": "write null, or leave it out",
    "recursion_loop": "refers to itself",
    "value_error": lambda given: str(given["error"]),
    "assertion_error": lambda given: str(given["error"]),
}


def in_words(error: Mapping[str, Any]) -> str:
    """What would be right, for one of pydantic's errors; with what is spelt alike, where that is known."""
    said = _SAID.get(error["type"])
    if said is None:
        return str(error["msg"])
    given = {"input": error.get("input"), **error.get("ctx", {})}
    text = said if isinstance(said, str) else said(given)
    if error["type"] == "literal_error" and len(choices := _choices(given["expected"])) > 1:
        text += did_you_mean(error["input"], choices)
    return text


def _plain_number(bound: float) -> str:
    return str(bound) if isinstance(bound, int) else f"{bound:g}"


def _write_text(value: object) -> str:
    """YAML takes `2024` for a number and `true` for a truth value, unless there are quotes around it."""
    return (
        f'write text; in quotes it is: "{as_written(value)}"'
        if isinstance(value, int | float)
        else "write text"
    )


_MOST_COMPARED = 200


def did_you_mean(written: object, known: Iterable[str]) -> str:
    """`; did you mean math?` for what is spelt alike, in capitals or not; empty where nothing is."""
    plain: dict[str, str] = {}
    for one in islice(known, _MOST_COMPARED):
        plain.setdefault(_plain(one), one)
    near = get_close_matches(_plain(str(written)[:100]), list(plain), n=1, cutoff=0.6)
    return f"; did you mean {plain[near[0]]}?" if near else ""


def _plain(name: str) -> str:
    return name.lower().replace("-", "_").replace(" ", "_")


def _choices(expected: str) -> list[str]:
    """Of `'a', 'b' or 'c'`, as pydantic has it."""
    return [one.strip().strip("'") for one in expected.replace(" or ", ", ").split(",")]


def counted(count: int, noun: str) -> str:
    """A number with its noun: `1 score`, `1,200 scores`."""
    return f"{count:,} {noun}" + ("" if count == 1 else "s")


_MOST_SHOWN = 60
_BARE = re.compile(r"[A-Za-z_./~][\w./~=+@ ()-]*(?<! )|[0-9]+[/:][0-9/:]+")
_READ_OTHERWISE = frozenset({"true", "false", "null", "~"})


def as_written(value: object) -> str:
    """A value as YAML has it, on one line and cut where it is long; no character in it is unseen."""
    text = "".join(_pieces(value, _MOST_SHOWN))
    return text if len(text) <= _MOST_SHOWN else text[: _MOST_SHOWN - 3] + "..."


def _pieces(value: object, room: int) -> Iterator[str]:
    """Parts of the text, no more of them than there is room for: a value may be of any size."""
    if isinstance(value, Mapping):
        yield from _joined("{}", ((f"{_scalar(key)}: ", one) for key, one in value.items()), room)
    elif isinstance(value, list | tuple):
        yield from _joined("[]", (("", one) for one in value), room)
    else:
        yield _scalar(value)


def _joined(brackets: str, members: Iterable[tuple[str, object]], room: int) -> Iterator[str]:
    yield brackets[0]
    for place, (key, one) in enumerate(members):
        if room <= 0:
            break
        before = f", {key}" if place else key
        yield before
        room -= len(before) + 1
        for piece in _pieces(one, room):
            yield piece
            room -= len(piece)
    yield brackets[1]


def _scalar(value: object) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        bare = _BARE.fullmatch(value) and value.lower() not in _READ_OTHERWISE
        return value if bare else _quoted(value)
    if isinstance(value, int) and abs(value) >= 10**_MOST_SHOWN:
        return f"a number of more than {_MOST_SHOWN} digits"
    return str(value)


def _quoted(text: str) -> str:
    return f'"{seen(text[: _MOST_SHOWN + 1])}"'


def seen(text: str) -> str:
    """A text whose characters all can be seen: others are shown by their numbers in hexadecimal."""
    if text.isprintable():
        return text
    return "".join(one if one.isprintable() else f"\\u{ord(one):04x}" for one in text)


class Fault(NamedTuple):
    """One thing that is wrong inside a value that a validator reads."""

    place: tuple[str | int, ...]
    """Steps from the value to what is wrong, as the user wrote it."""
    value: object
    said: str
    """What would be right."""
    instead: object = None
    """What may stand there while the rest is looked at; None for nothing."""


class Faults(ValueError):
    """Everything that a validator finds wrong inside one value; a `ValueError` tells one thing only."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = tuple(faults)
        places = (".".join(map(str, one.place)) for one in self.faults)
        super().__init__(
            "; ".join(f"{at}: {one.said}" if at else one.said for at, one in zip(places, faults, strict=True))
        )


def is_inside(raw: object, step: str | int) -> bool:
    """Whether a list or mapping has something at a step."""
    if isinstance(raw, list | tuple):
        return isinstance(step, int) and step < len(raw)
    return isinstance(raw, Mapping) and step in raw


_IN_PYTHON = {
    "--store": "store",
    "--set": "changes",
    "--limit": "limit",
    "--only": "only",
    "--address": "address",
}
_command_line: ContextVar[bool] = ContextVar("_command_line", default=False)


@contextmanager
def on_a_command_line() -> Iterator[None]:
    """Within it messages name options as a command has them."""
    token = _command_line.set(True)
    try:
        yield
    finally:
        _command_line.reset(token)


def argument(option: str, value: str = "") -> str:
    """An option for a message: `--store` on a command line, `store` for whoever calls from Python."""
    if _command_line.get():
        return f"{option} {value}".rstrip()
    name = _IN_PYTHON.get(option, option)
    return f'{name}=["{value}"]' if value else name
