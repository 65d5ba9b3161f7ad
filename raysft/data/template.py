"""From conversations to tokens, through the tokenizer's own chat template and its generation marks.

Which tokens are supervised is never guessed from the text: the template says it, with `{% generation %}` before
what the assistant says and `{% endgeneration %}` after the token that ends its turn.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from jinja2 import TemplateError
from transformers import PreTrainedTokenizerBase

from raysft.data.conversation import Conversation, Message, dialogue
from raysft.errors import InputError, Problem
from raysft.identity import canonical_bytes, digest_bytes

_MARK = re.compile(r"\{%-?\s*generation\s*-?%\}")
_REMEDY = (
    "set the marks in the chat template: {% generation %} before what the assistant says, {% endgeneration %} after "
    "the token that ends its turn, as in {% generation %}{{ message['content'] + '<|end|>' }}{% endgeneration %}"
)
_DEFINING = ("tokenizer_class", "bos_token", "eos_token", "unk_token", "add_bos_token", "add_eos_token")
"""What changes tokens in tokenizer_config.json; the rest is about padding, paths and versions."""


@dataclass(frozen=True)
class Encoded:
    """A conversation, or a piece of one, in tokens."""

    tokens: list[int]
    supervised: list[bool]
    """One per token: whether it is predicted and enters the loss. The first never is: nothing comes before it."""
    turn_ends: list[int]
    """Behind the last token of each assistant turn: where the conversation may be split. A `text` has none, and
    may be split anywhere."""


def encode(tokenizer: PreTrainedTokenizerBase, conversation: Conversation) -> Encoded:
    """The tokens of one conversation; see `encode_all`."""
    return encode_all(tokenizer, [conversation])[0]


def encode_all(tokenizer: PreTrainedTokenizerBase, conversations: Sequence[Conversation]) -> list[Encoded]:
    """The tokens of conversations, in their order.

    A `text` is the tokenizer's own encoding of it, with the end token behind it. Special tokens that happen to
    stand in a text (`</s>` in a web page) are encoded as ordinary characters, so that nothing but the
    template can end a turn.

    Raises:
        InputError: the template refuses a conversation, or cannot be told apart from its text.
    """
    found: list[Encoded | None] = [None] * len(conversations)
    chats = [place for place, one in enumerate(conversations) if one.messages[0].role != "text"]
    for place, encoded in zip(
        chats, _chats(tokenizer, [conversations[place] for place in chats]), strict=True
    ):
        found[place] = encoded
    return [one or _document(tokenizer, conversations[place].messages) for place, one in enumerate(found)]


def check_template(tokenizer: PreTrainedTokenizerBase) -> None:
    """Refuse a tokenizer whose template does not mark what the assistant says, to the end of its turn.

    Raises:
        InputError: with a remedy that shows the marks.
    """
    template, field = tokenizer.chat_template, f"chat template of {tokenizer.name_or_path or 'the tokenizer'}"
    if not isinstance(template, str):
        raise InputError([Problem(field, "none, or several", f"give it one chat template, and {_REMEDY}")])
    if not _MARK.search(template):
        raise InputError([Problem(field, "has no generation marks", _REMEDY)])
    probe = encode(tokenizer, dialogue("one", "uno", "two", "dos"))
    ends = [end for end in (0, *probe.turn_ends)]
    said = [
        [token for token, kept in zip(probe.tokens[a:b], probe.supervised[a:b], strict=True) if kept]
        for a, b in zip(ends, ends[1:], strict=False)
    ]
    if [tokenizer.decode(one, skip_special_tokens=True).strip() for one in said] != ["uno", "dos"]:
        shown = [tokenizer.decode(one) for one in said]
        raise InputError([Problem(field, f"marks {shown} of the answers 'uno' and 'dos'", _REMEDY)])
    if any(one[-1] not in tokenizer.added_tokens_decoder for one in said):
        remedy = (
            f"the end of the turn is outside the marks, so the model would never learn to stop: {_REMEDY}"
        )
        raise InputError([Problem(field, f"ends the answer at {tokenizer.decode(said[0])!r}", remedy)])


def template_digest(tokenizer: PreTrainedTokenizerBase) -> str:
    """Digest of the text of the chat template."""
    return digest_bytes(tokenizer.get_chat_template().encode("utf-8"))


def tokenizer_digest(folder: Path) -> str:
    """Digest of what defines the tokens in a saved tokenizer; white space and the order of keys do not matter.

    Raises:
        InputError: the folder has no `tokenizer.json`.
    """
    try:
        model = json.loads((folder / "tokenizer.json").read_text(encoding="utf-8"))
    except OSError:
        remedy = (
            "has no tokenizer.json; open it with transformers.AutoTokenizer and save it with save_pretrained"
        )
        raise InputError([Problem("tokenizer", str(folder), remedy)]) from None
    settings = folder / "tokenizer_config.json"
    config = json.loads(settings.read_text(encoding="utf-8")) if settings.exists() else {}
    # padding and truncation are what the last caller of the tokenizer happened to ask for
    tables = {key: value for key, value in model.items() if key not in ("padding", "truncation")}
    return digest_bytes(
        canonical_bytes({"model": tables, "config": {key: config.get(key) for key in _DEFINING}})
    )


def _chats(tokenizer: PreTrainedTokenizerBase, chats: Sequence[Conversation]) -> list[Encoded]:
    if not chats:
        return []
    try:
        out = tokenizer.apply_chat_template(
            [_plain(chat.messages) for chat in chats],
            tokenize=True,
            return_dict=True,
            return_assistant_tokens_mask=True,
            tokenizer_kwargs={"return_attention_mask": False, "split_special_tokens": False},
        )
    except TemplateError as error:
        raise InputError(
            [Problem("chat template", str(error), "it cannot carry this source's roles")]
        ) from None
    special = _special_tokens(tokenizer)
    written = re.compile("|".join(map(re.escape, special)))
    return [
        _quoted(tokenizer, chat, tokens, mask, special)
        if _mentions(chat, written)
        else _encoded(tokens, mask)
        for chat, tokens, mask in zip(chats, out["input_ids"], out["assistant_masks"], strict=True)
    ]


def _plain(messages: Sequence[Message]) -> list[dict[str, str]]:
    return [{"role": one.role, "content": one.content} for one in messages]


def _encoded(tokens: list[int], mask: list[int]) -> Encoded:
    supervised = [bool(one) for one in mask]
    supervised[0] = False
    ends = [place for place in range(1, len(mask)) if mask[place - 1] and not mask[place]]
    return Encoded(tokens, supervised, [*ends, len(mask)] if mask[-1] else ends)


def _document(tokenizer: PreTrainedTokenizerBase, messages: Sequence[Message]) -> Encoded:
    (text,) = messages
    tokens = tokenizer(text.content, split_special_tokens=True)["input_ids"]
    if tokens[-1:] != [tokenizer.eos_token_id]:
        tokens = [*tokens, tokenizer.eos_token_id]
    return Encoded(tokens, [False] + [True] * (len(tokens) - 1), [])


def _special_tokens(tokenizer: PreTrainedTokenizerBase) -> dict[str, int]:
    """Special tokens and their ids, the longest first; the unknown token stands for text and is none of them."""
    added = (
        (token.content, number) for number, token in tokenizer.added_tokens_decoder.items() if token.special
    )
    known = {text: number for text, number in added if text != tokenizer.unk_token}
    return {text: known[text] for text in sorted(known, key=lambda text: (-len(text), text))}


def _mentions(chat: Conversation, written: re.Pattern[str]) -> bool:
    return bool(written.pattern) and any(written.search(one.content) for one in chat.messages)


def _quoted(
    tokenizer: PreTrainedTokenizerBase,
    chat: Conversation,
    tokens: list[int],
    mask: list[int],
    special: dict[str, int],
) -> Encoded:
    """Encode anew, as ordinary characters, the special tokens that come from the text and not from the template.

    The template is rendered once more with a character that occurs nowhere set before each special token of the
    text; so the special tokens of the rendered chat, in their order, are known to be the one or the other.
    """
    text = "".join(one.content for one in chat.messages)
    flag = next(chr(code) for code in count(0xE000) if chr(code) not in text)
    written = re.compile("|".join(map(re.escape, special)))
    flagged = [
        Message(one.role, written.sub(lambda found: flag + found[0], one.content)) for one in chat.messages
    ]
    rendered = tokenizer.apply_chat_template(_plain(flagged), tokenize=False)
    origins = [(found[2], bool(found[1])) for found in re.finditer(f"({flag}?)({written.pattern})", rendered)]
    marks = [token for token in tokens if token in special.values()]
    if marks != [special[mark] for mark, _ in origins]:
        remedy = (
            "a special token in the text cannot be told from those of the template; take it out of the text"
        )
        raise InputError([Problem("chat template", text[:80], remedy)])
    quoted_tokens: list[int] = []
    quoted_mask: list[int] = []
    told = iter(origins)
    for token, supervised in zip(tokens, mask, strict=True):
        mark, from_text = next(told) if token in special.values() else ("", False)
        parts = _characters(tokenizer, mark) if from_text else [token]
        quoted_tokens.extend(parts)
        quoted_mask.extend([supervised] * len(parts))
    return _encoded(quoted_tokens, quoted_mask)


def _characters(tokenizer: PreTrainedTokenizerBase, text: str) -> list[int]:
    found: list[int] = tokenizer(text, add_special_tokens=False, split_special_tokens=True)["input_ids"]
    return found
