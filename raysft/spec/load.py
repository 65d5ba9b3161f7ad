"""Reading a sweep file: YAML, then `--set` changes, then every problem at once."""

import copy
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import ValidationError

from raysft.errors import InputError, Problem
from raysft.spec.checks import sweep_problems
from raysft.spec.derived_name import changes_in_name, derived_name, refuse_derived_name
from raysft.spec.paths import opened_path
from raysft.spec.study_checks import Names
from raysft.spec.sweep import SweepSpec

Data = Literal["needed", "expected", "unseen"]
"""What `load_sweep` asks of the files that a sweep names."""

_ROUNDS = 5
"""Leaving out one wrong part may make its parent incomplete, which is left out in the next round."""

_TEXT = "tag:yaml.org,2002:str"
_NUMBERS = ("tag:yaml.org,2002:int", "tag:yaml.org,2002:float")

_REMEDIES = {
    "extra_forbidden": "no such key here",
    "missing": "must be given",
}


def load_sweep(
    path: Path,
    changes: Sequence[str] = (),
    limit: int | None = None,
    data: Data = "needed",
) -> SweepSpec:
    """Read and check a sweep file.

    Args:
        path: the YAML file.
        changes: `a.b=c` as on the command line; the value is YAML. A changed `data_dir` is relative to the
            current folder, as any path on a command line. The sweep gets a name of its own, so that it
            replaces no results, unless only `name`, `data_dir` or something of `run` is changed.
        limit: use only so many rows of each source and questions of each benchmark; the same for its name.
        data: whether every file that the sweep names must be there; to plan, it is enough to know how many
            `rows` a source is expected to have; `unseen` looks for none.

    Raises:
        InputError: with every problem of the file, each with field, value and remedy.
    """
    raw = _read(path)
    for change in changes:
        _apply(raw, change)
    refuse_derived_name(raw.get("name"))
    if limit is not None:
        _limit(raw, limit)
    _rename(raw, [f"limit={limit}"] if limit is not None else [], "--limit")
    _rename(raw, changes_in_name(changes), "--set")
    given = raw.get("data_dir", ".")
    if isinstance(given, str) and "://" not in given:
        raw["data_dir"] = str((path.parent / given).resolve())
    found: list[Problem] = []
    spec = _validate(raw, found)
    if spec is not None:
        refused = {problem.field for problem in found}
        between = [*sweep_problems(spec, _names(raw)), *_missing_sources(spec, data)]
        # What was left out for being wrong in itself is missing now, which is no second problem.
        found.extend(problem for problem in between if problem.field not in refused)
        if data == "needed":
            found.extend(_missing_questions(spec))
    if found or spec is None:
        raise InputError(found)
    return spec


def resolve(spec: SweepSpec, path: str) -> str:
    """A path of data as it can be opened: relative ones start from `data_dir`, URLs stay."""
    return opened_path(spec.data_dir, path)


class _Loader(yaml.SafeLoader):
    """YAML without two traps: of a key written twice plain YAML keeps the last, and it reads `1:4` as 64."""

    def resolve(self, kind: type[yaml.Node], value: Any, implicit: Any) -> str:  # noqa: ANN401 - as in PyYAML
        tag: str = super().resolve(kind, value, implicit)  # type: ignore[no-untyped-call]
        return _TEXT if tag in _NUMBERS and ":" in value else tag

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        # `<<` has no value of its own: the keys that it merges in may be written again.
        own = [key for key, _ in node.value if key.tag != "tag:yaml.org,2002:merge"]
        keys = [self.construct_object(key, deep=True) for key in own]
        twice = sorted({str(key) for key in keys if keys.count(key) > 1})
        if twice:
            problem = f"key written twice: {twice[0]}"
            raise yaml.constructor.ConstructorError(None, None, problem, node.start_mark)
        return super().construct_mapping(node, deep)


def _names(raw: Mapping[str, Any]) -> Names:
    """All that the file names, also what is wrong in itself."""
    return Names(tuple(map(str, raw["abilities"])), tuple(map(str, raw["models"])))


def _parse(field: str, given: str, text: str) -> Any:  # noqa: ANN401 - raw YAML
    """YAML from a file or a command line; `field` and `given` say in a message where it came from."""
    try:
        return yaml.load(text, Loader=_Loader)  # noqa: S506 - a SafeLoader
    except yaml.YAMLError as error:
        raise InputError([Problem(field, given, f"is not YAML: {' '.join(str(error).split())}")]) from None


def _read(path: Path) -> dict[str, Any]:
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise InputError([Problem("SWEEP", str(path), error.strerror or "cannot be read")]) from None
    except UnicodeDecodeError as error:
        raise InputError([Problem("SWEEP", str(path), f"is not UTF-8: {error}")]) from None
    raw = _parse("SWEEP", str(path), text)
    if not isinstance(raw, dict):
        remedy = "must be a mapping with name, abilities, models, studies"
        raise InputError([Problem("SWEEP", str(path), remedy)])
    return raw


def _apply(raw: dict[str, Any], change: str) -> None:
    field, equals, text = change.partition("=")
    if not equals or not field:
        raise InputError([Problem("--set", change, "write field=value, such as recipe.epochs=1")])
    value = _parse("--set", change, text)
    if field == "data_dir" and "://" not in text:
        value = str(Path(text).resolve())
    *parents, last = field.split(".")
    for parent in parents:
        raw = raw.setdefault(parent, {})
        if not isinstance(raw, dict):
            raise InputError([Problem("--set", change, f"{parent} is not a mapping")])
    raw[last] = value


def _limit(raw: dict[str, Any], limit: int) -> None:
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


def _rename(raw: dict[str, Any], parts: Sequence[str], option: str) -> None:
    if isinstance(raw.get("name"), str):
        raw["name"] = derived_name(raw["name"], parts, option)


def _mappings(raw: object) -> list[dict[str, Any]]:
    return [one for one in raw.values() if isinstance(one, dict)] if isinstance(raw, dict) else []


def _limited(given: object, key: str, limit: int) -> dict[str, Any]:
    fields = given if isinstance(given, dict) else {key: given}
    return {**fields, "limit": _smaller(fields.get("limit"), limit)}


def _smaller(written: object, limit: int) -> object:
    if written is None:
        return limit
    return min(written, limit) if isinstance(written, int) else written


def _validate(raw: dict[str, Any], found: list[Problem]) -> SweepSpec | None:
    """The sweep, after leaving out what is wrong with single fields, so that the rest can be checked too."""
    left_out: list[str] = []
    for _ in range(_ROUNDS):
        try:
            return SweepSpec.model_validate(raw)
        except ValidationError as error:
            errors = error.errors()
        problems = [_problem(raw, one) for one in errors if not _ours(raw, one, left_out)]
        for problem in problems:
            # One wrong value may be refused once for each form that it might have had.
            if problem.field not in {known.field for known in found}:
                found.append(problem)
        steps = [_written(raw, one["loc"]) for one in errors]
        left_out.extend(_dotted(one) for one in steps)
        raw = copy.deepcopy(raw)
        for one in reversed(steps):
            _leave_out(raw, one)
    return None


def _ours(raw: object, error: Mapping[str, Any], left_out: Sequence[str]) -> bool:
    """Whether something is missing only because a wrong part of it was left out before."""
    field = _field(raw, error)
    return error["type"] in ("missing", "too_short") and any(
        one == field or one.startswith((f"{field}.", f"{field}[")) for one in left_out
    )


def _leave_out(raw: Any, steps: Sequence[str | int]) -> None:  # noqa: ANN401 - walks raw YAML
    for step in steps[:-1]:
        raw = raw[step] if _inside(raw, step) else None
    if steps and _inside(raw, steps[-1]):
        del raw[steps[-1]]


def _problem(raw: object, error: Mapping[str, Any]) -> Problem:
    message = _REMEDIES.get(error["type"], str(error["msg"]).removeprefix("Value error, "))
    value = "not given" if error["type"] == "missing" else _short(error["input"])
    return Problem(_field(raw, error) or "SWEEP", value, message)


def _field(raw: object, error: Mapping[str, Any]) -> str:
    location = error["loc"]
    return _dotted([*_written(raw, location), *(location[-1:] if error["type"] == "missing" else ())])


def _written(raw: Any, location: Sequence[str | int]) -> list[str | int]:  # noqa: ANN401 - walks raw YAML
    """The steps of a location that the user wrote; pydantic's names of union members are left out."""
    steps: list[str | int] = []
    for step in location:
        if _inside(raw, step):
            steps.append(step)
            raw = raw[step]
    return steps


def _dotted(steps: Sequence[str | int]) -> str:
    parts = (f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps)
    return "".join(parts).removeprefix(".")


def _inside(raw: object, step: str | int) -> bool:
    if isinstance(raw, list):
        return isinstance(step, int) and step < len(raw)
    return isinstance(raw, Mapping) and step in raw


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def is_absent(spec: SweepSpec, path: str) -> bool:
    """Whether a local file of a source or benchmark is not there; what is elsewhere is not looked for."""
    where = resolve(spec, path)
    return "://" not in where and not Path(where).exists()


def missing_files(spec: SweepSpec, key: str, hint: str = "") -> Iterator[Problem]:
    """The files of one source that are not there.

    Args:
        spec: the sweep.
        key: of `spec.sources`.
        hint: what else helps.
    """
    source = spec.sources[key]
    ability, _, variant = key.partition("/")
    field = f"abilities.{ability}.variants.{variant}" if variant else f"abilities.{ability}.source"
    for path in () if source.is_world else source.paths:
        yield from _missing(spec, f"{field}.path", path, hint)


def _missing_sources(spec: SweepSpec, data: Data) -> Iterator[Problem]:
    if data == "unseen":
        return
    hint = "; to plan without it, say how many rows it has: `rows`" if data == "expected" else ""
    for key, source in spec.sources.items():
        if data == "needed" or source.rows is None:
            yield from missing_files(spec, key, hint)


def _missing_questions(spec: SweepSpec) -> Iterator[Problem]:
    for name, ability in spec.abilities.items():
        asked = {"benchmark": ability.benchmark} if ability.benchmark else {}
        asked.update({f"report[{place}]": further for place, further in enumerate(ability.report)})
        for field, benchmark in asked.items():
            for key in ("path", "references"):
                path_of = getattr(benchmark, key)
                if path_of:
                    yield from _missing(spec, f"abilities.{name}.{field}.{key}", path_of)


def _missing(spec: SweepSpec, field: str, path: str, hint: str = "") -> Iterator[Problem]:
    if is_absent(spec, path):
        remedy = f"no such file: {resolve(spec, path)}; data_dir is {spec.data_dir}, or --set data_dir=FOLDER"
        yield Problem(field, path, remedy + hint)
