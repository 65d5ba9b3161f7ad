"""Which problems between the parts of a sweep are there only because a part is wrong in itself."""

import re
from collections.abc import Iterator, Mapping, Sequence, Set
from typing import Any

from raysft.errors import Problem
from raysft.spec.reading.refusals import is_misspelt
from raysft.wording import NOT_GIVEN

_FEWER_CELLS = ("abilities", "linked", "exclude", "max_repeats")
"""Keys of a study without which its cells may ask for more than it was written for."""
_OF_ABILITIES = ("strategy", "amount", "ratio", "variant", "abilities", "benchmarks")
"""Keys of a study that mean something by the sweep's abilities."""


def without_consequences(
    between: Sequence[Problem],
    raw: Mapping[str, Any],
    found: Sequence[Problem],
    altered: Set[tuple[str, str]],
) -> Iterator[Problem]:
    """Those problems that are wrong for a reason of their own.

    Args:
        between: between parts of the sweep, after what was wrong in itself was taken out.
        raw: the file.
        found: what was wrong in itself.
        altered: studies with the labels of strategies that lost a part.
    """
    refused = _Refused(raw, found, altered)
    for problem in between:
        if not (found and refused.explains(problem)):
            yield problem


class _Refused:
    """What was wrong in itself."""

    def __init__(
        self, raw: Mapping[str, Any], found: Sequence[Problem], altered: Set[tuple[str, str]]
    ) -> None:
        self._raw = raw
        self._found = found
        self._fields = {one.field for one in found}
        self._above = {field[:end] for field in self._fields for end in _ends(field)}
        self._altered = {(f"studies.{study}", label) for study, label in altered}

    def explains(self, problem: Problem) -> bool:
        """Whether something is wrong only because of what was found before."""
        field = problem.field
        if field in self._fields or field.removesuffix(".path") in self._fields:
            return True
        part = field.partition(".")[0]
        if part == "power":
            abilities = self._raw.get("abilities")
            name = problem.field.split(".", 2)[-1]
            known = name in _texts(abilities) or (isinstance(abilities, dict) and name in abilities)
            return problem.remedy.startswith("no such benchmark") and known
        if part == "objective":
            return self._lacks("abilities")
        return part == "studies" and self._explains_in_a_study(problem)

    def _explains_in_a_study(self, problem: Problem) -> bool:
        written = self._raw.get("studies")
        names = written if isinstance(written, dict) else {}
        # A name may have dots in it.
        field = f"{problem.field}."
        study = next((f"studies.{name}" for name in names if field.startswith(f"studies.{name}.")), None)
        if study is None or study in self._fields:
            return True
        axis = re.split(r"[.\[]", problem.field[len(study) + 1 :], maxsplit=1)[0]
        own = self._below(f"{study}.{axis}") or self._below(f"{study}.linked")
        if problem.value == NOT_GIVEN:
            return own or is_misspelt(problem.field, self._found)
        if axis in _OF_ABILITIES and self._lacks("abilities"):
            return True
        if axis == "exclude":
            return self._explains_an_exclusion(problem, study)
        if axis == "benchmarks":
            return self._below("abilities")
        if problem.remedy.startswith("no such "):
            return self._explains_a_name(problem, study)
        return self._explains_a_value(problem, study, axis, own=own)

    def _explains_an_exclusion(self, problem: Problem, study: str) -> bool:
        if not problem.remedy.startswith("the study has no such value"):
            return self._below(study)  # of what the grid has, every part says
        entry, _, axis = problem.field.rpartition(".")
        place = int(re.sub(r"\D", "", entry.rpartition("[")[2]) or 0)
        # an entry before it that was taken out has moved it to another place than it is written at
        before = [f"{study}.exclude[{one}]" for one in range(place + 1)]
        return any(map(self._below, (*before, f"{study}.{axis}", f"{study}.linked")))

    def _explains_a_name(self, problem: Problem, study: str) -> bool:
        if problem.remedy.startswith("no such model"):
            return self._lacks("models")
        if problem.remedy.startswith("no such variant"):
            return self._knows_variant(problem.field.rpartition(".")[2], problem.value)
        return problem.remedy.startswith("no such ability") and f"{study}.abilities" in self._fields

    def _knows_variant(self, ability: str, variant: str) -> bool:
        """Whether the file has the variant, which is wrong in itself, or nobody knows which it has."""
        abilities = self._raw.get("abilities")
        written = abilities.get(ability) if isinstance(abilities, dict) else None
        if not isinstance(written, dict) or is_misspelt(f"abilities.{ability}.variants", self._found):
            return True
        variants = written.get("variants", {})
        return not isinstance(variants, dict) or variant in variants

    def _explains_a_value(self, problem: Problem, study: str, axis: str, *, own: bool) -> bool:
        is_repeat = problem.remedy.endswith("leave one")
        if problem.field.startswith(f"{study}.strategy.recipe"):
            return False
        if axis == "strategy" and not is_repeat:
            said = problem.value.removesuffix("...")
            changed = any(at == study and label.startswith(said) for at, label in self._altered)
            return changed or self._below(f"{study}.abilities")
        if axis in ("amount", "ratio") and not is_repeat:
            return any(self._below(f"{study}.{key}") for key in _FEWER_CELLS)
        return own

    def _lacks(self, part: str) -> bool:
        """Whether a part of the file is wrong as a whole, so that nobody knows its names."""
        return part in self._fields or not isinstance(self._raw.get(part), dict)

    def _below(self, field: str) -> bool:
        """Whether this field was refused, or something in it."""
        return field in self._fields or field in self._above


def _texts(value: object) -> Iterator[object]:
    """Every text in a part of the file, the depth of which is bounded."""
    if isinstance(value, dict | list):
        for one in value.values() if isinstance(value, dict) else value:
            yield from _texts(one)
    else:
        yield value


def _ends(field: str) -> Iterator[int]:
    return (place for place, one in enumerate(field) if one in ".[")
