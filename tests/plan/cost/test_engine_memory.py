"""Memory of an engine: held against the tensors of a real one on the CPU, and against known cases."""

from typing import Any

import pytest
import torch
from support.chat_model_folder import llama

from raysft.evaluate.engines import decoding, reference_loss, row_cache
from raysft.evaluate.engines.decoding import Decoder, Prompt
from raysft.plan.cost.accelerators import GIB, accelerator
from raysft.plan.cost.engine_memory import (
    READ_LOSS_TOKENS,
    READ_TOKENS,
    SLACK,
    Lengths,
    engine_memory,
    rows_that_fit,
)
from raysft.plan.cost.model_shape import KNOWN, shape_from_config

A100 = accelerator("a100-80gb").memory_gib * GIB
B13, B33, B65 = (KNOWN[f"huggyllama/llama-{size}b"] for size in (13, 30, 65))
GSM8K = Lengths(90, 512)


def test_what_is_assumed_of_the_engine_is_what_it_does() -> None:
    done = (decoding.PROMPT_TOKENS, reference_loss.BATCH_TOKENS, row_cache.BLOCK)
    assert done == (READ_TOKENS, READ_LOSS_TOKENS, SLACK)


def test_64_rows_of_33b_and_13b_have_few_columns_on_one_a100() -> None:
    """By hand: (79.1 GiB − 1.5 − weights) / 1.05 / 64 rows / bytes of a column, 1.597 and 0.819 MB."""

    def columns(shape: Any) -> int:
        fits = (
            one for one in range(3000, 0, -1) if rows_that_fit(shape, "bf16", Lengths(1, one), A100, 64) == 64
        )
        return next(fits)

    assert columns(B33) == pytest.approx(155, abs=25)
    assert columns(B13) == pytest.approx(1010, abs=60)


def test_rows_are_as_many_as_are_asked_for_or_as_fit() -> None:
    assert rows_that_fit(KNOWN["huggyllama/llama-7b"], "bf16", GSM8K, A100, 64) == 64
    rows = rows_that_fit(B33, "bf16", GSM8K, A100, 64)
    assert 1 < rows < 64
    assert engine_memory(B33, "bf16", rows, GSM8K).total <= A100
    assert engine_memory(B33, "bf16", rows + 1, GSM8K).total > A100
    assert rows_that_fit(B65, "bf16", GSM8K, A100, 64) == 0
    assert rows_that_fit(B33, "fp32", GSM8K, A100, 64) == 0


def test_memory_grows_with_rows_and_columns() -> None:
    totals = [engine_memory(B13, "bf16", rows, Lengths(400, 512)).total for rows in (1, 2, 8, 64)]
    assert totals == sorted(totals)
    assert engine_memory(B13, "bf16", 8, Lengths(400, 1024)).total > totals[2]


@pytest.mark.parametrize("keys", [4, 2])
def test_the_cache_is_that_of_the_engine(keys: int) -> None:
    """Bytes of keys and values after the last token, in buffers that have at most a block too many."""
    model = llama(vocabulary=64, eagerness=0.0, keys=keys, context=256)
    prompts = [Prompt(tuple(range(2, 2 + length)), 40) for length in (20, 9, 3)]
    largest = 0

    def watched(step: decoding.Step) -> decoding.Step:
        def wrapped(
            tokens: torch.Tensor, positions: torch.Tensor, bias: torch.Tensor, cache: Any
        ) -> torch.Tensor:
            nonlocal largest
            found = step(tokens, positions, bias, cache)
            largest = max(largest, sum(one.keys.nbytes + one.values.nbytes for one in cache.layers))
            return found

        return wrapped

    decoder = Decoder(model)
    decoder._step = watched(decoder._step)
    decoder.write(prompts, set())
    shape = shape_from_config(model.config.to_dict())
    column = 3 * 2 * shape.layers * shape.key_value_size * 4
    assert largest > 0
    writing = column * (20 + 40 + SLACK)
    assert writing - SLACK * column <= largest <= writing
    weights = sum(one.nbytes for one in model.parameters())
    assert engine_memory(shape, "fp32", 3, Lengths(20, 40)).weights == weights


def test_reading_references_counts_where_the_vocabulary_is_large() -> None:
    """4,096 tokens and 128,256 entries: logits in bf16, once more in fp32, and their logarithms, 5.3 GB."""
    needs = engine_memory(KNOWN["meta-llama/Llama-3.1-8B"], "bf16", 1, Lengths(10, 10))
    assert needs.work == pytest.approx(4096 * 128256 * 10, rel=0.15)
    assert needs.cache == 0
