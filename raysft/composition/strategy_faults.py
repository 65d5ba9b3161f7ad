"""What is wrong with a strategy, at the places where the user wrote it."""

from collections.abc import Mapping, Sequence
from typing import Any

from raysft.composition.strategy import Strategy
from raysft.composition.written_stages import Stages, WrittenStage
from raysft.wording import NOT_GIVEN, Fault, Faults, did_you_mean, in_words, is_inside


def faults_of(rule: type[Strategy], written: Mapping[str, object], error: Mapping[str, Any]) -> list[Fault]:
    """What one error of a rule means for whoever wrote it.

    Args:
        rule: that was to be read.
        written: the strategy by its name.
        error: of pydantic, about the fields of the rule.
    """
    inner = error.get("ctx", {}).get("error")
    place = _place(written, error["loc"])
    if isinstance(inner, Faults):
        at = error["loc"]
        return [one._replace(place=_place(written, (*at, *one.place))) for one in inner.faults]
    ((kind, given),) = written.items()
    last = error["loc"][-1] if error["loc"] else ""
    if error["type"] == "missing":
        instead = 1 if last == "k" else None
        if isinstance(given, dict):
            return [Fault((*place, last), NOT_GIVEN, "must be given", instead)]
        said = f"{last}: must be given, such as {{{kind}: {rule.example}}}"
        return [Fault((), kind, said, None if instead is None else {kind: instead})]
    said = in_words(error)
    if error["type"] == "extra_forbidden":
        of_a_stage = rule is Stages and len(error["loc"]) > 1
        fields = WrittenStage.model_fields if of_a_stage else rule.model_fields
        keys = [key for key in fields if key != "kind"]
        said += did_you_mean(last, keys) or f"; there are {', '.join(keys) or 'none'}"
    is_share = last == "k" or "mixture" in error["loc"][-2:-1]
    value = error["input"] if error["loc"] else given
    return [Fault(place, value, said, 1 if is_share else None)]


def _place(written: Mapping[str, Any], location: Sequence[str | int]) -> tuple[str | int, ...]:
    """The steps of a location that the user wrote; of stages that have names, these in place of numbers."""
    ((kind, at),) = written.items()
    steps: list[str | int] = [kind]
    for step in location:
        if isinstance(step, int) and isinstance(at, dict) and step < len(at):
            step = list(at)[step]
        if is_inside(at, step):
            steps.append(step)
            at = at[step]
    return tuple(steps)
