import pytest
import torch

from raysft.errors import StageFailed
from raysft.train.failures import as_stage_failure, memory_failures


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB"),
        MemoryError(),
        RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory"),
    ],
)
def test_exhausted_memory_is_told_apart(error):
    with pytest.raises(StageFailed) as caught, memory_failures("stage"):
        raise error
    assert caught.value.kind == "out_of_memory"


def test_everything_else_passes_as_it_is():
    with pytest.raises(RuntimeError, match="something else"), memory_failures("stage"):
        raise RuntimeError("something else")


def test_a_cause_is_one_line():
    failure = as_stage_failure("stage", "infrastructure", ValueError("first\nsecond"))
    assert failure.cause == "ValueError: first"
