"""Memory: held against what PyTorch really keeps on the CPU, and against the figures of the ZeRO paper."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Literal

import pytest
import torch
from support.places import ROOT
from transformers import LlamaConfig, LlamaForCausalLM

from raysft.plan.cost.accelerators import ACCELERATORS, Precision, accelerator
from raysft.plan.cost.memory import (
    FRAGMENTATION,
    RESERVE,
    SHARDINGS,
    Memory,
    Sharding,
    memory_per_gpu,
    what_would_fit,
)
from raysft.plan.cost.model_shape import KNOWN, ModelShape
from raysft.spec.recipe import Recipe
from raysft.train.batching.micro_batch import MicroBatch
from raysft.train.objective import TargetLosses
from raysft.train.optimiser import MOMENTS, fill_state, make_optimiser

LLAMA = KNOWN["huggyllama/llama-7b"]
GIB = 2**30


def model_of(shape: ModelShape) -> LlamaForCausalLM:
    config = LlamaConfig(
        vocab_size=shape.vocabulary,
        hidden_size=shape.hidden_size,
        intermediate_size=shape.feed_forward,
        num_hidden_layers=shape.layers,
        num_attention_heads=shape.heads,
        num_key_value_heads=shape.key_value_heads,
        tie_word_embeddings=shape.tied,
    )
    return LlamaForCausalLM(config)


def micro_batch(shape: ModelShape, tokens: int, layout: str) -> MicroBatch:
    """One row, supervised throughout; two conversations in it if it is packed."""
    halves = torch.cat([torch.arange(tokens // 2), torch.arange(tokens - tokens // 2)])
    ids = torch.randint(0, shape.vocabulary, (tokens,), generator=torch.Generator().manual_seed(0))
    return MicroBatch(
        input_BT=ids[None],
        positions_BT=halves[None] if layout == "packed" else None,
        predictor_S=torch.arange(tokens),
        target_S=ids,
        weight_S=torch.ones(tokens),
    )


def kept_for_backward(model: TargetLosses, batch: MicroBatch) -> int:
    """Bytes of all tensors that a backward pass waits for, the weights themselves excepted."""
    weights = {one.untyped_storage().data_ptr() for one in model.parameters()}
    alive: list[torch.Tensor] = []

    def keep(tensor: torch.Tensor) -> torch.Tensor:
        alive.append(tensor)
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        model(batch).sum()
    storages = {one.untyped_storage().data_ptr(): one.untyped_storage().nbytes() for one in alive}
    return sum(size for place, size in storages.items() if place not in weights)


@pytest.mark.parametrize("tied", [True, False])
def test_the_three_states_are_those_of_the_optimiser_that_trains(tied: bool) -> None:
    shape = ModelShape(32, 2, 4, 2, 48, 100, tied)
    causal = model_of(shape)
    optimiser = make_optimiser(causal, Recipe())
    fill_state(causal, optimiser, 0)
    causal(torch.zeros(1, 4, dtype=torch.long)).logits.sum().backward()
    weights = list(causal.parameters())
    needed = memory_per_gpu(shape, "single", 1, "fp32", 64, 64)
    assert needed.parameters == sum(one.nbytes for one in weights)
    assert needed.gradients == sum(one.grad.nbytes for one in weights if one.grad is not None)
    assert needed.optimiser == sum(optimiser.state[one][name].nbytes for one in weights for name in MOMENTS)


@pytest.mark.parametrize("layout", ["padded", "packed"])
@pytest.mark.parametrize("groups", [4, 2])
@pytest.mark.parametrize(
    ("sharding", "precision"), [("single", "fp32"), ("single", "bf16"), ("fsdp2", "bf16"), ("fsdp2", "fp32")]
)
def test_activations_are_what_autograd_keeps(
    sharding: Sharding, precision: Precision, groups: int, layout: Literal["padded", "packed"]
) -> None:
    shape, tokens = ModelShape(128, 3, 4, groups, 352, 512, tied=False), 256
    causal = model_of(shape)
    autocast = None
    if precision == "bf16":
        if sharding == "single":
            autocast = torch.bfloat16
        else:  # FSDP2 hands each block weights in bf16
            causal = causal.to(torch.bfloat16)
    kept = kept_for_backward(TargetLosses(causal, autocast), micro_batch(shape, tokens, layout))
    needed = memory_per_gpu(shape, sharding, 8, precision, tokens, 1, layout=layout)
    copies = needed.gathered if autocast else 0
    log_probabilities = needed.logits / 3
    assert kept == pytest.approx(needed.activations + log_probabilities + copies, rel=0.01)


HERE = Path(__file__).parent
TRACKED = """
import json
import sys
import torch
import torch.distributed as dist
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.distributed._tools.fsdp2_mem_tracker import FSDPMemTracker
from torch.testing._internal.distributed.fake_pg import FakeStore
from raysft.plan.cost.model_shape import ModelShape
from raysft.spec.recipe import Recipe
from raysft.train.group import ShardedGroup
from raysft.train.objective import TargetLosses
from raysft.train.optimiser import make_optimiser
from test_memory import micro_batch, model_of


def peak(workers, tokens, precision, vocabulary):
    shape = ModelShape(512, 4, 8, 8, 1376, vocabulary, tied=False)
    dist.init_process_group("fake", store=FakeStore(), rank=0, world_size=workers)
    group = ShardedGroup(torch.device("cpu"))
    with FakeTensorMode(allow_non_fake_inputs=True):
        model = TargetLosses(model_of(shape))
        group.shard(model, Recipe(precision=precision))
        optimiser = make_optimiser(model, Recipe())

        def backward():
            model(micro_batch(shape, tokens, "padded")).sum().backward()

        backward()
        optimiser.step()
        optimiser.zero_grad(set_to_none=True)
        backward()  # a first micro-batch, whose gradients stay
        tracker = FSDPMemTracker(model, optimiser)
        tracker.track_inputs(())
        with tracker:
            backward()
    dist.destroy_process_group()
    return max(one["Total"] for one in tracker.get_tracker_snapshot("peak").values())


print(json.dumps([peak(*case) for case in json.loads(sys.argv[1])]))
"""


@pytest.mark.slow
def test_fsdp2_needs_at_its_peak_what_pytorch_tracks() -> None:
    """Eight workers, though none is there: tensors are fake, and so is what they send to each other."""
    cases: list[tuple[int, int, Precision, int]] = [
        (8, 512, "bf16", 32000),  # the worst moment is at the loss
        (8, 128, "bf16", 32000),  # at the end, when the gradients of embedding and head are whole
        (8, 32, "bf16", 64),  # in the backward pass of a block
        (64, 128, "bf16", 1000),
        (2, 256, "fp32", 4000),
    ]
    done = subprocess.run(
        [sys.executable, "-c", TRACKED, json.dumps(cases)],
        capture_output=True,
        text=True,
        check=True,
        # By name, since a run of raysft before this in the process took the current folder off all paths.
        env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, (ROOT, ROOT / "tests", HERE)))},
    )
    for (workers, tokens, precision, vocabulary), tracked in zip(cases, json.loads(done.stdout), strict=True):
        shape = ModelShape(512, 4, 8, 8, 1376, vocabulary, tied=False)
        needed = memory_per_gpu(shape, "fsdp2", workers, precision, tokens, 1, layout="padded")
        assert 0.98 < (needed.total - needed.reserve) / tracked < 1.06


def states(needed: Memory) -> float:
    return needed.parameters + needed.gradients + needed.optimiser


@pytest.mark.parametrize(
    ("sharding", "gigabytes"), [("zero1", 31.4), ("zero2", 16.6), ("zero3", 1.88)], ids=str
)
def test_zero_has_the_figures_of_its_paper(sharding: Sharding, gigabytes: float) -> None:
    """Figure 1 of arXiv 1910.02054: 7.5 B parameters on 64 GPUs."""
    needed = memory_per_gpu(LLAMA, sharding, 64, "bf16", 2048, 2048)
    assert states(needed) / LLAMA.parameters * 7.5 == pytest.approx(gigabytes, rel=0.01)


def test_fsdp2_shares_sixteen_bytes_a_parameter_out() -> None:
    for workers in (2, 8, 64):
        assert states(memory_per_gpu(LLAMA, "fsdp2", workers, "bf16", 2048, 2048)) == pytest.approx(
            16 * LLAMA.parameters / workers
        )


def test_one_worker_is_not_sharded() -> None:
    assert memory_per_gpu(LLAMA, "fsdp2", 1, "bf16", 2048, 2048) == memory_per_gpu(
        LLAMA, "single", 1, "bf16", 2048, 2048
    )


def test_a_conversation_longer_than_the_micro_batch_comes_alone() -> None:
    assert memory_per_gpu(LLAMA, "fsdp2", 8, "bf16", 512, 4096) == memory_per_gpu(
        LLAMA, "fsdp2", 8, "bf16", 4096, 512
    )


def test_the_total_is_the_sum_of_the_parts_with_the_reserve_that_is_stated() -> None:
    needed = memory_per_gpu(LLAMA, "fsdp2", 8, "bf16", 4096, 2048)
    tensors = states(needed) + needed.gathered + needed.activations + needed.logits
    assert needed.total == pytest.approx(tensors * (1 + FRAGMENTATION) + RESERVE)


def test_the_mask_of_a_packed_row_grows_with_its_square() -> None:
    def mask(tokens: int) -> float:
        packed = memory_per_gpu(LLAMA, "fsdp2", 8, "bf16", tokens, 1)
        padded = memory_per_gpu(LLAMA, "fsdp2", 8, "bf16", tokens, 1, layout="padded")
        return packed.activations - padded.activations

    assert mask(4096) == 2 * 4096**2 * LLAMA.layers
    assert mask(8192) == 4 * mask(4096)


@pytest.mark.parametrize("name", ["huggyllama/llama-7b", "huggyllama/llama-30b", "meta-llama/Llama-3.2-1B"])
@pytest.mark.parametrize("card", ["a100-40gb", "h100-80gb", "l4"])
def test_what_fits_is_the_smallest_that_does(name: str, card: str) -> None:
    room = ACCELERATORS[card].memory_gib * GIB
    found = what_would_fit(KNOWN[name], "bf16", 2048, 2048, accelerator(card))
    assert set(found) == set(SHARDINGS)
    for sharding, workers in found.items():

        def total(count: int, sharding: Sharding = sharding) -> float:
            return memory_per_gpu(KNOWN[name], sharding, count, "bf16", 2048, 2048).total

        if workers is None:
            assert total(1 if sharding == "single" else 256) > room
        else:
            assert total(workers) <= room
            assert workers == 1 or total(workers // 2) > room


def test_the_7b_of_the_paper_fits_on_its_eight_a100_and_the_33b_on_sixteen() -> None:
    """Arrangement of arXiv 2310.05492, with micro-batches of one conversation of 2,048 tokens."""
    room = accelerator("a100-80gb").memory_gib * GIB
    for name, workers in [
        ("huggyllama/llama-7b", 8),
        ("huggyllama/llama-13b", 8),
        ("huggyllama/llama-30b", 16),
    ]:
        assert memory_per_gpu(KNOWN[name], "fsdp2", workers, "bf16", 2048, 2048).total < room
    assert what_would_fit(LLAMA, "bf16", 2048, 2048, accelerator("a100-80gb"))["single"] is None
