"""On how many workers a model trains."""

from pathlib import Path

import pytest

from raysft.errors import InputError
from raysft.pilot.found_model import FoundModel, find_model
from raysft.pilot.placement import place
from raysft.plan.cost.accelerators import ACCELERATORS
from raysft.plan.cost.memory import memory_per_gpu
from raysft.plan.cost.model_shape import KNOWN

MODELS = [name for name in KNOWN if name.startswith(("huggyllama", "meta-llama/Llama-3"))]


def found(name: str) -> FoundModel:
    return find_model(name, None)


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("chip", ["l4", "a100-40gb", "a100-80gb", "h200-141gb", "v100-32gb"])
def test_what_is_placed_fits_and_what_is_refused_says_where_it_would(name: str, chip: str) -> None:
    accelerator = ACCELERATORS[chip]
    weights = found(name).shape.parameters * (4 if chip == "v100-32gb" else 2)
    if weights * 1.05 + 1.5 * 2**30 > accelerator.memory_gib * 2**30:
        with pytest.raises(InputError, match="it fits on"):
            place(found(name), accelerator, 1024, None)
        return
    one = place(found(name), accelerator, 1024, None)
    sizes = (one.micro_batch_tokens, 1024)
    need = memory_per_gpu(found(name).shape, "fsdp2", one.workers, one.precision, *sizes)
    assert need.total <= accelerator.memory_gib * 2**30
    assert one.memory_gib == pytest.approx(need.total / 2**30)
    assert one.precision == ("fp32" if chip == "v100-32gb" else "bf16")
    assert (one.gpus_per_worker, one.at_once) == (1, 1)


def test_more_gpus_are_more_points_at_once() -> None:
    few = place(found("huggyllama/llama-7b"), ACCELERATORS["a100-80gb"], 1024, None)
    many = place(found("huggyllama/llama-7b"), ACCELERATORS["a100-80gb"], 1024, 4 * few.workers + 1)
    assert many.workers == few.workers
    assert many.at_once == 4
    assert many.side_by_side == 4 * few.workers


def test_too_few_gpus_are_refused_with_the_number_it_takes() -> None:
    with pytest.raises(InputError) as refused:
        place(found("huggyllama/llama-7b"), ACCELERATORS["a100-80gb"], 1024, 1)
    (problem,) = refused.value.problems
    assert (problem.field, problem.value) == ("--gpus", "1 × a100-80gb")
    assert "it needs 2 of them" in problem.remedy
    assert place(found("huggyllama/llama-7b"), ACCELERATORS["a100-80gb"], 1024, 2).workers == 2


def test_a_model_that_cannot_answer_on_one_gpu_is_refused() -> None:
    with pytest.raises(InputError, match=r"answer on one GPU; it fits on .*b200"):
        place(found("huggyllama/llama-65b"), ACCELERATORS["a100-80gb"], 512, None)


def test_cores_train_one_process_each_and_as_many_as_a_sweep_has_points_at_once(tmp_path: Path) -> None:
    one = place(found("world/base"), ACCELERATORS["cpu-core"], 256, None)
    assert (one.workers, one.gpus_per_worker, one.precision, one.side_by_side) == (1, 0, "fp32", 2)
