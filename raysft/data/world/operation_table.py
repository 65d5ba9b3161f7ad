"""The table of operations that code exercises are composed of: a new operation is one row.

The order matters: earlier rows are drawn more often.
"""

from random import Random
from typing import Any

from raysft.data.world.draw import Ranked
from raysft.data.world.operation import Ending, Family, Operation
from raysft.data.world.words import THINGS

_LIST: tuple[Operation[list[int]], ...] = (
    Operation(
        "add {k} to each number",
        "increase each number by {k}",
        "{v} = [x + {k} for x in {v}]",
        lambda v, s: [x + s.k for x in v],
    ),
    Operation(
        "keep the even numbers",
        "drop the odd numbers",
        "{v} = [x for x in {v} if x % 2 == 0]",
        lambda v, _: [x for x in v if x % 2 == 0],
    ),
    Operation(
        "multiply each number by {k}",
        "scale each number by {k}",
        "{v} = [x * {k} for x in {v}]",
        lambda v, s: [x * s.k for x in v],
    ),
    Operation("sort the numbers", "put the numbers in order", "{v} = sorted({v})", lambda v, _: sorted(v)),
    Operation(
        "keep numbers greater than {k}",
        "keep numbers above {k}",
        "{v} = [x for x in {v} if x > {k}]",
        lambda v, s: [x for x in v if x > s.k],
    ),
    Operation("reverse the list", "flip the list", "{v} = {v}[::-1]", lambda v, _: v[::-1]),
    Operation(
        "subtract {k} from each number",
        "decrease each number by {k}",
        "{v} = [x - {k} for x in {v}]",
        lambda v, s: [x - s.k for x in v],
    ),
    Operation(
        "take the first {k} numbers",
        "keep only the first {k} numbers",
        "{v} = {v}[:{k}]",
        lambda v, s: v[: s.k],
    ),
    Operation(
        "square each number",
        "replace each number by its square",
        "{v} = [x * x for x in {v}]",
        lambda v, _: [x * x for x in v],
    ),
    Operation(
        "keep the odd numbers",
        "drop the even numbers",
        "{v} = [x for x in {v} if x % 2 == 1]",
        lambda v, _: [x for x in v if x % 2 == 1],
    ),
    Operation(
        "keep numbers less than {k}",
        "keep numbers below {k}",
        "{v} = [x for x in {v} if x < {k}]",
        lambda v, s: [x for x in v if x < s.k],
    ),
    Operation(
        "take the last {k} numbers",
        "keep only the last {k} numbers",
        "{v} = {v}[-{k}:]",
        lambda v, s: v[-s.k :],
    ),
    Operation(
        "remove duplicates",
        "drop repeated numbers",
        "{v} = list(dict.fromkeys({v}))",
        lambda v, _: list(dict.fromkeys(v)),
    ),
    Operation(
        "negate each number",
        "flip the sign of each number",
        "{v} = [-x for x in {v}]",
        lambda v, _: [-x for x in v],
    ),
    Operation(
        "sort the numbers in descending order",
        "order the numbers from high to low",
        "{v} = sorted({v}, reverse=True)",
        lambda v, _: sorted(v, reverse=True),
    ),
    Operation(
        "replace each number by its absolute value",
        "make each number positive",
        "{v} = [abs(x) for x in {v}]",
        lambda v, _: [abs(x) for x in v],
    ),
)
_LIST_ENDINGS: tuple[Ending[list[int]], ...] = (
    Ending("return the list", "{v}", lambda v, _: v),
    Ending("return the sum", "sum({v})", lambda v, _: sum(v)),
    Ending("return the length", "len({v})", lambda v, _: len(v)),
    Ending("return the largest number", "max({v}, default=0)", lambda v, _: max(v, default=0)),
    Ending("return the smallest number", "min({v}, default=0)", lambda v, _: min(v, default=0)),
    Ending("return the list as a tuple", "tuple({v})", lambda v, _: tuple(v)),
)
_STRING: tuple[Operation[str], ...] = (
    Operation("convert to uppercase", "make it uppercase", "{v} = {v}.upper()", lambda v, _: v.upper()),
    Operation("reverse the string", "flip the string", "{v} = {v}[::-1]", lambda v, _: v[::-1]),
    Operation(
        "replace '{c}' with '{d}'",
        "change '{c}' to '{d}'",
        "{v} = {v}.replace('{c}', '{d}')",
        lambda v, s: v.replace(s.c, s.d),
    ),
    Operation(
        "take the first {k} characters",
        "keep only the first {k} characters",
        "{v} = {v}[:{k}]",
        lambda v, s: v[: s.k],
    ),
    Operation(
        "repeat the string {k} times",
        "make {k} copies of the string",
        "{v} = {v} * {k}",
        lambda v, s: v * s.k,
    ),
    Operation("append '{c}'", "add '{c}' at the end", "{v} = {v} + '{c}'", lambda v, s: v + s.c),
    Operation("prepend '{c}'", "add '{c}' at the start", "{v} = '{c}' + {v}", lambda v, s: s.c + v),
    Operation(
        "remove '{c}'",
        "delete every '{c}'",
        "{v} = {v}.replace('{c}', '')",
        lambda v, s: v.replace(s.c, ""),
    ),
    Operation(
        "take the last {k} characters",
        "keep only the last {k} characters",
        "{v} = {v}[-{k}:]",
        lambda v, s: v[-s.k :],
    ),
    Operation(
        "remove the vowels",
        "drop the vowels",
        "{v} = ''.join(c for c in {v} if c not in 'aeiou')",
        lambda v, _: "".join(c for c in v if c not in "aeiou"),
    ),
    Operation("swap the case", "flip the case", "{v} = {v}.swapcase()", lambda v, _: v.swapcase()),
    Operation(
        "remove spaces",
        "drop the spaces",
        "{v} = {v}.replace(' ', '')",
        lambda v, _: v.replace(" ", ""),
    ),
)
_STRING_ENDINGS: tuple[Ending[str], ...] = (
    Ending("return the string", "{v}", lambda v, _: v),
    Ending("return the length", "len({v})", lambda v, _: len(v)),
    Ending("return the words", "{v}.split()", lambda v, _: v.split()),
    Ending("count '{c}'", "{v}.count('{c}')", lambda v, s: v.count(s.c)),
    Ending("return the characters", "list({v})", lambda v, _: list(v)),
)
_NUMBER: tuple[Operation[int], ...] = (
    Operation("add {k}", "increase by {k}", "{v} = {v} + {k}", lambda v, s: v + s.k),
    Operation("multiply by {k}", "scale by {k}", "{v} = {v} * {k}", lambda v, s: v * s.k),
    Operation("subtract {k}", "decrease by {k}", "{v} = {v} - {k}", lambda v, s: v - s.k),
    Operation("square it", "raise to the power 2", "{v} = {v} * {v}", lambda v, _: v * v),
    Operation("take the remainder by {k}", "reduce modulo {k}", "{v} = {v} % {k}", lambda v, s: v % s.k),
    Operation(
        "divide by {k} rounding down", "floor divide by {k}", "{v} = {v} // {k}", lambda v, s: v // s.k
    ),
    Operation("negate it", "flip the sign", "{v} = -{v}", lambda v, _: -v),
    Operation("take the absolute value", "make it positive", "{v} = abs({v})", lambda v, _: abs(v)),
    Operation("cap at {k}", "limit to at most {k}", "{v} = min({v}, {k})", lambda v, s: min(v, s.k)),
)
_NUMBER_ENDINGS: tuple[Ending[int], ...] = (
    Ending("return the number", "{v}", lambda v, _: v),
    Ending("return it as a string", "str({v})", lambda v, _: str(v)),
    Ending("return whether it is even", "{v} % 2 == 0", lambda v, _: v % 2 == 0),
    Ending("return whether it is greater than {k}", "{v} > {k}", lambda v, s: v > s.k),
    Ending("return its digits", "list(str({v}))", lambda v, _: list(str(v))),
)


def _numbers(rng: Random) -> list[int]:
    return [rng.randint(-9, 19) for _ in range(rng.randint(3, 8))]


def _phrase(rng: Random) -> str:
    return " ".join(rng.choice((*THINGS, "Tea", "Lot", "aBe")) for _ in range(rng.randint(1, 3)))


def _number(rng: Random) -> int:
    return rng.randint(-20, 60)


FAMILIES: tuple[Family[Any], ...] = (
    Family(
        Ranked(_LIST, 0.5),
        Ranked(_LIST_ENDINGS, 0.6),
        ("nums", "xs", "lst", "values"),
        ("process", "solve", "transform", "compute", "run"),
        _numbers,
    ),
    Family(
        Ranked(_STRING, 0.5),
        Ranked(_STRING_ENDINGS, 0.6),
        ("s", "text", "word"),
        ("format_text", "edit", "convert", "clean"),
        _phrase,
    ),
    Family(
        Ranked(_NUMBER, 0.5),
        Ranked(_NUMBER_ENDINGS, 0.6),
        ("n", "num", "value"),
        ("calc", "apply", "update", "step"),
        _number,
    ),
)
"""Lists of whole numbers, strings, whole numbers."""

FAMILY_SHARES = (45, 30, 25)
"""Percentages of the exercises, in the order of `FAMILIES`."""
