"""What is wrong with a value, in words for whoever wrote it: never those of the library that found it.

`in_words` takes one of pydantic's errors, as a mapping (`ValidationError.errors()`), so this module needs no
pydantic. A type of error that is not in the table is told by pydantic's own message. `harmless` is for texts
of strangers: answers, reasons of programs and judges, rows of data.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from difflib import get_close_matches
from typing import Any

_WHOLE = "write a whole number"
_NUMBER = "write a number"
_TRUTH = "write true or false"
_TEXT = "write text"
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
    "string_type": _TEXT,
    "string_unicode": _TEXT,
    "string_too_short": lambda given: f"write at least {given['min_length']} characters",
    "string_too_long": lambda given: f"write at most {given['max_length']} characters",
    "string_pattern_mismatch": "use letters, digits, `_`, `.` and `-`, and begin with a letter or digit",
    "literal_error": lambda given: f"use {given['expected'].replace(chr(39), '')}",
    "greater_than": lambda given: f"must be above {given['gt']:g}",
    "greater_than_equal": lambda given: f"must be at least {given['ge']:g}",
    "less_than": lambda given: f"must be below {given['lt']:g}",
    "less_than_equal": lambda given: f"must be at most {given['le']:g}",
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
    given = error.get("ctx", {})
    text = said if isinstance(said, str) else said(given)
    if error["type"] == "literal_error" and len(choices := _choices(given["expected"])) > 1:
        text += did_you_mean(error["input"], choices)
    return text


def did_you_mean(written: object, known: Iterable[str]) -> str:
    """`; did you mean math?` for what is spelt alike; empty where nothing is."""
    near = get_close_matches(str(written), list(known), n=1, cutoff=0.6)
    return f"; did you mean {near[0]}?" if near else ""


def _choices(expected: str) -> list[str]:
    """Of `'a', 'b' or 'c'`, as pydantic has it."""
    return [one.strip().strip("'") for one in expected.replace(" or ", ", ").split(",")]


def counted(count: int, noun: str) -> str:
    """A number with its noun: `1 score`, `1,200 scores`."""
    return f"{count:,} {noun}" + ("" if count == 1 else "s")


_KEPT = "\n\t"
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})
"""Categories of Unicode: control, format, halves of pairs, private, separators of lines and paragraphs."""
_PRINTABLE = re.compile(r"[ -~\n\t]*")


def harmless(text: str, also: str = "") -> str:
    r"""A text whose characters all can be seen, line feeds and tabs excepted; UTF-8 can hold it.

    An escape sequence may move the cursor, set the title or, in some terminals, type for the user; a mark
    that turns the direction of writing shows another text than there is; half a surrogate pair is in no file.
    All such characters are shown by their numbers: `\x1b[31m`, `\u202e`.

    Args:
        text: of any origin.
        also: further characters to be shown by their numbers, such as marks that a caller adds himself.
    """
    if _PRINTABLE.fullmatch(text) and not also:
        return text
    return "".join(
        _number(one) if one in also or (one not in _KEPT and unicodedata.category(one) in _UNSEEN) else one
        for one in text
    )


def _number(character: str) -> str:
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def shortened(text: str, most: int) -> str:
    """The same of at most so many characters; `…` is the last where some are left out."""
    shown = harmless(text[:most])
    return (
        shown if len(text) <= most and len(shown) <= most else f"{shown[: most - 1]}\N{HORIZONTAL ELLIPSIS}"
    )
