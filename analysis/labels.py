"""Texts and orders that the table, the figures and the page share."""

import json
import re
from collections.abc import Sequence
from fractions import Fraction

_ORDER = ("base", "single", "multi_task", "sequential", "mixed_sequential", "dmt")
_SHARE = re.compile(r"k=(\d+(?:/0*[1-9]\d*)?)")


def printable(text: str) -> str:
    """The text with control characters replaced: a name must not be able to steer a terminal."""
    return "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text)


def shortened(text: str, most: int = 30) -> str:
    """At most so many letters, for a figure; the table has the whole name."""
    return text if len(text) <= most else text[: most - 1] + "\N{HORIZONTAL ELLIPSIS}"


def ratio_text(ratio: str | None) -> str:
    """`{"code": "2"}` as `code ×2`; empty for the default ratio of 1 throughout."""
    if not ratio or ratio == "{}":
        return ""
    try:
        parts = json.loads(ratio)
    except ValueError:
        return ratio
    return (
        ", ".join(f"{ability} ×{factor}" for ability, factor in parts.items())
        if isinstance(parts, dict)
        else ratio
    )


def variant_text(variant: str | None) -> str:
    """`{"general": "filtered"}` as `general: filtered`; empty where every source is the usual one."""
    if not variant or variant == "{}":
        return ""
    try:
        parts = json.loads(variant)
    except ValueError:
        return variant
    if not isinstance(parts, dict):
        return variant
    return ", ".join(f"{ability}: {name}" for ability, name in parts.items())


def strategy_order(label: str, abilities: Sequence[str] = ()) -> tuple[int, int, Fraction, str]:
    """Sort key: base, single abilities, multi-task, sequential, mixed sequential, DMT by k, all else.

    Single abilities follow the order of `abilities`. Little replay comes before much: DMT with k = 0 is
    mixed sequential.
    """
    kind, _, inner = label.partition("(")
    ability = inner.removesuffix(")")
    column = abilities.index(ability) if ability in abilities else len(abilities)
    rank = _ORDER.index(kind) if kind in _ORDER else len(_ORDER)
    share = _SHARE.search(label) if kind == "dmt" else None
    return (rank, column, Fraction(share.group(1)) if share else Fraction(0), label)


def fixed(value: float, best: float) -> str:
    """A score with one decimal, or two on scales of up to 10 points."""
    return f"{value:.2f}" if best <= 10 else f"{value:.1f}"


def percent(share: float) -> str:
    """A share as a percentage; what is not 0 never reads 0%, what is not all never reads 100%."""
    if 0 < share < 0.005:
        return "<1%"
    if 0.995 <= share < 1:
        return ">99%"
    return f"{100 * share:.0f}%"


def listed(names: Sequence[str], most: int = 6) -> str:
    """`a, b, c and 4 more`."""
    shown = ", ".join(names[:most])
    return f"{shown} and {len(names) - most} more" if len(names) > most else shown
