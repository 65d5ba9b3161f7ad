r"""When two normal forms that differ mean the same: by their parts, or by their values.

parts    they are lists, sets, tuples, intervals or matrices of equal parts. `1,2,3` and `\{3,2,1\}` are
         lists without an order; `\pm 3` is `3,-3`; the brackets of tuples and intervals must be the same
value    they are expressions with the same value wherever both are looked at (`value.py`): `3\sqrt2` and
         `\sqrt{18}`, `(x+1)(x-1)` and `x^2-1`. Two plain numbers are compared by their forms only
"""

import re
from itertools import pairwise

from raysft.evaluate.math_answer.value import same_value

_MOST = 50
"""Parts of a list; a longer one equals only the same list."""

_NUMBER = re.compile(r"-?(?:[0-9]+|\\frac\{[0-9]+\}\{[0-9]+\})")
_NAME = re.compile(r"\(?[A-Za-z](?:, [A-Za-z])*\)?=")
_MATRIX = re.compile(r"\\begin\{(pmatrix|vmatrix)\}(.*)\\end\{\1\}")
_PIECE = re.compile(r"\\begin\{|\\end\{|\\cup(?![A-Za-z])|\\[{}]|\\[A-Za-z]+|\\.|.", re.DOTALL)


def same_meaning(one: str, other: str) -> bool:
    """Whether two normal forms mean the same."""
    if one == other:
        return True
    first, second = _parts(one), _parts(other)
    if first.kind != second.kind or len(first.parts) != len(second.parts):
        return False
    if len(first.parts) > _MOST:
        return False
    if first.kind == "one":
        plain = _NUMBER.fullmatch(one) and _NUMBER.fullmatch(other)
        return not plain and same_value(one, other)
    if first.kind in ("list", "union"):
        return _same_unordered(first.parts, second.parts)
    return all(_same_part(*pair) for pair in zip(first.parts, second.parts, strict=True))


def _same_part(one: str, other: str) -> bool:
    """Parts are not split again, but for the intervals of a union."""
    if one == other:
        return True
    if _intervals(one) and _intervals(other):
        return same_meaning(one, other)
    return _same_single(one, other)


def _same_single(one: str, other: str) -> bool:
    if "=" in one or "=" in other or (_NUMBER.fullmatch(one) and _NUMBER.fullmatch(other)):
        return False
    return same_value(one, other)


def _intervals(text: str) -> bool:
    return text[:1] in ("(", "[") and _parts(text).kind not in ("one", "list", "union")


def _same_unordered(one: list[str], other: list[str]) -> bool:
    left = list(other)
    for part in one:
        match = next((place for place, candidate in enumerate(left) if _same_part(part, candidate)), None)
        if match is None:
            return False
        del left[match]
    return True


class _Split:
    """An answer taken apart."""

    def __init__(self, kind: str, parts: list[str]) -> None:
        self.kind, self.parts = kind, parts


def _parts(text: str) -> _Split:
    matrix = _MATRIX.fullmatch(text)
    if matrix:
        rows = [row.split("&") for row in re.split(r"\\\\", matrix[2]) if row.strip()]
        shape = "x".join(str(len(row)) for row in rows)
        return _Split(f"{matrix[1]} {shape}", [entry.strip() for row in rows for entry in row])
    union = _split(text, "\\cup")
    if len(union) > 1:
        return _Split("union", union)
    parts = _split(_NAME.sub("", text) if text.count("=") == 1 else text, ",")
    if len(parts) == 1:
        return _single(parts[0])
    return _Split("list", _signed([_NAME.sub("", part) for part in parts]) if _one_name(parts) else parts)


def _single(text: str) -> _Split:
    signed = _signed([text])
    if len(signed) > 1:
        return _Split("list", signed)
    for opening, closing in (("\\{", "\\}"), ("(", ")"), ("[", "]"), ("(", "]"), ("[", ")")):
        if text.startswith(opening) and text.endswith(closing):
            inside = _split(text[len(opening) : len(text) - len(closing)], ",")
            if opening == "\\{":
                return _Split("list", _signed(inside))
            if len(inside) > 1:
                return _Split(f"{opening}{closing}", inside)
    return _Split("one", [text])


def _one_name(parts: list[str]) -> bool:
    """`x=3, x=-3` is a list of two numbers; `x=1, y=2` is not."""
    names = [found.group() if (found := _NAME.match(part)) else "" for part in parts]
    return all(one == other for one, other in pairwise(names))


def _signed(parts: list[str]) -> list[str]:
    r"""`2\pm 3` as two parts."""
    found: list[str] = []
    for part in parts:
        before, sign, after = part.partition("\\pm")
        if sign and "\\pm" not in after and "\\mp" not in part:
            plus = f"{before}+{after.strip()}" if before else after.strip()
            found += [plus, f"{before}-{after.strip()}"]
        else:
            found.append(part)
    return found


def _split(text: str, sign: str) -> list[str]:
    """A text at each `sign` that is in no bracket; brackets need not match, as in `[2,5)`."""
    parts, depth = [""], 0
    for piece in _PIECE.findall(text):
        if piece == sign and depth == 0:
            parts.append("")
            continue
        depth += piece in ("(", "[", "{", "\\{", "\\begin{") and 1
        depth -= piece in (")", "]", "}", "\\}") and depth > 0
        parts[-1] += piece
    return [part.strip() for part in parts]
