"""Whether all that a conversation says is in what the chat template writes.

Every conversation is held to this when it is tokenised:

* What is between the generation marks of an answer is the answer, with white space at both ends as the
  template likes, and behind it nothing but special tokens. Before the answer there may be the reasoning of
  the turn and what the template sets around it; without reasoning there is nothing.
* The text of every other turn, and the reasoning of an answer, is in the rendering, in the order of the turns
  and before the answer that follows, with white space at both ends as the template likes.

A short text might be found in the template's own words, so a conversation that has one is written once more,
with a character behind it that occurs nowhere else.

A template that takes thoughts out of earlier answers, or has no branch for the system role, is found out by
this. Not covered: a change in the middle of a template's own words, and a tokenizer that changes a text
(lower case); `raysft.data.tokens.template_check` looks at tokens.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Literal, NamedTuple, get_args

from transformers import PreTrainedTokenizerBase

from raysft.data.conversation import Conversation, Message
from raysft.data.tokens.rendering import Rendering, plain, rendered_chats
from raysft.data.tokens.special_tokens import special_tokens, unused_character

Kind = Literal["system", "user", "earlier answer", "answer", "reasoning", "prompt"]
"""What is lost: the text of a turn by its role; `answer`, what is learnt is not the answer; `earlier answer`,
one that is read and not learnt; `prompt`, the model would be asked in another way than it was taught."""

KINDS: tuple[Kind, ...] = get_args(Kind)

_SHORT = 16
"""Characters up to which a text may well be in a template's own words."""


class Lost(NamedTuple):
    """Something of a conversation that did not arrive."""

    kind: Kind
    turn: int
    """From 1."""


def lost_texts(
    tokenizer: PreTrainedTokenizerBase, chats: Sequence[Conversation], rendered: Sequence[Rendering]
) -> list[tuple[Lost, ...]]:
    """What of each conversation is not in its rendering.

    Raises:
        InputError: the template refuses a conversation only when a character is added to its texts.
    """
    ends = _ends(tuple(special_tokens(tokenizer)))
    flagged = {place: one for place, chat in enumerate(chats) if (one := _flagged(chat.messages))}
    again = rendered_chats(tokenizer, [plain(one) for one in flagged.values()]) if flagged else []
    looked_at = [(chat.messages, one) for chat, one in zip(chats, rendered, strict=True)]
    found = [tuple(_lost(*one, ends)) for one in looked_at]
    for place, second in zip(flagged, again, strict=True):
        found[place] = found[place] or tuple(_lost(flagged[place], second, ends))
    return found


@lru_cache
def _ends(special: tuple[str, ...]) -> re.Pattern[str]:
    """What a template may set behind an answer."""
    return re.compile("|".join([r"\s", *map(re.escape, special)]))


def _flagged(messages: Sequence[Message]) -> tuple[Message, ...] | None:
    """The same with a mark behind each short text; None if there is none."""
    if not any(_short(text) for one in messages for text in _looked_for(one)):
        return None
    flag = unused_character("".join(one.content + one.reasoning for one in messages))

    def marked(text: str) -> str:
        return text.rstrip() + flag if _short(text) else text

    return tuple(
        replace(
            one,
            content=one.content if one.role == "assistant" else marked(one.content),
            reasoning=marked(one.reasoning),
        )
        for one in messages
    )


def _looked_for(message: Message) -> tuple[str, ...]:
    """Texts that may be anywhere before an answer; the answer itself is where the marks are."""
    return (message.reasoning,) if message.role == "assistant" else (message.content, message.reasoning)


def _short(text: str) -> bool:
    return len(text) <= _SHORT + 8 and 0 < len(text.strip()) <= _SHORT


def _lost(messages: Sequence[Message], rendering: Rendering, ends: re.Pattern[str]) -> Iterator[Lost]:
    text, spans = rendering
    asked = sum(one.role == "assistant" for one in messages)
    # Where it cannot be told which span is which turn, nothing that is said to be an answer is one.
    told = iter(spans if len(spans) == asked else [(len(text), len(text))] * asked)
    start, end = next(told, (len(text), len(text)))
    place = 0
    for turn, one in enumerate(messages, start=1):
        if one.reasoning:
            found = _found(text, one.reasoning, place, end)
            if found is None:
                yield Lost("reasoning", turn)
            place = found or place
        if one.role != "assistant":
            found = _found(text, one.content, place, start)
            if found is None:
                yield Lost("system" if one.role == "system" else "user", turn)
            place = found or place
            continue
        if not _says(text, one, max(place, start), end, ends, framed=start < place):
            yield Lost("answer" if one.supervised else "earlier answer", turn)
        place = end
        start, end = next(told, (len(text), len(text)))


def _found(text: str, wanted: str, start: int, end: int) -> int | None:
    """Place behind a text, found between two places; None if it is not there."""
    body = wanted.strip()
    place = text.find(body, start, end)
    return None if place < 0 else place + len(body)


def _says(text: str, message: Message, start: int, end: int, ends: re.Pattern[str], *, framed: bool) -> bool:
    """Whether a span is an answer and its end; one that is framed has the template's words before it."""
    body = message.content.strip()
    place = text.find(body, start, end)
    if place < 0 or not (framed or not text[start:place].strip()):
        return False
    place += len(body)
    while place < end:
        match = ends.match(text, place, end)
        if match is None:
            return False
        place = match.end()
    return True
