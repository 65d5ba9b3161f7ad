r"""Numbers as people and models write them, as exact rationals; nothing is ever evaluated.

Read as one number:

    spelling    `18` `18.0` `.5` `7.` `+5` `-3`, also with `−` or a dash; digits of every script
    thousands   `1,234` `1{,}234` `1\,234` `1,\!234` `1'234` `1_234`, and with a no-break or thin space;
                `1,00,000`; `1.234,56` where the points and the comma leave no doubt
    money       `$18` `-$18` `$-18` `\$18` `€18`
    fractions   `18/3` is 6, `2 1/2` and `2\frac12` are 5/2, `\frac{1}{2}` is 1/2
    powers      `1e3` and `2 \times 10^{3}`; `18%` is 18

Not numbers: times and ratios (`4:30`), dates (`1/2/2020`), exponents (`m^2`), other powers (`2^5`), what is
divided by 0, and more than `LONGEST` characters. `-` is a sign only where it does not follow an operand:
`5-3` holds 5 and 3. Words take no part: `2 million` is 2, as where a question asks for millions; `1,5` is two
numbers. Every pattern is linear in the text.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

LONGEST = 100
"""Characters of a number: bounds the work, since a model may repeat a digit up to its token limit."""

_SIGNS = str.maketrans("−﹣－–，．＄％＋／＝：", "----,.$%+/=:")  # noqa: RUF001 - what is replaced
_GROUP = re.compile(r"(?<=[0-9])(?:\{,\}|,?\\[,!;: ]|[\u00a0\u2009\u202f'’_])(?=[0-9]{3}(?![0-9]))")  # noqa: RUF001
_ESCAPED = re.compile(r"\\([$%])")

_SIGN = r"(?P<sign>(?<![\w)\]}%$])[-+][$€£¥₹]?|[$€£¥₹][-+]?)?"
_NUMBER = re.compile(
    r"\^\ ?\{?\ ?[-+]?[0-9]++"  # an exponent
    r"|[0-9]++(?::[0-9]++)++|[0-9]++(?:/[0-9]++){2,}+"  # a time, a ratio, a date
    rf"|{_SIGN}(?:"
    r"(?:(?P<whole>[0-9]++)\ ?)?\\[dtc]?frac\ ?"
    r"(?:\{(?P<top>-?[0-9]++)\}\ ?\{(?P<bottom>[0-9]++)\}|(?P<one>[0-9])(?P<two>[0-9])(?![0-9]))"
    r"|(?:(?P<mixed>[0-9]++)\ )?(?P<over>[0-9]++)/(?P<under>[0-9]++)(?!\.[0-9])"
    r"|(?P<plain>"
    r"(?P<points>[0-9]{1,3}(?:\.[0-9]{3})++,[0-9]++)"
    r"|(?:[0-9]{1,3}(?:,[0-9]{3})++(?![0-9])|[1-9][0-9]?(?:,[0-9]{2}(?![0-9]))++,[0-9]{3}(?![0-9])|[0-9]++)"
    r"(?:\.[0-9]++)?|(?<![0-9])\.[0-9]++)"
    r"(?:[eE](?P<exponent>[-+]?[0-9]{1,2})(?![0-9A-Za-z])"
    r"|\ ?(?:\\times|\\cdot|[×x*])\ ?10\^(?:\{(?P<braced>-?[0-9]{1,2})\}|(?P<bare>[0-9]{1,2})(?![0-9])))?)"
)
"""What is written like a number, and what only looks like one; possessive, so that nothing is tried twice."""
_RAISED = re.compile(r"\ ?\^\ ?\{?\ ?[-+]?[0-9]|[²³¹⁰⁴-⁹]")


@dataclass(frozen=True)
class Number:
    """A number and where it is written."""

    value: Fraction | None
    """None if it is longer than `LONGEST`."""
    start: int
    end: int
    """Places in the text made `plain`."""


def plain(text: str) -> str:
    """A text with ASCII digits and signs, and with commas between thousands; its numbers are the same."""
    if not text.isascii():
        text = "".join(str(unicodedata.decimal(sign)) if sign.isdecimal() else sign for sign in text)
    return _ESCAPED.sub(r"\1", _GROUP.sub(",", text.translate(_SIGNS)))


def numbers(text: str) -> Iterator[Number]:
    """The numbers of a text that is `plain`, in their order."""
    for match in _NUMBER.finditer(text):
        number = _number(match)
        if number:
            yield number


def number_at(text: str, place: int) -> Number | None:
    """The number that begins at a place of a text that is `plain`; None if none does."""
    match = _NUMBER.match(text, place)
    return _number(match) if match else None


def written(value: Fraction) -> str:
    """A number in digits: `18`, `0.5`; as a fraction where its decimals would not end."""
    twos = fives = 0
    rest = value.denominator
    while rest % 2 == 0:
        rest, twos = rest // 2, twos + 1
    while rest % 5 == 0:
        rest, fives = rest // 5, fives + 1
    if rest != 1:
        return str(value)
    places = max(twos, fives)
    digits = str(abs(value.numerator) * 10**places // value.denominator).rjust(places + 1, "0")
    decimals = f".{digits[len(digits) - places :]}" if places else ""
    return f"{'-' if value < 0 else ''}{digits[: len(digits) - places]}{decimals}"


def _number(match: re.Match[str]) -> Number | None:
    known = match["plain"] or match["top"] or match["one"] or match["over"]
    if not known or _RAISED.match(match.string, match.end()):
        return None
    if len(match.group()) > LONGEST:
        return Number(None, *match.span())
    value = _plain_value(match) if match["plain"] else _fraction(match)
    negative = match["sign"] and "-" in match["sign"]
    return None if value is None else Number(-value if negative else value, *match.span())


def _plain_value(match: re.Match[str]) -> Fraction:
    digits = match["plain"]
    digits = digits.replace(".", "").replace(",", ".") if match["points"] else digits.replace(",", "")
    power = int(match["exponent"] or match["braced"] or match["bare"] or 0)
    return Fraction(digits) * Fraction(10) ** power


def _fraction(match: re.Match[str]) -> Fraction | None:
    top = int(match["top"] or match["one"] or match["over"])
    bottom = int(match["bottom"] or match["two"] or match["under"])
    if bottom == 0:
        return None
    whole = int(match["whole"] or match["mixed"] or 0)
    return (whole if 0 < top < bottom else 0) + Fraction(top, bottom)
