"""Special tokens that occur in a text, such as `</s>` in a web page, are text: only templates write marks."""

import re
from collections.abc import Mapping, Sequence
from itertools import count

from transformers import PreTrainedTokenizerBase

from raysft.data.tokens.rendering import rendered_prompts
from raysft.errors import InputError, Problem


def special_tokens(tokenizer: PreTrainedTokenizerBase) -> dict[str, int]:
    """Special tokens and their ids, the longest first; the unknown token is one of text."""
    added = (
        (token.content, number) for number, token in tokenizer.added_tokens_decoder.items() if token.special
    )
    known = {text: number for text, number in added if text != tokenizer.unk_token}
    return {text: known[text] for text in sorted(known, key=lambda text: (-len(text), text))}


def unused_character(text: str) -> str:
    """A character for private use that does not occur in a text."""
    return next(chr(code) for code in count(0xE000) if chr(code) not in text)


def quoted(
    tokenizer: PreTrainedTokenizerBase,
    messages: Sequence[dict[str, str]],
    tokens: list[int],
    mask: list[int],
    special: Mapping[str, int],
    *,
    add_generation_prompt: bool = False,
) -> tuple[list[int], list[int]]:
    """Encode anew, as ordinary characters, the special tokens that come from the text of a chat.

    The rendered chat has special tokens in the same order as `tokens`, so it is enough to know of each
    whether it is the text's or the template's. A tokenizer that begins every text with a space,
    as LLaMA's does, sets one before such characters too.

    Args:
        tokenizer: with a chat template.
        messages: the chat.
        tokens: what the template and the tokenizer made of it.
        mask: one per token.
        special: `special_tokens(tokenizer)`.
        add_generation_prompt: as it was when the chat was rendered.

    Returns:
        Tokens and mask; as they were for a chat without such text.

    Raises:
        InputError: the template changes such text, so the two cannot be told apart.
    """
    written = re.compile("|".join(map(re.escape, special)))
    if not special or not any(written.search(one[name]) for one in messages for name in _texts(one)):
        return tokens, mask
    marks = _marks(tokenizer, messages, written, add_generation_prompt=add_generation_prompt)
    numbers = set(special.values())
    if [special[mark] for mark, _ in marks] != [token for token in tokens if token in numbers]:
        remedy = "the chat template changes a special token in the text; take it out of the text"
        raise InputError([Problem("chat template", messages[0]["content"][:80], remedy)])
    told = iter(marks)
    new_tokens: list[int] = []
    new_mask: list[int] = []
    for token, supervised in zip(tokens, mask, strict=True):
        mark, from_text = next(told) if token in numbers else ("", False)
        parts = _characters(tokenizer, mark) if from_text else [token]
        new_tokens.extend(parts)
        new_mask.extend([supervised] * len(parts))
    return new_tokens, new_mask


def _marks(
    tokenizer: PreTrainedTokenizerBase,
    messages: Sequence[dict[str, str]],
    written: re.Pattern[str],
    *,
    add_generation_prompt: bool,
) -> list[tuple[str, bool]]:
    """Every special token of the rendered chat, and whether it comes from the text.

    Those of the text are rendered with a flag before them, a character that occurs nowhere else.
    """
    flag = unused_character("".join(one[name] for one in messages for name in _texts(one)))
    flagged = [
        {**one, **{name: written.sub(lambda found: flag + found[0], one[name]) for name in _texts(one)}}
        for one in messages
    ]
    (rendered,) = rendered_prompts(tokenizer, [flagged], add_generation_prompt=add_generation_prompt)
    return [(found[2], bool(found[1])) for found in re.finditer(f"({flag}?)({written.pattern})", rendered)]


def _texts(message: Mapping[str, str]) -> list[str]:
    return [name for name in message if name != "role"]


def _characters(tokenizer: PreTrainedTokenizerBase, text: str) -> list[int]:
    found: list[int] = tokenizer(text, add_special_tokens=False, split_special_tokens=True)["input_ids"]
    return found
