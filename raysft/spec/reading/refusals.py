"""From a raw sweep file to a checked one, and every problem of its single fields in one answer.

What is wrong is noted and taken out, or replaced by something harmless where the rest cannot be without it,
and the rest is read again: so what lies behind one mistake is found in the same answer.
"""

import copy
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from typing import Any, NamedTuple

from pydantic import ValidationError

from raysft.errors import Problem
from raysft.spec.reading.known_keys import known_keys
from raysft.spec.reading.places import Places, Steps, dotted
from raysft.spec.sweep import SweepSpec
from raysft.wording import MAPPING, NOT_GIVEN, Faults, as_written, did_you_mean, in_words

_ROUNDS = 40
"""Taking out one wrong part may show that what is around it is wrong, too; in the second half of the rounds
whole abilities, models and studies are taken out, so that the rest is looked at in any case."""
_MOST_SUGGESTIONS = 200
"""Problems of which each is told what else may have been meant; looking for that takes its time."""
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

_MUST_BE_GIVEN = {"name", "abilities", "models", "studies", "source", "base", "model", "strategy"}
_EXAMPLES: Mapping[str, str] = {
    "abilities": "{math: {source: math.jsonl}}",
    "abilities.*": "{source: math.jsonl, benchmark: world/math}",
    "models": "{tiny: {base: world/base}}",
    "models.*": "{base: world/base}",
    "studies": "{amount: {model: tiny, strategy: multi_task}}",
    "studies.*": "{model: tiny, strategy: multi_task}",
    "ratio": "{general: 1/4}",
    "variant": "{general: filtered}",
    "variants": "{filtered: filtered.jsonl}",
    "recipe": "{epochs: 3}",
    "exclude": "{seed: 0}",
    "linked": "{model: [small, large], seed: [0, 1]}",
    "evaluation": "{stages: all}",
    "run": "{attempts: 3}",
    "cost": "{accelerator: a100-80gb}",
    "power": "{alpha: 0.05}",
    "spread": "{gsm8k: 0.35}",
    "seed_deviation": "{gsm8k: 1.5}",
    "objective": "{maximise: math}",
    "floors": "{general: -0.2}",
    "near_duplicates": "{similarity: 0.8}",
    "contamination": "{mode: report}",
    "drop": "{any_of: [code]}",
}
"""What a mapping may look like, by its key, or by the part of the file whose member it is."""

_Error = Mapping[str, Any]


class Left(NamedTuple):
    """What is left of a sweep without what is wrong in itself."""

    spec: SweepSpec
    """Stand-ins may be in it: it is fit for further checks, not to be run."""
    altered: Set[tuple[str, str]]
    """Studies with the labels of strategies that lost a part of theirs, and are other ones now."""


def validate(raw: dict[str, Any], found: list[Problem]) -> Left | None:
    """The sweep without what is wrong in itself, and all of that in `found`; None if nothing is left."""
    places = Places(raw)
    taken_out: set[Steps] = set()
    known = {one.field for one in found}
    for round_ in range(_ROUNDS):
        try:
            spec = SweepSpec.model_validate(places.left)
            return Left(spec, frozenset(_altered(spec, places, taken_out)))
        except ValidationError as error:
            errors = [one for whole in error.errors(include_url=False) for one in _each(whole)]
        new = list(_problems(places, errors, taken_out, known))
        found.extend(one for one in new if not (one.value == NOT_GIVEN and is_misspelt(one.field, new)))
        known.update(one.field for one in new)
        # All places are looked up before anything is taken out, which moves others.
        taken = {_taken(places, one): one for one in sorted(errors, key=_depth)}
        for steps in taken:
            # Everything above it may now be wrong for the lack of it.
            before = places.original(steps)
            taken_out.update(before[:length] for length in range(len(before) + 1))
        for steps, wrong in sorted(taken.items(), key=_last_first, reverse=True):
            if round_ < _ROUNDS // 2:
                _take_out(places, steps, wrong)
            else:
                places.take_out(steps[:2])
    return None


def _altered(spec: SweepSpec, places: Places, taken_out: Iterable[Steps]) -> Iterator[tuple[str, str]]:
    for steps in taken_out:
        if steps[:1] != ("studies",) or steps[2:3] != ("strategy",) or steps[1] not in spec.studies:
            continue
        left = spec.studies[str(steps[1])].strategy
        item, *inside = steps[3:] or (None,)
        if isinstance(item, str):
            yield from ((str(steps[1]), one.label) for one in left)
        elif inside and (now := places.now(steps[:4])) is not None:
            yield str(steps[1]), left[now].label


def _each(error: _Error) -> Iterator[_Error]:
    """The single faults of a value, where a validator tells several."""
    inner = error.get("ctx", {}).get("error")
    if not isinstance(inner, Faults):
        yield error
        return
    for fault in inner.faults:
        loc = (*error["loc"], *fault.place)
        kind = "missing" if fault.value is NOT_GIVEN else "fault"
        yield {"type": kind, "loc": loc, "input": fault.value, "said": fault.said, "instead": fault.instead}


def _problems(
    places: Places, errors: Iterable[_Error], taken_out: set[Steps], known: set[str]
) -> Iterator[Problem]:
    """One problem for each field: a value that may have several forms is refused once for each of them."""
    by_place: dict[Steps, list[_Error]] = {}
    above: set[Steps] = set()
    for error in errors:
        if not _follows(places, error, taken_out):
            steps = places.written(error["loc"], missing=error["type"] == "missing")
            by_place.setdefault(steps, []).append(error)
            above.update(steps[:length] for length in range(len(steps)))
    told = 0
    for steps, some in by_place.items():
        one_of_several = all(_has_other_forms(places, one) for one in some)
        field = dotted(places.original(steps))
        if field not in known and not (steps in above and one_of_several):
            told += 1
            yield _problem(field, steps, some, suggest=told <= _MOST_SUGGESTIONS)


def is_misspelt(field: str, problems: Iterable[Problem]) -> bool:
    """Whether something is missing because its key is misspelt beside it, which was said."""
    above, _, key = field.rpartition(".")
    return any(
        one.field.rpartition(".")[0] == above and one.remedy.endswith(f"did you mean {key}?")
        for one in problems
    )


def _problem(field: str, steps: Steps, errors: Sequence[_Error], *, suggest: bool) -> Problem:
    is_missing = errors[0]["type"] == "missing"
    value = NOT_GIVEN if is_missing else as_written(errors[0]["input"])
    said = dict.fromkeys(_said(error, suggest=suggest) for error in errors)
    remedy = ", or ".join(said).replace(MAPPING, f"write a mapping, such as {_example(steps)}")
    empty = not is_missing and errors[0]["input"] is None and isinstance(steps[-1], str)
    if empty and len(steps) != 2 and steps[-1] not in _MUST_BE_GIVEN:
        remedy += "; or leave the key out"
    return Problem(field or "SWEEP", value, remedy)


def _example(steps: Steps) -> str:
    """A mapping that may be at a place."""
    keys = [step for step in steps if isinstance(step, str)]
    member = f"{keys[0]}.*" if len(keys) == 2 else ""
    return _EXAMPLES.get(member) or (_EXAMPLES.get(keys[-1]) if keys else None) or "{key: value}"


def _said(error: _Error, *, suggest: bool) -> str:
    text: str = error.get("said") or in_words(error)
    if error["type"] == "extra_forbidden" and suggest:
        *above, key = error["loc"]
        keys = known_keys(SweepSpec, above)
        text += did_you_mean(key, keys) or f"; there are {', '.join(keys)}"
    return text


def _has_other_forms(places: Places, error: _Error) -> bool:
    """Whether it is about one of several forms that a value may have: pydantic then names the form."""
    return bool(len(error["loc"]) > len(places.written(error["loc"], missing=error["type"] == "missing")))


def _follows(places: Places, error: _Error, taken_out: set[Steps]) -> bool:
    """Whether something is wrong only because a part of it was taken out before."""
    if error["type"] not in ("missing", "too_short", "value_error", "fault"):
        return False
    steps = places.written(error["loc"], missing=error["type"] == "missing")
    return places.original(steps) in taken_out


def _taken(places: Places, error: _Error) -> Steps:
    """Where something is taken out or replaced."""
    whole = places.written(error["loc"], missing=error["type"] == "missing")
    if error["type"] == "missing" and error.get("instead") is None and _stand_in(whole) is None:
        return places.written(error["loc"])
    return whole


def _take_out(places: Places, steps: Steps, error: _Error) -> None:
    """Take out what is at a place, or put something harmless there."""
    instead = error.get("instead")
    if instead is None:
        instead = _stand_in(steps)
    if instead is None:
        places.take_out(steps)
    else:
        places.put(steps, copy.deepcopy(instead))


def _depth(error: _Error) -> int:
    return len(error["loc"])


def _last_first(item: tuple[Steps, _Error]) -> tuple[int, list[int]]:
    """Orders places so that what is taken out moves nothing that is taken out later: items by their place."""
    return len(item[0]), [step if isinstance(step, int) else 0 for step in item[0]]


def _stand_in(steps: Steps) -> Any:  # noqa: ANN401 - raw YAML
    for pattern, value in _STAND_INS.items():
        if len(pattern) == len(steps) and all(
            one in (_ANY, step) for one, step in zip(pattern, steps, strict=True)
        ):
            return value
    return None
