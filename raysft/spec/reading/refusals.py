"""From a raw sweep file to a checked one, and every problem of its single fields in one answer.

What is wrong is noted and taken out, or replaced by something harmless where the rest cannot be without it,
and the rest is read again: so what lies behind one mistake is found in the same answer.
"""

import copy
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from raysft.errors import Problem
from raysft.spec.reading.known_keys import known_keys
from raysft.spec.sweep import SweepSpec
from raysft.wording import did_you_mean, in_words

_ROUNDS = 12
"""Taking out one wrong part may show that what is around it is wrong, too."""
_ANY = ""
"""Stands for the name of an ability, a model or a study."""
_STAND_INS: Mapping[tuple[str, ...], Any] = {
    ("name",): "unnamed",
    ("abilities",): {"general": {"source": {"path": "world/general", "held_out": 1}}},
    ("abilities", _ANY, "source"): {"path": "world/general", "held_out": 1},
    ("abilities", _ANY, "source", "held_out"): 1,
    ("models",): {"model": {"base": "world/base"}},
    ("models", _ANY, "base"): "world/base",
    ("studies",): {"study": {"model": "model", "strategy": "base"}},
}
"""What a sweep cannot be without; none of it gives a problem of its own."""

_ACROSS_AXES = {"linked", "exclude"}
"""Keys of a study without which it refuses nothing as a whole."""

Steps = list[str | int]
NOT_GIVEN = "not given"
"""In place of a value that is missing."""


def validate(raw: dict[str, Any], found: list[Problem]) -> SweepSpec | None:
    """The sweep without what is wrong in itself, and every such problem in `found`; None if nothing is left.

    Stand-ins may be in a sweep whose file has problems; it is fit for further checks, not to be run.
    """
    taken_out: list[Steps] = []
    for _ in range(_ROUNDS):
        try:
            return SweepSpec.model_validate(raw)
        except ValidationError as error:
            errors = error.errors()
        new = list(_problems(raw, errors, taken_out, {one.field for one in found}))
        found.extend(one for one in new if not (one.value == NOT_GIVEN and is_misspelt(one.field, new)))
        places = [_place(raw, one) for one in sorted(errors, key=_depth, reverse=True)]
        taken_out.extend(places)
        raw = copy.deepcopy(raw)
        for place in dict.fromkeys(map(tuple, places)):
            _take_out(raw, list(place))
    return None


def _problems(
    raw: object, errors: Sequence[Mapping[str, Any]], taken_out: Sequence[Steps], known: set[str]
) -> Iterator[Problem]:
    """One problem for each field: a value that may have several forms is refused once for each of them."""
    by_field: dict[str, list[Mapping[str, Any]]] = {}
    for error in errors:
        if not _follows(_written(raw, error["loc"]), error, taken_out):
            by_field.setdefault(_field(raw, error), []).append(error)
    for field, some in by_field.items():
        deeper = any(other.startswith((f"{field}.", f"{field}[")) for other in by_field)
        one_of_several = all(_has_other_forms(raw, one) for one in some)
        if field not in known and not (deeper and one_of_several):
            yield _problem(field, some)


def is_misspelt(field: str, problems: Iterable[Problem]) -> bool:
    """Whether something is missing because its key is misspelt beside it, which was said."""
    above, _, key = field.rpartition(".")
    return any(
        one.field.rpartition(".")[0] == above and one.remedy.endswith(f"did you mean {key}?")
        for one in problems
    )


def _problem(field: str, errors: Sequence[Mapping[str, Any]]) -> Problem:
    value = NOT_GIVEN if errors[0]["type"] == "missing" else short(errors[0]["input"])
    said = dict.fromkeys(_said(error) for error in errors)
    return Problem(field or "SWEEP", value, ", or ".join(said))


def _said(error: Mapping[str, Any]) -> str:
    text = in_words(error)
    if error["type"] == "extra_forbidden":
        *above, key = error["loc"]
        keys = known_keys(SweepSpec, above)
        text += did_you_mean(key, keys) or f"; there are {', '.join(keys)}"
    return text


def _has_other_forms(raw: object, error: Mapping[str, Any]) -> bool:
    """Whether it is about one of several forms that a value may have: pydantic then names the form."""
    unwritten = len(error["loc"]) - len(_written(raw, error["loc"]))
    return bool(unwritten > (error["type"] == "missing"))


def _follows(steps: Steps, error: Mapping[str, Any], taken_out: Sequence[Steps]) -> bool:
    """Whether something is wrong only because a part of it was taken out before."""
    inside = [one for one in taken_out if one[: len(steps)] == steps]
    if error["type"] == "missing":
        steps = [*steps, error["loc"][-1]]
        return any(one[: len(steps)] == steps for one in taken_out)
    if error["type"] == "value_error" and _is_study(steps):
        # What a study refuses as a whole are `linked` and `exclude`, and axes that are given twice.
        return any(set(map(str, one[2:3])) & _ACROSS_AXES for one in inside)
    return error["type"] in ("too_short", "value_error") and bool(inside)


def _place(raw: object, error: Mapping[str, Any]) -> Steps:
    """Where something is taken out or replaced."""
    steps = _written(raw, error["loc"])
    whole = [*steps, error["loc"][-1]] if error["type"] == "missing" else steps
    return steps if _stand_in(whole) is None else whole


def _take_out(raw: Any, steps: Steps) -> None:  # noqa: ANN401 - walks raw YAML
    """Take out what is at a place, or put a stand-in there. A study first loses only what binds its axes."""
    for step in steps[:-1]:
        raw = raw[step] if is_inside(raw, step) else {}
    if not steps:
        return
    last, there = steps[-1], is_inside(raw, steps[-1])
    if (stand_in := _stand_in(steps)) is not None:
        raw[last] = copy.deepcopy(stand_in)
    elif there and _is_study(steps) and isinstance(raw[last], dict) and raw[last].keys() & _ACROSS_AXES:
        raw[last] = {key: one for key, one in raw[last].items() if key not in _ACROSS_AXES}
    elif there:
        del raw[last]


def _depth(error: Mapping[str, Any]) -> tuple[int, list[int]]:
    """Orders errors so that what is taken out moves nothing that is taken out later: items by their place."""
    return len(error["loc"]), [step if isinstance(step, int) else 0 for step in error["loc"]]


def _stand_in(steps: Steps) -> Any:  # noqa: ANN401 - raw YAML
    for pattern, value in _STAND_INS.items():
        if len(pattern) == len(steps) and all(
            one in (_ANY, step) for one, step in zip(pattern, steps, strict=True)
        ):
            return value
    return None


def _is_study(steps: Steps) -> bool:
    return len(steps) == 2 and steps[0] == "studies"


def _field(raw: object, error: Mapping[str, Any]) -> str:
    location = error["loc"]
    return dotted([*_written(raw, location), *(location[-1:] if error["type"] == "missing" else ())])


def _written(raw: Any, location: Sequence[str | int]) -> Steps:  # noqa: ANN401 - walks raw YAML
    """The steps of a location that the user wrote; pydantic's names of union members are left out."""
    steps: Steps = []
    for step in location:
        if is_inside(raw, step):
            steps.append(step)
            raw = raw[step]
    return steps


def dotted(steps: Sequence[str | int]) -> str:
    """`abilities.math.source.path[1]`."""
    parts = (f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps)
    return "".join(parts).removeprefix(".")


def is_inside(raw: object, step: str | int) -> bool:
    """Whether a list or mapping has something at a step."""
    if isinstance(raw, list):
        return isinstance(step, int) and step < len(raw)
    return isinstance(raw, Mapping) and step in raw


def short(value: object) -> str:
    """A value as Python writes it, cut where it is long."""
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
