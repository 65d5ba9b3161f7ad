"""The ways to look at an answer, and the segments between its fences.

A view is the answer's lines with one kind of wrapping taken off: back-ticks are fences in all of them, the
`>>> ` of a notebook or the tags of HTML only in their own. The plain view comes first.
"""

import html
import re
from collections.abc import Callable, Iterator, Sequence

from raysft.evaluate.code_answer.lexing import Lexer, lexed, replaced_outside_strings
from raysft.evaluate.code_answer.parsing import MOST_CHARACTERS

Lines = list[str]

_TICKS = "```"
_WAVES = re.compile(r"\s*~~~")
_CODE = re.compile(
    r"(?:(?:python3?|py) +)?((?:def|async|class|return|from|import|for|if|while|@|\w+ *=).*)", re.I
)
_THOUGHT = re.compile(r"</(?:think|thinking|thought|reasoning)>", re.I)
_TAG = re.compile(
    r"</?(?:pre|code|python|answer|solution|s)\b[^<>\n]{0,99}>|<\|\w{1,30}\|>|\[/?(?:python|code|inst)\]",
    re.I,
)
_ESCAPED = re.compile(r"&(?:lt|gt|amp|quot|#39|nbsp);")
_QUOTED_FENCE = re.compile(r"\s*(?:'''|\"\"\")(?:python3?|py)\s*")
_INLINE = re.compile(r"\s*`([^`]+)`\s*")
_REPL = re.compile(r"\s*(?:In \[\d+\]: |>>> ?|\.\.\.:? ?)")
_NUMBER = re.compile(r"\s*\d+(?:[.:|)]|(?=\s|$)) ?")
_PLAIN = {ord(one): " " for one in "\u00a0\u1680\u202f\u205f\u3000"} | dict.fromkeys(
    range(0x2000, 0x200B), " "
)
_PLAIN |= {ord(one): "" for one in "\u200b\u200c\u200d\u2060\ufeff"}
_PLAIN |= {ord(one): "'" for one in "\u2018\u2019"} | {ord(one): '"' for one in "\u201c\u201d"}


def views(text: str) -> Iterator[Lines]:
    """The lines of an answer, plain and then with each kind of wrapping off that it has.

    What stands after a thought that the model closed counts before the whole.
    """
    text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    after = _THOUGHT.split(text)[-1]
    for one in dict.fromkeys([after, text]):
        plain = (
            one[:MOST_CHARACTERS].removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n").split("\n")
        )
        yield plain
        for unwrap in _UNWRAPPED:
            lines = unwrap(plain)
            if lines != plain and any(lines):
                yield lines


def _with_plain_characters(lines: Lines) -> Lines:
    """Spaces and quotes as Python has them, where a word processor wrote others."""
    return replaced_outside_strings(lines, _PLAIN)


def _with_tabs_of_eight(lines: Lines) -> Lines:
    return _without_tabs(lines, 8)


def _with_tabs_of_four(lines: Lines) -> Lines:
    return _without_tabs(lines, 4)


def _without_tabs(lines: Lines, width: int) -> Lines:
    """Indentation in spaces, where an answer mixes both."""
    return [
        line if inside else line[: len(line) - len(line.lstrip())].expandtabs(width) + line.lstrip()
        for line, inside, _ in lexed(lines)
    ]


def _without_tags(lines: Lines) -> Lines:
    """Tags of HTML, of chat formats and the like as fences; back-ticks around a line."""
    quoted = any(_QUOTED_FENCE.fullmatch(line) for line in lines)
    found: Lines = []
    for line in lines:
        if quoted and (_QUOTED_FENCE.fullmatch(line) or line.strip() in ("'''", '"""')):
            found.append("```")
            continue
        pieces = _TAG.split(inline.group(1) if (inline := _INLINE.fullmatch(line)) else line)
        found += [one for piece in pieces for one in (piece, "```")][:-1]
    return [html.unescape(line) for line in found] if any(map(_ESCAPED.search, lines)) else found


def _without_quote_marks(lines: Lines) -> Lines:
    return [line.lstrip()[1:].removeprefix(" ") if line.lstrip()[:1] == ">" else line for line in lines]


def _typed(lines: Lines) -> Lines:
    """What was typed in a session of Python; what was printed is not kept."""
    if not any(_REPL.match(line) for line in lines):
        return lines
    return [line[found.end() :] for line in lines if (found := _REPL.match(line))]


def _patched(lines: Lines) -> Lines:
    """What a patch leaves."""
    if not any(line.startswith("+") for line in lines):
        return lines
    kept = [line for line in lines if not line.startswith(("-", "+++", "@@", "diff "))]
    return [line[1:] if line[:1] in ("+", " ") else line for line in kept]


def _without_numbers(lines: Lines) -> Lines:
    return [line[found.end() :] if (found := _NUMBER.match(line)) else line for line in lines]


_UNWRAPPED: tuple[Callable[[Lines], Lines], ...] = (
    _with_plain_characters,
    _without_tags,
    _without_quote_marks,
    _typed,
    _patched,
    _without_numbers,
    _with_tabs_of_eight,
    _with_tabs_of_four,
)


def segments(lines: Sequence[str]) -> Iterator[list[Lines]]:
    """The pieces between lines of fences, fenced or not: of an answer that is cut off nobody knows.

    First a fence inside a string of three quotes or a comment is taken for a part of it; then, where that
    makes a difference, for a fence.
    """
    careful = _segments(lines, _outside_code)
    yield careful
    plain = _segments(lines, lambda line, _: line.find(_TICKS))
    if plain != careful:
        yield plain


def _outside_code(line: str, lexer: Lexer) -> int:
    """The first place of three back-ticks in a line that is in no string and no comment; -1 if there is none.

    In a comment they mark words (`# as ```total``` does`) where they come in pairs or the line is indented.
    """
    if _TICKS not in line:
        return -1
    before = Lexer(lexer.quote)
    edges = [0, *before.feed(line), len(line)]
    outside = range(1 if lexer.in_string else 0, len(edges) - 1, 2)
    for piece in outside:
        found = line.find(_TICKS, edges[piece], edges[piece + 1])
        comment = line.find("#", edges[piece], edges[piece + 1])
        marks_words = 0 <= comment < found and (line[:1].isspace() or line.count(_TICKS) % 2 == 0)
        if marks_words:
            return -1
        if found >= 0:
            return found
    return -1


def _segments(lines: Sequence[str], ticks: Callable[[str, Lexer], int]) -> list[Lines]:
    found: list[Lines] = [[]]
    lexer, indentation = Lexer(), ""
    for written in lines:
        line = _TICKS + written.lstrip()[3:] if _WAVES.match(written) and not lexer.in_string else written
        place = ticks(line, lexer)
        if place < 0:
            found[-1].append(line.removeprefix(indentation))
            lexer.feed(line)
            continue
        if line[:place].strip():
            found[-1].append(line[:place].removeprefix(indentation))
        else:
            indentation = line[:place]
        content = _CODE.fullmatch(line[place:].strip("`").partition(_TICKS)[0].strip())
        found.append([content.group(1)] if content else [])
        lexer = Lexer()
    return [one for one in found if any(map(str.strip, one))]
