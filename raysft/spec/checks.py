"""What must hold between the fields of a sweep; each field alone is already known to be right."""

from collections.abc import Iterator, Mapping

from raysft.errors import Problem
from raysft.spec.evaluation import RATED, BenchmarkSpec
from raysft.spec.grid import cells_of
from raysft.spec.grid_checks import MOST_CELLS, too_large
from raysft.spec.model import ScratchSpec
from raysft.spec.study_checks import Names, no_such, study_problems
from raysft.spec.sweep import AbilitySpec, SweepSpec

_NEED_FILES = ("gsm8k", "humaneval", "mt_bench", "math", "mbpp")
"""Benchmarks whose questions are in a file of their authors."""


def sweep_problems(spec: SweepSpec, names: Names | None = None) -> Iterator[Problem]:
    """Everything that is wrong between fields.

    Args:
        spec: the sweep.
        names: what the file names, where some of that was wrong in itself and is left out of the sweep: then
            whoever mentions it is not to blame.
    """
    names = names or Names(tuple(spec.abilities), tuple(spec.models))
    yield from _alike_names(spec)
    for name, ability in spec.abilities.items():
        yield from _benchmark_problems(name, ability)
    for name in spec.studies:
        yield from study_problems(name, spec, names)
    cells = {name: cells_of(one, one.abilities or names.abilities) for name, one in spec.studies.items()}
    if max(cells.values()) <= MOST_CELLS < sum(cells.values()):
        yield too_large("studies", sum(cells.values()))
    yield from _objective_problems(spec, names)
    yield from _tokenizer_problems(spec)
    yield from _power_problems(spec, names)


def _tokenizer_problems(spec: SweepSpec) -> Iterator[Problem]:
    known = tuple(spec.sources)
    for name, model in spec.models.items():
        if isinstance(model.base, ScratchSpec):
            for source in model.base.sources:
                if source not in known:
                    yield no_such(f"models.{name}.base.sources", source, "source", known)


def _benchmark_problems(name: str, ability: AbilitySpec) -> Iterator[Problem]:
    asked = [("benchmark", ability.benchmark)] if ability.benchmark else []
    asked += [(f"report[{place}]", further) for place, further in enumerate(ability.report)]
    for field, benchmark in asked:
        yield from _one_benchmark(f"abilities.{name}.{field}", benchmark, ability)
    names = [benchmark.name for _, benchmark in asked]
    for twice in sorted({one for one in names if names.count(one) > 1}):
        yield Problem(f"abilities.{name}.report", twice, "is named twice")


def _one_benchmark(field: str, benchmark: BenchmarkSpec, ability: AbilitySpec) -> Iterator[Problem]:
    if benchmark.name == "held_out" and not ability.source.held_out:
        yield Problem(field, "held_out", "say how many conversations to split off: source.held_out: 200")
    if benchmark.name in _NEED_FILES and not benchmark.path:
        remedy = f"say where its questions are: {{name: {benchmark.name}, path: FILE}}"
        yield Problem(field, benchmark.name, remedy)


def _objective_problems(spec: SweepSpec, names: Names) -> Iterator[Problem]:
    if spec.objective is None:
        return
    if spec.objective.maximise not in names.abilities:
        yield no_such("objective.maximise", spec.objective.maximise, "ability", names.abilities)
    for wanted, floor in spec.objective.floors.items():
        if wanted not in names.abilities:
            yield no_such(f"objective.floors.{wanted}", f"{floor:g}", "ability", names.abilities, wanted)


def _alike_names(spec: SweepSpec) -> Iterator[Problem]:
    """Names that are files or folders somewhere, and are one where capitals are not told apart."""
    tables: dict[str, Mapping[str, object]] = {
        "abilities": spec.abilities,
        "models": spec.models,
        "studies": spec.studies,
    }
    tables.update({f"abilities.{name}.variants": one.variants for name, one in spec.abilities.items()})
    for field, table in tables.items():
        first: dict[str, str] = {}
        for name in table:
            other = first.setdefault(name.lower(), name)
            if other != name:
                remedy = f"differs from {other} in capitals only, which some file systems do not tell apart"
                yield Problem(f"{field}.{name}", name, remedy)


def _power_problems(spec: SweepSpec, names: Names) -> Iterator[Problem]:
    """Assumptions are given under the key of a benchmark, or under its name for all that have it."""
    known = dict.fromkeys(name for key, (_, one) in spec.benchmarks.items() for name in (key, one.name))
    broken = set(names.abilities) - set(spec.abilities)
    for field in ("spread", "seed_deviation"):
        for said, value in getattr(spec.power, field).items():
            if said not in known and said.partition("/")[0] not in broken:
                yield no_such(f"power.{field}.{said}", f"{value:g}", "benchmark", tuple(known), said)
    for said, spread in spec.power.spread.items():
        meant = {one.name for key, (_, one) in spec.benchmarks.items() if said in (key, one.name)}
        if spread > 1 and meant - set(RATED):
            remedy = f"is a share of the items, at most 1: {spread:g}% is {spread / 100:g}"
            yield Problem(f"power.spread.{said}", f"{spread:g}", remedy)
