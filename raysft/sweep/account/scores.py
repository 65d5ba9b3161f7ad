"""What the scores of a surveyed sweep ask, and what they will be able to show."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from raysft.composition.strategies import Base
from raysft.identity import BenchmarkKey
from raysft.plan.cost.engine_memory import Lengths
from raysft.plan.cost.evaluation import (
    CHARACTERS_PER_TOKEN,
    LONGEST_PROMPT,
    NEED_JUDGE,
    TEMPLATE_TOKENS,
    USUAL_LIMIT,
    USUAL_LIMITS,
    USUAL_TURNS,
    BenchmarkSize,
)
from raysft.plan.cost.power import ASSUMED, Assumptions, Detectable, smallest_detectable
from raysft.spec.sweep import SweepSpec
from raysft.sweep.inputs.benchmarks import HELD_OUT
from raysft.sweep.inputs.read import Inputs


def benchmark_size(inputs: Inputs, key: BenchmarkKey) -> BenchmarkSize:
    """How much a benchmark asks: counted where its questions are here, else expected."""
    ability, asked = inputs.spec.benchmarks[key]
    here, lacks_judge = inputs.benchmarks.get(key), asked.name in NEED_JUDGE
    if here is not None:
        questions, limit = here.benchmark.questions, here.max_new_tokens
        turns = max(len(question.turns) for question in questions)
        longest = max(sum(map(len, question.turns)) for question in questions)
        prompt = longest // CHARACTERS_PER_TOKEN + turns * TEMPLATE_TOKENS
        return BenchmarkSize(len(questions), turns, limit, False, "counted", lacks_judge, prompt)
    items = ASSUMED[asked.kind].items
    if asked.name == HELD_OUT:
        items = inputs.spec.abilities[ability].source.held_out
    items = items if asked.limit is None else min(items, asked.limit)
    limit = asked.max_new_tokens or USUAL_LIMITS.get(asked.kind, USUAL_LIMIT)
    turns = USUAL_TURNS.get(asked.name, 1)
    return BenchmarkSize(items, turns, limit, False, "expected", lacks_judge, turns * LONGEST_PROMPT)


def longest_rows(
    asked: Iterable[tuple[str, BenchmarkKey]], sizes: Mapping[BenchmarkKey, BenchmarkSize]
) -> dict[str, dict[BenchmarkKey, Lengths]]:
    """The longest row of every benchmark that a model is scored on, by model, from (model, benchmark)."""
    found: dict[str, dict[BenchmarkKey, Lengths]] = {}
    for model, key in dict.fromkeys(asked):
        found.setdefault(model, {})[key] = sizes[key].longest_row
    return found


def assumptions(spec: SweepSpec, key: BenchmarkKey) -> Assumptions:
    """What is assumed of a benchmark, with what the sweep file says of it, by its key or its name."""
    name = spec.benchmarks[key][1].name
    one = replace(ASSUMED[spec.benchmarks[key][1].kind], alpha=spec.power.alpha, power=spec.power.power)
    for field in ("spread", "seed_deviation"):
        said = getattr(spec.power, field)
        if key in said or name in said:
            one = replace(one, **{field: said.get(key, said.get(name))})
    return one


def seeds_by_study(spec: SweepSpec) -> dict[str, int]:
    """How many seeds each study has, of those that train anything."""
    return {
        name: len(set(study.values("seed")))
        for name, study in spec.studies.items()
        if any(not isinstance(one, Base) for one in study.values("strategy"))
    }


def detectable(
    sizes: Mapping[BenchmarkKey, BenchmarkSize], assumed: Mapping[BenchmarkKey, Assumptions], seeds: int
) -> dict[BenchmarkKey, Detectable]:
    """The smallest differences that a number of seeds will show, by key of the benchmark."""
    return {key: smallest_detectable(size.items, seeds, assumed[key]) for key, size in sizes.items()}
