"""Small plans for tests: the sources are ids without content."""

import yaml

from raysft.composition.order import SourceIndex
from raysft.plan.build import build_plan
from raysft.plan.token_counts import MeanTokens
from raysft.plan.tree import BaseIdentity, Plan
from raysft.spec.checks import sweep_problems
from raysft.spec.sweep import SweepSpec

BASE = BaseIdentity("weights", "tokenizer", "template")
ROWS = {"code": 20_022, "math": 110_142, "general": 86_060}
SMALL = {"code": 64, "math": 256, "general": 128}


def sweep(studies: str, **changes: object) -> SweepSpec:
    raw = {
        "name": "t",
        "abilities": {name: {"source": f"world/{name}", "benchmark": f"world/{name}"} for name in SMALL},
        "models": {"tiny": {"base": "world/base"}, "other": {"base": "world/base"}},
        "studies": yaml.safe_load(studies),
        **changes,
    }
    spec = SweepSpec.model_validate(raw)
    assert not list(sweep_problems(spec))
    return spec


def index(name: str, rows: int) -> SourceIndex:
    return SourceIndex(name, tuple(f"{name}-{number:06d}" for number in range(rows)))


def plan_of(studies: str, rows: dict[str, int] = SMALL, base: BaseIdentity = BASE, **changes: object) -> Plan:
    """A plan in which every conversation has 20 tokens, 10 of them supervised."""
    sources = {name: index(name, count) for name, count in rows.items()}
    bases = {"tiny": base, "other": base}
    return build_plan(sweep(studies, **changes), sources, bases, lambda *_: MeanTokens(20, 10))


def stages_of(plan: Plan, strategy: str, **wanted: object) -> tuple[str, ...]:
    found = {
        point.stages
        for point in plan.points
        for cell in point.cells
        if cell.strategy == strategy and all(getattr(cell, key) == value for key, value in wanted.items())
    }
    assert len(found) == 1
    return found.pop()
