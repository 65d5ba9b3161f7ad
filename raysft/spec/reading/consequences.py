"""Which problems between the parts of a sweep are there only because a part is wrong in itself."""

from collections.abc import Mapping, Sequence
from typing import Any

from raysft.errors import Problem
from raysft.spec.reading.refusals import is_misspelt
from raysft.wording import NOT_GIVEN

_OF_CELLS = ("ratio", "amount", "strategy", "linked", "exclude", "max_repeats", "variant")
"""Keys of a study that decide what its cells ask for."""


def is_consequence(problem: Problem, raw: Mapping[str, Any], found: Sequence[Problem]) -> bool:
    """Whether something is wrong only because of what was found before.

    Args:
        problem: between parts of the sweep, after what was wrong in itself was taken out.
        raw: the file.
        found: what was wrong in itself.
    """
    refused = _Refused(found)
    if refused.at(problem.field) or refused.at(problem.field.removesuffix(".path")):
        return True
    steps = problem.field.split(".")
    if steps[0] == "power":
        return refused.below("abilities") or refused.below("power")
    if steps[0] == "objective":
        return refused.at("abilities") or not isinstance(raw.get("abilities"), dict)
    return steps[0] == "studies" and _in_a_study(problem, raw, refused)


class _Refused:
    """Fields that were refused."""

    def __init__(self, found: Sequence[Problem]) -> None:
        self.found = found

    def at(self, field: str) -> bool:
        """Whether this very field was."""
        return any(one.field == field for one in self.found)

    def below(self, field: str) -> bool:
        """Whether this field was, or something in it."""
        return self.at(field) or any(one.field.startswith((f"{field}.", f"{field}[")) for one in self.found)


def _in_a_study(problem: Problem, raw: Mapping[str, Any], refused: _Refused) -> bool:
    written = raw.get("studies")
    names = written if isinstance(written, dict) else {}
    # A name may have dots in it.
    study = next((f"studies.{name}" for name in names if problem.field.startswith(f"studies.{name}.")), None)
    if study is None or refused.at(study):
        return True
    axis = problem.field[len(study) + 1 :].split(".")[0].partition("[")[0]
    own = refused.below(f"{study}.{axis}") or refused.below(f"{study}.linked")
    if problem.value == NOT_GIVEN:
        return own or is_misspelt(problem.field, refused.found)
    if problem.field.startswith(f"{study}.strategy.recipe"):
        return False
    if axis == "exclude":
        return refused.below(study)
    if problem.remedy.startswith("no such variant"):
        ability = problem.field.rpartition(".")[2]
        return refused.below(f"abilities.{ability}.variants")
    for about in ("model", "ability"):
        if problem.remedy.startswith(f"no such {about}"):
            whole = {"model": "models", "ability": "abilities"}[about]
            return refused.at(whole) or not isinstance(raw.get(whole), dict) or refused.at(f"{study}.abilities")
    if axis == "benchmarks":
        return refused.below("abilities")
    return own or any(refused.below(f"{study}.{key}") for key in _OF_CELLS) or refused.at("abilities")
