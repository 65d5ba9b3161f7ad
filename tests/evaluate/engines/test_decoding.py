import random
from collections import Counter

import pytest
import torch
from support.chat_model_folder import llama
from transformers import LlamaForCausalLM

from raysft.evaluate.engines import decoding
from raysft.evaluate.engines.decoding import Decoder, Prompt, Written
from raysft.evaluate.engines.llama_step import LlamaStep

END = 1
ROOM = 40
"""More than one block of columns, so that buffers grow."""


def some_prompts(count: int, seed: int = 0, **settings: float) -> list[Prompt]:
    rng = random.Random(seed)
    return [
        Prompt(tuple(rng.randrange(2, 64) for _ in range(rng.randint(1, 30))), ROOM, seed=place, **settings)
        for place in range(count)
    ]


def generated(model: LlamaForCausalLM, prompts: list[Prompt]) -> list[Written]:
    """What transformers' own `generate` writes, greedily, in one left-padded batch."""
    longest = max(len(prompt.tokens) for prompt in prompts)
    empty = [longest - len(prompt.tokens) for prompt in prompts]
    ids = [[0] * pad + list(prompt.tokens) for pad, prompt in zip(empty, prompts, strict=True)]
    mask = [[0] * pad + [1] * (longest - pad) for pad in empty]
    output = model.generate(
        torch.tensor(ids), attention_mask=torch.tensor(mask), max_new_tokens=ROOM, do_sample=False
    )
    found = []
    for row in output[:, longest:].tolist():
        stopped = END in row
        found.append(Written(tuple(row[: row.index(END)] if stopped else row), stopped))
    return found


def decoders(model: LlamaForCausalLM) -> dict[str, Decoder]:
    by_forward = Decoder(model)
    by_forward._step = decoding._forward(model)
    return {"llama": Decoder(model), "forward": by_forward}


@pytest.mark.parametrize("step", ["llama", "forward"])
@pytest.mark.parametrize("keys", [4, 2])
def test_greedy_tokens_are_those_of_generate(step: str, keys: int) -> None:
    model = llama(keys=keys)
    prompts = some_prompts(40)
    wanted = generated(model, prompts)
    lengths = {len(one.tokens) for one in wanted if one.stopped}
    assert len(lengths) > 5, "rows must leave at different times"
    assert any(not one.stopped for one in wanted)
    assert decoders(model)[step].write(prompts, {END}) == wanted


def test_a_row_does_not_depend_on_the_rows_beside_it() -> None:
    decoder, prompts = Decoder(llama()), some_prompts(20)
    together = decoder.write(prompts, {END})
    assert [decoder.write([one], {END})[0] for one in prompts] == together
    assert decoder.write(prompts[::-1], {END}) == together[::-1]


def test_a_greedy_row_writes_on_after_the_sampled_ones_have_no_room_left() -> None:
    decoder = Decoder(llama())
    sampled, greedy = Prompt((3, 4), 2, temperature=1.0, seed=5), Prompt((5, 6, 7), ROOM)
    found = decoder.write([sampled, greedy], frozenset())
    assert [len(one.tokens) for one in found] == [2, ROOM]
    assert found[1] == decoder.write([greedy], frozenset())[0]


def test_prompts_are_read_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    decoder, prompts = Decoder(llama()), some_prompts(20)
    whole = decoder.write(prompts, {END})
    monkeypatch.setattr(decoding, "PROMPT_TOKENS", 25)
    parts = list(decoding._parts(prompts))
    assert [one for _, part in parts for one in part] == prompts
    assert [start for start, _ in parts] == [
        sum(len(part) for _, part in parts[:place]) for place in range(len(parts))
    ]
    assert all(len(part) * max(len(one.tokens) for one in part) <= 25 or len(part) == 1 for _, part in parts)
    assert len(parts) > 5
    assert decoder.write(prompts, {END}) == whole


def test_every_row_keeps_to_its_own_room() -> None:
    model = llama(eagerness=0.0)
    prompts = [Prompt((5, 6, 7), room) for room in (1, 7, 3, 30)]
    written = Decoder(model).write(prompts, {END})
    assert [len(one.tokens) for one in written] == [1, 7, 3, 30]
    assert not any(one.stopped for one in written)
    longest = written[3].tokens
    assert [one.tokens for one in written[:3]] == [longest[:1], longest[:7], longest[:3]]


def test_a_stop_token_that_fills_the_room_is_a_stop() -> None:
    model, prompt = llama(eagerness=0.0), Prompt((5, 6, 7), 10)
    (free,) = Decoder(model).write([prompt], {END})
    stop = free.tokens[4]
    place = free.tokens.index(stop)
    (ended,) = Decoder(model).write([Prompt((5, 6, 7), place + 1)], {stop})
    assert ended == Written(free.tokens[:place], stopped=True)


def test_sampling_depends_on_the_seed_alone() -> None:
    decoder = Decoder(llama())
    prompts = some_prompts(12, temperature=1.0)
    together = decoder.write(prompts, {END})
    assert decoder.write(prompts[::-1], {END})[::-1] == together
    assert [decoder.write([one], {END})[0] for one in prompts] == together
    others = [Prompt(one.tokens, one.room, one.temperature, one.seed + 1000) for one in prompts]
    assert decoder.write(others, {END}) != together


def test_greedy_rows_beside_sampled_ones_stay_greedy() -> None:
    decoder = Decoder(llama())
    greedy, sampled = some_prompts(8), some_prompts(8, seed=1, temperature=1.0)
    mixed = [one for pair in zip(greedy, sampled, strict=True) for one in pair]
    written = decoder.write(mixed, {END})
    assert written[::2] == decoder.write(greedy, {END})
    assert written[1::2] == decoder.write(sampled, {END})


@pytest.mark.parametrize("temperature", [0.7, 1.5])
def test_samples_follow_the_softmax_at_the_temperature(temperature: float) -> None:
    model, count = llama(vocabulary=12), 4000
    with torch.inference_mode():
        logits = model(torch.tensor([[3, 4, 5]])).logits[0, -1]
        wanted = (logits.double() / temperature).softmax(-1).tolist()
    prompts = [Prompt((3, 4, 5), 1, temperature, seed) for seed in range(count)]
    seen = Counter(one.tokens[0] for one in Decoder(model).write(prompts, set()))
    for token, share in enumerate(wanted):
        assert abs(seen[token] / count - share) < 4.5 * (share * (1 - share) / count) ** 0.5 + 1e-3


def test_a_model_in_bf16_goes_by_its_own_forward() -> None:
    model = llama().to(torch.bfloat16)
    assert not LlamaStep.fits(model)
    written = Decoder(model).write(some_prompts(6), {END})
    assert all(one.stopped or len(one.tokens) == ROOM for one in written)
