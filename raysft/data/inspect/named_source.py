"""The source that a command line names: files, a data set of the Hub, a built-in one, or that of a sweep."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

from raysft.errors import InputError, Problem
from raysft.identity import SourceKey, source_key
from raysft.spec.paths import opened_path
from raysft.spec.reading.load import load_sweep, missing_files
from raysft.spec.source import BUILT_IN, WORLD, CleanRule, FormatName, SourceSpec
from raysft.spec.sweep import SweepSpec

_IN_SWEEP = re.compile(r"(?P<file>.+\.ya?ml):(?P<key>[^:]+)")
_IS_SWEEP = (".yaml", ".yml")


@dataclass(frozen=True)
class NamedSource:
    """A source as the engine knows it, and where it was found."""

    title: str
    """As it was given."""
    key: SourceKey
    """In the sources of its sweep; `data` without one."""
    source: SourceSpec
    data_dir: str
    """Folder that its relative paths start from."""
    sweep: SweepSpec | None = None
    """Whose source it is, with models and a recipe; None for files that are named one by one."""

    @property
    def paths(self) -> tuple[str, ...]:
        """What is read, as it can be opened."""
        return tuple(opened_path(self.data_dir, path) for path in self.source.paths)


def named_source(
    given: Sequence[str], form: str = "auto", changes: Sequence[str] = (), clean: Sequence[str] = ()
) -> NamedSource:
    """Find what SOURCE means on a command line.

    Args:
        given: one or several files, `hf://owner/name`, a built-in source (`world/math`), or
            `SWEEP.yaml:ability`, also `SWEEP.yaml:ability/variant`.
        form: format of the rows; of a sweep's source the file says it.
        changes: `--set` of a sweep file.
        clean: rules that put the turns of files in order; of a sweep's source the file says them.

    Raises:
        InputError: it is none of these, or something of a sweep file is wrong; files of the sweep's other
            sources, and of its benchmarks, need not be there.
    """
    in_sweep = _IN_SWEEP.fullmatch(given[0]) if len(given) == 1 else None
    if in_sweep:
        said = (("--format", form if form != "auto" else ""), ("--clean", ", ".join(clean)))
        twice = [Problem(name, one, "the sweep file says it; --set changes it") for name, one in said if one]
        if twice:
            raise InputError(twice)
        return _of_sweep(Path(in_sweep["file"]), in_sweep["key"], given[0], changes)
    problems = [*_wrong_paths(given), *_wrong("--format", [form], FormatName)]
    problems += _wrong("--clean", clean, CleanRule)
    if clean and any(path.startswith(WORLD) for path in given):
        problems.append(Problem("--clean", ", ".join(clean), "the turns of a built-in source are in order"))
    if changes:
        problems.append(Problem("--set", changes[0], "changes a sweep file: SWEEP.yaml:ABILITY"))
    if problems:
        raise InputError(problems)
    paths = given[0] if len(given) == 1 else list(given)
    source = SourceSpec.model_validate({"path": paths, "format": form, "clean": list(clean)})
    return NamedSource(", ".join(given), source_key("data"), source, str(Path.cwd()))


def _of_sweep(file: Path, key: str, given: str, changes: Sequence[str]) -> NamedSource:
    spec = load_sweep(file, changes, data="unseen")
    source = next((one for one in spec.sources if one == key), None)
    if source is None:
        raise InputError([Problem("SOURCE", given, f"no such source; use one of {', '.join(spec.sources)}")])
    missing = list(missing_files(spec, source))
    if missing:
        raise InputError(missing)
    return NamedSource(given, source, spec.sources[source], spec.data_dir, spec)


def _wrong_paths(given: Sequence[str]) -> list[Problem]:
    problems = []
    for path in given:
        if path.startswith(WORLD) and (path not in BUILT_IN or len(given) > 1):
            remedy = f"name a built-in source alone; it is one of {', '.join(BUILT_IN)}"
            problems.append(Problem("SOURCE", path, remedy))
        elif path.endswith(_IS_SWEEP):
            problems.append(Problem("SOURCE", path, f"say which source of the sweep: {path}:ABILITY"))
        elif _IN_SWEEP.fullmatch(path):
            problems.append(Problem("SOURCE", path, "name a source of a sweep alone"))
        elif "://" not in path and not path.startswith(WORLD) and not Path(path).exists():
            problems.append(Problem("SOURCE", path, "no such file"))
    return problems


def _wrong(option: str, given: Sequence[str], known: object) -> list[Problem]:
    names = get_args(known)
    return [Problem(option, one, f"use one of {', '.join(names)}") for one in given if one not in names]
