r"""When two short answers in LaTeX are the same: their normal forms are.

This is the comparison of text that MATH's authors published (Hendrycks et al. 2021, arXiv 2103.03874,
`math_equivalence.py`), with numbers compared as exact rationals. The normal form has

    spelling   one word for `\frac` `\dfrac` `\tfrac`, for `\le` `\leq`, for `−` `-` and the like; no `\left`
               `\right` `$` `\$` `%`, no degrees, no spaces (one is kept between two digits, as in `2 1/2`);
               `\text{odd}` is `odd`
    braces     around the arguments of `\frac`, `\sqrt`, `\binom`, `^` and `_`: `\frac12` is `\frac{1}{2}`
    units      none: no `\text{...}` at the end, after something else, and no word of a table after a number
    name       none: `x=5`, `f(x)=5` and `x\in[1,5]` are what comes after the sign
    numbers    reduced, wherever one is alone: `0.50`, `\frac24`, `1/2` and `-\frac{-1}{2}` are all
               `\frac{1}{2}`, `2\frac12` is mixed; `1,234` `1{,}234` `1,\!234` are 1234, the first of them
               outside brackets only

Nothing is evaluated. A text longer than `LONGEST` has no normal form and equals only itself, so that the work
and the size of a number are bounded.

Not covered: algebra (`x+1` and `1+x`, `3\cdot x` and `3x`, `x/2` and `\frac{x}{2}`), powers and roots as
numbers, the order of lists and sets, percentages as fractions, capital letters of words.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction

LONGEST = 1000
"""Characters of an answer; the longest of MATH's own are below 200."""

_ROUNDS = 20
"""A step may make room for another; two or three rounds are usual."""

_TOKEN = re.compile(r"\\[A-Za-z]+|\\.|.", re.DOTALL)
_SPELLED = {
    **dict.fromkeys(("\\dfrac", "\\tfrac", "\\cfrac"), "\\frac"),
    **dict.fromkeys(("\\dbinom", "\\tbinom"), "\\binom"),
    **dict.fromkeys(("\\mbox", "\\mathrm", "\\textbf", "\\textrm", "\\textit", "\\textnormal"), "\\text"),
    **dict.fromkeys(("\\left", "\\right", "\\big", "\\Big", "\\bigl", "\\bigr", "\\displaystyle"), ""),
    **dict.fromkeys(("\\(", "\\)", "\\[", "\\]", "$", "\\$", "%", "\\%", "\\!", "\\degree", "°"), ""),
    **dict.fromkeys(("\\,", "\\;", "\\:", "\\ ", "~", "\\quad", "\\qquad", "\n", "\t", "\r"), " "),
    "\\le": "\\leq",
    "\\ge": "\\geq",
    "\\ne": "\\neq",
    "\\lbrace": "\\{",
    "\\rbrace": "\\}",
    "\N{MINUS SIGN}": "-",
    "\N{LESS-THAN OR EQUAL TO}": "\\leq",
    "\N{GREATER-THAN OR EQUAL TO}": "\\geq",
    "\N{GREEK SMALL LETTER PI}": "\\pi",
    "\N{INFINITY}": "\\infty",
}
_DIGITS = frozenset("0123456789")
_ARGUMENTS = {"\\frac": 2, "\\binom": 2, "\\sqrt": 1, "^": 1, "_": 1}

_GROUPED = re.compile(r"(?<=[0-9])(?:\{,\}|,\\!|\\,)(?=[0-9]{3}(?![0-9]))")
_THOUSANDS = re.compile(r"(?<![0-9.,])[1-9][0-9]{0,2}(?:,[0-9]{3})+(?![0-9])")
_DEGREES = re.compile(r"\^\{\\circ\}")
_TEXT = re.compile(r"\\text *\{([^{}]*)\}")
_TEXT_LAST = re.compile(r"\\text *\{([^{}]*)\} *(?:\^ *(?:\{ *[0-9] *\}|[0-9]))?\s*$")
_WHOLE = re.compile(r"[\w)\]}!'|]\s*$")
"""An end after which a unit may come; `x=` is none."""
_SCALE = re.compile(r"hundred|thousand|[mb]illion|dozen")
"""Words behind a number that say another number."""
_UNIT = (
    "square|sq|cubic|cu|percent|per|units?|inch(?:es)?|in|feet|foot|ft|yards?|miles?|mph|mm|cm|km|"
    "centimeters?|kilometers?|meters?|degrees?|dollars?|cents?|seconds?|minutes?|hours?|days?|weeks?|"
    "months?|years?|grams?|kg|kilograms?|pounds?|ounces?|liters?|gallons?"
)
_UNITS_LAST = re.compile(rf"(?<=[0-9}})])(?:{_UNIT})++(?:\^\{{[0-9]\}})?$")
"""Possessive: a row of words that can be split in several ways is not tried in all of them."""
_NAME = re.compile(
    r"(?:[A-Za-z]|\\[A-Za-z]+)(?:_\{[^{}]*\})?'*(?:\([A-Za-z](?:, [A-Za-z])*\))?(?:=|\\in(?![A-Za-z]) ?)"
)
_RELATION = re.compile(r"[=<>]|\\(?:in|leq|geq|neq)(?![A-Za-z])")

_INTEGER = r"[0-9]+"
_SIGNED = r"[-+]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)"
_ALONE = re.compile(
    r"(?:^|(?<=[(\[{=<>|&])|(?<=, )|(?<=\\\\)|(?<=matrix\}))"
    rf"(?:(?P<sign>[-+]?)(?P<whole>{_INTEGER}(?=\\| ))? ?"
    rf"(?:\\frac\{{(?P<top>{_SIGNED})\}}\{{(?P<bottom>{_SIGNED})\}}|(?P<over>{_INTEGER})/(?P<under>{_INTEGER}))"
    rf"|(?P<plain>{_SIGNED}))"
    r"(?=$|[)\]}=<>|&]|, |\\\}|\\\\|\\end(?![A-Za-z]))"
)
"""A number between two things that can take no part in it."""


def same_answer(one: str, other: str) -> bool:
    """Whether two answers are equal, by their normal forms."""
    if one == other:
        return True
    first, second = normal_form(one), normal_form(other)
    return first is not None and first == second


def normal_form(answer: str) -> str | None:
    """The normal form of an answer, which is its own normal form; None if the answer is too long for one."""
    if len(answer) > LONGEST:
        return None
    for _ in range(_ROUNDS):
        before, answer = answer, _step(answer)
        if answer == before:
            break
    return answer


def _step(text: str) -> str:
    text = _joined(_SPELLED.get(piece, piece) for piece in _TOKEN.findall(_GROUPED.sub("", text)))
    text = _without_text(_without_thousands(text.strip()))
    text = _joined(_braced(_without_spaces(_TOKEN.findall(text))))
    text = _UNITS_LAST.sub("", _DEGREES.sub("", text))
    text = _ALONE.sub(_reduced, _without_name(text))
    text = re.sub(r"(?<![0-9])\.(?=[0-9])", "0.", text)
    return text.strip(" .,;:")


def _joined(pieces: Iterable[str]) -> str:
    r"""Text of pieces; a space keeps a command apart from a letter, as in `\pi r`."""
    text, command = "", False
    for piece in filter(None, pieces):
        text += f" {piece}" if command and piece[0].isalpha() else piece
        command = piece[0] == "\\" and piece[1:].isalpha()
    return text


def _without_thousands(text: str) -> str:
    """Inside brackets `1,234` may be a pair, so there it is left."""
    if any(bracket in text for bracket in ("(", "[", "\\{")):
        return text
    return _THOUSANDS.sub(lambda match: match.group().replace(",", ""), text)


def _without_text(text: str) -> str:
    r"""What `\text` says at the end of something whole is a unit, and goes; anywhere else it stays, bare."""
    last = _TEXT_LAST.search(text)
    before = text[: last.start()] if last else ""
    if last and _WHOLE.search(before) and "\\text" not in before and not _SCALE.search(last.group(1)):
        text = before
    return _TEXT.sub(r" \1 ", text)


def _without_spaces(pieces: Sequence[str]) -> Iterator[str]:
    """Tokens without spaces; one stays between two digits, and one after each comma marks a list."""
    last, space = "", False
    for piece in pieces:
        if piece.isspace():
            space = True
            continue
        if space and last in _DIGITS and piece in _DIGITS:
            yield " "
        yield ", " if piece == "," else piece
        last, space = piece, False


def _braced(pieces: Iterable[str]) -> Iterator[str]:
    r"""Tokens with braces around every argument, which TeX takes to be a group or one token."""
    missing = [0]  # arguments still to come, at each depth of braces
    last, index = "", False  # index: inside the `[3]` of `\sqrt[3]{x}`
    for piece in pieces:
        index = piece != "]" if index else piece == "[" and last == "\\sqrt"
        last = piece
        if piece == "{":
            missing[-1] = max(0, missing[-1] - 1)
            missing.append(0)
            yield piece
        elif piece == "}":
            missing = missing[:-1] or [0]
            yield piece
        elif index or piece == "]" or not missing[-1]:
            missing[-1] = _ARGUMENTS.get(piece, missing[-1])
            yield piece
        elif piece != " ":
            missing[-1] -= 1
            yield from ("{", piece, "}")


def _without_name(text: str) -> str:
    named = _NAME.match(text)
    return text[named.end() :] if named and len(_RELATION.findall(text)) == 1 else text


def _reduced(match: re.Match[str]) -> str:
    value = _value(match)
    if value is None:
        return match.group()
    whole, sign = abs(value), "-" if value < 0 else ""
    if whole.denominator == 1:
        return f"{sign}{whole}"
    return f"{sign}\\frac{{{whole.numerator}}}{{{whole.denominator}}}"


def _value(match: re.Match[str]) -> Fraction | None:
    """The number that a match of `_ALONE` says; None if it says none, such as one over 0."""
    if match["plain"]:
        return Fraction(match["plain"])
    top, bottom = Fraction(match["top"] or match["over"]), Fraction(match["bottom"] or match["under"])
    mixed = match["whole"] is not None
    if bottom == 0 or (mixed and not 0 < top < bottom):
        return None
    value = Fraction(match["whole"] or 0) + top / bottom
    return -value if match["sign"] == "-" else value
