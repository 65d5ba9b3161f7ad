"""Which scores a sweep asks for: of every base and stage, the benchmarks that its studies name."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias

from raysft.identity import BenchmarkKey, StageId
from raysft.plan.tree import Plan
from raysft.spec.sweep import SweepSpec
from raysft.spec.used import asked_keys

AskedScore: TypeAlias = tuple[StageId, BenchmarkKey]
"""One score: of a base or stage, on a benchmark."""


@dataclass(frozen=True)
class Asked:
    """What one base or stage is scored on."""

    model: str
    benchmarks: tuple[BenchmarkKey, ...]
    """Keys of benchmarks: an ability, or `ability/name` for one to report by."""


def asked_scores(spec: SweepSpec, plan: Plan, benchmarks: Iterable[BenchmarkKey]) -> dict[StageId, Asked]:
    """Everything that is to be scored, by the fingerprint of a base or stage.

    A stage of several studies is scored on what any of them names; the base as well.

    Args:
        spec: the sweep.
        plan: its plan.
        benchmarks: keys of the benchmarks there are, in the order of the file.
    """
    keys = tuple(benchmarks)
    found: dict[StageId, dict[BenchmarkKey, None]] = {}
    models: dict[StageId, str] = {}
    for point in plan.points:
        wanted = dict.fromkeys(
            key for cell in point.cells for key in asked_keys(spec.studies[cell.study].benchmarks, keys)
        )
        for position, (subject, model) in enumerate(plan.subjects(point)):
            last = position == len(point.stages)
            if spec.evaluation.stages == "all" or last or position == 0:
                models.setdefault(subject, model)
                found.setdefault(subject, {}).update(wanted)
    return {
        subject: Asked(models[subject], tuple(key for key in keys if key in wanted))
        for subject, wanted in found.items()
    }
