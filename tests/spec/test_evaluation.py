"""Benchmarks and assumptions: their spellings, their defaults, and what is refused."""

from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from raysft.spec.assumptions import CostSpec, PowerSpec
from raysft.spec.evaluation import BenchmarkSpec, EvaluationSpec
from raysft.spec.objective import ObjectiveSpec
from raysft.spec.sweep import RunSpec


def test_a_bare_name_is_a_benchmark() -> None:
    assert BenchmarkSpec.model_validate("gsm8k") == BenchmarkSpec(name="gsm8k")


def test_held_out_by_loss_is_another_kind_of_benchmark() -> None:
    assert BenchmarkSpec(name="held_out", metric="loss").kind == "held_out_loss"
    assert BenchmarkSpec(name="held_out").kind == "held_out"


def test_what_is_assumed_where_nothing_is_said() -> None:
    spec = EvaluationSpec()
    assert (spec.stages, spec.engine_version, spec.precision) == ("all", "any", "fp32")
    assert (spec.batch_size, spec.gpus_per_engine, spec.shard_size) == (64, 0, 512)
    assert (PowerSpec().alpha, PowerSpec().power) == (0.05, 0.8)
    assert set(CostSpec().model_dump().values()) == {None}
    assert (RunSpec().trials_at_once, RunSpec().resume_every_s, RunSpec().attempts) == (2, 30, 3)


@pytest.mark.parametrize(
    ("kind", "fields", "said"),
    [
        (BenchmarkSpec, {"name": "gsm8k", "metric": "loss"}, "only held_out has metric loss; gsm8k has a"),
        (BenchmarkSpec, {"name": "held_out", "metric": "loss", "max_new_tokens": 5}, "nothing is generated"),
        (BenchmarkSpec, {"name": "gsm8k", "limit": 0}, "greater than or equal to 1"),
        (BenchmarkSpec, {"name": "gsm9k"}, "gsm8k"),
        (EvaluationSpec, {"batch_size": 0}, "greater than or equal to 1"),
        (EvaluationSpec, {"gpus_per_engine": 0.5}, "write a whole number"),
        (EvaluationSpec, {"precision": "fp16"}, "'fp32' or 'bf16'"),
        (PowerSpec, {"alpha": 0}, "greater than 0"),
        (PowerSpec, {"power": 1}, "less than 1"),
        (PowerSpec, {"spread": {"math": 0}}, "greater than 0"),
        (PowerSpec, {"seed_deviation": {"math": -0.1}}, "greater than or equal to 0"),
        (CostSpec, {"mfu": 1.1}, "less than or equal to 1"),
        (CostSpec, {"price_per_hour": float("nan")}, "finite number"),
        (RunSpec, {"resume_every_s": 0}, "greater than 0"),
        (RunSpec, {"attempts": 0}, "greater than or equal to 1"),
        (ObjectiveSpec, {"floors": {}}, "Field required"),
        (ObjectiveSpec, {"maximise": "math", "floors": {"code": float("-inf")}}, "finite number"),
    ],
)
def test_what_cannot_hold_is_refused(kind: type[BaseModel], fields: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        kind.model_validate(fields)


def test_a_part_of_a_sweep_file_cannot_be_changed() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        BenchmarkSpec(name="gsm8k").limit = 5  # type: ignore[misc]
