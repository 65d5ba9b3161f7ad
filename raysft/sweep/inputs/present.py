"""What of a sweep is read, and what takes the place of the rest in a plan: expectations.

A plan with expectations shares between points what the real one will share, under other fingerprints.
"""

from dataclasses import dataclass

from raysft.composition.order import ExpectedIndex
from raysft.data.sources.pipeline import holds_out_all
from raysft.errors import InputError
from raysft.identity import BenchmarkKey, SourceKey, digest_bytes, fingerprint
from raysft.plan.tree import BaseIdentity
from raysft.spec.model import ModelSpec
from raysft.spec.paths import source_field
from raysft.spec.reading.load import is_absent
from raysft.spec.source import SourceSpec
from raysft.spec.sweep import SweepSpec
from raysft.spec.used import tokenizer_sources, used_sources
from raysft.sweep.inputs.bases import is_here, used_models
from raysft.sweep.inputs.benchmarks import has_its_files

_EXPECTATIONS = ("rows", "kept", "tokens", "supervised_tokens")
"""Fields of a source that say what is in its files; what is in them does not depend on it."""


@dataclass(frozen=True)
class Present:
    """What is read of a sweep; the rest is expected to be as the sweep file says."""

    sources: tuple[SourceKey, ...]
    """Keys, in the order of the sweep file, as of all three."""
    models: tuple[str, ...]
    """Those that studies ask for, and whose base is read."""
    benchmarks: tuple[BenchmarkKey, ...]
    """Keys."""


def all_of(spec: SweepSpec) -> Present:
    """Everything that is used: what is not here is an error when it is read."""
    return Present(used_sources(spec), used_models(spec), tuple(spec.benchmarks))


def what_is_here(spec: SweepSpec) -> Present:
    """What can be read without fetching anything, and what has to be, as nothing is expected of it.

    Args:
        spec: the sweep, loaded with `data="expected"`.
    """
    sources = tuple(key for key in used_sources(spec) if not _is_far(spec, spec.sources[key]))
    learnt = tokenizer_sources(spec)
    models = (
        name
        for name in used_models(spec)
        if (set(learnt[name]) <= set(sources) if name in learnt else is_here(spec, spec.models[name]))
    )
    benchmarks = (key for key, (_, asked) in spec.benchmarks.items() if has_its_files(spec, asked))
    return Present(sources, tuple(models), tuple(benchmarks))


def expected_index(key: SourceKey, source: SourceSpec) -> ExpectedIndex:
    """Subsets of a source that is not here.

    Args:
        key: of the source.
        source: which says how many `rows` it has.

    Raises:
        InputError: it would hold out all it has.
    """
    distinct = source.kept or source.rows or 1
    if source.limit is not None:
        distinct = min(distinct, source.limit)
    if distinct <= source.held_out:
        raise InputError([holds_out_all(source, source_field(key), distinct)])
    told = {name: getattr(source, name) for name in SourceSpec.model_fields if name not in _EXPECTATIONS}
    defining = fingerprint("expected source", 2, {"source": told})
    return ExpectedIndex(key, distinct - source.held_out, defining)


def expected_base(model: ModelSpec) -> BaseIdentity:
    """A base that is not here, told apart from others by its name."""
    named = {"base": model.base, "revision": model.revision}
    return BaseIdentity(
        fingerprint("expected weights", 1, named),
        fingerprint("expected tokenizer", 1, named),
        digest_bytes(model.template.encode()),
    )


def _is_far(spec: SweepSpec, source: SourceSpec) -> bool:
    """Whether a source is absent, or elsewhere, and the sweep file says what to expect of it."""
    if source.is_world or source.rows is None:
        return False
    return any("://" in path or is_absent(spec, path) for path in source.paths)
