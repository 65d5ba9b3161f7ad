"""Hours of answering: by the peak of the number format and of what an engine runs on."""

import pytest

from raysft.plan.cost.accelerators import ACCELERATORS, Precision
from raysft.plan.cost.bill import Machine
from raysft.plan.cost.compute import generation_flops
from raysft.plan.cost.evaluation import PROMPT_TOKENS, BenchmarkSize, EvaluationEffort, evaluation_effort
from raysft.plan.cost.model_shape import KNOWN

LLAMA = KNOWN["huggyllama/llama-7b"]
SIZE = BenchmarkSize(items=1319, turns=1, max_new_tokens=512, judged=False, basis="expected")


def effort(chip: str, precision: Precision) -> EvaluationEffort:
    return evaluation_effort(
        [("m", "gsm8k")], {"gsm8k": SIZE}, {"m": Machine(LLAMA, ACCELERATORS[chip])}, precision
    )


def test_hours_are_operations_over_the_share_of_the_peak_that_generating_reaches() -> None:
    flops = 1319 * generation_flops(LLAMA, PROMPT_TOKENS, 256)
    found = effort("a100-80gb", "bf16")
    assert found.gpu_hours == pytest.approx(flops / (312e12 * 0.04) / 3600)
    assert found.cost == pytest.approx(found.gpu_hours * 3.431)


def test_fp32_takes_as_much_longer_as_its_peak_is_lower() -> None:
    fp32, bf16 = effort("a100-80gb", "fp32"), effort("a100-80gb", "bf16")
    assert fp32.gpu_hours / bf16.gpu_hours == pytest.approx(312 / 19.5)
    assert fp32.cost / bf16.cost == pytest.approx(16)
    assert fp32._replace(gpu_hours=0, cost=0) == bf16._replace(gpu_hours=0, cost=0)


def test_several_turns_and_scores_add_up() -> None:
    engines = {"m": Machine(LLAMA, ACCELERATORS["cpu-core"])}
    sizes = {"one": SIZE, "two": SIZE._replace(turns=2)}
    found = evaluation_effort([("m", "one"), ("m", "two")], sizes, engines, "fp32")
    assert (found.scores, found.questions, found.answers) == (2, 2 * 1319, 3 * 1319)
    assert found.gpu_hours == pytest.approx(3 * effort("cpu-core", "fp32").gpu_hours)
