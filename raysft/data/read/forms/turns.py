"""A list of turns in all the ways in which it is written: objects, question and answer pairs, plain texts."""

import json
from collections.abc import Mapping, Sequence

from raysft.data.conversation import Message, Role
from raysft.data.read.forms.fields import Fields, Malformed, Reading, is_empty, kind, text
from raysft.data.read.forms.message import ROLE_KEYS, message, system_text

_PAIRS = (
    ("input", "output"),
    ("human", "assistant"),
    ("user", "assistant"),
    ("prompt", "response"),
    ("question", "answer"),
)
"""Keys of an object that holds a question and its answer: Capybara's and xtuner's, MOSS's, and others."""
_SYSTEM_KEYS = ("system", "system_prompt", "system_message")
_SYSTEM = frozenset(_SYSTEM_KEYS)
_ALTERNATING: tuple[Role, Role] = ("user", "assistant")


def turns(value: object, name: str, reading: Reading) -> list[Message]:
    """Read a list of turns; whether their order is right is not looked at.

    Args:
        value: a list, the same as JSON in a text, or one object of lists, as `datasets` makes of it.
        name: of its key in the row.
        reading: notes the keys inside it that are not used.

    Raises:
        Malformed: it is no list of turns, or one says what cannot be carried.
    """
    listed = _list(_rows(_decoded(value, name)), name)
    if listed and all(isinstance(one, str) for one in listed):
        return [
            Message(_ALTERNATING[place % 2], text(one, f"turn {place + 1} of {name}"))
            for place, one in enumerate(listed)
        ]
    found: list[Message] = []
    for one in listed:
        found.extend(_turn(one, reading, f"{name}[]."))
    return found


def history(value: object, reading: Reading) -> list[Message]:
    """What was said before: `[[question, answer], …]`, or a list of messages."""
    if not isinstance(value, list) or not all(isinstance(one, list | tuple) for one in value):
        return turns(value, "history", reading) if not isinstance(value, str) else _no_history(value)
    found = []
    for one in value:
        if len(one) != 2:
            raise Malformed(f"history holds a list of {len(one)}, where question and answer make two")
        found += [
            Message(role, text(said, f"the {role} text in history"))
            for role, said in zip(_ALTERNATING, one, strict=True)
            if not is_empty(said)
        ]
    return found


def _no_history(value: str) -> list[Message]:
    raise Malformed(f"history must be a list of pairs, not {kind(value)}")


def with_system(fields: Fields, messages: Sequence[Message], reading: Reading) -> list[Message]:
    """Put the system text that a row says beside its turns in front of them.

    Raises:
        Malformed: the turns begin with another one.
    """
    if fields.none_of(_SYSTEM):
        return [*messages]
    given = {key: system_text(fields.get(key), key, reading) for key in _SYSTEM_KEYS if fields.has(key)}
    said = [one for one in given.values() if one.strip()]
    first = messages[0].content if messages and messages[0].role == "system" else None
    if len({*said, *([first] if said and first else [])}) > 1:
        raise Malformed(f"{' and '.join(given)} and the system turn differ; keep one of them")
    return [Message("system", said[0]), *messages] if said and not first else [*messages]


def _turn(value: object, reading: Reading, prefix: str) -> list[Message]:
    fields = Fields(value, "a turn")
    pair = None if fields.first(ROLE_KEYS) else next((one for one in _PAIRS if _fits(fields, one)), None)
    return [message(fields, reading, prefix)] if pair is None else _pair(fields, pair, reading, prefix)


def _fits(fields: Fields, pair: tuple[str, str]) -> bool:
    return all(isinstance(fields.leave(key), str) for key in pair)


def _pair(fields: Fields, pair: tuple[str, str], reading: Reading, prefix: str) -> list[Message]:
    """Question and answer of one object; an empty one of them is no turn."""
    found = []
    for role, key in zip(_ALTERNATING, pair, strict=True):
        if fields.has(key):
            # xtuner marks an answer that is read and not learnt
            learnt = role == "user" or fields.raw("output_with_loss") is not False
            found.append(Message(role, text(fields.get(key), f"the {role} text"), supervised=learnt))
    found = with_system(fields, found, reading)
    reading.unused.extend(fields.unused(prefix))
    return found


def _decoded(value: object, name: str) -> object:
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        raise Malformed(f"{name} is a text that is not JSON") from None


def _rows(value: object) -> object:
    """The rows of `{"role": [...], "content": [...]}`."""
    if (
        not isinstance(value, Mapping)
        or not value
        or not all(isinstance(one, list) for one in value.values())
    ):
        return value
    if len({len(one) for one in value.values()}) > 1:
        return value
    return [dict(zip(value, one, strict=True)) for one in zip(*value.values(), strict=True)]


def _list(value: object, name: str) -> Sequence[object]:
    if not isinstance(value, list | tuple):
        raise Malformed(f"{name} must be a list, not {kind(value)}")
    return value
