"""Every benchmark by its name: a new one is a file and a row here."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from raysft.data.conversation import Conversation
from raysft.evaluate.benchmark import Benchmark, questions_digest
from raysft.evaluate.benchmarks.competition_math import CompetitionMath
from raysft.evaluate.benchmarks.gsm8k import Gsm8k
from raysft.evaluate.benchmarks.held_out import HeldOut, HeldOutLoss
from raysft.evaluate.benchmarks.humaneval import HumanEval
from raysft.evaluate.benchmarks.mbpp import Mbpp
from raysft.evaluate.benchmarks.mt_bench import MtBench
from raysft.evaluate.benchmarks.world import world_benchmark
from raysft.spec.evaluation import BenchmarkSpec


@dataclass(frozen=True)
class Material:
    """What a benchmark can be made from."""

    ability: str
    spec: BenchmarkSpec
    path: str
    """File with the questions, as it can be opened; empty for a built-in benchmark."""
    references: str | None
    held_out: Sequence[Conversation]
    """Conversations split off from the ability's own source."""


@dataclass(frozen=True)
class AbilityBenchmark:
    """The benchmark of an ability, with the settings of the sweep."""

    ability: str
    benchmark: Benchmark
    max_new_tokens: int
    """Token limit of one turn."""

    @cached_property
    def questions_digest(self) -> str:
        """Identity of the questions."""
        return questions_digest(self.benchmark.questions)


_MAKERS: dict[str, Callable[[Material], Benchmark]] = {
    "world/math": lambda given: world_benchmark("world/math", given.spec.limit),
    "world/code": lambda given: world_benchmark("world/code", given.spec.limit),
    "world/general": lambda given: world_benchmark("world/general", given.spec.limit),
    "gsm8k": lambda given: Gsm8k(given.path, given.spec.limit),
    "humaneval": lambda given: HumanEval(given.path, given.spec.limit),
    "math": lambda given: CompetitionMath(given.path, given.spec.limit),
    "mbpp": lambda given: Mbpp(given.path, given.spec.limit),
    "mt_bench": lambda given: MtBench(given.path, given.references, given.spec.limit),
    "held_out": lambda given: HeldOut(given.ability, given.held_out, given.spec.limit),
    "held_out_loss": lambda given: HeldOutLoss(given.ability, given.held_out, given.spec.limit),
}


def make_benchmark(material: Material) -> AbilityBenchmark:
    """Make the benchmark of one ability.

    Raises:
        InputError: its file is not what its authors published.
    """
    benchmark = _MAKERS[material.spec.kind](material)
    if material.spec.stop is not None:
        benchmark.questions = [replace(one, stop=material.spec.stop) for one in benchmark.questions]
    return AbilityBenchmark(
        material.ability, benchmark, material.spec.max_new_tokens or benchmark.max_new_tokens
    )
