"""The source that a command line names: files, a data set of the Hub, a built-in one, or that of a sweep."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

from raysft.errors import InputError, Problem
from raysft.spec.load import load_sweep, resolve
from raysft.spec.source import BUILT_IN, WORLD, FormatName, SourceSpec
from raysft.spec.sweep import SweepSpec

_IN_SWEEP = re.compile(r"(?P<file>.+\.ya?ml):(?P<key>[^:]+)")
_IS_SWEEP = (".yaml", ".yml")
_KEY = "data"
_MISSING = re.compile(r"(?P<source>abilities\.[^.]+\.(?:source|variants\.[^.]+))\.path")
"""Field of a problem with a file that is not there."""


@dataclass(frozen=True)
class NamedSource:
    """A source as the engine knows it: one of a sweep, if need be of a sweep made for it."""

    spec: SweepSpec
    key: str
    """In `spec.sources`."""
    title: str
    """As it was given."""
    from_sweep: bool
    """Whether the user has a sweep file, with models and a recipe."""

    @property
    def source(self) -> SourceSpec:
        """What a sweep file would say about it."""
        return self.spec.sources[self.key]

    @property
    def paths(self) -> tuple[str, ...]:
        """What is read, as it can be opened."""
        return tuple(resolve(self.spec, path) for path in self.source.paths)

    def skipping_bad_rows(self) -> "NamedSource":
        """The same source, of which malformed rows are counted and not refused."""
        name, _, variant = self.key.partition("/")
        ability = self.spec.abilities[name]
        source = self.source.model_copy(update={"on_bad_row": "skip"})
        changed = {"variants": {**ability.variants, variant: source}} if variant else {"source": source}
        abilities = {**self.spec.abilities, name: ability.model_copy(update=changed)}
        spec = self.spec.model_copy(update={"abilities": abilities})
        return NamedSource(spec, self.key, self.title, self.from_sweep)


def named_source(given: Sequence[str], form: str = "auto", changes: Sequence[str] = ()) -> NamedSource:
    """Find what SOURCE means on a command line.

    Args:
        given: one or several files, `hf://owner/name`, a built-in source (`world/math`), or
            `SWEEP.yaml:ability`, also `SWEEP.yaml:ability/variant`.
        form: format of the rows; of a sweep's source the file says it.
        changes: `--set` of a sweep file.

    Raises:
        InputError: it is none of these, or something of a sweep file is wrong that has to do with it.
    """
    in_sweep = _IN_SWEEP.fullmatch(given[0]) if len(given) == 1 else None
    if in_sweep:
        return _of_sweep(Path(in_sweep["file"]), in_sweep["key"], given[0], form, changes)
    problems = [*_wrong_paths(given), *_wrong_format(form)]
    if changes:
        problems.append(Problem("--set", changes[0], "changes a sweep file: SWEEP.yaml:ABILITY"))
    if problems:
        raise InputError(problems)
    paths = given[0] if len(given) == 1 else list(given)
    spec = SweepSpec.model_validate(
        {
            "name": _KEY,
            "data_dir": str(Path.cwd()),
            "abilities": {_KEY: {"source": {"path": paths, "format": form}}},
            "models": {"any": {"base": "world/base"}},
            "studies": {"all": {"model": "any", "strategy": [{"single": _KEY}], "amount": [1]}},
        }
    )
    return NamedSource(spec, _KEY, ", ".join(given), from_sweep=False)


def _of_sweep(file: Path, key: str, given: str, form: str, changes: Sequence[str]) -> NamedSource:
    if form != "auto":
        raise InputError([Problem("--format", form, "the sweep file says it; --set changes it")])
    spec = _loaded(file, key, changes)
    if key not in spec.sources:
        raise InputError([Problem("SOURCE", given, f"no such source; use one of {', '.join(spec.sources)}")])
    return NamedSource(spec, key, given, from_sweep=True)


def _loaded(file: Path, key: str, changes: Sequence[str]) -> SweepSpec:
    """A sweep of which only one source has to be there."""
    try:
        return load_sweep(file, changes, data="expected")
    except InputError as error:
        absent = {problem: _MISSING.fullmatch(problem.field) for problem in error.problems}
    ability, _, variant = key.partition("/")
    own = f"abilities.{ability}.variants.{variant}" if variant else f"abilities.{ability}.source"
    fields = {found["source"] for found in absent.values() if found and found["source"] != own}
    others = [problem for problem, found in absent.items() if not found or found["source"] == own]
    if others:
        raise InputError(others)
    return load_sweep(
        file, [*changes, *(f"{field}={BUILT_IN[0]}" for field in sorted(fields))], data="expected"
    )


def _wrong_paths(given: Sequence[str]) -> list[Problem]:
    problems = []
    for path in given:
        if path.startswith(WORLD) and (path not in BUILT_IN or len(given) > 1):
            remedy = f"a built-in source stands alone and is one of {', '.join(BUILT_IN)}"
            problems.append(Problem("SOURCE", path, remedy))
        elif path.endswith(_IS_SWEEP):
            problems.append(Problem("SOURCE", path, f"say which source of the sweep: {path}:ABILITY"))
        elif _IN_SWEEP.fullmatch(path):
            problems.append(Problem("SOURCE", path, "a source of a sweep stands alone"))
        elif "://" not in path and not path.startswith(WORLD) and not Path(path).exists():
            problems.append(Problem("SOURCE", path, "no such file"))
    return problems


def _wrong_format(form: str) -> list[Problem]:
    known = get_args(FormatName)
    return [] if form in known else [Problem("--format", form, f"use one of {', '.join(known)}")]
