"""From what goes wrong in a training process to the class of its cause."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from raysft.errors import FailureKind, StageFailed

_CPU_ALLOCATOR = "DefaultCPUAllocator"
"""How torch names itself in the plain RuntimeError it raises when host memory is gone."""


@contextmanager
def memory_failures(stage: str) -> Iterator[None]:
    """Turn exhausted memory into `StageFailed`; everything else passes as it is."""
    try:
        yield
    except (RuntimeError, MemoryError) as error:
        if out_of_memory(error):
            raise StageFailed(stage, "out_of_memory", _first_line(error)) from error
        raise


def out_of_memory(error: BaseException) -> bool:
    """Whether an exception says that memory of the device or of the host is exhausted."""
    return isinstance(error, torch.OutOfMemoryError | MemoryError) or _CPU_ALLOCATOR in str(error)


def as_stage_failure(stage: str, kind: FailureKind, error: BaseException) -> StageFailed:
    """A cause in one line, with the class of the exception."""
    return StageFailed(stage, kind, f"{type(error).__name__}: {_first_line(error)}")


def _first_line(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__
