"""A conversation: the one form that every source is read into."""

import json
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

from raysft.identity import digest_bytes

_encode = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False).encode

Role = Literal["system", "user", "assistant", "text"]
"""`text` is a whole document without turns: no template, every token supervised."""


@dataclass(frozen=True)
class Message:
    """One turn."""

    role: Role
    content: str
    reasoning: str = ""
    """What the assistant thought before it said the content; chat templates call it `reasoning_content`."""
    supervised: bool = True
    """False for a turn of the assistant that is read and not learnt; of other roles it says nothing."""

    @property
    def written(self) -> str:
        """All that the turn says, reasoning before content."""
        return f"{self.reasoning}\n\n{self.content}" if self.reasoning else self.content

    def as_json(self) -> list[Any]:
        """Role and content, and behind them only what a turn says beyond these."""
        said = {"reasoning": self.reasoning} if self.reasoning else {}
        kept = {} if self.supervised else {"supervised": False}
        return [self.role, self.content, *([said | kept] if said or kept else [])]

    @classmethod
    def from_json(cls, turn: list[Any]) -> "Message":
        """The message that `as_json` wrote."""
        role, content, *more = turn
        return cls(role, content, **(more[0] if more else {}))


@dataclass(frozen=True)
class Conversation:
    """Turns in their order; the assistant's are learnt unless they say otherwise, and all of a `text` is."""

    messages: tuple[Message, ...]

    @cached_property
    def id(self) -> str:
        """Content address: equal conversations have equal ids, wherever they come from."""
        return digest_bytes(self.canonical)

    @property
    def canonical(self) -> bytes:
        """Roles and texts as JSON with exactly one spelling, on one line."""
        turns = [one.as_json() for one in self.messages]
        # `raysft.identity.canonical_bytes`, spelt out because it is done for every row of every source
        return _encode(turns).encode("utf-8")

    @property
    def question(self) -> int:
        """What the last answer answers, as a number of 64 bits: a digest of all turns before it.

        Equal where roles and words of these turns are equal; how the words are spaced plays no part, and
        neither does the thought behind an earlier answer. Of a document it is the document. Not covered:
        another system turn, other earlier answers, other case or punctuation make another question.
        """
        answers = [place for place, one in enumerate(self.messages) if one.role == "assistant"]
        asked = self.messages[: answers[-1]] if answers else self.messages
        turns = [(one.role, " ".join(one.content.split())) for one in asked]
        text = _encode(turns)
        return int(digest_bytes(text.encode("utf-8"))[:16], 16)


def as_row(conversation: Conversation) -> dict[str, Any]:
    """A row that is read as this conversation: `{"messages": …}`, or `{"text": …}` of a document."""
    first = conversation.messages[0]
    return (
        {"text": first.content}
        if first.role == "text"
        else {"messages": [*map(_turn, conversation.messages)]}
    )


def _turn(message: Message) -> dict[str, Any]:
    turn: dict[str, Any] = {"role": message.role, "content": message.content}
    if message.reasoning:
        turn["reasoning_content"] = message.reasoning
    if not message.supervised:
        turn["train"] = False
    return turn


def dialogue(*turns: str) -> Conversation:
    """A conversation of alternating turns, beginning with the user."""
    roles: tuple[Role, Role] = ("user", "assistant")
    return Conversation(tuple(Message(roles[place % 2], turn) for place, turn in enumerate(turns)))
