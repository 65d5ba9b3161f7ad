"""Reading a sweep file: YAML, then `--set` changes, then every problem at once."""

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal

import yaml

from raysft.errors import InputError, Problem, gathered
from raysft.identity import SourceKey
from raysft.spec.checks import sweep_problems
from raysft.spec.paths import opened_path, source_field
from raysft.spec.reading.derived_name import changes_in_name, derived_name, refuse_derived_name
from raysft.spec.reading.refusals import NOT_GIVEN, is_misspelt, validate
from raysft.spec.study_checks import Names
from raysft.spec.sweep import SweepSpec

Data = Literal["needed", "expected", "unseen"]
"""What `load_sweep` asks of the files that a sweep names."""

_TEXT = "tag:yaml.org,2002:str"
_TRUTH = "tag:yaml.org,2002:bool"
_NUMBERS = ("tag:yaml.org,2002:int", "tag:yaml.org,2002:float")


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
    raw = _read(path)
    found: list[Problem] = []
    for change in changes:
        with gathered(found):
            _apply(raw, change)
    with gathered(found):
        refuse_derived_name(raw.get("name"))
    if limit is not None:
        _limit(raw, limit)
    _rename(raw, [f"limit={limit}"] if limit is not None else [], "--limit")
    _rename(raw, changes_in_name(changes), "--set")
    given = raw.get("data_dir", ".")
    if isinstance(given, str) and "://" not in given:
        raw["data_dir"] = str((path.parent / given).resolve())
    spec = validate(raw, found)
    if spec is not None:
        between = [*sweep_problems(spec, _names(raw, spec)), *_missing_sources(spec, data)]
        if data == "needed":
            between.extend(_missing_questions(spec))
        found.extend(problem for problem in between if not _is_consequence(problem, raw, found))
    if found or spec is None:
        raise InputError(found)
    return spec


def _names(raw: Mapping[str, Any], spec: SweepSpec) -> Names:
    """All that the file names, also what is wrong in itself."""
    abilities, models = raw.get("abilities"), raw.get("models")
    return Names(
        tuple(map(str, abilities if isinstance(abilities, dict) else spec.abilities)),
        tuple(map(str, models if isinstance(models, dict) else spec.models)),
    )


def _is_consequence(problem: Problem, raw: Mapping[str, Any], found: Sequence[Problem]) -> bool:
    """Whether something is wrong only because of what was found before."""
    refused = {one.field for one in found}
    at, _, name = problem.field.partition(".")
    name = name.partition(".")[0]
    if problem.field in refused:
        return True
    if problem.value == NOT_GIVEN and (is_misspelt(problem.field, found) or f"studies.{name}" in refused):
        return True
    if at == "power":
        return any(one.startswith("abilities") for one in refused)
    if at not in ("studies", "objective"):
        return False
    written = raw.get("studies")
    if at == "studies" and not (isinstance(written, dict) and name in written):
        return True
    about = "models" if problem.remedy.startswith("no such model") else "abilities"
    return about in refused or not isinstance(raw.get(about), dict)


def resolve(spec: SweepSpec, path: str) -> str:
    """A path of data as it can be opened: relative ones start from `data_dir`, URLs stay."""
    return opened_path(spec.data_dir, path)


class _Loader(yaml.SafeLoader):
    """YAML without three traps.

    Of a key written twice plain YAML keeps the last, it reads `1:4` as 64, and the name `no` as false.
    """

    def resolve(self, kind: type[yaml.Node], value: Any, implicit: Any) -> str:  # noqa: ANN401 - as in PyYAML
        tag: str = super().resolve(kind, value, implicit)  # type: ignore[no-untyped-call]
        if tag == _TRUTH and value.lower() not in ("true", "false"):
            return _TEXT
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


def _parse(field: str, given: str, text: str) -> Any:  # noqa: ANN401 - raw YAML
    """YAML from a file or a command line; `field` and `given` say in a message where it came from."""
    try:
        return yaml.load(text, Loader=_Loader)  # noqa: S506 - a SafeLoader
    except yaml.YAMLError as error:
        raise InputError([Problem(field, given, f"is not YAML: {_yaml_cause(error)}")]) from None


def _yaml_cause(error: yaml.YAMLError) -> str:
    mark = getattr(error, "problem_mark", None)
    cause = getattr(error, "problem", None) or " ".join(str(error).split())
    return cause if mark is None else f"{cause} (line {mark.line + 1}, column {mark.column + 1})"


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


def is_absent(spec: SweepSpec, path: str) -> bool:
    """Whether a local file of a source or benchmark is not there; what is elsewhere is not looked for."""
    where = resolve(spec, path)
    return "://" not in where and not Path(where).exists()


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
        remedy = f"no such file: {resolve(spec, path)}; data_dir is {spec.data_dir}, or --set data_dir=FOLDER"
        yield Problem(field, path, remedy + hint)
