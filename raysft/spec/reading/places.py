"""Places in a raw sweep file: how they are written, and what is left of it once wrong parts are taken out."""

from collections.abc import Mapping, Sequence
from typing import Any

from raysft.wording import is_inside, seen

Steps = tuple[str | int, ...]


class _Items(list[Any]):
    """A list that remembers the places which its items had before some were taken out."""

    def __init__(self, items: Sequence[Any]) -> None:
        super().__init__(items)
        self.places = list(range(len(items)))


class Places:
    """A raw file of which parts are taken out, one after the other."""

    def __init__(self, raw: Mapping[str, Any]) -> None:
        self.left: dict[str, Any] = _copy(raw)
        """What is left."""

    def written(self, location: Sequence[str | int], *, missing: bool = False) -> Steps:
        """The steps of one of pydantic's locations that the user wrote.

        Names of the members of a union are left out, and so are `[0]` where a single value stands for a list
        and names of fields for which a bare value stands.

        Args:
            location: of an error.
            missing: whether its last step is a key that is not there.
        """
        steps: list[str | int] = []
        at: Any = self.left
        for step in location:
            found = _step(at, step, steps)
            if found is not None:
                steps.append(found)
                at = at[found]
        return (*steps, location[-1]) if missing and location else tuple(steps)

    def original(self, steps: Steps) -> Steps:
        """The same place before anything was taken out."""
        found: list[str | int] = []
        at: Any = self.left
        for step in steps:
            is_item = isinstance(step, int) and isinstance(at, _Items) and step < len(at)
            found.append(at.places[step] if is_item else step)
            at = at[step] if is_inside(at, step) else None
        return tuple(found)

    def now(self, steps: Steps) -> int | None:
        """Where an item of a list is by now, by its place before anything was taken out; None if it went."""
        items = self._at(steps[:-1])
        known = items.places if isinstance(items, _Items) else []
        return known.index(steps[-1]) if steps[-1] in known else None

    def take_out(self, steps: Steps) -> None:
        """Take out what is at a place, if it is still there."""
        above = self._at(steps[:-1])
        if steps and is_inside(above, steps[-1]):
            del above[steps[-1]]
            if isinstance(above, _Items) and isinstance(steps[-1], int):
                del above.places[steps[-1]]

    def put(self, steps: Steps, value: object) -> None:
        """Put something in place of what is there, or where something is missing."""
        above = self._at(steps[:-1])
        if isinstance(above, dict) or is_inside(above, steps[-1]):
            above[steps[-1]] = value

    def _at(self, steps: Steps) -> Any:  # noqa: ANN401 - raw YAML
        at: Any = self.left
        for step in steps:
            at = at[step] if is_inside(at, step) else None
        return at


def dotted(steps: Sequence[str | int]) -> str:
    """`abilities.math.source.path[1]`."""
    parts = (f"[{step}]" if isinstance(step, int) else "." + (seen(step) or '""') for step in steps)
    return "".join(parts).removeprefix(".")


def order_of_file(raw: Mapping[str, Any]) -> Mapping[str, tuple[int, int]]:
    """Of every dotted place, where in the file it begins and ends, as numbers that only order."""
    found: dict[str, tuple[int, int]] = {}
    _number(raw, (), found, 0)
    return found


def _number(at: object, steps: Steps, found: dict[str, tuple[int, int]], count: int) -> int:
    """The depth of what is walked is bounded by whoever read it."""
    first = count
    members: Sequence[tuple[str | int, object]] = ()
    if isinstance(at, Mapping):
        members = list(at.items())
    elif isinstance(at, list):
        members = list(enumerate(at))
    for step, one in members:
        count = _number(one, (*steps, step), found, count + 1)
    found[dotted(steps)] = (first, count)
    return count


def place_in_file(field: str, order: Mapping[str, tuple[int, int]]) -> tuple[int, int]:
    """Sorts fields: what is there by its place, what is missing behind all else of what is around it."""
    if field in order:
        return order[field][0], 0
    while field and field not in order:
        field = field[: max(field.rfind("."), field.rfind("["), 0)]
    return order.get(field, (0, 0))[1] if field else -1, 1


def _step(at: Any, step: str | int, before: Sequence[str | int]) -> str | int | None:  # noqa: ANN401
    """What the user wrote for one step of a location; None if nothing."""
    if is_inside(at, step):
        return step
    if before[:1] != ["studies"] or before[2:3] != ["ratio"] or not isinstance(at, Mapping):
        return None
    # Ratios may be a mapping from names to points, and a point may have its factors below its name.
    named = bool(at) and all(isinstance(one, Mapping) for one in at.values())
    if named and isinstance(step, int) and step < len(at):
        return str(list(at)[step])
    return str(next(iter(at))) if named and step == "factors" and len(at) == 1 else None


def _copy(raw: Any) -> Any:  # noqa: ANN401 - raw YAML, the depth of which is bounded
    if isinstance(raw, Mapping):
        return {key: _copy(one) for key, one in raw.items()}
    return _Items([_copy(one) for one in raw]) if isinstance(raw, list) else raw
