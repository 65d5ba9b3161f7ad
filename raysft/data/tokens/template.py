"""From conversations to tokens, through the tokenizer's chat template and its generation marks.

Which tokens are supervised is never guessed from the text: the template says it, with `{% generation %}`
before what the assistant says and `{% endgeneration %}` after the token that ends its turn.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from transformers import BatchEncoding, PreTrainedTokenizerBase

from raysft.data.conversation import Conversation, Message
from raysft.data.tokens.arrival import Lost, lost_texts
from raysft.data.tokens.rendering import Plain, Rendering, plain, rendered_chats, rendered_prompts
from raysft.data.tokens.special_tokens import quoted, special_tokens
from raysft.data.tokens.template_inputs import special_tokens_read
from raysft.errors import InputError, Problem
from raysft.identity import canonical_bytes, digest_bytes

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
    lost: tuple[Lost, ...] = ()
    """What of the conversation is not in the tokens; see `raysft.data.tokens.arrival`."""


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


def prompts(
    tokenizer: PreTrainedTokenizerBase, chats: Sequence[Plain], *, add_generation_prompt: bool = True
) -> list[list[int]]:
    """What a model reads before it answers each chat: the chat and the template's generation prompt.

    It is also what `encode` sets before the answer: `raysft.data.tokens.template_check` holds a template to
    this.

    Raises:
        InputError: the template refuses a chat, or cannot be told apart from its text.
    """
    if not chats:
        return []
    texts = rendered_prompts(tokenizer, chats, add_generation_prompt=add_generation_prompt)
    found = _tokens(tokenizer, texts)["input_ids"]
    special = special_tokens(tokenizer)
    return [
        quoted(
            tokenizer,
            messages,
            tokens,
            [0] * len(tokens),
            special,
            add_generation_prompt=add_generation_prompt,
        )[0]
        for messages, tokens in zip(chats, found, strict=True)
    ]


def template_digest(tokenizer: PreTrainedTokenizerBase) -> str:
    """Digest of the text of the chat template, with special tokens that only the template reads."""
    text = tokenizer.get_chat_template()
    read = {name: one for name, one in special_tokens_read(tokenizer).items() if name not in _DEFINING}
    return digest_bytes(canonical_bytes({"text": text, "reads": read}) if read else text.encode("utf-8"))


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
    rendered = rendered_chats(tokenizer, texts)
    out, special = _tokens(tokenizer, [one.text for one in rendered]), special_tokens(tokenizer)
    lost = lost_texts(tokenizer, chats, rendered)
    found = []
    for place, chat in enumerate(chats):
        tokens, mask = out["input_ids"][place], _mask(out, place, chat.messages, rendered[place])
        found.append(_encoded(*quoted(tokenizer, texts[place], tokens, mask, special), lost[place]))
    return found


def _tokens(tokenizer: PreTrainedTokenizerBase, texts: Sequence[str]) -> BatchEncoding:
    return tokenizer(
        list(texts),
        add_special_tokens=False,
        split_special_tokens=False,
        return_attention_mask=False,
        verbose=False,
    )


def _mask(out: BatchEncoding, place: int, messages: Sequence[Message], rendering: Rendering) -> list[int]:
    """One mark per token of a chat: 2n of the n-th answer, 2n + 1 if it enters the loss, 0 of all else."""
    mask = [0] * len(out["input_ids"][place])
    learnt = _learnt(messages, rendering)
    for answer, (start, end) in enumerate(rendering.answers):
        # White space at an end of a span may have no token of its own.
        first = _token(out, place, range(start, end))
        last = _token(out, place, range(end - 1, start - 1, -1))
        if first is not None and last is not None:
            mask[first : last + 1] = [2 * (answer + 1) + learnt[answer]] * (last + 1 - first)
    return mask


def _token(out: BatchEncoding, place: int, characters: range) -> int | None:
    found = (out.char_to_token(place, at) for at in characters)
    return next((one for one in found if one is not None), None)


def _learnt(messages: Sequence[Message], rendering: Rendering) -> list[bool]:
    """Of each span between generation marks, whether it enters the loss.

    Raises:
        InputError: it cannot be told which turn a span is, and not all turns are to be learnt.
    """
    turns = [one.supervised for one in messages if one.role == "assistant"]
    if len(turns) == len(rendering.answers):
        return turns
    if all(turns):
        return [True] * len(rendering.answers)
    found = f"{len(rendering.answers)} marked for {len(turns)} turns of the assistant"
    remedy = "set generation marks once around each, for some of them are not to be learnt"
    raise InputError([Problem("chat template", found, remedy)])


def _encoded(tokens: list[int], mask: list[int], lost: tuple[Lost, ...]) -> Encoded:
    supervised = [one % 2 == 1 for one in mask]
    supervised[:1] = [False]
    ends = [place for place in range(1, len(mask)) if mask[place - 1] and mask[place] != mask[place - 1]]
    return Encoded(tokens, supervised, [*ends, len(mask)] if mask[-1] else ends, lost)


def _is_document(conversation: Conversation) -> bool:
    return conversation.messages[0].role == "text"


def _document(tokenizer: PreTrainedTokenizerBase, conversation: Conversation) -> Encoded:
    (text,) = conversation.messages
    tokens = tokenizer(text.content, split_special_tokens=True, verbose=False)["input_ids"]
    if tokens[-1:] != [tokenizer.eos_token_id]:
        tokens = [*tokens, tokenizer.eos_token_id]
    return Encoded(tokens, [False] + [text.supervised] * (len(tokens) - 1), [])
