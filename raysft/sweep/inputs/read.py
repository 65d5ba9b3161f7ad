"""Everything a sweep names, read before anything starts, and the plan that follows from it.

`read_inputs` is for a run, `view_inputs` for whoever looks at what a run made, and
`raysft.sweep.inputs.dry_plan.survey` for a plan before everything is here. All of them are `resolve`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from raysft.composition.order import Subsets
from raysft.data.sources.pipeline import Source, load_sources
from raysft.data.tokens.counts_cache import CountsCache, user_cache_folder
from raysft.errors import InputError, Problem, gathered
from raysft.evaluate.benchmarks.catalogue import AbilityBenchmark
from raysft.identity import BenchmarkKey, SourceKey, StageId
from raysft.plan.build import build_plan
from raysft.plan.tree import Plan
from raysft.spec.sweep import SweepSpec
from raysft.spec.used import used_benchmarks, used_sources
from raysft.store import Store
from raysft.sweep.inputs.bases import Base, find_bases, is_here, used_models
from raysft.sweep.inputs.benchmarks import held_out_benchmarks, published_benchmarks, question_texts
from raysft.sweep.inputs.prepare import Shelf
from raysft.sweep.inputs.present import Present, all_of, expected_base, expected_index
from raysft.sweep.inputs.score_requests import Asked, asked_scores
from raysft.sweep.inputs.token_measure import TokenMeasure, indexes_of, token_measure
from raysft.sweep.inputs.viewed_store import viewed_store


@dataclass(frozen=True)
class Inputs:
    """A sweep with all that it names, read and checked."""

    spec: SweepSpec
    sources: Mapping[SourceKey, Source]
    """By key, an ability or `ability/variant`: those that were read."""
    bases: Mapping[str, Base]
    """By model: those that were read."""
    benchmarks: Mapping[BenchmarkKey, AbilityBenchmark]
    """By key: those whose questions were read; abilities without one are absent."""
    plan: Plan
    asked: Mapping[StageId, Asked]
    """What is scored, by fingerprint of a base or stage."""
    indexes: Mapping[SourceKey, Subsets]
    """Every source that is used, by key."""
    absent: tuple[str, ...]
    """Keys of sources, and models, that were not read: the plan rests on what the sweep file says of them."""
    measure: TokenMeasure
    """Tokens of the subsets."""

    def benchmarks_of(self, subject: StageId) -> tuple[BenchmarkKey, ...]:
        """What a base or stage is scored on; nothing if it is not asked for."""
        asked = self.asked.get(subject)
        return asked.benchmarks if asked else ()


@dataclass(frozen=True)
class _Read:
    """What comes before the plan."""

    indexes: Mapping[SourceKey, Subsets]
    sources: Mapping[SourceKey, Source]
    bases: Mapping[str, Base]
    benchmarks: Mapping[BenchmarkKey, AbilityBenchmark]


def read_inputs(spec: SweepSpec, store_url: str) -> Inputs:
    """Read sources, bases and benchmarks for a run, and make the plan.

    Args:
        spec: the sweep.
        store_url: of the store that sources are tokenised into if a budget counts tokens; before that, and
            so where anything is wrong, it is not opened.

    Raises:
        InputError: with everything that is wrong with them.
    """
    return resolve(spec, all_of(spec), lambda: Store.open(store_url))


def view_inputs(spec: SweepSpec, store_url: str) -> Inputs:
    """The same for whoever only looks: the store is neither made nor changed.

    Args:
        spec: the sweep.
        store_url: of the store that has tokenised sources, if it exists; where it has none that a budget
            needs, they are tokenised into a temporary folder.

    Raises:
        InputError: as `read_inputs`.
    """
    with viewed_store(store_url) as store:
        return resolve(spec, all_of(spec), lambda: store, CountsCache(user_cache_folder()))


def resolve(
    spec: SweepSpec, present: Present, store: Callable[[], Shelf], cache: CountsCache | None = None
) -> Inputs:
    """Read what is to be read, take what is expected of the rest, and plan.

    Args:
        spec: the sweep.
        present: what is to be read.
        store: asked for, and written to, once a budget counts tokens.
        cache: counts of before, for what is not to be trained; None counts anew.

    Raises:
        InputError: with everything that is wrong with sources, bases and benchmarks; then with what is wrong
            with the points.
    """
    read = _read(spec, present)
    used = used_models(spec)
    measure = token_measure(spec, read.sources, read.bases, store, cache)
    identities = {
        name: read.bases[name].identity if name in read.bases else expected_base(spec.models[name])
        for name in used
    }
    plan = build_plan(spec, read.indexes, identities, measure)
    absent: list[str] = [key for key in read.indexes if key not in read.sources]
    absent += [name for name in used if name not in read.bases]
    return Inputs(
        spec=spec,
        sources=read.sources,
        bases=read.bases,
        benchmarks=read.benchmarks,
        plan=plan,
        asked=asked_scores(spec, plan, spec.benchmarks),
        indexes=read.indexes,
        absent=tuple(absent),
        measure=measure,
    )


def _read(spec: SweepSpec, present: Present) -> _Read:
    problems: list[Problem] = []
    published: Mapping[BenchmarkKey, AbilityBenchmark] = {}
    indexes: Mapping[SourceKey, Subsets] = {}
    sources: Mapping[SourceKey, Source] = {}
    bases: Mapping[str, Base] = {}
    with gathered(problems):
        published = published_benchmarks(spec, present.benchmarks)
    with gathered(problems):
        indexes = _expected(spec, present)
    with gathered(problems):
        asked = set(used_benchmarks(spec))
        asked_of = {key: one for key, one in published.items() if key in asked}
        sources = _sources(spec, present, question_texts(asked_of))
    # Weights are not fetched for a sweep that cannot be run: 14 GB, to say that a row is bad.
    wanted = [name for name in present.models if not problems or is_here(spec, spec.models[name])]
    with gathered(problems):
        bases = find_bases(spec, indexes_of(sources), wanted)
    if problems:
        raise InputError(problems)
    found = {**published, **held_out_benchmarks(spec, present.benchmarks, sources)}
    benchmarks = {key: found[key] for key in present.benchmarks if key in found}
    whole = {**indexes, **indexes_of(sources)}
    return _Read({key: whole[key] for key in spec.sources if key in whole}, sources, bases, benchmarks)


def _expected(spec: SweepSpec, present: Present) -> dict[SourceKey, Subsets]:
    problems: list[Problem] = []
    found: dict[SourceKey, Subsets] = {}
    for key in used_sources(spec):
        if key not in present.sources:
            with gathered(problems):
                found[key] = expected_index(key, spec.sources[key])
    if problems:
        raise InputError(problems)
    return found


def _sources(
    spec: SweepSpec, present: Present, questions: Mapping[str, Sequence[str]]
) -> dict[SourceKey, Source]:
    chosen = {key: spec.sources[key] for key in present.sources}
    return load_sources(chosen, spec.data_dir, questions)
