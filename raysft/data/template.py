"""From conversations to tokens, through the tokenizer's own chat template and its generation marks.

Which tokens are supervised is never guessed from the text: the template says it, with `{% generation %}`
before what the assistant says and `{% endgeneration %}` after the token that ends its turn.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from jinja2 import TemplateError
from transformers import PreTrainedTokenizerBase

from raysft.data.conversation import Conversation, Message, dialogue
from raysft.data.special_tokens import quoted, special_tokens
from raysft.errors import InputError, Problem
from raysft.identity import canonical_bytes, digest_bytes

_MARK = re.compile(r"\{%-?\s*generation\s*-?%\}")
_REMEDY = (
    "set marks in the chat template, {% generation %} before what the assistant says and {% endgeneration %} "
    "after the token that ends its turn: "
    "{% generation %}{{ message['content'] + '<|end|>' }}{% endgeneration %}"
)
_DEFINING = ("tokenizer_class", "bos_token", "eos_token", "unk_token", "add_bos_token", "add_eos_token")
"""What changes tokens in tokenizer_config.json; the rest is about padding, paths and versions."""


@dataclass(frozen=True)
class Encoded:
    """A conversation, or a piece of one, in tokens."""

    tokens: list[int]
    supervised: list[bool]
    """One per token: whether it is predicted and enters the loss. The first never is: nothing precedes it."""
    turn_ends: list[int]
    """Behind the last token of each assistant turn: where the conversation may be split. A `text` has none,
    and may be split anywhere."""


def encode(tokenizer: PreTrainedTokenizerBase, conversation: Conversation) -> Encoded:
    """The tokens of one conversation; see `encode_all`."""
    return encode_all(tokenizer, [conversation])[0]


def encode_all(tokenizer: PreTrainedTokenizerBase, conversations: Sequence[Conversation]) -> list[Encoded]:
    """The tokens of conversations, in their order.

    A `text` is the tokenizer's own encoding of it, with the end token behind it. Special tokens that happen
    to stand in a text (`</s>` in a web page) are encoded as ordinary characters, so that nothing but the
    template can end a turn.

    Raises:
        InputError: the template refuses a conversation, or cannot be told apart from its text.
    """
    chats = iter(_chats(tokenizer, [one for one in conversations if not _is_document(one)]))
    return [_document(tokenizer, one) if _is_document(one) else next(chats) for one in conversations]


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
    if tokenizer.eos_token_id is None:
        raise InputError([Problem(field, "no end token", "set tokenizer.eos_token to what ends an answer")])
    said = _said(encode(tokenizer, dialogue("one", "uno", "two", "dos")))
    shown = [tokenizer.decode(one, skip_special_tokens=True).strip() for one in said]
    if shown != ["uno", "dos"]:
        raise InputError([Problem(field, f"marks {shown} of the answers 'uno' and 'dos'", _REMEDY)])
    if not all(tokenizer.added_tokens_decoder.keys() & one for one in said):
        remedy = f"the token that ends the turn is not marked, so no model would learn to stop; {_REMEDY}"
        raise InputError([Problem(field, f"ends the answer at {tokenizer.decode(said[0])!r}", remedy)])


def template_digest(tokenizer: PreTrainedTokenizerBase) -> str:
    """Digest of the text of the chat template."""
    return digest_bytes(tokenizer.get_chat_template().encode("utf-8"))


def tokenizer_digest(folder: Path) -> str:
    """Digest of what defines the tokens in a saved tokenizer; white space and order of keys do not matter.

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
            tokenizer_kwargs={
                "return_attention_mask": False,
                "split_special_tokens": False,
                "verbose": False,
            },
        )
    except TemplateError as error:
        raise InputError(
            [Problem("chat template", str(error), "it cannot carry this source's roles")]
        ) from None
    special = special_tokens(tokenizer)
    found = zip(chats, out["input_ids"], out["assistant_masks"], strict=True)
    return [
        _encoded(*quoted(tokenizer, _plain(chat.messages), tokens, mask, special))
        for chat, tokens, mask in found
    ]


def _said(encoded: Encoded) -> list[list[int]]:
    """The supervised tokens of each assistant turn."""
    turns = pairwise((0, *encoded.turn_ends))
    return [[encoded.tokens[at] for at in range(*turn) if encoded.supervised[at]] for turn in turns]


def _plain(messages: Sequence[Message]) -> list[dict[str, str]]:
    return [{"role": one.role, "content": one.content} for one in messages]


def _encoded(tokens: list[int], mask: list[int]) -> Encoded:
    supervised = [bool(one) for one in mask]
    supervised[0] = False
    ends = [place for place in range(1, len(mask)) if mask[place - 1] and not mask[place]]
    return Encoded(tokens, supervised, [*ends, len(mask)] if mask[-1] else ends)


def _is_document(conversation: Conversation) -> bool:
    return conversation.messages[0].role == "text"


def _document(tokenizer: PreTrainedTokenizerBase, conversation: Conversation) -> Encoded:
    (text,) = conversation.messages
    tokens = tokenizer(text.content, split_special_tokens=True, verbose=False)["input_ids"]
    if tokens[-1:] != [tokenizer.eos_token_id]:
        tokens = [*tokens, tokenizer.eos_token_id]
    return Encoded(tokens, [False] + [True] * (len(tokens) - 1), [])
