"""Whether a benchmark's own solutions pass it: a check of the file, of the reading and of the sandbox."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from raysft.evaluate.benchmark import Answer, Benchmark, End
from raysft.evaluate.benchmarks.humaneval import check_canonical
from raysft.evaluate.benchmarks.mbpp import check_solutions

_PROGRAMS: Mapping[str, Callable[[str], tuple[str, ...]]] = {
    "humaneval": check_canonical,
    "mbpp": check_solutions,
}
"""Authors' programs, run as they are; each gives the ids of those that do not pass."""

_ENDED: End = "stop"


@dataclass(frozen=True)
class OwnSolutions:
    """What became of a benchmark's own solutions."""

    questions: int
    """With a solution or a reference answer."""
    failed: tuple[str, ...]
    """Ids of questions whose own solution does not pass, or is not found in the reference answer."""


def check_own_solutions(benchmark: Benchmark, path: str) -> OwnSolutions:
    """Run the authors' programs, and grade the reference answers as if a model had given them.

    Args:
        benchmark: made from the file.
        path: of the file; empty for a built-in benchmark.

    Raises:
        InputError: the file cannot be read.
        ClusterError: programs cannot be confined on this machine.
    """
    asked = [question for question in benchmark.questions if question.references]
    answers = [Answer(one.id, one.references, tuple(_ENDED for _ in one.references)) for one in asked]
    best = benchmark.metric.best / benchmark.metric.scale
    wrong = {one.question for one in benchmark.grade(answers) if one.value is None or one.value < best}
    if benchmark.name in _PROGRAMS:
        wrong |= set(_PROGRAMS[benchmark.name](path))
    return OwnSolutions(len(asked), tuple(one.id for one in benchmark.questions if one.id in wrong))
