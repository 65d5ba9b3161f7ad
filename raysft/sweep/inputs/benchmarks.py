"""The benchmarks of a sweep: made from files, from the built-in world, and from what sources hold out."""

from collections.abc import Iterable, Mapping, Sequence

from raysft.data.conversation import Conversation
from raysft.data.sources.pipeline import Source
from raysft.errors import InputError, Problem, gathered
from raysft.evaluate.benchmarks.catalogue import AbilityBenchmark, Material, make_benchmark
from raysft.identity import BenchmarkKey, SourceKey, source_key
from raysft.spec.evaluation import BenchmarkSpec
from raysft.spec.reading.load import is_absent, resolve
from raysft.spec.sweep import SweepSpec

HELD_OUT = "held_out"


def published_benchmarks(
    spec: SweepSpec, keys: Iterable[BenchmarkKey]
) -> dict[BenchmarkKey, AbilityBenchmark]:
    """The benchmarks under some keys, of those that need no source.

    Raises:
        InputError: with everything that is wrong with their files.
    """
    chosen = {key: spec.benchmarks[key] for key in keys if spec.benchmarks[key][1].name != HELD_OUT}
    return _made(spec, {key: (ability, asked, ()) for key, (ability, asked) in chosen.items()})


def held_out_benchmarks(
    spec: SweepSpec, keys: Iterable[BenchmarkKey], sources: Mapping[SourceKey, Source]
) -> dict[BenchmarkKey, AbilityBenchmark]:
    """The benchmarks under some keys, of those that a source of the sweep holds out."""
    chosen = {key: spec.benchmarks[key] for key in keys if spec.benchmarks[key][1].name == HELD_OUT}
    return _made(
        spec,
        {
            key: (ability, asked, sources[source_key(ability)].held_out)
            for key, (ability, asked) in chosen.items()
            if source_key(ability) in sources
        },
    )


def question_texts(benchmarks: Mapping[BenchmarkKey, AbilityBenchmark]) -> dict[str, list[str]]:
    """What a source must not contain: turns and reference answers of every question, by benchmark."""
    return {
        key: [
            text
            for question in chosen.benchmark.questions
            for text in (*question.turns, *question.references)
        ]
        for key, chosen in benchmarks.items()
    }


def has_its_files(spec: SweepSpec, asked: BenchmarkSpec) -> bool:
    """Whether every file that a benchmark names is here."""
    return not any(is_absent(spec, path) for path in (asked.path, asked.references) if path)


def _made(
    spec: SweepSpec, chosen: Mapping[BenchmarkKey, tuple[str, BenchmarkSpec, Sequence[Conversation]]]
) -> dict[BenchmarkKey, AbilityBenchmark]:
    problems: list[Problem] = []
    found = {}
    for key, (ability, asked, held_out) in chosen.items():
        path = resolve(spec, asked.path) if asked.path else ""
        references = resolve(spec, asked.references) if asked.references else None
        with gathered(problems):
            found[key] = make_benchmark(Material(ability, asked, path, references, held_out))
    if problems:
        raise InputError(problems)
    return found
