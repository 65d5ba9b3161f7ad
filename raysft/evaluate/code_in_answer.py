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

_FENCE = re.compile(r"(`{3,}|~{3,})[ \t]*[\w+.#-]*[ \t]*\n(.*?)(?:\1|\Z)", re.DOTALL)
"""A fence that is never closed, since the answer was cut off, goes on to the end."""
_FUTURE = re.compile(r"^from __future__ import .*$", re.MULTILINE)
"""Allowed at the top of a file only, where the prompt stands."""
_CODE_LINE = re.compile(
    r"(async def|def|class) \w|@\w|import \w[\w., ]*$|from [\w.]+ import |\w+(: *[^=]+)? *=[^=]|[)\]}#]"
)
"""How a line without indentation begins if it is code; `from there on` and `Note: yes` are prose."""
_STATEMENT = re.compile(
    r"^\s*(return\b|yield\b|raise\b|pass$|(for|while|if|with)\b.+:|[A-Za-z_][\w.\[\]]* *[-+*/]?=[^=])",
    re.MULTILINE,
)
_STEP = 4
"""Spaces of a level of indentation, as in the prompts."""
_LOST_SPACES = (0, 1, 3, 5)
"""Indentation of a first line that a tokenizer or a template has changed."""


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
    """A body at the first level of indentation, up to where the next thing without indentation begins."""
    lines = [line for line in text.split("\n") if line.strip()]
    level = _level(lines)
    shifted = [" " * _STEP + lines[0].lstrip()]
    for line, inside_string in _lines(lines):
        if line is lines[0]:
            continue
        if level > 0 and line[:1].strip() and not inside_string and line[0] not in ")]}":
            break
        shifted.append(" " * (_STEP - level) + line if level < _STEP else line[level - _STEP :])
    return "\n".join(shifted)


def _level(lines: list[str]) -> int:
    """Indentation that the first line of a body had before it lost some: its second line tells."""
    first = _indentation(lines[0])
    if len(lines) == 1 or first not in _LOST_SPACES:
        return first
    opens = lines[0].rstrip().endswith((":", "(", "[", "{", ","))
    level = _indentation(lines[1]) - (_STEP if opens else 0)
    return level if level >= 0 else first


def _indentation(line: str) -> int:
    return len(line) - len(line.lstrip())


def _lines(lines: list[str]) -> Iterator[tuple[str, bool]]:
    """Each line, and whether it begins inside a string of three quotes."""
    inside = False
    for line in lines:
        yield line, inside
        inside ^= (line.count('"""') + line.count("'''")) % 2 == 1
