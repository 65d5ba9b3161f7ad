"""Reading a sweep file: YAML, then `--set` changes, then every problem at once."""

import copy
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from raysft.errors import InputError, Problem, gathered
from raysft.identity import SourceKey
from raysft.spec.checks import sweep_problems
from raysft.spec.paths import opened_path, source_field
from raysft.spec.reading.changes import Change, apply_change, limit_rows, naming_changes
from raysft.spec.reading.consequences import without_consequences
from raysft.spec.reading.derived_name import changes_in_name, derived_name, refuse_derived_name
from raysft.spec.reading.places import dotted, order_of_file, place_in_file
from raysft.spec.reading.refusals import validate
from raysft.spec.reading.yaml_tree import NoYaml, read_yaml
from raysft.spec.study_checks import Names
from raysft.spec.sweep import SweepSpec
from raysft.wording import Fault, argument, as_written

Data = Literal["needed", "expected", "unseen"]
"""What `load_sweep` asks of the files that a sweep names."""

_LONGEST = 250
"""Characters of a path in a message."""
_LARGEST = 1_000_000
"""Bytes of a sweep file."""


def load_sweep(
    path: Path | str,
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
    path = Path(path)
    found: list[Problem] = []
    raw = _read(path, found)
    changed: list[Change] = []
    for change in changes:
        with gathered(found):
            changed.append(apply_change(raw, change))
    with gathered(found):
        refuse_derived_name(raw.get("name"))
    if limit is not None:
        limit_rows(raw, limit)
    order = copy.copy(raw)
    with gathered(found):
        _rename(raw, [f"limit={limit}"] if limit is not None else [], "--limit")
        _rename(raw, changes_in_name(changes), "--set")
    given = raw.get("data_dir", ".")
    if isinstance(given, str) and "://" not in given:
        raw["data_dir"] = str((path.parent / given).resolve())
    left = validate(raw, found)
    spec = left.spec if left else None
    if left and spec:
        between = [*sweep_problems(spec, _names(raw, spec)), *_missing_sources(spec, data)]
        if data == "needed":
            between.extend(_missing_questions(spec))
        found.extend(list(without_consequences(between, raw, found, left.altered)))
    if found or spec is None:
        raise InputError(_in_order(found, order, changed))
    return spec


def _in_order(found: Sequence[Problem], raw: Mapping[str, Any], changed: Sequence[Change]) -> list[Problem]:
    """Problems in the order of the file, those of options first."""
    order = order_of_file(raw)
    sorted_ = sorted(dict.fromkeys(found), key=lambda one: place_in_file(one.field, order))
    return [naming_changes(one, changed) for one in sorted_]


def _rename(raw: dict[str, Any], parts: Sequence[str], option: str) -> None:
    if isinstance(raw.get("name"), str):
        raw["name"] = derived_name(raw["name"], parts, option)


def _names(raw: Mapping[str, Any], spec: SweepSpec) -> Names:
    """All that the file names, also what is wrong in itself."""
    abilities, models = raw.get("abilities"), raw.get("models")
    return Names(
        tuple(map(str, abilities if isinstance(abilities, dict) else spec.abilities)),
        tuple(map(str, models if isinstance(models, dict) else spec.models)),
    )


def resolve(spec: SweepSpec, path: str) -> str:
    """A path of data as it can be opened: relative ones start from `data_dir`, URLs stay."""
    return opened_path(spec.data_dir, path)


def _read(path: Path, found: list[Problem]) -> dict[str, Any]:
    """The file as plain values; what is wrong in single places of its YAML is added to `found`."""
    raw, faults = _parsed(path)
    found.extend(Problem(dotted(one.place) or "SWEEP", str(one.value), one.said) for one in faults)
    if not isinstance(raw, dict):
        what = "is empty" if raw is None else f"is {as_written(raw)}"
        remedy = f"{what}; it must be a mapping with name, abilities, models, studies"
        raise InputError([Problem("SWEEP", str(path), remedy)])
    return raw


def _parsed(path: Path) -> tuple[Any, list[Fault]]:
    try:
        with path.open("rb") as file:
            given = file.read(_LARGEST + 1)
        if len(given) > _LARGEST:
            raise InputError([Problem("SWEEP", str(path), f"is no sweep file: above {_LARGEST:,} bytes")])
        return read_yaml(given.decode("utf-8-sig"))
    except OSError as error:
        raise InputError([Problem("SWEEP", str(path), error.strerror or "cannot be read")]) from None
    except UnicodeDecodeError as error:
        where = f"byte 0x{error.object[error.start]:02x} at position {error.start}"
        remedy = f"is not UTF-8 ({where}); save it as UTF-8"
        raise InputError([Problem("SWEEP", str(path), remedy)]) from None
    except NoYaml as error:
        raise InputError([Problem("SWEEP", str(path), f"is not YAML: {error}")]) from None
    except ValueError:
        raise InputError([Problem("SWEEP", str(path), "is no path")]) from None


def is_absent(spec: SweepSpec, path: str) -> bool:
    """Whether a local file of a source or benchmark is not there; what is elsewhere is not looked for."""
    where = resolve(spec, path)
    return "://" not in where and not os.path.exists(where)


def missing_files(spec: SweepSpec, key: SourceKey, hint: str = "") -> Iterator[Problem]:
    """The files of one source that are not there.

    Args:
        spec: the sweep.
        key: of `spec.sources`.
        hint: what else helps.
    """
    source = spec.sources[key]
    for path in () if source.is_world else source.paths:
        yield from _missing(spec, f"{source_field(key)}.path", path, hint)


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
        elsewhere = argument("--set", "data_dir=FOLDER")
        remedy = f"no such file: {_cut(resolve(spec, path))}; data_dir is {spec.data_dir}, or {elsewhere}"
        yield Problem(field, _cut(path), remedy + hint)


def _cut(path: str) -> str:
    return path if len(path) <= _LONGEST else f"{path[:_LONGEST]}..."
