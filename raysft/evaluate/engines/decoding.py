"""Write tokens after a batch of prompts: one forward pass a step, rows leave as they finish.

The same greedy tokens as transformers' `generate()` in fp32 (a test holds it), with less work per step: keys
are written in place (`row_cache`), the mask is made once, a row that has finished is no longer computed.

Sampling is plain: the softmax at the row's temperature, without top-k, top-p or repetition penalty; what a
model folder's `generation_config.json` says about sampling is not followed. The random numbers of a row come
from its own seed alone, so its text depends on the other rows only through the last bits of the logits.

Shapes: B rows, P columns of the longest prompt, L columns that there may ever be, R steps, V vocabulary.
"""

from collections.abc import Callable, Iterator, Sequence, Set
from dataclasses import dataclass
from typing import TypeAlias

import torch
from transformers import DynamicCache, PreTrainedModel

from raysft.evaluate.engines.llama_step import LlamaStep
from raysft.evaluate.engines.row_cache import BLOCK, RowCache

PROMPT_TOKENS = 2048
"""Prompt tokens read at once: bounds memory, and small models are faster while all of it is in the cache."""

Step: TypeAlias = Callable[[torch.Tensor, torch.Tensor, torch.Tensor, RowCache], torch.Tensor]
"""From the last tokens (B), their positions (B), the bias of attention (B, 1, columns) and the cache, which
has room for one more column, to logits (B, V)."""


@dataclass(frozen=True)
class Prompt:
    """What one row begins with."""

    tokens: tuple[int, ...]
    """At least one."""
    room: int
    """Most tokens to write; at least 1."""
    temperature: float = 0.0
    """0 takes the most likely token."""
    seed: int = 0
    """Of the row's random numbers; not used at temperature 0."""
    reached: Callable[[Sequence[int]], bool] | None = None
    """Whether what is written has come to its end, asked after each token; None for never."""


@dataclass(frozen=True)
class Written:
    """What was written after a prompt."""

    tokens: tuple[int, ...]
    """Without the token that ended it."""
    stopped: bool
    """Ended by a stop token or by what was written, not for want of room."""


class Decoder:
    """Writes with the weights that a model has when the decoder is made."""

    def __init__(self, model: PreTrainedModel) -> None:
        """Choose how to step; `model` is on its device, ready to evaluate."""
        self._model = model
        self._step: Step = LlamaStep(model) if LlamaStep.fits(model) else _forward(model)

    @torch.inference_mode()
    def write(self, prompts: Sequence[Prompt], stops: Set[int]) -> list[Written]:
        """Write after each prompt until one of the tokens `stops`, or until its room is full."""
        batch = _Batch(self._model, prompts)
        tokens: list[list[int]] = [[] for _ in prompts]
        stopped = [False] * len(prompts)
        logits_BV = batch.read_prompts()
        while True:
            chosen_B = batch.choose(logits_BV)
            finished = []
            for row, (place, token) in enumerate(zip(batch.places, chosen_B.tolist(), strict=True)):
                reached = prompts[place].reached
                stopped[place] = token in stops
                if not stopped[place]:
                    tokens[place].append(token)
                    stopped[place] = reached is not None and reached(tokens[place])
                if stopped[place] or len(tokens[place]) == prompts[place].room:
                    finished.append(row)
            if len(finished) == len(batch.places):
                return [Written(tuple(text), end) for text, end in zip(tokens, stopped, strict=True)]
            logits_BV = batch.advance(batch.drop(finished, chosen_B), self._step)


class _Batch:
    """The rows that are still being written."""

    def __init__(self, model: PreTrainedModel, prompts: Sequence[Prompt]) -> None:
        self.places = list(range(len(prompts)))
        """For each row the place of its prompt."""
        self._model, self._prompts, self._device = model, prompts, model.device
        lengths = [len(prompt.tokens) for prompt in prompts]
        self._columns, self._steps = max(lengths), 0
        self._cache = RowCache(model.config.num_hidden_layers, len(prompts), self._columns)
        self._position_B = torch.tensor(lengths, device=self._device)
        self._temperature_B = torch.tensor([prompt.temperature for prompt in prompts], device=self._device)
        self._random_BR = _random_numbers(prompts).to(self._device)
        self._samples = any(prompt.temperature > 0 for prompt in prompts)
        self._bias_BL = self._bias(lengths)

    def read_prompts(self) -> torch.Tensor:
        """Logits (B, V) after the prompts."""
        found = []
        for start, prompts in _parts(self._prompts):
            cache = DynamicCache(config=self._model.config)
            found.append(_read(self._model, prompts, cache))
            self._cache.fill(start, cache)
        return torch.cat(found)

    def advance(self, tokens: torch.Tensor, step: Step) -> torch.Tensor:
        """Logits (B, V) after one more token (B) in each row."""
        self._bias_BL[:, self._columns] = 0.0
        width = self._cache.make_room()
        logits_BV = step(tokens, self._position_B, self._bias_BL[:, None, :width], self._cache)
        self._columns, self._steps, self._position_B = (
            self._columns + 1,
            self._steps + 1,
            self._position_B + 1,
        )
        return logits_BV

    def choose(self, logits: torch.Tensor) -> torch.Tensor:
        """The next token (B) by logits (B, V): the most likely, or drawn by the cumulative distribution."""
        greedy_B = logits.argmax(-1)
        if not self._samples:
            return greedy_B
        heat_B1 = self._temperature_B.clamp(min=1e-6)[:, None].double()
        mass_BV = (logits.double() / heat_B1).softmax(-1).cumsum(-1)
        # Scaled by the last sum, which is 1 but for rounding, so that a draw next to 1 finds a token as well.
        level_B1 = self._random_BR[:, self._steps, None] * mass_BV[:, -1:]
        drawn_B = (mass_BV <= level_B1).sum(-1).clamp(max=logits.shape[-1] - 1)
        return torch.where(self._temperature_B > 0, drawn_B, greedy_B)

    def drop(self, finished: Sequence[int], tokens: torch.Tensor) -> torch.Tensor:
        """Take rows out; the last ones move into the holes. Gives `tokens` (B) in the new order."""
        if not finished:
            return tokens
        rows = len(self.places) - len(finished)
        holes = [row for row in finished if row < rows]
        sources = sorted(set(range(rows, len(self.places))) - set(finished))
        self._cache.keep(rows, sources, holes)
        order = list(range(rows))
        for hole, source in zip(holes, sources, strict=True):
            order[hole] = source
        self.places = [self.places[row] for row in order]
        order_B = torch.tensor(order, device=self._device)
        self._position_B, self._bias_BL = self._position_B[order_B], self._bias_BL[order_B]
        self._temperature_B, self._random_BR = self._temperature_B[order_B], self._random_BR[order_B]
        return tokens[order_B]

    def _bias(self, lengths: Sequence[int]) -> torch.Tensor:
        """Added to the scores of attention (B, L): 0 for columns in use, the least number for all others."""
        most = self._columns + max(prompt.room for prompt in self._prompts) + BLOCK
        dtype = self._model.dtype
        shape = (len(lengths), most)
        bias_BL = torch.full(shape, torch.finfo(dtype).min, dtype=dtype, device=self._device)
        for row, length in enumerate(lengths):
            bias_BL[row, self._columns - length : self._columns] = 0.0
        return bias_BL


def _forward(model: PreTrainedModel) -> Step:
    """A step of any model, by its own `forward`."""

    def step(
        tokens: torch.Tensor, positions: torch.Tensor, bias: torch.Tensor, cache: RowCache
    ) -> torch.Tensor:
        logits: torch.Tensor = model(
            input_ids=tokens[:, None],
            attention_mask=bias[:, None],
            position_ids=positions[:, None],
            past_key_values=cache,
            use_cache=True,
            logits_to_keep=1,
        ).logits
        return logits[:, -1]

    return step


def _parts(prompts: Sequence[Prompt]) -> Iterator[tuple[int, Sequence[Prompt]]]:
    """Neighbours that make at most `PROMPT_TOKENS`, padding included, and the place of the first."""
    start, longest = 0, 0
    for place, prompt in enumerate(prompts):
        longest = max(longest, len(prompt.tokens))
        if place > start and (place + 1 - start) * longest > PROMPT_TOKENS:
            yield start, prompts[start:place]
            start, longest = place, len(prompt.tokens)
    yield start, prompts[start:]


def _read(model: PreTrainedModel, prompts: Sequence[Prompt], cache: DynamicCache) -> torch.Tensor:
    """Logits (B, V) after some prompts, padded on the left; keys and values go into the cache."""
    columns = max(len(prompt.tokens) for prompt in prompts)
    padding = [columns - len(prompt.tokens) for prompt in prompts]
    rows = [[0] * empty + list(prompt.tokens) for empty, prompt in zip(padding, prompts, strict=True)]
    empty_B1 = torch.tensor(padding, device=model.device)[:, None]
    column_P = torch.arange(columns, device=model.device)
    logits: torch.Tensor = model(
        input_ids=torch.tensor(rows, device=model.device),
        attention_mask=(column_P >= empty_B1).long(),
        position_ids=(column_P - empty_B1).clamp(min=0),
        past_key_values=cache,
        use_cache=True,
        logits_to_keep=1,
    ).logits
    return logits[:, -1]


def _random_numbers(prompts: Sequence[Prompt]) -> torch.Tensor:
    """Numbers in [0, 1) for every row and step, made on the CPU so that each device sees the same."""
    # As wide as the longest row, sampled or not: a greedy neighbour may write on after the sampled ones.
    steps = max(prompt.room for prompt in prompts)
    numbers_BR = torch.zeros((len(prompts), steps), dtype=torch.float64)
    for row, prompt in enumerate(prompts):
        if prompt.temperature > 0:
            source = torch.Generator().manual_seed(prompt.seed)
            numbers_BR[row, : prompt.room] = torch.rand(prompt.room, generator=source, dtype=torch.float64)
    return numbers_BR
