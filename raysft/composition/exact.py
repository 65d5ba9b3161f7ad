"""Exact rationals: the only numbers that say how much of a source is used."""

import re
from fractions import Fraction
from typing import Annotated

from pydantic import BeforeValidator, PlainSerializer

from raysft.wording import Fault, Faults

_WRITTEN = re.compile(r"\s*(-?[0-9]+)(?:\s*/\s*([0-9]+))?\s*")
_LONGEST = 2000
"""Characters of a fraction; nobody reads more digits, and Python refuses thousands."""


def parse_share(value: object) -> Fraction:
    """Read a share from YAML: `1`, `1/256` or `"1/4"`.

    A decimal is refused, also as text (YAML reads `1e-2` as text): 0.004 is not 1/256, and nobody sees the
    difference in a table.
    """
    if isinstance(value, Fraction):
        return value
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise ValueError("write an exact fraction such as 1/4")
    if isinstance(value, int):
        return Fraction(value)
    written = _WRITTEN.fullmatch(value) if len(value) <= _LONGEST else None
    if written is None or int(written[2] or 1) == 0:
        raise ValueError("write an exact fraction such as 1/4")
    return Fraction(int(written[1]), int(written[2] or 1))


def _positive(value: object) -> Fraction:
    share = parse_share(value)
    if share <= 0:
        raise ValueError("must be above 0; leave the ability out to train without it")
    return share


def amount_share(value: object) -> Fraction:
    """Read a share in (0, 1]; ValueError says what is wrong."""
    share = _positive(value)
    if share > 1:
        raise ValueError("must be at most 1: there is no more than the whole source")
    return share


def _zero_to_one(value: object) -> Fraction:
    share = parse_share(value)
    if not 0 <= share <= 1:
        raise ValueError("must lie between 0 and 1")
    return share


def _one_or_per_ability(value: object) -> Fraction | dict[str, Fraction]:
    if not isinstance(value, dict):
        return _zero_to_one(value)
    shares: dict[str, Fraction] = {}
    faults = []
    for ability, share in value.items():
        try:
            shares[str(ability)] = _zero_to_one(share)
        except ValueError as error:
            faults.append(Fault((ability,), share, str(error), instead=1))
    if faults:
        raise Faults(faults)
    return shares


_as_text = PlainSerializer(str, return_type=str)

ShareField = Annotated[Fraction, BeforeValidator(amount_share), _as_text]
"""A share in (0, 1]."""
Ratio = Annotated[Fraction, BeforeValidator(_positive), _as_text]
"""Multiplier of one ability on top of the amount, above 0."""
ReplayShares = Annotated[Fraction | dict[str, Fraction], BeforeValidator(_one_or_per_ability)]
"""Share k of an ability's own subset that is seen again, in [0, 1]: one for all, or one per ability."""


def count_of(share: Fraction, rows: int) -> int:
    """How many of `rows` conversations (1 or more) a share takes: rounded down, at least 1.

    `count_of(Fraction(1, 256), 110_142) == 430`, the paper's number for math (arXiv 2310.05492).
    """
    return max(1, share.numerator * rows // share.denominator)
