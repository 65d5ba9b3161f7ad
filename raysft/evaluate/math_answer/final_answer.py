r"""The final answer of a text: one reader for every benchmark whose answers are numbers or formulas.

    mark    what stands right behind the first `####` that has a number, a formula or a box right behind it
    box     what is in the last box that is closed and not empty: `\boxed{...}` or `\fbox{...}`
    said    what the last `answer is` or `answer:` says; of formulas only
    last    the last number of the text

Of numbers the order is mark, box, last; of formulas, whose questions ask for a box, it is box, mark, said,
last.

The first mark, because a model that does not stop goes on with a question of its own, and answers that too.
A number right behind it, because `#### Step 2` and `#### 2. Add` are headings. `#### 3 + 4 = 7` says 7. A box
before the last number, because sentences go on behind it: `saves $\boxed{6}$ by buying 18 flowers`.

Thoughts are not read: the text begins behind its last `</think>` and ends before a `<think>` behind that. A
text that ends inside its thoughts, or inside a box with nothing else to read by mark or box, was cut off: it
has no answer, and `cut` says so.

Numbers: `1,234` `$5` `-3` `.5` `7.` `18%` `1{,}234` `1\,234` `1'234` `1.5e3` `3/4` `\frac{3}{4}`, in ASCII or
full-width digits. Exponents and indices (`m^2`, `x_1`) are none. Every pattern is linear in the text.

Not covered: numbers in words, `1.234,56`, `1 234`, times (`4:30` is none), powers, mixed numbers (`2 1/2` is
read as 1/2) outside a box, and a sentence without mark and box that goes on with another number (`18 eggs in
7 days`).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from raysft.evaluate.math_answer.latex_answer import LONGEST, normal_form

How = Literal["mark", "box", "said", "last", "cut", "none"]


@dataclass(frozen=True)
class FinalAnswer:
    """What a text says at its end."""

    text: str | None
    """As it is written, at most `LONGEST` characters; None for no answer."""
    how: How
    """By which rule it was found; `cut` and `none` tell why there is none."""


@dataclass(frozen=True)
class FinalNumber:
    """The number that a text says at its end."""

    value: Fraction | None
    """None for no answer."""
    how: How
    """As in `FinalAnswer`."""


_FULL_WIDTH = {0xFF10 + digit: str(digit) for digit in range(10)}
_PLAIN = _FULL_WIDTH | {ord("\N{MINUS SIGN}"): "-", ord("\N{FULLWIDTH COMMA}"): ","}
_GROUPED = re.compile(r"(?<=[0-9])(?:\{,\}|,\\!|\\[,!:; ]|['\u2019\u00a0\u2009\u202f])(?=[0-9]{3}(?![0-9]))")
_CLOCK = re.compile(r"(?<![0-9:])[0-9]{1,2}:[0-9]{2}(?![0-9:])")
_DIGITS = r"(?:[0-9]{1,3}(?:,[0-9]{3})+(?![0-9])|[0-9]+)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]{1,2}(?!\w))?"
_TINY = r"(?<![0-9])\.[0-9]+"
_FRACTION = r"[0-9]*\\[dtc]?frac ?(?:\{-?[0-9]{1,20}\} ?\{-?[0-9]{1,20}\}|[0-9][0-9])"
_SIGN = r"(?:(?<![\w)\]}%$])-(?:\\?\$)?|\\?\$-?)?"
_NUMBER = re.compile(
    rf"{_SIGN}(?<![0-9^_])(?<!\^\{{)(?<!_\{{)"
    rf"(?:{_FRACTION}|[0-9]{{1,20}}/[0-9]{{1,20}}(?![0-9/]|\.[0-9])|{_DIGITS}|{_TINY})"
)
"""`-` is a sign only where it does not follow an operand: `5-3` holds 5 and 3, `= -3` and `$-3` hold -3."""
_WRITTEN = re.compile(
    r"(?P<sign>-?)(?P<whole>[0-9]*)\\[dtc]?frac ?(?:\{(?P<top>-?[0-9]+)\} ?\{(?P<bottom>-?[0-9]+)\}"
    r"|(?P<one>[0-9])(?P<other>[0-9]))|(?P<over>-?[0-9]+)/(?P<under>[0-9]+)|(?P<plain>-?[0-9.]+(?:[eE][-+]?[0-9]+)?)"
)

_MARK = re.compile(r"(?<!#)####(?!#)")
_LEAD = re.compile(r"\s{0,8}(?:\*\*|__)?(?:(?:final )?answer(?: is)?\b)?[\s*_:=`~]{0,8}", re.IGNORECASE)
"""What may stand between a mark and its number."""
_SUM_SIGNS = "-+*/=().,$% \t0123456789\u00d7\u00f7"
"""`3 + 4 = 7`: all that may stand before the last equals sign of a sum."""
_HEADING = re.compile(r"[.):]\s+[^\W\d_]")
"""Behind a number: `2. Add the eggs`."""
_BRACES = re.compile(r"\\(?:boxed|fbox)(?![A-Za-z])\s*\{?|\\.|[{}]", re.DOTALL)
"""All that matters for which brace closes a box; `\\{` is an escaped brace, and closes none."""
_BARE = re.compile(r"[^$\n]{1,200}(?=\$)")
"""`\\boxed 3$`: all up to the end of the formula."""
_SAYS = re.compile(r"\banswers?[*\s]*+(?:is|are|:|=)[*:\s]*+", re.IGNORECASE)
_FORMULA = re.compile(r"\$\$?([^$\n]+)\$|\\\((.+?)\\\)|\\\[(.+?)\\\]")
_FORMULA_STARTS = ("\\", "$", "(", "[", "{")
_SENTENCE_END = re.compile(r"\.(?=\s|$)|\n")
_WORD = re.compile(r"(?:^|(?<=\s))[A-Za-z]{2,}(?=[\s.,!?]|$)")


def final_answer(text: str) -> FinalAnswer:
    """The final answer as a formula: a box, which such questions ask for, comes before a mark."""
    read, thinks = _spoken(text)
    box, unclosed = _last_box(read)
    if box:
        return FinalAnswer(box[:LONGEST], "box")
    marked = next(filter(None, map(_marked_answer, _marked(read))), None)
    if marked:
        return FinalAnswer(marked, "mark")
    return FinalAnswer(None, "cut") if thinks or unclosed else _unmarked(read)


def unboxed_answer(text: str) -> FinalAnswer:
    """The final answer as a formula, by all rules but that of the box."""
    read, _ = _spoken(text)
    marked = next(filter(None, map(_marked_answer, _marked(read))), None)
    return FinalAnswer(marked, "mark") if marked else _unmarked(read)


def final_number(text: str) -> FinalNumber:
    """The final answer as an exact number; see the module. A box without a number is passed over."""
    read, thinks = _spoken(text)
    for line in _marked(read):
        if (value := _marked_number(line)) is not None:
            return FinalNumber(value, "mark")
    box, unclosed = _last_box(read)
    if box and (value := _boxed_number(box)) is not None:
        return FinalNumber(value, "box")
    if thinks or unclosed:
        return FinalNumber(None, "cut")
    found = numbers(read)
    return FinalNumber(found[-1], "last") if found else FinalNumber(None, "none")


def numbers(text: str) -> list[Fraction]:
    """Every number of a text, exactly; one of more than `LONGEST` characters is none."""
    found = (_value(match.group()) for match in _NUMBER.finditer(_plain(text)))
    return [value for value in found if value is not None]


def shown(value: Fraction) -> str:
    """A number as one writes it: `18`, `18.5`, or `1/3` where its decimals do not end."""
    places = max(value.denominator.bit_length(), 1)
    scaled = value * 10**places
    if scaled.denominator > 1:
        return str(value)
    digits = f"{abs(scaled.numerator):0{places + 1}}"
    decimals = digits[-places:].rstrip("0")
    sign = "-" if value < 0 else ""
    return f"{sign}{digits[:-places]}{'.' if decimals else ''}{decimals}"


def boxed_answer(text: str) -> str | None:
    """What is in the last box that is closed; None if there is no such box, or nothing in it."""
    return _last_box(text)[0]


def _spoken(text: str) -> tuple[str, bool]:
    """The text without thoughts, and whether it ends inside them."""
    spoken, thinks, _ = text.rpartition("</think>")[2].partition("<think>")
    return spoken, bool(thinks)


def _plain(text: str) -> str:
    """Digits and signs in one spelling, thousands together, no times: `4:30` is neither 4 nor 30."""
    return _CLOCK.sub(" ", _GROUPED.sub("", text if text.isascii() else text.translate(_PLAIN)))


def _value(written: str) -> Fraction | None:
    if len(written) > LONGEST:
        return None
    match = _WRITTEN.fullmatch(re.sub(r"[\\]?[$]|,", "", written))
    if match is None:
        return None
    if match["plain"]:
        return Fraction(match["plain"])
    top = match["top"] or match["one"] or match["over"]
    bottom = match["bottom"] or match["other"] or match["under"]
    if int(bottom) == 0:
        return None
    value = Fraction(match["whole"] or 0) + Fraction(int(top), int(bottom))
    return -value if match["sign"] else value


def _marked(text: str) -> Iterator[str]:
    """What stands right behind each mark, to the end of its line."""
    for mark in _MARK.finditer(text):
        lead = _LEAD.match(text, mark.end())
        start = lead.end() if lead else mark.end()
        yield text[start : start + LONGEST].partition("\n")[0]


def _boxed_number(box: str) -> Fraction | None:
    alone = normal_form(box)
    value = _value(alone) if alone else None
    if value is not None:
        return value
    found = numbers(box)
    if not found:
        return None
    return found[-1] if "=" in box else found[0]


def _last_box(text: str) -> tuple[str | None, bool]:
    """What is in the last closed box that holds something, and whether the text ends inside a later one."""
    opened: list[int | None] = []  # per open brace: where the content of its box begins, if it is one's
    last = (-1, -1)

    def closed(start: int, end: int) -> tuple[int, int]:
        return max(last, (start, end)) if text[start:end].strip() else last

    for match in _BRACES.finditer(text):
        found = match.group()
        if found.startswith(("\\boxed", "\\fbox")):
            bare = None if found.endswith("{") else _BARE.match(text, match.end())
            if bare:
                last = closed(*bare.span())
            elif found.endswith("{"):
                opened.append(match.end())
        elif found == "{":
            opened.append(None)
        elif found == "}" and opened:
            start = opened.pop()
            if start is not None:
                last = closed(start, match.start())
    unclosed = any(start is not None and start > last[1] for start in opened)
    return (text[last[0] : last[1]].strip() if last[0] >= 0 else None), unclosed


def _marked_number(line: str) -> Fraction | None:
    box = boxed_answer(line) if line.startswith(_FORMULA_STARTS) else None
    if box:
        return _boxed_number(box)
    written = _number_in_front(line)
    return _value(written) if written else None


def _marked_answer(line: str) -> str | None:
    """The formula or the number that a line begins with; None where it begins with words or is a heading."""
    number = _number_in_front(line)
    if not number and not line.startswith(_FORMULA_STARTS):
        return None
    sentence = _formula(line) or _SENTENCE_END.split(line, maxsplit=1)[0].strip("* ")
    answer = boxed_answer(sentence) or sentence
    return number if number and _WORD.search(answer) else _something(answer)


def _number_in_front(line: str) -> str | None:
    """The number that a line begins with, or the sum of those that it begins with; None for a heading."""
    plain = _plain(line)
    terms, equals, total = plain.rpartition("=")
    is_sum = equals and not terms.strip(_SUM_SIGNS)
    found = _NUMBER.match(total.lstrip()) if is_sum else _NUMBER.match(plain)
    rest = found.string[found.end() :] if found else ""
    return found.group() if found and not _HEADING.match(rest) else None


def _unmarked(text: str) -> FinalAnswer:
    """What the text says to be its answer, else its last number."""
    says = max((match.end() for match in _SAYS.finditer(text)), default=None)
    said = None if says is None else _said(text[says : says + LONGEST].lstrip())
    if said:
        return FinalAnswer(said, "said")
    number = _last_number(text)
    return FinalAnswer(number, "last" if number else "none")


def _said(rest: str) -> str | None:
    """The answer behind `answer is`: a formula in front is taken whole, else the rest of the sentence.

    Of a sentence with words and numbers the last number counts: `the answer is 5 apples` says 5.
    """
    sentence = _formula(rest) or _SENTENCE_END.split(rest, maxsplit=1)[0].strip("* ")
    answer = boxed_answer(sentence) or sentence
    number = _last_number(answer) if _WORD.search(answer) else None
    return number or _something(answer)


def _formula(text: str) -> str | None:
    """The formula that a text begins with."""
    found = _FORMULA.match(text)
    return next(filter(None, found.groups())) if found else None


def _something(text: str) -> str | None:
    return text.strip() if any(sign.isalnum() for sign in text) else None


def _last_number(text: str) -> str | None:
    found = [match.group() for match in _NUMBER.finditer(_plain(text)) if len(match.group()) <= LONGEST]
    return found[-1] if found else None
