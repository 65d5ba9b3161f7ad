"""The sweep file: what the user asks for, as frozen records that refuse what cannot run."""

from raysft.spec.assumptions import CostSpec, PowerSpec
from raysft.spec.evaluation import BenchmarkSpec, EvaluationSpec
from raysft.spec.model import ModelSpec, ScratchSpec, ShapeSpec
from raysft.spec.objective import ObjectiveSpec
from raysft.spec.reading.load import load_sweep
from raysft.spec.recipe import Recipe, RecipeChange
from raysft.spec.source import Contamination, DropRule, NearDuplicates, PartSpec, SourceSpec
from raysft.spec.study import Axes, Hold, RatioPoint, Study
from raysft.spec.sweep import AbilitySpec, RunSpec, SweepSpec

__all__ = [
    "AbilitySpec",
    "Axes",
    "BenchmarkSpec",
    "Contamination",
    "CostSpec",
    "DropRule",
    "EvaluationSpec",
    "Hold",
    "ModelSpec",
    "NearDuplicates",
    "ObjectiveSpec",
    "PartSpec",
    "PowerSpec",
    "RatioPoint",
    "Recipe",
    "RecipeChange",
    "RunSpec",
    "ScratchSpec",
    "ShapeSpec",
    "SourceSpec",
    "Study",
    "SweepSpec",
    "load_sweep",
]
