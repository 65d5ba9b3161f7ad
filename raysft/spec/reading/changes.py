"""Changes of a sweep file from the command line: `--set a.b=c` and `--limit`."""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple

from raysft.errors import InputError, Problem
from raysft.spec.reading.places import dotted
from raysft.spec.reading.yaml_tree import NoYaml, read_yaml
from raysft.wording import argument, as_written, did_you_mean

_NAMED = {"abilities": "ability", "models": "model", "studies": "study"}
"""What has names of the user below it, and what each of them is called."""


class Change(NamedTuple):
    """One `--set`, carried out."""

    field: str
    value: str
    made: str
    """The first field above it that was not there before, or the field itself."""


def apply_change(raw: dict[str, Any], change: str) -> Change:
    """Carry out one change in place; what lies above its field is made where it is not there.

    Raises:
        InputError: it cannot be carried out.
    """
    field, equals, text = change.partition("=")
    steps = field.split(".")
    if not equals or not all(steps):
        raise _refused(change, "write field=value, such as recipe.epochs=1")
    value = _value(change, text)
    if field == "data_dir" and isinstance(value, str) and "://" not in value:
        value = str(Path(value).resolve())
    made = ""
    at: Any = raw
    for depth, step in enumerate(steps[:-1], start=1):
        here = ".".join(steps[:depth])
        if step not in at:
            if depth == 2 and steps[0] in _NAMED:
                known = ", ".join(map(str, at)) or "(there is none)"
                remedy = f"no such {_NAMED[steps[0]]}; use one of {known}{did_you_mean(step, map(str, at))}"
                raise _refused(change, remedy)
            at[step] = {}
            made = made or here
        at = at[step]
        if not isinstance(at, dict):
            raise _refused(
                change, f"{here} is {as_written(at)}, no mapping; change it as a whole: {here}=..."
            )
    at[steps[-1]] = value
    return Change(field, as_written(value), made or field)


def _value(change: str, text: str) -> Any:  # noqa: ANN401 - raw YAML
    try:
        value, faults = read_yaml(text)
    except NoYaml as error:
        raise _refused(change, f"the value is not YAML: {error}") from None
    if faults:
        places = (": ".join(filter(None, [dotted(one.place), one.said])) for one in faults)
        raise _refused(change, "; ".join(places))
    return value


def _refused(change: str, remedy: str) -> InputError:
    return InputError([Problem(argument("--set"), change, remedy)])


def naming_changes(problem: Problem, changes: Sequence[Change]) -> Problem:
    """The problem as one of a change, where a change made what is wrong."""
    for one in reversed(changes):
        if problem.field == one.field:
            return Problem(_of_change(one.field), problem.value, problem.remedy)
        if problem.field.startswith((f"{one.field}.", f"{one.field}[")):
            return Problem(_of_change(problem.field), problem.value, problem.remedy)
        if one.field.startswith(f"{problem.field}.") and one.made.startswith(problem.field):
            return Problem(_of_change(one.field), one.value, f"{problem.field}: {problem.remedy}")
    return problem


def _of_change(field: str) -> str:
    return f"{argument('--set')} {field}"


def limit_rows(raw: dict[str, Any], limit: int) -> None:
    """Let every source and benchmark have at most so many rows or questions, in place."""
    for ability in _mappings(raw.get("abilities")):
        for part, key in (("source", "path"), ("benchmark", "name")):
            if ability.get(part) is not None:
                ability[part] = _limited(ability[part], key, limit)
        if isinstance(ability.get("variants"), dict):
            ability["variants"] = {
                name: _limited(source, "path", limit) for name, source in ability["variants"].items()
            }
        if ability.get("report") is not None:
            given = ability["report"] if isinstance(ability["report"], list) else [ability["report"]]
            ability["report"] = [_limited(one, "name", limit) for one in given]


def _mappings(raw: object) -> list[dict[str, Any]]:
    return [one for one in raw.values() if isinstance(one, dict)] if isinstance(raw, dict) else []


def _limited(given: object, key: str, limit: int) -> dict[str, Any]:
    fields = given if isinstance(given, dict) else {key: given}
    limited = {**fields, "limit": _smaller(fields.get("limit"), limit)}
    if "held_out" in fields:
        limited["held_out"] = _held_out_of(fields, limited["limit"])
    return limited


def _held_out_of(source: Mapping[str, Any], limit: object) -> object:
    """Of a source that is limited as many as of its `rows`; at most a fifth where these are not said."""
    written, rows = source["held_out"], source.get("rows")
    if not isinstance(written, int) or not isinstance(limit, int) or not written:
        return written
    share = Fraction(written, max(written, rows)) if isinstance(rows, int) else Fraction(1, 5)
    return max(1, min(written, int(share * limit)))


def _smaller(written: object, limit: int) -> object:
    if written is None:
        return limit
    return min(written, limit) if isinstance(written, int) else written
