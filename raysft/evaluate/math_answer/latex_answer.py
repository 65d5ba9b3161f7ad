r"""When two short answers in LaTeX are the same: their normal forms are.

This is the comparison of text that MATH's authors published (Hendrycks et al. 2021, arXiv 2103.03874,
`math_equivalence.py`), with numbers compared as exact rationals. The normal form has

    spelling   one word for `\frac` `\dfrac` `½`, for `\le` `≤`, for `\sqrt5` `√5`; no `\left` `$`
               `\$` `%`, no degrees, no spaces (one is kept between two digits, as in `2 1/2`), no `\mathbf`;
               no `\times` or `\cdot` but between digits; one kind of matrix in brackets (`latex_spelling.py`)
    braces     around the arguments of `\frac`, `\sqrt`, `\binom`, `^` and `_`: `\frac12` is `\frac{1}{2}`
    units      none: no `\text{...}` at the end, after something else, no word after a number, no `p.m.`;
               what they say is compared apart (`units.py`)
    name       none: `x=5`, `f(x)=5` and `x\in[1,5]` are what comes after the sign
    numbers    reduced, wherever one is alone: `0.50`, `\frac24`, `1/2` and `-\frac{-1}{2}` are all
               `\frac{1}{2}`, `2\frac12` is mixed; `1,234` `1{,}234` `1,\!234` are 1234, the first of them
               outside brackets only
    words      in small letters, where an answer is nothing else; `(C)` is `C`

Normal forms that differ may mean the same, by their parts or by their values (`meaning.py`). A text longer
than `LONGEST` has no normal form and equals only itself, so that work and the size of numbers are bounded.

On the pairs of `tests/support/latex_spelling_pairs.py`, which the rules were written with in sight, 603 of
608 equal ones are found and none of 70 unequal ones is taken for equal. Of 590 of the equal ones math-verify
0.9 finds 432, and it takes 11 for equal, such as `5\text{ cm}` and `5\text{ m}` or `(1,2)` and `\{1,2\}`, in
10 to 27 times the time; what it evaluates has no bound but a timer. On the pairs of `latex_meaning_pairs.py`,
with algebra of all kinds, 190 of 193 equal ones are found and 2 of 142 others pass (`12 men` and `12 women`);
math-verify finds 160, and 22 pass (`benchmarks/latex_answers.py`).

Not covered: percentages as fractions, `]0,1[`, equations that say the same in other words. An answer of equal
value that lacks the form that was asked for (`factor x^2-1`) passes, as with math-verify.
"""

import re
from fractions import Fraction

from raysft.evaluate.math_answer.latex_spelling import compact, spelled
from raysft.evaluate.math_answer.meaning import same_meaning
from raysft.evaluate.math_answer.units import UNITS_LAST, unit_of

LONGEST = 1000
"""Characters of an answer; the longest of MATH's own are below 200."""

_AND = re.compile(r"\\(?:text|mbox|mathrm|textrm) *\{ *,? ?(?:and|or) *\}")
_ROUNDS = 20
"""A step may make room for another; two or three rounds are usual."""

_THOUSANDS = re.compile(r"(?<![0-9.,])[1-9][0-9]{0,2}(?:,[0-9]{3})+(?![0-9])")
_DEGREES = re.compile(r"\^\{\\circ\}")
_TEXT = re.compile(r"\\text *\{([^{}]*)\}")
_TEXT_LAST = re.compile(r"\\text *\{([^{}]*)\} *(?:\^ *(?:\{ *[0-9] *\}|[0-9]))?\s*$")
_WHOLE = re.compile(r"[\w)\]}!'|]\s*$")
"""An end after which a unit may come; `x=` is none."""
_SCALE = re.compile(r"hundred|thousand|[mb]illion|dozen")
"""Words behind a number that say another number."""
_WORDS_LAST = re.compile(r"(?<=[0-9})]) +(?:[A-Za-z]{3,}[. ]*){1,4}$|(?<=[0-9]) *[AaPp]\.? ?[Mm]\.?$")
"""`12 people`, `4:30 p.m.`"""
_CHOICE = re.compile(r"\(([A-Z])\)")
_BARE_WORDS = re.compile(r"[A-Za-z]{3,}(?: ?[A-Za-z]+)*+")
_IN_BRACKETS = re.compile(r"(-?)\((-?(?:[0-9]+(?:\.[0-9]+)?|\\frac\{[0-9]+\}\{[0-9]+\}))\)")
_ARGUMENT_IN_BRACKETS = re.compile(r"(?<!\\)\{\(([^(){},]*)\)\}")
_SIDE = re.compile(r"\(([^(){},]+)\)|([^-+,=<>&()\[\]|]+)")
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
    """Whether two answers are equal: their normal forms are, or mean the same, and no known units differ."""
    if one == other:
        return True
    if max(len(one), len(other)) > LONGEST:
        return False
    first, second = normal_form(_AND.sub(",", one)), normal_form(_AND.sub(",", other))
    if not first or not second:
        return first == second
    units = unit_of(one), unit_of(other)
    return (None in units or units[0] == units[1]) and same_meaning(first, second)


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
    text = compact(_without_text(_without_thousands(spelled(text))))
    text = UNITS_LAST.sub("", _DEGREES.sub("", text))
    text = _ARGUMENT_IN_BRACKETS.sub(r"{\1}", _without_name(text))
    text = _ALONE.sub(_reduced, _as_fraction(_ALONE.sub(_reduced, text.lstrip("= "))))
    text = re.sub(r"(?<![0-9])\.(?=[0-9])", "0.", text)
    return _bare(text.strip(" .,;:"))


def _bare(text: str) -> str:
    """A choice without its brackets, a number without its brackets, words in small letters."""
    choice = _CHOICE.fullmatch(text)
    if choice:
        return choice[1]
    text = _IN_BRACKETS.sub(r"\1\2", text) if _IN_BRACKETS.fullmatch(text) else text
    return text.casefold() if _BARE_WORDS.fullmatch(text) or text.casefold() == "no" else text


def _as_fraction(text: str) -> str:
    r"""A whole answer that is one thing over another: `(x+1)/2` is `\frac{x+1}{2}`."""
    top, slash, bottom = text.partition("/")
    sign = "-" if top.startswith("-") else ""
    sides = [_SIDE.fullmatch(side) for side in (top.removeprefix("-"), bottom)]
    if not slash or "/" in bottom or None in sides:
        return text
    over, under = (found[1] or found[2] for found in sides if found)
    if any(side.count("{") != side.count("}") or side.endswith("\\") for side in (over, under)):
        return text
    return f"{sign}\\frac{{{over.strip()}}}{{{under.strip()}}}"


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
    text = _TEXT.sub(r" \1 ", text)
    return text if _SCALE.search(text) else _WORDS_LAST.sub("", text.rstrip(" ."))


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
