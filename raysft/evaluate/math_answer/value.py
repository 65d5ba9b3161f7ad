r"""What an expression is worth at two fixed points, to tell whether two expressions are the same.

An expression is read by a small grammar of our own, never by `eval`: sums, products (also without a sign
between), quotients, powers, `\frac`, `\sqrt`, `\binom`, `n!`, `\sin` `\cos` `\tan` `\ln` `\log`, the numbers
`\pi`, `e` and `i`, and variables of one letter. Each variable has a fixed rational value at each point;
rational operations are exact, so that polynomials and rational functions are equal there only if they are
equal (but for chance), and everything else is compared to 11 digits.

Nothing can take long: an expression of more than `LONGEST` pieces or nested deeper than `DEEPEST` has no
value, and no more has one in which an exact number would need more than `BITS` bits, or a float overflows.

Not covered: relations, lists, matrices, subscripts, absolute values, sums and integrals; they have no value.
"""

import cmath
import math
import re
from collections.abc import Callable
from fractions import Fraction
from typing import TypeAlias

LONGEST = 200
DEEPEST = 30
BITS = 4096

Value: TypeAlias = Fraction | complex

_PIECE = re.compile(r"\\[A-Za-z]+|[0-9]+(?:\.[0-9]+)?|\.[0-9]+|\S")
_WORD = re.compile(r"(?<![\\A-Za-z])[A-Za-z]{3,}")
_GREEK = (
    "alpha",
    "beta",
    "gamma",
    "delta",
    "theta",
    "lambda",
    "mu",
    "phi",
    "omega",
    "epsilon",
    "sigma",
    "rho",
)
_FUNCTIONS: dict[str, Callable[[complex], complex]] = {
    "\\sin": cmath.sin,
    "\\cos": cmath.cos,
    "\\tan": cmath.tan,
    "\\ln": cmath.log,
    "\\log": lambda one: cmath.log(one) / math.log(10),
}
_TIMES = ("\\cdot", "\\times", "*")
_OVER = ("/", "\\div")
_ENDS = ("", ")", "]", "}", "+", "-", *_TIMES, *_OVER)


class _NoValueError(ValueError):
    """What was read is no expression of this grammar, or too much work."""


def same_value(one: str, other: str) -> bool:
    """Whether two expressions in normal form have the same value at both points; False where one has none."""
    return all(_equal(value_at(one, point), value_at(other, point)) for point in (0, 1))


def value_at(text: str, point: int) -> Value | None:
    """The value of an expression at a point, 0 or 1; None if it has none."""
    if _WORD.search(text):
        return None
    pieces = _PIECE.findall(text)
    if not pieces or len(pieces) > LONGEST:
        return None
    try:
        return _Reader(pieces, point).whole()
    except (_NoValueError, ArithmeticError, ValueError):
        return None


def _equal(one: Value | None, other: Value | None) -> bool:
    if one is None or other is None:
        return False
    if isinstance(one, Fraction) and isinstance(other, Fraction):
        return one == other
    first, second = _inexact(one), _inexact(other)
    return cmath.isclose(first, second, rel_tol=1e-11, abs_tol=1e-12)


class _Reader:
    """Reads one expression from left to right."""

    def __init__(self, pieces: list[str], point: int) -> None:
        self._pieces, self._point, self._place, self._depth = [*pieces, ""], point, 0, 0

    def whole(self) -> Value:
        value = self._sum()
        if self._next():
            raise _NoValueError
        return value

    def _next(self) -> str:
        return self._pieces[self._place]

    def _take(self, wanted: str = "") -> str:
        piece = self._next()
        if not piece or (wanted and piece != wanted):
            raise _NoValueError
        self._place += 1
        return piece

    def _sum(self) -> Value:
        self._depth += 1
        if self._depth > DEEPEST:
            raise _NoValueError
        value = self._product()
        while self._next() in ("+", "-"):
            sign = -1 if self._take() == "-" else 1
            value = _bounded(_added(value, _times(Fraction(sign), self._product())))
        self._depth -= 1
        return value

    def _product(self) -> Value:
        sign = 1
        while self._next() in ("+", "-"):
            sign = -sign if self._take() == "-" else sign
        value = self._power()
        while True:
            if self._next() in _TIMES:
                self._take()
                value = _times(value, self._signed())
            elif self._next() in _OVER:
                self._take()
                value = _divided(value, self._signed())
            elif self._next() not in _ENDS:
                value = _times(value, self._power())
            else:
                return _times(Fraction(sign), value)

    def _signed(self) -> Value:
        if self._next() in ("+", "-"):
            return _times(Fraction(-1 if self._take() == "-" else 1), self._power())
        return self._power()

    def _power(self) -> Value:
        value = self._atom()
        while self._next() in ("!", "^"):
            if self._take() == "!":
                value = _factorial(value)
            else:
                return _raised(value, self._argument())
        return value

    def _argument(self) -> Value:
        self._take("{")
        value = self._sum()
        self._take("}")
        return value

    def _atom(self) -> Value:
        piece = self._take()
        if piece[0].isdigit() or piece[0] == ".":
            return Fraction(piece)
        if piece in ("(", "[", "{"):
            value = self._sum()
            self._take({"(": ")", "[": "]", "{": "}"}[piece])
            return value
        if piece == "\\frac":
            return _divided(self._argument(), self._argument())
        if piece == "\\binom":
            return _binomial(self._argument(), self._argument())
        if piece == "\\sqrt":
            return self._root()
        if piece in _FUNCTIONS:
            return self._function(piece)
        return self._named(piece)

    def _root(self) -> Value:
        index: Value = Fraction(2)
        if self._next() == "[":
            self._take()
            index = self._sum()
            self._take("]")
        return _raised(self._argument(), _divided(Fraction(1), index))

    def _function(self, name: str) -> Value:
        base = None
        if name == "\\log" and self._next() == "_":
            self._take()
            base = self._argument()
        power = None
        if self._next() == "^":
            self._take()
            power = self._argument()
        self._depth += 1
        if self._depth > DEEPEST:
            raise _NoValueError
        argument = _inexact(self._power())
        self._depth -= 1
        value = cmath.log(argument) / cmath.log(_inexact(base)) if base else _FUNCTIONS[name](argument)
        return value if power is None else _raised(value, power)

    def _named(self, piece: str) -> Value:
        constants: dict[str, complex] = {"\\pi": math.pi, "e": math.e, "i": 1j}
        if piece in constants:
            return complex(constants[piece])
        known = len(piece) == 1 and piece.isascii() and piece.isalpha()
        if not known and piece[1:] not in _GREEK:
            raise _NoValueError
        number = sum(ord(sign) * 31**place for place, sign in enumerate(piece)) % 10_007
        return Fraction(number + 3, 101) if self._point == 0 else Fraction(-number - 7, 103)


def _inexact(value: Value) -> complex:
    return complex(value)


def _bounded(value: Value) -> Value:
    if isinstance(value, Fraction):
        if max(value.numerator.bit_length(), value.denominator.bit_length()) > BITS:
            raise _NoValueError
    elif not cmath.isfinite(value):
        raise _NoValueError
    return value


def _added(one: Value, other: Value) -> Value:
    if isinstance(one, Fraction) and isinstance(other, Fraction):
        return one + other
    return _inexact(one) + _inexact(other)


def _times(one: Value, other: Value) -> Value:
    if isinstance(one, Fraction) and isinstance(other, Fraction):
        return _bounded(one * other)
    return _bounded(_inexact(one) * _inexact(other))


def _divided(one: Value, other: Value) -> Value:
    if isinstance(one, Fraction) and isinstance(other, Fraction):
        return _bounded(one / other)
    return _bounded(_inexact(one) / _inexact(other))


def _raised(base: Value, power: Value) -> Value:
    whole = isinstance(power, Fraction) and power.denominator == 1
    if isinstance(base, Fraction) and isinstance(power, Fraction) and whole:
        size = max(base.numerator.bit_length(), base.denominator.bit_length(), 1)
        if abs(power) * size > BITS:
            raise _NoValueError
        return base ** int(power)
    return _bounded(_inexact(base) ** _inexact(power))


def _natural(value: Value) -> int:
    if not isinstance(value, Fraction) or value.denominator != 1 or not 0 <= value <= LONGEST:
        raise _NoValueError
    return int(value)


def _factorial(value: Value) -> Value:
    return Fraction(math.factorial(_natural(value)))


def _binomial(top: Value, bottom: Value) -> Value:
    return Fraction(math.comb(_natural(top), _natural(bottom)))
