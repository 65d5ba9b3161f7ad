"""The sweep file: what the user asks for, as frozen records that refuse what cannot run."""

from raysft.spec.evaluation import BenchmarkSpec, EvaluationSpec
from raysft.spec.file import load_sweep
from raysft.spec.model import ModelSpec, ScratchSpec
from raysft.spec.recipe import Recipe
from raysft.spec.source import SourceSpec
from raysft.spec.study import Study
from raysft.spec.sweep import AbilitySpec, RunSpec, SweepSpec

__all__ = [
    "AbilitySpec",
    "BenchmarkSpec",
    "EvaluationSpec",
    "ModelSpec",
    "Recipe",
    "RunSpec",
    "ScratchSpec",
    "SourceSpec",
    "Study",
    "SweepSpec",
    "load_sweep",
]
