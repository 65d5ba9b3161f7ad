r"""Where a text says its final answer: the one reader of GSM8K, MATH and held-out sets.

A *number* is read, by the first of these that holds one:

    mark   the first `####` with a number right behind it. Between the two may be white space, `*` `$` `(` and
           the like, `The answer is`, or a box; a sum is read to its end (`#### 3 + 4 = 7`). A number on a
           later line must be alone there. `#### 1. First` and `#### 2. Then` are headings, not answers.
           Terms without a result are worked out: `#### 18 + 5` is 23
    box    the last closed `\boxed{...}` or `\fbox{...}` with a number: the first one behind its last `=`
    last   the last number of the text

A text trained on GSM8K's form that runs on (`#### 18`, then another question and its `####`) says 18, one
that thinks in headings (`#### Step 2`) is read by its last number, one that ends
in `saves $\boxed{6}$ by buying 18 flowers` says 6. Without mark and box the last number may be another one:
`18 dollars in 7 days` says 7.

An *expression* is read where a box is asked for: the last closed box, else what the last `answer is` or
`####` says, else the last number.

Cut off: a box that the text ends in, if no other one is closed, and a number that a text ends with where the
token limit ended it. Neither is read. What is thought (`<think>...</think>`) is not said; a thought without
an end leaves nothing that is. Everything is linear in the text.
"""

import re
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from raysft.data.read.formats import strip_calculator
from raysft.evaluate.math_answer.latex_answer import LONGEST
from raysft.evaluate.math_answer.value import value_at
from raysft.evaluate.math_answer.written_numbers import Number, number_at, numbers, plain

How = Literal["mark", "box", "said", "last", "cut off"]

_THOUGHT = re.compile(r"<(/?)(?:think|thinking|thought|reasoning)>", re.IGNORECASE)
_UNFINISHED = "0123456789.,$-+/{\\"
"""What a number that was cut off may end with."""

_BRACES = re.compile(r"\\(?:boxed|fbox)(?![A-Za-z])\s*\{?|\\.|[{}]", re.DOTALL)
"""All that matters for which brace closes a box; `\\{` is an escaped brace, and closes none."""
_BOXES = 20
"""Boxes, the last ones, in which a number is looked for."""
_BARE = re.compile(r"[^$\n]{1,200}(?=\$)|[-+]?[0-9][0-9,]{0,30}(?:\.[0-9]{1,30})?")
"""`\\boxed 3$`, as a few of MATH's solutions have it: all up to the end of the formula, or a number."""
_PARAGRAPH = re.compile(r"\n[ \t]*\n")

_MARK = re.compile(r"#{4,}+")
_BEHIND = re.compile(
    r"[\s*_`$~≈=:>\"(\[]*+(?:\\[(\[])?\s*+(?:(?:the\ )?(?:final\ )?answer\b[\s*:]*+(?:is\b|=)?[\s*:$]*+)?",
    re.IGNORECASE,
)
"""What may come between a mark and its number; `$` of a sum of money and a sign are the number's own."""
_SAYS = re.compile(r"#{4,}+|\banswers?[*\s]*+(?:is|are|:|=)[*:\s]*+", re.IGNORECASE)
_FORMULA = re.compile(r"\$\$?([^$\n]+)\$|\\\((.+?)\\\)|\\\[(.+?)\\\]")
_SENTENCE_END = re.compile(r"\.(?=\s|$)|\n")
_WORD = re.compile(r"(?:^|(?<=\s))[A-Za-z]{2,}(?=[\s.,!?]|$)")

_TERMS = re.compile(r"(?:[-+*/x×÷·()$%0-9., =]|\\(?:times|cdot|div|frac)|[{}])*+|\s*[A-Za-z]\s*")
_SUM = 200
"""Characters of a sum behind a mark."""
_MORE_TERMS = re.compile(r"\s*+(?:[-+*/x×·÷]|\\(?:times|cdot|div)(?![A-Za-z]))\s*+[0-9$(.]")
_TIMES = re.compile(r"(?<=[0-9)\s])[x×·*](?=[\s0-9($])|\\times(?![A-Za-z])")
_ALONE = re.compile(r"[^\w\n#]*(?:\n|\Z)")
_HEADING = re.compile(r"[ \t]*[*_]*+([0-9]{1,2})[.)][*_]*+[ \t]+[*_]*+[A-Za-z]")
_BELOW = re.compile(r"\n\s*+\S")
_SPACED = re.compile(r"[ \t]*[1-9][0-9]{0,2}(?: [0-9]{3})++[.\s*$)]*")


@dataclass(frozen=True)
class FinalNumber:
    """The number that a text gives as its answer."""

    value: Fraction | None
    """None if it gives none, or one that was cut off or is too long to be one."""
    how: How | None
    """By which rule; None if there is nothing to read."""


@dataclass(frozen=True)
class FinalExpression:
    """What a text gives as its answer, in LaTeX or in words."""

    text: str | None
    """None if it gives nothing, or if that was cut off."""
    how: How | None
    """By which rule; None if there is nothing to read."""


@dataclass(frozen=True)
class Box:
    """A box and what is in it."""

    start: int
    content: str


def final_number(text: str, *, cut: bool = False) -> FinalNumber:
    """The number that a text gives as its answer.

    Args:
        text: what was said.
        cut: whether it ended at the token limit, so that its last number may lack digits.
    """
    said = plain(said_text(text))
    finished = said.rstrip(_UNFINISHED) if cut else said
    boxed = boxes(finished)
    marked = _marked(finished, {box.start: box for box in boxed})
    if marked:
        return FinalNumber(marked.value, "mark")
    in_box = next((number for box in boxed[: -_BOXES - 1 : -1] if (number := _in_box(box.content))), None)
    if in_box:
        return FinalNumber(in_box.value, "box")
    if cut_off_box(said):
        return FinalNumber(None, "cut off")
    last = last_number(finished)
    if last:
        return FinalNumber(last.value, "last")
    return FinalNumber(None, "cut off" if finished != said and last_number(said) else None)


def final_expression(text: str, *, cut: bool = False) -> FinalExpression:
    """What a text gives as its answer, by the last closed box; arguments as for `final_number`."""
    said = said_text(text)
    boxed = boxes(said)
    if boxed:
        return FinalExpression(boxed[-1].content, "box")
    if cut_off_box(said):
        return FinalExpression(None, "cut off")
    finished = said.rstrip(_UNFINISHED) if cut else said
    told = _told(finished)
    if told:
        return FinalExpression(told, "said")
    last = _last_written(finished)
    if last:
        return FinalExpression(last, "last")
    return FinalExpression(None, "cut off" if finished != said and _last_written(said) else None)


def final_box(text: str) -> str | None:
    """What is in the last closed box with something in it; None if there is none."""
    boxed = boxes(said_text(text))
    return boxed[-1].content if boxed else None


def said_answer(text: str) -> str | None:
    """What a text says to be its answer, without regard to boxes, else its last number; None without any.

    A formula right after `answer is` is taken whole, else the rest of the sentence. Of a sentence with words
    and numbers the last number counts: `the answer is 5 apples` says 5.
    """
    said = said_text(text)
    return _told(said) or _last_written(said)


def said_text(text: str) -> str:
    """A text without what it thinks, and without GSM8K's calculator marks."""
    closed, opened = 0, len(text)
    for mark in _THOUGHT.finditer(text):
        if mark[1]:
            closed, opened = mark.end(), len(text)
        else:
            opened = min(opened, mark.start())
    return strip_calculator(text[closed:opened])


def last_number(text: str) -> Number | None:
    """The last number of a text that is `plain`."""
    return next(iter(deque(numbers(text), maxlen=1)), None)


def boxes(text: str) -> list[Box]:
    """Every closed box with something in it, by where it begins: of nested ones the inner comes last."""
    found = (Box(start, content) for start, content in _closed(text) if content)
    return sorted(found, key=lambda box: box.start)


def cut_off_box(text: str) -> bool:
    """Whether a text ends in a box: an open one, with no closed one before and no paragraph behind it."""
    opened = [start for start, content in _closed(text, unclosed=True) if content is None]
    return bool(opened) and not _PARAGRAPH.search(text, opened[-1]) and not boxes(text)


def _closed(text: str, *, unclosed: bool = False) -> Iterator[tuple[int, str | None]]:
    """Where each box begins, and its content; None for boxes without an end, which are asked for apart."""
    opened: list[tuple[int, int] | None] = []  # per open brace: where its box and the content of it begin
    for match in _BRACES.finditer(text):
        found = match.group()
        if found.startswith(("\\boxed", "\\fbox")):
            bare = None if found.endswith("{") else _BARE.match(text, match.end())
            if bare:
                yield match.start(), bare.group().strip()
            elif found.endswith("{"):
                opened.append((match.start(), match.end()))
        elif found == "{":
            opened.append(None)
        elif found == "}" and opened:
            box = opened.pop()
            if box:
                # Of nested boxes each would hold all inner ones: a part of each keeps the work linear.
                yield box[0], text[box[1] : min(match.start(), box[1] + LONGEST + 1)].strip()
    if unclosed:
        yield from ((box[0], None) for box in opened if box)


def _marked(text: str, boxed: Mapping[int, Box]) -> Number | None:
    """The number behind the first mark that has one."""
    places = [match.end() for match in _MARK.finditer(text)]
    headings = _headings(text, places)
    found = (_behind(text, place, boxed) for place in places if place not in headings)
    return next((number for number in found if number), None)


def _headings(text: str, places: list[int]) -> set[int]:
    """Which marks begin numbered headings: `#### 1. First`, if `#### 2. Then` comes or text is below it."""
    said = {place: match[1] for place in places if (match := _HEADING.match(text, place))}
    if {"1", "2"} <= set(said.values()):
        return set(said)
    # Alone, `1. Add` is a heading where there is something below it; `18. He needs 4 more.` is none.
    return {place for place, number in said.items() if number == "1" and _BELOW.search(text, place)}


def _behind(text: str, place: int, boxed: Mapping[int, Box]) -> Number | None:
    between = _BEHIND.match(text, place)
    start = between.end() if between else place
    box = boxed.get(start)
    if box:
        return _in_box(box.content)
    start -= text[place:start].endswith("$")  # it may be of the number's own: `$-18`
    number = number_at(text, start)
    if "\n" in text[place:start] and not (number and _ALONE.match(text, number.end)):
        return None
    line = text[start : start + _SUM].partition("\n")[0]
    return _result(line) or _spaced(line) or _worked_out(line, number_at(line, 0))


def _in_box(content: str) -> Number | None:
    """The first number behind the last `=` of a box, else the first of all."""
    after = content.rpartition("=")[2]
    first = next(numbers(after), None)
    return _spaced(content) or _worked_out(after, first) or next(numbers(content), None)


def _result(line: str) -> Number | None:
    """What a sum comes to: `3 + 4 = 7` and `x = 7` are 7; None where the line does not begin with a sum."""
    terms, sign, after = line.rpartition("=")
    if not sign or not _TERMS.fullmatch(terms):
        return None
    between = _BEHIND.match(after)
    return number_at(after, between.end() if between else 0)


def _worked_out(text: str, first: Number | None) -> Number | None:
    """The first number of a text; where terms come behind it without a result, what they come to.

    `18 + 3` is 21 and not 18. Where they cannot be worked out, the number has no value.
    """
    if first is None or not _MORE_TERMS.match(text, first.end):
        return first
    terms = text[first.start :].partition("\\text")[0]
    value = value_at(_TIMES.sub(r"\\cdot ", terms).replace("$", "").replace(",", ""), 0)
    return Number(value if isinstance(value, Fraction) else None, first.start, first.end)


def _spaced(line: str) -> Number | None:
    """Thousands with spaces, where nothing else is said: `12 500`."""
    alone = _SPACED.fullmatch(line)
    return number_at(alone.group().strip().replace(" ", ","), 0) if alone else None


def _told(text: str) -> str | None:
    """What the last `answer is` or `####` of a text says; None without any, or if that is nothing."""
    says = next(iter(deque(_SAYS.finditer(text), maxlen=1)), None)
    return _first_told(text[says.end() : says.end() + LONGEST].lstrip()) if says else None


def _first_told(rest: str) -> str | None:
    formula = _FORMULA.match(rest)
    if formula:
        rest = next(filter(None, formula.groups()))
    else:
        rest = _SENTENCE_END.split(rest, maxsplit=1)[0].strip("* ")
    boxed = boxes(rest)
    rest = boxed[-1].content if boxed else rest
    number = _last_written(rest) if _WORD.search(rest) else None
    return number or (rest.strip() if any(sign.isalnum() for sign in rest) else None)


def _last_written(text: str) -> str | None:
    """The last number as it is written, but for its sign and the marks between thousands."""
    clean = plain(text)
    last = last_number(clean)
    return clean[last.start : last.end].lstrip("$€£¥₹+") if last else None
