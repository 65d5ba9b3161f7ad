"""A tokenised conversation as text again, in spans of tokens that are all supervised or all not."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from transformers import PreTrainedTokenizerBase

from raysft.data.tokens.special_tokens import special_tokens
from raysft.data.tokens.template import Encoded


@dataclass(frozen=True)
class Span:
    """Neighbouring tokens."""

    text: str
    tokens: int
    supervised: bool
    special: bool
    """Whether they are special tokens that the template or the tokenizer wrote. Those that merely occur in a
    text are ordinary characters (`raysft.data.tokens.special_tokens`), and not special here."""


def token_spans(tokenizer: PreTrainedTokenizerBase, encoded: Encoded) -> list[Span]:
    """All tokens of a conversation, in their order.

    A character whose bytes lie in two spans is shown as the replacement character in both.
    """
    special = {number: text for text, number in special_tokens(tokenizer).items()}
    kinds = [
        (supervised, token in special)
        for token, supervised in zip(encoded.tokens, encoded.supervised, strict=True)
    ]
    return list(_spans(tokenizer, encoded.tokens, kinds, special))


def _spans(
    tokenizer: PreTrainedTokenizerBase,
    tokens: Sequence[int],
    kinds: Sequence[tuple[bool, bool]],
    special: dict[int, str],
) -> Iterator[Span]:
    start = 0
    for (supervised, is_special), run in groupby(kinds):
        end = start + len(list(run))
        text = (
            "".join(special[token] for token in tokens[start:end])
            if is_special
            else _decoded(tokenizer, tokens, start, end)
        )
        yield Span(text, end - start, supervised, is_special)
        start = end


def _decoded(tokenizer: PreTrainedTokenizerBase, tokens: Sequence[int], start: int, end: int) -> str:
    """The text of some tokens behind others.

    Decoders in the manner of sentencepiece drop a space at the beginning of whatever they are given, so the
    span is what it adds to the text before it.
    """
    before: str = tokenizer.decode(tokens[:start], clean_up_tokenization_spaces=False)
    whole: str = tokenizer.decode(tokens[:end], clean_up_tokenization_spaces=False)
    if whole.startswith(before):
        return whole[len(before) :]
    alone: str = tokenizer.decode(tokens[start:end], clean_up_tokenization_spaces=False)
    return alone
