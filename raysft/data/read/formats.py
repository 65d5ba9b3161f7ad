"""The forms of a row that people have, each read into a conversation: one table.

    messages           {"messages": [{"role": "user", "content": …}, …]}, as OpenAI writes them
    sharegpt           {"conversations": [{"from": "human", "value": …}, …]}, optionally with "system"
    alpaca             {"instruction": …, "input": …, "output": …}, or "response" for "output"
    prompt_completion  {"prompt": …, "completion": …}, or "response" for "completion"
    gsm8k              {"question": …, "answer": …}
    text               {"text": …}, or a plain string

Texts are kept as they are, white space included, with one exception: the calculator annotations of GSM8K
(`<<48/2=24>>`) are removed, because training on them would teach marks that nobody answers with. What is not
a sum with its result, in one line, is no such annotation: `cout << n; cin >> n` and `cat <<EOF` stay.
Not covered: tools, images, messages whose content is a list of parts, and prompts that are lists of messages.
A prompt that already holds somebody's template, such as Alpaca's "### Instruction:", is not unwrapped.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from raysft.data.conversation import Conversation, Message, Role
from raysft.errors import Problem

_HALF_PAIR = re.compile("[\ud800-\udfff]")
_SIGNS = r"-+*/().,%$x \t"
_CALCULATOR = re.compile(rf"<<[{_SIGNS}]*[0-9][{_SIGNS}0-9]*=[{_SIGNS}0-9=]*>>")

_OPENAI_ROLES: dict[str, Role] = {"system": "system", "user": "user", "assistant": "assistant"}
_SHAREGPT_ROLES: dict[str, Role] = {
    "system": "system",
    "human": "user",
    "user": "user",
    "gpt": "assistant",
    "chatgpt": "assistant",
    "assistant": "assistant",
}


class _Malformed(ValueError):
    """What is wrong with a row; becomes a Problem in `parse_row` and never leaves this file."""


@dataclass(frozen=True)
class Format:
    """One form of a row."""

    keys: frozenset[str]
    """A row that has all of these is of this form, unless an earlier form in the table fits."""
    parse: Callable[[Any], Conversation]
    """Raises `_Malformed`."""
    example: str
    """A right row, for messages."""


def parse_row(name: str, where: str, value: object) -> Conversation | Problem:
    """Read one row.

    Args:
        name: a name in `FORMATS`.
        where: file and line, for the problem.
        value: the row as JSON gives it.
    """
    form = FORMATS[name]
    try:
        return form.parse(value)
    except _Malformed as wrong:
        return Problem(where, short(value), f"{wrong}; a right row of format {name}: {form.example}")


class RowFormats:
    """The formats of the rows of one file: the one that is said, or with `auto` each row's own.

    A row whose keys fit no format is held to that of the row before it, so that it is told what is wrong with
    it. Before the first row that fits one, no format is known.
    """

    def __init__(self, said: str) -> None:
        self._auto = said == "auto"
        self._form = "" if self._auto else said

    def of(self, value: object) -> str:
        """The format to read a row by; nothing where none is known."""
        if self._auto:
            self._form = _fitting(value) or self._form
        return self._form


def _fitting(value: object) -> str | None:
    """The first format whose keys a row has; a key without a value, as Parquet has many, does not count."""
    if isinstance(value, str):
        return "text"
    fields = value.items() if isinstance(value, Mapping) else ()
    keys = {key for key, one in fields if one is not None}
    return next((name for name, form in FORMATS.items() if form.keys <= keys), None)


def unfitting_row(where: str, value: object) -> Problem:
    """What is wrong with a row for which no format is known, in one line among those of other rows."""
    known = "; ".join(" and ".join(sorted(form.keys)) for form in FORMATS.values())
    return Problem(where, short(value), f"has the keys of no known format: {known}")


def no_format(where: str, value: object) -> Problem:
    """What is wrong with a file of which no row fits a format, told by one of its rows."""
    known = "; ".join(f"{name}: {form.example}" for name, form in FORMATS.items())
    return Problem(where, short(value), f"no known format; write `format:`, or rows of one of these: {known}")


def strip_calculator(text: str) -> str:
    """GSM8K's text without its calculator annotations: `48/2 = <<48/2=24>>24` becomes `48/2 = 24`."""
    return _CALCULATOR.sub("", text)


def short(value: object) -> str:
    """A value as JSON, in at most 80 characters."""
    try:
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=repr)
    except RecursionError:
        text = "(nested too deeply)"
    text = " ".join(text.encode("utf-8", "replace").decode("utf-8").split())
    return text if len(text) <= 80 else text[:77] + "..."


def _messages(row: object) -> Conversation:
    turns = _list(_field(row, "messages"), "messages")
    return _conversation([_message(turn, "role", "content", _OPENAI_ROLES) for turn in turns])


def _sharegpt(row: object) -> Conversation:
    turns = _list(_field(row, "conversations"), "conversations")
    found = [_message(turn, "from", "value", _SHAREGPT_ROLES) for turn in turns]
    system = row.get("system") if isinstance(row, Mapping) else None
    return _conversation([Message("system", _text(system, "system")), *found] if system else found)


def _alpaca(row: object) -> Conversation:
    instruction = _text(_field(row, "instruction"), "instruction")
    answer = _either(row, "output", "response")
    given = row.get("input") if isinstance(row, Mapping) else None
    if given is None or given == "":
        return _pair(instruction, answer)
    return _pair(f"{instruction}\n\n{_text(given, 'input', empty=True)}", answer)


def _prompt_completion(row: object) -> Conversation:
    return _pair(_text(_field(row, "prompt"), "prompt"), _either(row, "completion", "response"))


def _gsm8k(row: object) -> Conversation:
    answer = strip_calculator(_text(_field(row, "answer"), "answer"))
    return _pair(_text(_field(row, "question"), "question"), _text(answer, "answer"))


def _document(row: object) -> Conversation:
    text = row if isinstance(row, str) else _field(row, "text")
    return Conversation((Message("text", _text(text, "text")),))


FORMATS: dict[str, Format] = {
    "messages": Format(
        frozenset({"messages"}),
        _messages,
        '{"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"}]}',
    ),
    "sharegpt": Format(
        frozenset({"conversations"}),
        _sharegpt,
        '{"conversations": [{"from": "human", "value": "Hi"}, {"from": "gpt", "value": "Hello"}]}',
    ),
    "alpaca": Format(
        frozenset({"instruction"}), _alpaca, '{"instruction": "Add.", "input": "2, 3", "output": "5"}'
    ),
    "gsm8k": Format(
        frozenset({"question", "answer"}), _gsm8k, '{"question": "2 and 3?", "answer": "2+3 = 5\\n#### 5"}'
    ),
    "prompt_completion": Format(
        frozenset({"prompt"}), _prompt_completion, '{"prompt": "2+3=", "completion": "5"}'
    ),
    "text": Format(frozenset({"text"}), _document, '{"text": "A whole document."}'),
}
"""Format by name. The first one that fits is taken: Alpaca's own file has a `text` beside the rest."""


def _field(row: object, key: str) -> object:
    if not isinstance(row, Mapping):
        raise _Malformed("is not an object")
    if key not in row:
        raise _Malformed(f"has no {key}")
    return row[key]


def _text(value: object, name: str, *, empty: bool = False) -> str:
    if not isinstance(value, str):
        raise _Malformed(f"{name} must be text, not {_kind(value)}")
    if not empty and not value.strip():
        raise _Malformed(f"{name} is empty")
    if not value.isascii() and _HALF_PAIR.search(value):
        raise _Malformed(f"{name} holds half of a surrogate pair, which is no character")
    return value


def _list(value: object, name: str) -> Sequence[object]:
    if not isinstance(value, list):
        raise _Malformed(f"{name} must be a list, not {_kind(value)}")
    return value


def _kind(value: object) -> str:
    return "null" if value is None else type(value).__name__


def _either(row: object, first: str, second: str) -> str:
    """The answer under one of two names; files that have both must agree with themselves."""
    fields = row if isinstance(row, Mapping) else {}
    given = {key: fields[key] for key in (first, second) if fields.get(key) is not None}
    if not given:
        raise _Malformed(f"has neither {first} nor {second}")
    texts = {_text(value, key) for key, value in given.items()}
    if len(texts) > 1:
        raise _Malformed(f"{first} and {second} differ; keep one of them")
    return texts.pop()


def _message(turn: object, role_key: str, text_key: str, roles: Mapping[str, Role]) -> Message:
    role = _field(turn, role_key)
    if not isinstance(role, str) or role not in roles:
        raise _Malformed(f"unknown {role_key} {short(role)}; one of {', '.join(roles)}")
    named = roles[role]
    return Message(named, _text(_field(turn, text_key), f"the {named} text", empty=named == "system"))


def _pair(user: str, assistant: str) -> Conversation:
    return Conversation((Message("user", user), Message("assistant", assistant)))


def _conversation(messages: Sequence[Message]) -> Conversation:
    """Check that user and assistant take turns; an empty system message says nothing and is left out."""
    turns = [one for place, one in enumerate(messages) if not (place == 0 and one.role == "system")]
    if not any(one.role == "assistant" for one in turns):
        raise _Malformed("has no assistant turn")
    for place, one in enumerate(turns):
        expected = ("user", "assistant")[place % 2]
        if one.role == expected:
            continue
        if place and turns[place - 1].role == one.role:
            raise _Malformed(f"two {one.role} turns in a row")
        raise _Malformed(f"turn {place + 1} is the {one.role}'s, where the {expected} should speak")
    system = [one for one in messages[:1] if one.role == "system" and one.content.strip()]
    return Conversation((*system, *turns))
