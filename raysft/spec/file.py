"""Reading a sweep file: YAML, then `--set` changes, then every problem at once."""

import copy
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from raysft.errors import InputError, Problem
from raysft.spec.sweep import SweepSpec

_ROUNDS = 5
"""Leaving out one wrong part may make its parent incomplete, which is left out in the next round."""

_REMEDIES = {
    "extra_forbidden": "no such key here",
    "missing": "must be given",
}


def load_sweep(path: Path, changes: Sequence[str] = (), limit: int | None = None) -> SweepSpec:
    """Read and check a sweep file.

    Args:
        path: the YAML file.
        changes: `a.b=c` as on the command line; the value is YAML. A changed `data_dir` is relative to the
            current folder, as any path on a command line.
        limit: use only so many rows of each source and questions of each benchmark.

    Raises:
        InputError: with every problem of the file, each with field, value and remedy.
    """
    raw = _read(path)
    for change in changes:
        _apply(raw, change)
    if limit is not None:
        _limit(raw, limit)
    given = raw.get("data_dir", ".")
    if isinstance(given, str):
        raw["data_dir"] = str((path.parent / given).resolve())
    found: list[Problem] = []
    spec = _validate(raw, found)
    if spec is not None:
        found.extend([*spec.problems(), *_missing_files(spec)])
    if found or spec is None:
        raise InputError(found)
    return spec


def resolve(spec: SweepSpec, path: str) -> str:
    """A path of data as it can be opened: relative ones start from `data_dir`, URLs stay."""
    return path if "://" in path else str(Path(spec.data_dir) / path)


class _Loader(yaml.SafeLoader):
    """YAML that refuses a key written twice, of which plain YAML keeps the last without a word."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:  # noqa: FBT001, FBT002
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        twice = sorted({str(key) for key in keys if keys.count(key) > 1})
        if twice:
            raise yaml.constructor.ConstructorError(None, None, f"key written twice: {twice[0]}", node.start_mark)
        return super().construct_mapping(node, deep)


def _read(path: Path) -> dict[str, Any]:
    try:
        raw = yaml.load(path.read_text(encoding="utf-8"), Loader=_Loader)  # noqa: S506 - a SafeLoader
    except OSError as error:
        raise InputError([Problem("SWEEP", str(path), error.strerror or "cannot be read")]) from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise InputError([Problem("SWEEP", str(path), f"is not YAML: {' '.join(str(error).split())}")]) from None
    if not isinstance(raw, dict):
        raise InputError([Problem("SWEEP", str(path), "must be a mapping with name, abilities, models, studies")])
    return raw


def _apply(raw: dict[str, Any], change: str) -> None:
    field, equals, text = change.partition("=")
    if not equals or not field:
        raise InputError([Problem("--set", change, "write field=value, such as recipe.epochs=1")])
    value = yaml.safe_load(text)
    if field == "data_dir":
        value = str(Path(text).resolve())
    *parents, last = field.split(".")
    for parent in parents:
        raw = raw.setdefault(parent, {})
        if not isinstance(raw, dict):
            raise InputError([Problem("--set", change, f"{parent} is not a mapping")])
    raw[last] = value


def _limit(raw: dict[str, Any], limit: int) -> None:
    abilities = raw.get("abilities")
    for ability in abilities.values() if isinstance(abilities, dict) else ():
        for part, key in (("source", "path"), ("benchmark", "name")):
            if isinstance(ability, dict) and part in ability:
                given = ability[part]
                ability[part] = {**(given if isinstance(given, dict) else {key: given}), "limit": limit}


def _validate(raw: dict[str, Any], found: list[Problem]) -> SweepSpec | None:
    """The sweep, after leaving out what is wrong with single fields, so that the rest can be checked too."""
    for _ in range(_ROUNDS):
        try:
            return SweepSpec.model_validate(raw)
        except ValidationError as error:
            errors = error.errors()
        known = {problem.field for problem in found}
        found.extend(new for one in errors if (new := _problem(raw, one)).field not in known)
        raw = copy.deepcopy(raw)
        for one in reversed(errors):
            _leave_out(raw, one["loc"])
    return None


def _leave_out(raw: Any, location: Sequence[str | int]) -> None:  # noqa: ANN401 - walks raw YAML
    parent, last = None, None
    for step in location:
        if not _inside(raw, step):
            break
        parent, last, raw = raw, step, raw[step]
    if parent is not None:
        del parent[last]


def _problem(raw: Mapping[str, Any], error: Mapping[str, Any]) -> Problem:
    message = _REMEDIES.get(error["type"], str(error["msg"]).removeprefix("Value error, "))
    value = "not given" if error["type"] == "missing" else _short(error["input"])
    return Problem(_dotted(raw, error["loc"]), value, message)


def _dotted(raw: object, location: Sequence[str | int]) -> str:
    """The location as the user wrote it; pydantic's names of union members are left out."""
    parts: list[str] = []
    for step in location:
        if isinstance(step, int):
            parts.append(f"[{step}]")
        elif not isinstance(raw, Mapping) or step in raw or step == location[-1]:
            parts.append(f".{step}" if parts else step)
        raw = raw[step] if _inside(raw, step) else raw
    return "".join(parts)


def _inside(raw: object, step: str | int) -> bool:
    if isinstance(step, int):
        return isinstance(raw, list) and step < len(raw)
    return isinstance(raw, Mapping) and step in raw


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _missing_files(spec: SweepSpec) -> Iterator[Problem]:
    for name, ability in spec.abilities.items():
        for path in ability.source.paths:
            if not ability.source.is_world:
                yield from _missing(spec, f"abilities.{name}.source.path", path)
        for key in ("path", "references"):
            path_of = getattr(ability.benchmark, key, None)
            if path_of:
                yield from _missing(spec, f"abilities.{name}.benchmark.{key}", path_of)


def _missing(spec: SweepSpec, field: str, path: str) -> Iterator[Problem]:
    where = resolve(spec, path)
    if "://" not in where and not Path(where).exists():
        yield Problem(field, path, f"no such file: {where}; data_dir is {spec.data_dir}")
