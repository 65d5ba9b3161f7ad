"""What the points of a sweep use. Nothing else may count for any of them: what a file also has is not read.

Asked of all studies of the file, so that a sweep with some of them (`SweepSpec.only`) has the same points.
"""

from collections.abc import Iterable, Iterator
from typing import Literal

from raysft.identity import BenchmarkKey, SourceKey, source_key
from raysft.spec.grid import choices, with_one_of_others
from raysft.spec.model import ScratchSpec
from raysft.spec.study import Study
from raysft.spec.sweep import SweepSpec


def sources_by_model(spec: SweepSpec) -> dict[str, tuple[SourceKey, ...]]:
    """Of each model, the sources that its points train on, in the order of the file."""
    found: dict[str, set[SourceKey]] = {name: set() for name in spec.models}
    for study in spec.every_study.values():
        for model, source in _trained(spec, study):
            found[model].add(source)
    return {model: tuple(key for key in spec.sources if key in keys) for model, keys in found.items()}


def tokenizer_sources(spec: SweepSpec) -> dict[str, tuple[SourceKey, ...]]:
    """Of each model from scratch, the sources that its tokenizer learns from, in the order of the file.

    They are those that the model names, else those that its points train on.
    """
    trained, found = sources_by_model(spec), {}
    for name, model in spec.models.items():
        if isinstance(model.base, ScratchSpec):
            named = model.base.sources
            found[name] = tuple(key for key in spec.sources if key in named) if named else trained[name]
    return found


def used_sources(spec: SweepSpec) -> tuple[SourceKey, ...]:
    """The sources that count, in the order of the file.

    These are the ones that some point trains on, or is scored on what they hold out, or that a tokenizer
    learns from. What any of them holds out is trained on by no point.
    """
    used = {
        key for keys in (*sources_by_model(spec).values(), *tokenizer_sources(spec).values()) for key in keys
    }
    for key in used_benchmarks(spec):
        ability, benchmark = spec.benchmarks[key]
        if benchmark.name == "held_out":
            used.add(source_key(ability))
    return tuple(key for key in spec.sources if key in used)


def used_benchmarks(spec: SweepSpec) -> tuple[BenchmarkKey, ...]:
    """The benchmarks that some study is scored on, in the order of the file."""
    used = {key for one in spec.every_study.values() for key in asked_keys(one.benchmarks, spec.benchmarks)}
    return tuple(key for key in spec.benchmarks if key in used)


def asked_keys(which: Literal["select", "report", "all"], keys: Iterable[BenchmarkKey]) -> list[BenchmarkKey]:
    """Keys to select by name an ability alone; those to report by name their benchmark behind it."""
    return [key for key in keys if which == "all" or ("/" in key) == (which == "report")]


def _trained(spec: SweepSpec, study: Study) -> Iterator[tuple[str, SourceKey]]:
    """Model and source of everything that a study trains on."""
    abilities = study.abilities or tuple(spec.abilities)
    seen = set()
    excluded = {axis for one in study.exclude for axis in one.given}
    for choice in choices(with_one_of_others(study, {"model", "strategy", "variant", *excluded}), abilities):
        # The values live as long as the study: cells that differ in amount and seed alone say the same.
        key = (choice.model, id(choice.strategy), id(choice.variant))
        if key not in seen:
            seen.add(key)
            for stage in choice.strategy.stages(abilities):
                for ability in stage:
                    yield choice.model, source_key(ability, choice.variant.get(ability))
