"""The engine that runs on any machine: a Hugging Face model on one device, through transformers.

Questions are answered side by side in batches of similar prompt length; see `decoding` for the loop and for
what sampling is. Where memory does not hold a batch it is made smaller (`side_by_side`).

A prompt and its answer share the context. A prompt that leaves no room for one token is an
`overflow` and gets an empty answer, and so do the turns after it. One that leaves less room than the token
limit is answered within that room, and ends by `length` where it fills it.

Covers causal language models with full attention (LLaMA and its like); a model with sliding windows is
refused where its context is longer than the window.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import torch
import transformers
from safetensors.torch import load_file
from transformers import AutoTokenizer, PreTrainedModel, PreTrainedTokenizerBase

from raysft.errors import DamagedArtifact, InputError, Problem
from raysft.evaluate.benchmark import Answer, End, Question
from raysft.evaluate.engine import ReferenceLoss
from raysft.evaluate.engines.chat_prompt import chat, prompt_tokens, stop_tokens
from raysft.evaluate.engines.decoding import Decoder, Prompt, Written
from raysft.evaluate.engines.reference_loss import reference_loss
from raysft.evaluate.engines.side_by_side import in_batches, rows_on
from raysft.evaluate.engines.stop_texts import StopTexts
from raysft.identity import WeightsDigest, canonical_bytes, digest_bytes
from raysft.model.digest import weights_digest as digest_of
from raysft.model.folder import DTYPES, DtypeName, load_model
from raysft.plan.cost.engine_memory import Lengths

FULL_ATTENTION = "full_attention"
DESCRIBES = ("*.json", "*.jinja", "*.model", "*.txt")
"""Files of a Hugging Face folder beside its weights: configuration, tokenizer, chat template."""


@dataclass(frozen=True)
class _Held:
    """The weights that the engine holds, and what belongs to them."""

    weights_digest: WeightsDigest
    shape: str
    """Digest of the configuration and the tokenizer; equal ones take new weights without being made anew."""
    model: PreTrainedModel
    decoder: Decoder
    tokenizer: PreTrainedTokenizerBase
    stops: frozenset[int]
    context: int
    """Longest sequence in tokens."""


@dataclass
class _Talk:
    """A question and what has been answered so far."""

    question: Question
    texts: list[str] = field(default_factory=list)
    ends: list[End] = field(default_factory=list)

    def add(self, text: str, end: End) -> None:
        self.texts.append(text)
        self.ends.append(end)

    @property
    def waits(self) -> bool:
        """Whether there is a turn to be answered."""
        return len(self.texts) < len(self.question.turns)


class TransformersEngine:
    """Implements `raysft.evaluate.engine.Engine`."""

    name = "transformers"
    version = transformers.__version__

    def __init__(self, device: str = "cpu", precision: DtypeName = "fp32", batch_size: int = 64) -> None:
        """Make an engine without weights.

        Args:
            device: `cpu`, `cuda` or `cuda:1`.
            precision: number format of weights and activations, whatever the files hold.
            batch_size: questions answered side by side, as far as memory holds them.
        """
        self.precision: str = precision
        self._format: DtypeName = precision
        self.batch_sizes: tuple[int, ...] = ()
        self._device, self._dtype, self._batch_size = torch.device(device), DTYPES[precision], batch_size
        self._held: _Held | None = None

    def load(self, folder: Path, weights_digest: WeightsDigest) -> None:
        """Take the weights of a Hugging Face folder; nothing happens if they are already held.

        Raises:
            DamagedArtifact: the folder holds other weights; the engine then holds none.
            InputError: the model has no full attention, or no chat template.
        """
        shape, held = _shape(folder), self._held
        if held and (held.weights_digest, held.shape) == (weights_digest, shape):
            return
        self._held = None
        found = digest_of(folder)
        if found != weights_digest:
            raise DamagedArtifact(f"{folder} holds the weights {found}, not {weights_digest}")
        if held and held.shape == shape and _exchange(held.model, folder):
            self._held = replace(held, weights_digest=weights_digest, decoder=Decoder(held.model))
        else:
            self._held = self._opened(folder, weights_digest, shape)

    def answer(self, questions: Sequence[Question], max_new_tokens: int, seed: int) -> list[Answer]:
        """Answer questions, each turn after the answers to the ones before; in the order of the questions.

        Raises:
            OutOfMemory: not even one question fits into the memory of the device.
        """
        talks, self.batch_sizes = [_Talk(question) for question in questions], ()
        while waiting := [talk for talk in talks if talk.waits]:
            self._answer_turn(waiting, max_new_tokens, seed)
        return [Answer(talk.question.id, tuple(talk.texts), tuple(talk.ends)) for talk in talks]

    def reference_loss(self, questions: Sequence[Question]) -> ReferenceLoss:
        """The loss on the reference answers of questions; those without references are passed over."""
        held = self._holding()
        found: ReferenceLoss = reference_loss(held.model, held.tokenizer, questions, held.context)
        return found

    def _answer_turn(self, talks: Sequence[_Talk], max_new_tokens: int, seed: int) -> None:
        held = self._holding()
        chats = [chat(talk.question.turns, talk.texts) for talk in talks]
        asked: list[tuple[_Talk, Prompt]] = []
        for talk, tokens in zip(talks, prompt_tokens(held.tokenizer, chats), strict=True):
            room = min(max_new_tokens, held.context - len(tokens))
            if room < 1:
                for _ in talk.question.turns[len(talk.texts) :]:
                    talk.add("", "overflow")
            else:
                own_seed, stop = _seed(seed, talk), talk.question.stop
                reached = StopTexts(held.tokenizer, stop).reached if stop else None
                prompt = Prompt(tuple(tokens), room, talk.question.temperature, own_seed, reached)
                asked.append((talk, prompt))
        asked.sort(key=lambda one: (len(one[1].tokens), one[0].question.id))
        self._write(held, asked)

    def _write(self, held: _Held, asked: Sequence[tuple[_Talk, Prompt]]) -> None:
        """Write after each prompt; no row is longer than what the longest prompt and the most room make."""

        def written(batch: Sequence[tuple[_Talk, Prompt]]) -> list[Written]:
            found: list[Written] = held.decoder.write([prompt for _, prompt in batch], held.stops)
            return found

        if not asked:
            return
        lengths = Lengths(len(asked[-1][1].tokens), max(prompt.room for _, prompt in asked))
        rows = rows_on(held.model, self._format, lengths, self._batch_size)
        for batch, found, size in in_batches(asked, rows, written):
            texts = held.tokenizer.batch_decode(
                [one.tokens for one in found],
                skip_special_tokens=True,
                clean_up_tokenization_spaces=False,
            )
            for (talk, _), one, text in zip(batch, found, texts, strict=True):
                spoken = StopTexts(held.tokenizer, talk.question.stop).cut(text)
                talk.add(spoken, "stop" if one.stopped or spoken != text else "length")
            self.batch_sizes = tuple(sorted({*self.batch_sizes, size}, reverse=True))

    def _holding(self) -> _Held:
        if self._held is None:
            raise RuntimeError("the engine holds no weights: call load first")
        return self._held

    def _opened(self, folder: Path, weights_digest: WeightsDigest, shape: str) -> _Held:
        model = load_model(folder, self._dtype).to(self._device).eval()
        context = _context(model)
        tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
        stops = stop_tokens(tokenizer, model.generation_config)
        return _Held(weights_digest, shape, model, Decoder(model), tokenizer, stops, context)


def _context(model: PreTrainedModel) -> int:
    """Longest sequence in tokens; refuses a model whose layers would not see all of it."""
    context: int = model.config.max_position_embeddings
    window = getattr(model.config, "sliding_window", None)
    kinds = set(getattr(model.config, "layer_types", None) or [FULL_ATTENTION])
    if kinds != {FULL_ATTENTION} or (window is not None and window < context):
        remedy = "choose a model with full attention in every layer, such as LLaMA"
        raise InputError([Problem("model", f"{model.config.model_type}: {sorted(kinds)}, {window}", remedy)])
    return context


def _exchange(model: PreTrainedModel, folder: Path) -> bool:
    """Copy the weights of a folder into a model; False, and nothing done, if names or shapes differ."""
    parameters = dict(model.named_parameters())
    tensors: dict[str, torch.Tensor] = {}
    for path in sorted(folder.glob("*.safetensors")):
        tensors.update(load_file(path))
    if {name: one.shape for name, one in tensors.items()} != {
        name: one.shape for name, one in parameters.items()
    }:
        return False
    with torch.no_grad():
        for name, parameter in parameters.items():
            parameter.copy_(tensors[name])
    return True


def _shape(folder: Path) -> str:
    """Digest of every file that says what the weights belong to: configuration, tokenizer, template."""
    files = [path for pattern in DESCRIBES for path in sorted(folder.glob(pattern))]
    return digest_bytes(canonical_bytes([[path.name, digest_bytes(path.read_bytes())] for path in files]))


def _seed(seed: int, talk: _Talk) -> int:
    """The seed of one turn: 60 bits over the run's seed, the question and the number of the turn."""
    return int(digest_bytes(canonical_bytes([seed, talk.question.id, len(talk.texts)]))[:15], 16)
