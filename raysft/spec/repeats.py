"""Values that a study writes twice: always a slip, and read as two of something that is one."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from raysft.composition.amount import Amount, write_amount
from raysft.composition.strategies import write_strategy
from raysft.composition.strategy import Strategy
from raysft.identity import canonical_bytes
from raysft.spec.recipe import RecipeChange
from raysft.spec.study import AXES, Axes, Study


def written_twice(study: Study) -> Iterator[tuple[str, str]]:
    """The field inside the study, and the value; values are compared, and not how they are written.

    In `linked` a value may come twice beside others; the same values side by side may not.
    """
    yield from _twice("abilities", study.abilities)
    yield from _of_axes("", study)
    for place, group in enumerate(study.linked):
        rows = list(zip(*(getattr(group, axis) for axis in group.given), strict=True))
        for row in _repeated(rows):
            yield f"linked[{place}]", " with ".join(map(_said, row))
    for place, exclusion in enumerate(study.exclude):
        yield from _of_axes(f"exclude[{place}].", exclusion)


def _of_axes(before: str, axes: Axes) -> Iterator[tuple[str, str]]:
    for axis in AXES:
        yield from _twice(f"{before}{axis}", getattr(axes, axis))


def _twice(field: str, values: Iterable[Any]) -> Iterator[tuple[str, str]]:
    return ((field, _said(value)) for value in _repeated(values))


def _repeated(values: Iterable[Any]) -> list[Any]:
    found = [(_key(value), value) for value in values]
    kept = dict(found)
    return [kept[key] for key, times in Counter(key for key, _ in found).items() if times > 1]


def _key(value: object) -> bytes:
    return canonical_bytes(_plain(value))


def _plain(value: object) -> object:
    match value:
        case tuple():
            return [_plain(one) for one in value]
        case Strategy():
            return write_strategy(value)
        case Amount():
            return write_amount(value)
        case RecipeChange():
            return value.written
    return value


def _said(value: object) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{key}: {one}" for key, one in value.items()) or "the usual"
    return str(getattr(value, "label", value)) or "the usual"
