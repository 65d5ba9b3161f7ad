"""The program that an answer means, in the ways in which base and chat models write one.

    whole function   in a code fence (the first one that defines it), or bare with prose around it
    body only        indented, as base models go on; without indentation; or with that of its first line lost

The result is the prompt followed by what was found: the prompt has the imports and helper functions that a
model need not repeat, and a whole function replaces the prompt's unfinished one. Nothing is parsed or run
here: a model's text can crash Python's own parser, so lines are told apart by beginning and indentation.

Not covered: methods of a class, a correction in a later fence, notebooks' prompts (`>>>`).
"""

import re
import textwrap
from collections.abc import Iterator
from itertools import takewhile

_FENCE = re.compile(r"(`{3,}|~{3,})[ \t]*[\w+.#-]*[ \t]*\n(.*?)(?:\1|\Z)", re.DOTALL)
"""A fence that is never closed, since the answer was cut off, goes on to the end."""
_FUTURE = re.compile(r"^from __future__ import .*$", re.MULTILINE)
"""Allowed at the top of a file only, where the prompt is."""
_CODE_LINE = re.compile(
    r"(async def|def|class) \w|@\w|import \w[\w., ]*$|from [\w.]+ import |\w+(: *[^=]+)? *=[^=]|[)\]}#]"
)
"""How a line without indentation begins if it is code; `from there on` and `Note: yes` are prose."""
_STATEMENT = re.compile(
    r"^ *(return\b|yield\b|raise\b|pass$|(for|while|if|with)\b.+:|[A-Za-z_][\w.\[\]]* *[-+*/]?=[^=])",
    re.MULTILINE,
)
_NEXT_THING = re.compile(r"(async def|def|class) \w")
_STEP = 4
"""Spaces of a level of indentation, as in the prompts."""
_RETURN = re.compile(r"return\b(?!.*[,(\[{\\]\s*$)")
"""A statement that ends a body, and ends on its own line."""


def program_in_answer(text: str, prompt: str, entry_point: str) -> str | None:
    """The whole program, or None if the answer holds none.

    Args:
        text: what the model said.
        prompt: Python that ends with the signature and docstring of the wanted function.
        entry_point: name of that function.
    """
    text = text.replace("\r\n", "\n").expandtabs(_STEP)
    blocks = [textwrap.dedent(match.group(2)) for match in _FENCE.finditer(text)]
    signature = re.compile(rf"^ *(async )?def {re.escape(entry_point)} *\(", re.MULTILINE)
    for block in blocks:
        if signature.search(block):
            return f"{prompt}\n\n{_FUTURE.sub('', block)}\n"
    bare = _FENCE.sub("\n", text)
    if signature.search(bare):
        return f"{prompt}\n\n{_FUTURE.sub('', _definition(bare, signature))}\n"
    body = next((block for block in blocks or [text] if _STATEMENT.search(block)), None)
    return None if body is None else f"{prompt.rstrip()}\n{_body(body)}\n"


def _definition(text: str, signature: re.Pattern[str]) -> str:
    """The code around a bare function: imports and helpers before it, functions after it, no prose."""
    first = signature.search(text)
    margin = " " * (len(first.group()) - len(first.group().lstrip())) if first else ""
    kept: list[str] = []
    code = defined = False
    for line, inside_string in _lines([line.removeprefix(margin) for line in text.split("\n")]):
        if line[:1].strip() and not inside_string:
            code = _CODE_LINE.match(line) is not None
            if defined and not code:
                break
            defined = defined or signature.match(line) is not None
        if code:
            kept.append(line)
    return "\n".join(kept)


def _body(text: str) -> str:
    """A body at the first level of indentation, up to its last `return` or to the next thing outside it."""
    lines = [line for line in text.split("\n") if line.strip()]
    level = _level(lines)
    lines[0] = " " * level + lines[0].lstrip()
    shifted: list[str] = []
    returned = False
    for line, inside_string in _lines(lines):
        outside = _indentation(line) < level or (returned and _indentation(line) == level)
        if outside and not inside_string and line.lstrip()[0] not in ")]}":
            break
        returned = _RETURN.match(line, level) is not None
        shifted.append(" " * (_STEP - level) + line if level < _STEP else line[level - _STEP :])
    return "\n".join(shifted)


def _level(lines: list[str]) -> int:
    """Indentation of a body whose first line may have lost some or all of its own."""
    first = _indentation(lines[0])
    if len(lines) == 1:
        return first
    second, ending = _indentation(lines[1]), lines[0].rstrip()[-1]
    if ending in ":,([{":
        if first in (_STEP // 2, _STEP):
            return first
        own = takewhile(lambda line: not _NEXT_THING.match(line), lines[1:])
        return min(map(_indentation, own), default=0) if ending != ":" else _STEP if second > _STEP else 0
    return second or first


def _indentation(line: str) -> int:
    return len(line) - len(line.lstrip())


def _lines(lines: list[str]) -> Iterator[tuple[str, bool]]:
    """Each line, and whether it begins inside a string of three quotes."""
    inside = False
    for line in lines:
        yield line, inside
        inside ^= (line.count('"""') + line.count("'''")) % 2 == 1
