"""Everything a sweep reads before anything starts, and the plan that follows from it."""

from collections.abc import Mapping
from dataclasses import dataclass

from raysft.data.sources.pipeline import Source, load_sources
from raysft.evaluate.benchmarks.catalogue import AbilityBenchmark
from raysft.identity import BenchmarkKey
from raysft.plan.build import build_plan
from raysft.plan.tree import Plan
from raysft.spec.sweep import SweepSpec
from raysft.store import Store
from raysft.sweep.inputs.bases import Base, find_bases, used_models
from raysft.sweep.inputs.benchmarks import held_out_benchmarks, published_benchmarks, question_texts
from raysft.sweep.inputs.score_requests import Asked, asked_scores
from raysft.sweep.inputs.token_measure import indexes_of, token_measure


@dataclass(frozen=True)
class Inputs:
    """A sweep with all that it names, read and checked."""

    spec: SweepSpec
    sources: Mapping[str, Source]
    """By key: an ability, or `ability/variant`."""
    bases: Mapping[str, Base]
    """By model."""
    benchmarks: Mapping[BenchmarkKey, AbilityBenchmark]
    """By key: an ability, or `ability/name` for one to report by; abilities without one are absent."""
    plan: Plan
    asked: Mapping[str, Asked]
    """What is scored, by fingerprint of a base or stage."""


def read_inputs(spec: SweepSpec, store_url: str) -> Inputs:
    """Read sources, bases and benchmarks, and make the plan.

    Args:
        spec: the sweep.
        store_url: of the store that sources are tokenised into if a budget counts tokens; before that, and
            so where anything is wrong, it is not opened.

    Raises:
        InputError: with everything that is wrong with them.
    """
    published = published_benchmarks(spec, spec.benchmarks)
    sources = load_sources(spec, spec.sources, question_texts(published))
    bases = find_bases(spec, indexes_of(sources), used_models(spec))
    benchmarks = {**published, **held_out_benchmarks(spec, spec.benchmarks, sources)}
    benchmarks = {key: benchmarks[key] for key in spec.benchmarks}
    measure = token_measure(spec, sources, bases, lambda: Store.open(store_url))
    identities = {name: base.identity for name, base in bases.items()}
    plan = build_plan(spec, indexes_of(sources), identities, measure)
    return Inputs(spec, sources, bases, benchmarks, plan, asked_scores(spec, plan, benchmarks))
