"""What a sweep would do, told before its data and models are here: for `raysft plan`.

What is here is read as a run would read it. In place of a source that is not, or that would have to be
fetched from afar, stands what the sweep file expects of it; in place of a base, its name. Such a plan shares
what the real one will share, under other fingerprints.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from raysft.composition.order import ExpectedIndex, Subsets
from raysft.data.sources.pipeline import Source, holds_out_all, load_sources
from raysft.data.sources.rows import source_field
from raysft.errors import InputError, Problem, gathered
from raysft.evaluate.benchmarks.catalogue import AbilityBenchmark
from raysft.identity import BenchmarkKey, digest_bytes, fingerprint
from raysft.plan.build import build_plan
from raysft.plan.cost.model_shape import ModelShape
from raysft.plan.tree import BaseIdentity, Plan
from raysft.spec.load import is_absent
from raysft.spec.model import ModelSpec, ScratchSpec
from raysft.spec.source import SourceSpec
from raysft.spec.sweep import SweepSpec
from raysft.store import Store
from raysft.sweep.inputs.bases import Base, find_bases, is_here, used_models
from raysft.sweep.inputs.benchmarks import (
    has_its_files,
    held_out_benchmarks,
    published_benchmarks,
    question_texts,
)
from raysft.sweep.inputs.model_sizes import shape_of
from raysft.sweep.inputs.score_requests import Asked, asked_scores
from raysft.sweep.inputs.token_measure import TokenMeasure, indexes_of, token_measure

_COUNTED_UP_TO = 100_000
"""Conversations of a source that are tokenised to count them; of more, a sample stands for all."""


@dataclass(frozen=True)
class Survey:
    """A plan, with what of it rests on expectation."""

    spec: SweepSpec
    plan: Plan
    indexes: Mapping[str, Subsets]
    """Every source, by key."""
    sources: Mapping[str, Source]
    """Those that are here."""
    benchmarks: Mapping[BenchmarkKey, AbilityBenchmark]
    """Those whose questions are here, by key."""
    asked: Mapping[str, Asked]
    """What is scored, by fingerprint of a base or stage."""
    shapes: Mapping[str, ModelShape]
    """By model."""
    absent: tuple[str, ...]
    """Keys of sources, and models, in place of which expectations stand."""
    not_decontaminated: tuple[str, ...]
    """Sources that are here, and that will lose what they share with benchmarks whose files are not here."""
    measure: TokenMeasure
    """For what a plan costs; of large sources it takes a sample."""


def survey(spec: SweepSpec, store: Store) -> Survey:
    """Read what is here, and plan.

    Args:
        spec: the sweep, loaded with `data="expected"`.
        store: where sources are tokenised to, so that their tokens can be counted.

    Raises:
        InputError: with everything that is wrong with what is here, and what cannot be planned without.
    """
    used = used_models(spec)
    far = [key for key, source in spec.sources.items() if _is_far(spec, source)]
    away = [name for name in used if not is_here(spec, spec.models[name]) or _needs(spec.models[name], far)]
    questions = [key for key, (_, asked) in spec.benchmarks.items() if has_its_files(spec, asked)]
    published = published_benchmarks(spec, questions)
    indexes, sources = _sources(spec, far, question_texts(published))
    bases = find_bases(spec, indexes_of(sources), [name for name in used if name not in away])
    benchmarks = {**published, **held_out_benchmarks(spec, questions, sources)}
    measure = token_measure(spec, sources, bases, lambda: store)
    estimate = replace(measure, sample_above=_COUNTED_UP_TO)
    shapes = _shapes(spec, bases, away)
    identities = {name: base.identity for name, base in bases.items()}
    identities.update({name: _expected_base(spec.models[name]) for name in away})
    identities = {name: identities[name] for name in used}
    plan = build_plan(spec, indexes, identities, measure)
    asked = asked_scores(spec, plan, spec.benchmarks)
    unsure = _not_decontaminated(spec, sources) if len(questions) < len(spec.benchmarks) else ()
    return Survey(spec, plan, indexes, sources, benchmarks, asked, shapes, (*far, *away), unsure, estimate)


def _not_decontaminated(spec: SweepSpec, sources: Iterable[str]) -> tuple[str, ...]:
    """Sources that ask to be freed of questions of the benchmarks."""
    asked = {key: spec.sources[key].contamination for key in sources}
    return tuple(key for key, one in asked.items() if one is not None and one.mode == "remove")


def _is_far(spec: SweepSpec, source: SourceSpec) -> bool:
    """Whether a source is absent, or elsewhere, and the sweep file says what to expect of it."""
    if source.is_world or source.rows is None:
        return False
    return any("://" in path or is_absent(spec, path) for path in source.paths)


def _needs(model: ModelSpec, far: list[str]) -> bool:
    """A model from scratch has a tokenizer that is trained on every source."""
    return isinstance(model.base, ScratchSpec) and bool(far)


def _sources(
    spec: SweepSpec, far: Collection[str], questions: Mapping[str, Sequence[str]]
) -> tuple[dict[str, Subsets], dict[str, Source]]:
    """The index of every source, expected or read; and those that are here."""
    indexes: dict[str, Subsets] = {}
    sources: dict[str, Source] = {}
    problems: list[Problem] = []
    for key in far:
        with gathered(problems):
            indexes[key] = _expected(key, spec.sources[key])
    with gathered(problems):
        sources = load_sources(spec, [key for key in spec.sources if key not in far], questions)
    if problems:
        raise InputError(problems)
    return {**indexes, **indexes_of(sources)}, sources


def _expected(key: str, source: SourceSpec) -> ExpectedIndex:
    distinct = source.kept or source.rows or 1
    if source.limit is not None:
        distinct = min(distinct, source.limit)
    if distinct <= source.held_out:
        raise InputError([holds_out_all(source, source_field(key), distinct)])
    defining = fingerprint("expected source", 1, {"source": source})
    return ExpectedIndex(key, distinct - source.held_out, defining)


def _expected_base(model: ModelSpec) -> BaseIdentity:
    said = {"base": model.base, "revision": model.revision}
    return BaseIdentity(
        fingerprint("expected weights", 1, said),
        fingerprint("expected tokenizer", 1, said),
        digest_bytes(model.template.encode()),
    )


def _shapes(spec: SweepSpec, bases: Mapping[str, Base], away: list[str]) -> dict[str, ModelShape]:
    found, problems = {}, []
    for name in (*bases, *away):
        shape = shape_of(spec.models[name], bases.get(name))
        if shape is None:
            remedy = "is neither here nor known to raysft; to plan, say its sizes: `shape`"
            problems.append(Problem(f"models.{name}.base", spec.models[name].label, remedy))
        else:
            found[name] = shape
    if problems:
        raise InputError(problems)
    return found
