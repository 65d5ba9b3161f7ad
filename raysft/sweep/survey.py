"""What a sweep would do, told before its data and models are here: for `raysft plan`.

What is here is read as a run would read it. In place of a source that is not, or that would have to be
fetched from afar, stands what the sweep file expects of it; in place of a base, its name. Such a plan shares
what the real one will share, under other fingerprints.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace

from raysft.composition.order import ExpectedIndex, Subsets
from raysft.data.sources import Source, load_sources
from raysft.errors import InputError, Problem
from raysft.evaluate.catalogue import AbilityBenchmark
from raysft.identity import digest_bytes, fingerprint
from raysft.plan.build import build_plan
from raysft.plan.model_shape import KNOWN, ModelShape, shape_from_config
from raysft.plan.tree import BaseIdentity, Plan
from raysft.spec.file import is_absent
from raysft.spec.model import ModelSpec, ScratchSpec, ShapeSpec
from raysft.spec.source import SourceSpec
from raysft.spec.sweep import SweepSpec
from raysft.store import Store
from raysft.sweep.asked import Asked, asked_scores
from raysft.sweep.bases import Base, find_bases, is_here, used_models
from raysft.sweep.measure import TokenMeasure, indexes_of, token_measure
from raysft.sweep.questions import (
    has_its_files,
    held_out_benchmarks,
    published_benchmarks,
    question_texts,
)

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
    benchmarks: Mapping[str, AbilityBenchmark]
    """Those whose questions are here, by key."""
    asked: Mapping[str, Asked]
    """What is scored, by fingerprint of a base or stage."""
    shapes: Mapping[str, ModelShape]
    """By model."""
    absent: tuple[str, ...]
    """Keys of sources, and models, in place of which expectations stand."""
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
    sources = load_sources(spec, [key for key in spec.sources if key not in far], question_texts(published))
    bases = find_bases(spec, indexes_of(sources), [name for name in used if name not in away])
    benchmarks = {**published, **held_out_benchmarks(spec, questions, sources)}
    indexes: dict[str, Subsets] = {key: _expected(key, spec.sources[key]) for key in far}
    indexes.update(indexes_of(sources))
    measure = token_measure(spec, sources, bases, lambda: store)
    estimate = replace(measure, sample_above=_COUNTED_UP_TO)
    shapes = _shapes(spec, bases, away)
    identities = {name: base.identity for name, base in bases.items()}
    identities.update({name: _expected_base(spec.models[name]) for name in away})
    identities = {name: identities[name] for name in used}
    plan = build_plan(spec, indexes, identities, measure)
    asked = asked_scores(spec, plan, spec.benchmarks)
    return Survey(spec, plan, indexes, sources, benchmarks, asked, shapes, (*far, *away), estimate)


def _is_far(spec: SweepSpec, source: SourceSpec) -> bool:
    """Whether a source is absent, or elsewhere, and the sweep file says what to expect of it."""
    if source.is_world or source.rows is None:
        return False
    return any("://" in path or is_absent(spec, path) for path in source.paths)


def _needs(model: ModelSpec, far: list[str]) -> bool:
    """A model from scratch has a tokenizer that is trained on every source."""
    return isinstance(model.base, ScratchSpec) and bool(far)


def _expected(key: str, source: SourceSpec) -> ExpectedIndex:
    rows = (source.kept or source.rows or 1) - source.held_out
    if source.limit is not None:
        rows = min(rows, source.limit)
    return ExpectedIndex(key, max(1, rows), fingerprint("expected source", 1, {"source": source}))


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
        shape = _shape(spec.models[name], bases.get(name))
        if shape is None:
            remedy = "is neither here nor known to raysft; to plan, say its sizes: `shape`"
            problems.append(Problem(f"models.{name}.base", spec.models[name].label, remedy))
        else:
            found[name] = shape
    if problems:
        raise InputError(problems)
    return found


def _shape(model: ModelSpec, base: Base | None) -> ModelShape | None:
    if model.shape is not None:
        return _said(model.shape)
    if isinstance(model.base, ScratchSpec):
        one = model.base
        return ModelShape(
            one.hidden_size, one.layers, one.heads, one.heads, one.feed_forward, one.vocabulary, tied=True
        )
    if base is not None and base.folder is not None:
        return shape_from_config(json.loads((base.folder / "config.json").read_text(encoding="utf-8")))
    return KNOWN.get(model.base)


def _said(shape: ShapeSpec) -> ModelShape:
    return ModelShape(
        shape.hidden_size,
        shape.layers,
        shape.heads,
        shape.key_value_heads or shape.heads,
        shape.feed_forward,
        shape.vocabulary,
        tied=shape.tied,
    )
