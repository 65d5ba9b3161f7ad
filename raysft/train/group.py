"""The workers of a stage, as the training loop sees them: one process, or several that share the weights.

Ranks count from 0; rank 0 reports, exports and writes resume states.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

import torch
import torch.distributed as dist
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import FSDPModule, MixedPrecisionPolicy, fully_shard
from torch.distributed.tensor import DTensor
from typing_extensions import override

from raysft.spec.recipe import Recipe
from raysft.train.objective import TargetLosses


class WorkerGroup(Protocol):
    """What the loop needs to know of the processes that train together."""

    rank: int
    size: int
    device: torch.device
    backend: str
    """For the record: `inline` or the sharding backend."""
    threads: int | None
    """CPU threads of each process while it trains; None leaves them as they are."""

    def shard(self, model: TargetLosses, recipe: Recipe) -> None:
        """Move the model to the device, and share its weights out between the workers."""

    def reshard(self, model: TargetLosses) -> None:
        """Give up gathered weights, so that a computation without gradients leaves no trace."""

    def all_reduce_sum(self, values: torch.Tensor) -> torch.Tensor:
        """The sum over all workers; it may be made in `values` itself."""

    def gather(self, tensor: torch.Tensor) -> torch.Tensor:
        """The whole of a parameter or gradient norm as a plain tensor; every worker must call this."""

    def broadcast(self, text: str) -> str:
        """What rank 0 says; every worker must call this, and what the others say counts for nothing."""

    def barrier(self) -> None:
        """Return when every worker has come here."""


class SingleProcess(WorkerGroup):
    """One process; on the CPU with one thread, so that results do not depend on the cores of a machine."""

    rank, size, backend = 0, 1, "inline"

    def __init__(self, device: torch.device | None = None, threads: int | None = 1) -> None:
        self.device = device or torch.device("cpu")
        self.threads = threads

    @override
    def shard(self, model: TargetLosses, recipe: Recipe) -> None:
        model.to(self.device)

    @override
    def reshard(self, model: TargetLosses) -> None:
        """Nothing is gathered."""

    @override
    def all_reduce_sum(self, values: torch.Tensor) -> torch.Tensor:
        return values

    @override
    def gather(self, tensor: torch.Tensor) -> torch.Tensor:
        return tensor

    @override
    def broadcast(self, text: str) -> str:
        return text

    @override
    def barrier(self) -> None:
        """Nobody to wait for."""


class ShardedGroup(WorkerGroup):
    """The processes of the default group of `torch.distributed`, with FSDP2: gloo on CPUs, nccl on GPUs.

    Every worker opens the whole model on the CPU in fp32 before it keeps its share: 4 bytes a parameter and
    worker of host memory while a stage starts.
    """

    backend = "fsdp2"

    def __init__(self, device: torch.device, threads: int | None = None) -> None:
        self.rank, self.size = dist.get_rank(), dist.get_world_size()
        self.device, self.threads = device, threads
        self._mesh = init_device_mesh(device.type, (self.size,))

    @override
    def shard(self, model: TargetLosses, recipe: Recipe) -> None:
        """Each block is a unit, then what is left; the master weights stay fp32."""
        policy = MixedPrecisionPolicy()
        if recipe.precision == "bf16":
            policy = MixedPrecisionPolicy(param_dtype=torch.bfloat16, reduce_dtype=torch.float32)
        # From the inside out: what a block holds is no longer part of the outer unit. So of 32 blocks one or
        # two are whole at a time, and the outer unit is embeddings, last norm and head.
        for block in model.causal.base_model.layers:
            fully_shard(block, mesh=self._mesh, mp_policy=policy)
        fully_shard(model, mesh=self._mesh, mp_policy=policy)

    @override
    def reshard(self, model: TargetLosses) -> None:
        # FSDP2 keeps the root's gathered weights until a backward pass, and would compute the second step
        # with the weights of the first.
        for one in model.modules():
            if isinstance(one, FSDPModule):
                one.reshard()

    @override
    def all_reduce_sum(self, values: torch.Tensor) -> torch.Tensor:
        dist.all_reduce(values)
        return values

    @override
    def gather(self, tensor: torch.Tensor) -> torch.Tensor:
        return tensor.full_tensor() if isinstance(tensor, DTensor) else tensor

    @override
    def broadcast(self, text: str) -> str:
        said = [text]
        dist.broadcast_object_list(said, src=0, device=self.device)
        return said[0]

    @override
    def barrier(self) -> None:
        # A sum of nothing, which every backend has on every device.
        dist.all_reduce(torch.zeros(1, device=self.device))


@contextmanager
def cpu_threads(count: int | None) -> Iterator[int]:
    """Use so many CPU threads for a while; gives the number in use."""
    before = torch.get_num_threads()
    if count is not None:
        torch.set_num_threads(count)
    try:
        yield torch.get_num_threads()
    finally:
        torch.set_num_threads(before)
