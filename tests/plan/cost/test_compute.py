"""Operations: held against products counted by loops, and against published figures."""

import pytest

from raysft.plan.cost.accelerators import accelerator
from raysft.plan.cost.compute import generation_flops, generation_hours, money, training_flops, training_hours
from raysft.plan.cost.model_shape import KNOWN, ModelShape

TINY = ModelShape(8, 2, 4, 2, 12, 20, tied=False)
LLAMA = KNOWN["huggyllama/llama-7b"]


def product(rows: int, inner: int, columns: int) -> int:
    """Operations of a matrix product, one multiplication and one addition at a time."""
    count = 0
    for _ in range(rows):
        for _ in range(columns):
            for _ in range(inner):
                count += 2
    return count


def forward(shape: ModelShape, reads: range, predicts: int) -> int:
    """Operations of a forward pass over the tokens at some places of a conversation.

    Args:
        shape: the model.
        reads: places that pass the blocks, from 0; each attends to itself and to all before it.
        predicts: how many of them are projected to the vocabulary.
    """
    hidden, width = shape.hidden_size, shape.hidden_size // shape.heads
    keys = width * shape.key_value_heads
    count = 0
    for _ in range(shape.layers):
        count += product(len(reads), hidden, hidden)  # q
        count += 2 * product(len(reads), hidden, keys)  # k, v
        for place in reads:
            for _ in range(shape.heads):
                count += product(1, width, place + 1)  # q · k
                count += product(1, place + 1, width)  # weights · v
        count += product(len(reads), hidden, hidden)  # o
        count += 2 * product(len(reads), hidden, shape.feed_forward)  # gate, up
        count += product(len(reads), shape.feed_forward, hidden)  # down
    return count + product(predicts, hidden, shape.vocabulary)


@pytest.mark.parametrize("length", [1, 2, 7])
def test_training_takes_three_times_the_products_of_the_forward_pass(length: int) -> None:
    counted = 3 * 5 * forward(TINY, range(length), length)
    assert training_flops(TINY, 5 * length, length) == counted


def test_only_targets_are_projected_to_the_vocabulary() -> None:
    assert training_flops(TINY, 7, 7, targets=3) == 3 * forward(TINY, range(7), 3)
    assert training_flops(TINY, 7, 7, targets=0) == 3 * forward(TINY, range(7), 0)


def test_conversations_of_several_lengths_enter_by_the_length_that_a_token_sees() -> None:
    lengths = [1, 3, 8]
    counted = sum(3 * forward(TINY, range(length), length) for length in lengths)
    seen = sum(length**2 for length in lengths) / sum(lengths)
    assert training_flops(TINY, sum(lengths), seen) == pytest.approx(counted, rel=1e-12)


@pytest.mark.parametrize(("prompt", "new"), [(1, 1), (5, 1), (4, 6)])
def test_an_answer_is_the_prompt_at_once_and_then_token_by_token(prompt: int, new: int) -> None:
    counted = forward(TINY, range(prompt), 1)
    for place in range(prompt, prompt + new - 1):
        counted += forward(TINY, range(place, place + 1), 1)
    assert generation_flops(TINY, prompt, new) == counted


def test_no_answer_costs_nothing() -> None:
    assert generation_flops(TINY, 5, 0) == 0


def test_llama_7b_at_2048_is_six_operations_a_parameter_and_some_attention() -> None:
    per_token = training_flops(LLAMA, 1, 2048)
    six = 6 * (LLAMA.parameters - LLAMA.head)  # without the embedding, which is looked up
    attention = 12 * LLAMA.layers * LLAMA.hidden_size * 2048 / 2  # PaLM's term, half of it for a causal model
    assert per_token == pytest.approx(six + attention, rel=1e-3)


def test_hours_and_money_by_hand() -> None:
    a100 = accelerator("a100-80gb", mfu=0.5, generation_mfu=0.05, price_per_hour=2)
    assert training_hours(312e12 * 0.5 * 3600, a100) == pytest.approx(1)
    assert training_hours(19.5e12 * 0.5 * 3600, a100, "fp32") == pytest.approx(1)
    assert generation_hours(312e12 * 0.5 * 3600, a100, "bf16") == pytest.approx(10)
    assert money(1.5, a100) == 3


def test_a_cpu_core_is_as_fast_as_was_measured() -> None:
    """Ten to eleven thousand real tokens a second on the base of the built-in world."""
    base = ModelShape(96, 4, 4, 4, 256, 640, tied=True)
    seconds = 3600 * training_hours(
        training_flops(base, 1_000_000, 70, targets=450_000), accelerator("cpu-core")
    )
    assert 8_000 < 1_000_000 / seconds < 14_000
