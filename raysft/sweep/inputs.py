"""Everything a sweep reads before anything starts, and the plan that follows from it."""

from collections.abc import Mapping
from dataclasses import dataclass

from raysft.data.sources import Source, load_sources
from raysft.errors import InputError, Problem
from raysft.evaluate.catalogue import AbilityBenchmark, Material, make_benchmark
from raysft.plan.build import build_plan
from raysft.plan.tree import Plan
from raysft.spec.file import resolve
from raysft.spec.sweep import SweepSpec
from raysft.sweep.bases import Base, find_bases


@dataclass(frozen=True)
class Inputs:
    """A sweep with all that it names, read and checked."""

    spec: SweepSpec
    sources: Mapping[str, Source]
    bases: Mapping[str, Base]
    benchmarks: Mapping[str, AbilityBenchmark]
    """By ability; abilities without a benchmark are absent."""
    plan: Plan


def scored_subjects(spec: SweepSpec, plan: Plan) -> dict[str, str]:
    """Everything that is to be scored: fingerprint of a base or stage, and its model."""
    leaves = {point.stages[-1] for point in plan.points if point.stages}
    found = {base.fingerprint: model for model, base in plan.bases.items()}
    for address, stage in plan.stages.items():
        if spec.evaluation.stages == "all" or address in leaves:
            found[address] = stage.model
    return found


def read_inputs(spec: SweepSpec) -> Inputs:
    """Read sources, bases and benchmarks, and make the plan.

    Raises:
        InputError: with everything that is wrong with them.
    """
    sources = load_sources(spec)
    indexes = {name: source.index for name, source in sources.items()}
    bases = find_bases(spec, indexes)
    benchmarks = _benchmarks(spec, sources)
    plan = build_plan(spec, indexes, {name: base.identity for name, base in bases.items()})
    return Inputs(spec, sources, bases, benchmarks, plan)


def _benchmarks(spec: SweepSpec, sources: Mapping[str, Source]) -> dict[str, AbilityBenchmark]:
    problems: list[Problem] = []
    found = {}
    for name, ability in spec.abilities.items():
        asked = ability.benchmark
        if asked is None:
            continue
        path = resolve(spec, asked.path) if asked.path else ""
        references = resolve(spec, asked.references) if asked.references else None
        try:
            found[name] = make_benchmark(Material(name, asked, path, references, sources[name].held_out))
        except InputError as error:
            problems.extend(error.problems)
    if problems:
        raise InputError(problems)
    return found
