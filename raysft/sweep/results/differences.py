"""What tells two results apart: the fields of their identities that differ."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from raysft.identity import Json

_Kept = TypeVar("_Kept")
_SHOWN = 24
"""Letters of a value; digests are shown by their first twelve."""
_DIGEST = 32


@dataclass(frozen=True)
class Difference:
    """A field in which what a sweep asks for differs from what the store has."""

    field: str
    """Dotted, such as `recipe.epochs`."""
    stored: str
    asked: str

    def __str__(self) -> str:
        return f"{self.field} {self.stored} → {self.asked}"


def differences(stored: Mapping[str, Json], asked: Mapping[str, Json]) -> tuple[Difference, ...]:
    """Every field that differs, in the order of what is asked for."""
    before, after = dict(_flat("", dict(stored))), dict(_flat("", dict(asked)))
    fields = [*after, *(field for field in before if field not in after)]
    return tuple(
        Difference(field, _text(before.get(field)), _text(after.get(field)))
        for field in fields
        if before.get(field) != after.get(field)
    )


def nearest(
    asked: Mapping[str, Json], kept: Iterable[_Kept], identity: Callable[[_Kept], Mapping[str, Json]]
) -> _Kept | None:
    """The one that differs from what is asked for in the fewest fields; None of nothing."""
    return min(kept, key=lambda one: len(differences(identity(one), asked)), default=None)


def _flat(path: str, value: Json) -> Iterable[tuple[str, Json]]:
    """A nested mapping as dotted fields; lists are values."""
    if not isinstance(value, Mapping):
        return [(path, value)]
    return [pair for key, inner in value.items() for pair in _flat(f"{path}.{key}" if path else key, inner)]


def _text(value: Json) -> str:
    match value:
        case None:
            return "none"
        case str() if len(value) == _DIGEST:
            return value[:12]
        case str():
            return value if len(value) <= _SHOWN else f"{value[: _SHOWN - 1]}…"
        case Sequence():
            return ", ".join(_text(one) for one in value)
    return str(value).lower() if isinstance(value, bool) else f"{value}"
