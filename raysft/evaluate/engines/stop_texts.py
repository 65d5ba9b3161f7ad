"""Texts before which an answer ends, looked for while it is written.

An answer that begins with such a text goes on: a model may say the question again before it answers it.
"""

from collections.abc import Sequence
from functools import lru_cache

from transformers import PreTrainedTokenizerBase

_SPARE = 8
"""Tokens looked at beyond one for each character of the longest text, for tokens without text of their
own."""


class StopTexts:
    """Looks for some texts in what one tokenizer's tokens say."""

    def __init__(self, tokenizer: PreTrainedTokenizerBase, texts: tuple[str, ...]) -> None:
        """Prepare to look for texts, none of which is empty."""
        self._tokenizer, self._texts = tokenizer, texts
        self._tail = max(map(len, texts), default=0) + _SPARE
        # Only a token that holds the last character of a text can complete it: few others are ever decoded.
        self._closing = _tokens_with(tokenizer, frozenset(text[-1] for text in texts))

    def reached(self, tokens: Sequence[int]) -> bool:
        """Whether the last token completes one of the texts."""
        if not tokens or tokens[-1] not in self._closing:
            return False
        tail = self._said(tokens[-self._tail :])
        return any(text in tail for text in self._texts) and self._place(self._said(tokens)) is not None

    def cut(self, text: str) -> str:
        """The text before the first of the texts; all of it where none is found."""
        return text[: self._place(text)]

    def _place(self, text: str) -> int | None:
        """Where the first of the texts begins that has something before it."""
        behind_the_first_sign = len(text) - len(text.lstrip()) + 1
        found = (text.find(one, behind_the_first_sign) for one in self._texts)
        return min((place for place in found if place >= 0), default=None)

    def _said(self, tokens: Sequence[int]) -> str:
        said: str = self._tokenizer.decode(
            tokens, skip_special_tokens=True, clean_up_tokenization_spaces=False
        )
        return said


@lru_cache(maxsize=8)
def _tokens_with(tokenizer: PreTrainedTokenizerBase, characters: frozenset[str]) -> frozenset[int]:
    """Tokens whose text holds one of some characters."""
    if not characters:
        return frozenset()
    every = range(len(tokenizer))
    texts = tokenizer.batch_decode([[one] for one in every], clean_up_tokenization_spaces=False)
    return frozenset(one for one, text in zip(every, texts, strict=True) if not characters.isdisjoint(text))
