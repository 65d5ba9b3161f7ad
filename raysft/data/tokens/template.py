"""From conversations to tokens, through the tokenizer's chat template and its generation marks.

Which tokens are supervised is never guessed from the text: the template says it, with `{% generation %}`
before what the assistant says and `{% endgeneration %}` after the token that ends its turn.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import TemplateError, TemplateSyntaxError, UndefinedError
from transformers import PreTrainedTokenizerBase

from raysft.data.conversation import Conversation, Message
from raysft.data.tokens.special_tokens import quoted, special_tokens
from raysft.errors import InputError, Problem
from raysft.identity import canonical_bytes, digest_bytes

Plain = list[dict[str, str]]
"""A chat as templates take it."""

_DEFINING = ("tokenizer_class", "bos_token", "eos_token", "unk_token", "add_bos_token", "add_eos_token")
"""What changes tokens in tokenizer_config.json; the rest is about padding, paths and versions."""
_DEFINING_IF_GIVEN = ("legacy", "add_prefix_space")
"""What changes them only for some classes: where LLaMA's sets the space before a text."""


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
    to occur in a text (`</s>` in a web page) are encoded as ordinary characters, so that nothing but the
    template can end a turn.

    Raises:
        InputError: the template refuses a conversation, or cannot be told apart from its text.
    """
    chats = iter(_chats(tokenizer, [one for one in conversations if not _is_document(one)]))
    return [_document(tokenizer, one) if _is_document(one) else next(chats) for one in conversations]


def plain(messages: Sequence[Message]) -> Plain:
    """Messages as templates take them."""
    return [{"role": one.role, "content": one.content} for one in messages]


def prompts(tokenizer: PreTrainedTokenizerBase, chats: Sequence[Plain]) -> list[list[int]]:
    """What a model reads before it answers each chat: the chat and the template's generation prompt.

    It is also what `encode` sets before the answer: `raysft.data.tokens.template_check` holds a template to
    this.

    Raises:
        InputError: the template refuses a chat, or cannot be told apart from its text.
    """
    if not chats:
        return []
    found = _rendered(tokenizer, chats, add_generation_prompt=True)["input_ids"]
    special = special_tokens(tokenizer)
    return [
        quoted(tokenizer, messages, tokens, [0] * len(tokens), special, add_generation_prompt=True)[0]
        for messages, tokens in zip(chats, found, strict=True)
    ]


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
    defining = {key: config.get(key) for key in _DEFINING}
    defining |= {key: config[key] for key in _DEFINING_IF_GIVEN if key in config}
    return digest_bytes(canonical_bytes({"model": tables, "config": defining}))


def _chats(tokenizer: PreTrainedTokenizerBase, chats: Sequence[Conversation]) -> list[Encoded]:
    if not chats:
        return []
    texts = [plain(chat.messages) for chat in chats]
    out = _rendered(tokenizer, texts, return_assistant_tokens_mask=True)
    special = special_tokens(tokenizer)
    found = zip(texts, out["input_ids"], out["assistant_masks"], strict=True)
    return [_encoded(*quoted(tokenizer, messages, tokens, mask, special)) for messages, tokens, mask in found]


def _rendered(tokenizer: PreTrainedTokenizerBase, chats: Sequence[Plain], **settings: bool) -> Any:  # noqa: ANN401 - transformers' record
    quiet = {"return_attention_mask": False, "split_special_tokens": False, "verbose": False}
    try:
        return tokenizer.apply_chat_template(
            list(chats), tokenize=True, return_dict=True, tokenizer_kwargs=quiet, **settings
        )
    except TemplateSyntaxError as error:
        problem = Problem("chat template", f"line {error.lineno}: {error.message}", "is not Jinja")
    except UndefinedError as error:
        remedy = "there are messages, add_generation_prompt and the special tokens that the tokenizer has"
        problem = Problem("chat template", str(error), remedy)
    except TemplateError as error:
        problem = Problem("chat template", str(error), "it cannot carry this source's roles")
    raise InputError([problem])


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
