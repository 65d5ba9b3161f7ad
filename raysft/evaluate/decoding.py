"""Write tokens after a batch of prompts: one forward pass a step, rows leave as they finish.

The same greedy tokens as transformers' `generate()` in fp32 (a test holds it), with less work per step: keys
are written in place (`row_cache`), the mask is made once, a row that has finished is no longer computed.

Sampling is plain: the softmax at the row's temperature, without top-k, top-p or repetition penalty; what a
model folder's `generation_config.json` says about sampling is not followed. The random numbers of a row come
from its own seed alone, so its text depends on the other rows only through the last bits of the logits.

Shapes: B rows, P columns of the longest prompt, L columns so far, V vocabulary.
"""

from collections.abc import Sequence, Set
from dataclasses import dataclass

import torch
from transformers import PreTrainedModel

from raysft.evaluate.row_cache import BLOCK, RowCache


@dataclass(frozen=True)
class Prompt:
    """What one row begins with."""

    tokens: tuple[int, ...]
    """At least one."""
    room: int
    """Most tokens to write; at least 1."""
    temperature: float
    """0 takes the most likely token."""
    seed: int
    """Of the row's random numbers; not used at temperature 0."""


@dataclass(frozen=True)
class Written:
    """What was written after a prompt."""

    tokens: tuple[int, ...]
    """Without the token that ended it."""
    stopped: bool
    """Ended by a stop token, not for want of room."""


@torch.inference_mode()
def write(model: PreTrainedModel, prompts: Sequence[Prompt], stops: Set[int]) -> list[Written]:
    """Write after each prompt until a stop token or until its room is full; in the order of the prompts."""
    batch = _Batch(model, prompts)
    tokens: list[list[int]] = [[] for _ in prompts]
    stopped = [False] * len(prompts)
    logits_BV = batch.read_prompts()
    while True:
        chosen_B = batch.choose(logits_BV)
        finished = []
        for row, (place, token) in enumerate(zip(batch.places, chosen_B.tolist(), strict=True)):
            stopped[place] = token in stops
            if not stopped[place]:
                tokens[place].append(token)
            if stopped[place] or len(tokens[place]) == prompts[place].room:
                finished.append(row)
        if len(finished) == len(batch.places):
            return [Written(tuple(text), end) for text, end in zip(tokens, stopped, strict=True)]
        logits_BV = batch.step(batch.drop(finished, chosen_B))


class _Batch:
    """The rows that are still being written."""

    def __init__(self, model: PreTrainedModel, prompts: Sequence[Prompt]) -> None:
        self.model = model
        self.prompts = prompts
        self.places = list(range(len(prompts)))
        """For each row the place of its prompt."""
        self.cache = RowCache(model.config.num_hidden_layers)
        self.device = model.device
        self.steps = 0
        lengths = [len(prompt.tokens) for prompt in prompts]
        self.columns = max(lengths)
        self.position_B = torch.tensor(lengths, device=self.device)
        self.temperature_B = torch.tensor([prompt.temperature for prompt in prompts], device=self.device)
        self.samples = any(prompt.temperature > 0 for prompt in prompts)
        if self.samples:
            self.random_BR = _random_numbers(prompts).to(self.device)
        real_BP = torch.arange(self.columns, device=self.device) >= self.columns - self.position_B[:, None]
        self.real_BP = real_BP
        most = self.columns + max(prompt.room for prompt in prompts) + BLOCK
        hidden = torch.finfo(model.dtype).min
        self.bias_BL = torch.full((len(prompts), most), hidden, dtype=model.dtype, device=self.device)
        self.bias_BL[:, : self.columns].masked_fill_(real_BP, 0.0)

    def read_prompts(self) -> torch.Tensor:
        """Logits (B, V) after the left-padded prompts."""
        padded = [[0] * (self.columns - len(prompt.tokens)) + list(prompt.tokens) for prompt in self.prompts]
        positions_BP = (self.real_BP.cumsum(-1) - 1).clamp(min=0)
        output = self.model(
            input_ids=torch.tensor(padded, device=self.device),
            attention_mask=self.real_BP,
            position_ids=positions_BP,
            past_key_values=self.cache,
            use_cache=True,
            logits_to_keep=1,
        )
        return output.logits[:, -1]

    def step(self, tokens: torch.Tensor) -> torch.Tensor:
        """Logits (B, V) after one more token (B) in each row."""
        self.bias_BL[:, self.columns] = 0.0
        self.columns += 1
        self.steps += 1
        output = self.model(
            input_ids=tokens[:, None],
            attention_mask=self.bias_BL[:, None, None, : self.cache.columns],
            position_ids=self.position_B[:, None],
            past_key_values=self.cache,
            use_cache=True,
            logits_to_keep=1,
        )
        self.position_B = self.position_B + 1
        return output.logits[:, -1]

    def choose(self, logits: torch.Tensor) -> torch.Tensor:
        """The next token (B) by logits (B, V): the most likely, or drawn by the cumulative distribution."""
        greedy_B = logits.argmax(-1)
        if not self.samples:
            return greedy_B
        heat_B1 = self.temperature_B.clamp(min=1e-6)[:, None].double()
        mass_BV = (logits.double() / heat_B1).softmax(-1).cumsum(-1)
        level_B1 = self.random_BR[:, self.steps, None] * mass_BV[:, -1:]
        drawn_B = (mass_BV <= level_B1).sum(-1).clamp(max=logits.shape[-1] - 1)
        return torch.where(self.temperature_B > 0, drawn_B, greedy_B)

    def drop(self, finished: Sequence[int], tokens: torch.Tensor) -> torch.Tensor:
        """Take rows out; the last ones move into the holes. Gives `tokens` (B) in the new order."""
        if not finished:
            return tokens
        rows = len(self.places) - len(finished)
        gone = set(finished)
        holes = [row for row in finished if row < rows]
        sources = [row for row in range(rows, len(self.places)) if row not in gone]
        self.cache.keep(rows, sources, holes)
        order = list(range(rows))
        for hole, source in zip(holes, sources, strict=True):
            order[hole] = source
        self.places = [self.places[row] for row in order]
        order_B = torch.tensor(order, device=self.device)
        self.position_B, self.temperature_B = self.position_B[order_B], self.temperature_B[order_B]
        self.bias_BL = self.bias_BL[order_B]
        if self.samples:
            self.random_BR = self.random_BR[order_B]
        return tokens[order_B]


def _random_numbers(prompts: Sequence[Prompt]) -> torch.Tensor:
    """Numbers in [0, 1) for every row and step, made on the CPU so that each device sees the same."""
    numbers_BR = torch.zeros((len(prompts), max(prompt.room for prompt in prompts)), dtype=torch.float64)
    for row, prompt in enumerate(prompts):
        if prompt.temperature > 0:
            source = torch.Generator().manual_seed(prompt.seed)
            numbers_BR[row, : prompt.room] = torch.rand(prompt.room, generator=source, dtype=torch.float64)
    return numbers_BR
