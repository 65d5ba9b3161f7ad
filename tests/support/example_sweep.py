"""Sweeps for tests: written as a user would, checked as a file is."""

from typing import Any

import yaml

from raysft.spec.checks import sweep_problems
from raysft.spec.sweep import SweepSpec

WORLD = {
    name: {"source": {"path": f"world/{name}", "rows": rows}, "benchmark": f"world/{name}"}
    for name, rows in {"code": 16, "math": 64, "general": 32}.items()
}


def raw_of(studies: str, **changes: Any) -> dict[str, Any]:
    return {
        "name": "t",
        "abilities": WORLD,
        "models": {"tiny": {"base": "world/base"}},
        "recipe": {"batch_size": 8, "max_length": 256},
        "studies": yaml.safe_load(studies),
        **changes,
    }


def spec_of(studies: str, **changes: Any) -> SweepSpec:
    spec = SweepSpec.model_validate(raw_of(studies, **changes))
    assert not list(sweep_problems(spec))
    return spec
