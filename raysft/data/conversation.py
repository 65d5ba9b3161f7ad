"""A conversation: the one form that every source is read into."""

import json
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

from raysft.identity import digest_bytes

Role = Literal["system", "user", "assistant", "text"]
"""`text` is a whole document without turns: no template, every token supervised."""


@dataclass(frozen=True)
class Message:
    """One turn."""

    role: Role
    content: str


@dataclass(frozen=True)
class Conversation:
    """Turns in their order; supervised are the assistant's, or the whole of a `text`."""

    messages: tuple[Message, ...]

    @cached_property
    def id(self) -> str:
        """Content address: equal conversations have equal ids, wherever they come from."""
        return digest_bytes(self.canonical)

    @property
    def canonical(self) -> bytes:
        """Roles and texts as JSON with exactly one spelling, on one line."""
        turns = [[one.role, one.content] for one in self.messages]
        # `raysft.identity.canonical_bytes`, spelt out because it is done for every row of every source
        return json.dumps(turns, separators=(",", ":"), ensure_ascii=False).encode("utf-8")


def as_row(conversation: Conversation) -> dict[str, Any]:
    """A row that is read as this conversation: `{"messages": …}`, or `{"text": …}` of a document."""
    messages = [{"role": one.role, "content": one.content} for one in conversation.messages]
    return {"text": messages[0]["content"]} if messages[0]["role"] == "text" else {"messages": messages}


def dialogue(*turns: str) -> Conversation:
    """A conversation of alternating turns, beginning with the user."""
    roles: tuple[Role, Role] = ("user", "assistant")
    return Conversation(tuple(Message(roles[place % 2], turn) for place, turn in enumerate(turns)))
