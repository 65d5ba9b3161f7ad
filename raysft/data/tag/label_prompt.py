"""Asking a chat model which labels apply to a conversation, and reading its answer strictly.

The model reads texts of strangers, which may ask it for a label: tags by a model are a help, no defence.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from raysft.data.conversation import Conversation
from raysft.errors import InputError, Problem

_LABEL = re.compile(r"[\w][\w.+#-]*(?: [\w.+#-]+)*")
_NONE = "none"
_ASK = """\
Below is a conversation. Which of these labels apply to it: {labels}?
Answer only with the labels that apply, separated by commas, or with "none".

Conversation:
{conversation}

Labels:"""
_CUT = "\n[…]"


@dataclass(frozen=True)
class LabelPrompt:
    """Which labels are asked for, and how much of a conversation is shown."""

    labels: tuple[str, ...]
    characters: int = 2000
    """Of a conversation; what is longer is cut, so that the question fits into the model's context."""

    @classmethod
    def of(cls, labels: Sequence[str], characters: int = 2000) -> "LabelPrompt":
        """A prompt for some labels.

        Raises:
            InputError: no labels, one twice, or one that an answer could not name.
        """
        problems = [
            Problem("--labels", repr(one), "use words of letters and digits; `none` is taken")
            for one in labels
            if not _LABEL.fullmatch(one) or one.lower() == _NONE
        ]
        if not labels or len({one.lower() for one in labels}) < len(labels):
            problems.append(Problem("--labels", ",".join(labels), "name different labels, at least one"))
        if problems:
            raise InputError(problems)
        return cls(tuple(labels), characters)

    @property
    def max_new_tokens(self) -> int:
        """Token limit of an answer: enough for all labels, were each character a token."""
        return sum(len(label) + 2 for label in self.labels) + len(_NONE)

    def question(self, conversation: Conversation) -> str:
        """What the model is asked."""
        text = "\n".join(f"{one.role}: {one.content}" for one in conversation.messages)
        shown = text if len(text) <= self.characters else text[: self.characters] + _CUT
        return _ASK.format(labels=", ".join(self.labels), conversation=shown)

    def labels_in(self, answer: str) -> tuple[str, ...] | None:
        """The labels that an answer names, in the order of `labels`; None where it is anything but a list.

        Capitals, space around labels and a full stop at the end play no part.
        """
        said = {one.strip().lower() for one in answer.strip().removesuffix(".").split(",")}
        if said == {_NONE}:
            return ()
        known = {label.lower() for label in self.labels}
        return tuple(label for label in self.labels if label.lower() in said) if said <= known else None
