"""Conversations that a source leaves out: rules of a sweep file, made ready to be asked row by row."""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence

from raysft.data.conversation import Conversation
from raysft.spec.source import DropRule

Condition = Callable[[object, Conversation], bool]
"""Whether a rule drops a conversation; the first argument is the row that it was read from."""


class DropRules:
    """Several rules; the first that fits has dropped a conversation."""

    def __init__(self, rules: Sequence[DropRule]) -> None:
        self._conditions = [(rule.label, _condition(rule)) for rule in rules]

    def dropping(self, row: object, conversation: Conversation) -> str | None:
        """Label of the rule that drops a conversation, or None.

        Args:
            row: as JSON gives it; a built-in source has none, and no fields for `any_of` and `none_of`.
            conversation: what was read from it.
        """
        return next((label for label, fits in self._conditions if fits(row, conversation)), None)


def _condition(rule: DropRule) -> Condition:
    if rule.any_of is not None:
        unwanted = frozenset(rule.any_of)
        return lambda row, _: not unwanted.isdisjoint(_values(row, rule.field))
    if rule.none_of is not None:
        wanted = frozenset(rule.none_of)
        return lambda row, _: wanted.isdisjoint(_values(row, rule.field))
    if rule.matches is not None:
        pattern = re.compile(rule.matches)
        return lambda _, conversation: any(map(pattern.search, _texts(conversation, rule.role)))
    if rule.shorter_than is not None:
        least = rule.shorter_than
        return lambda _, conversation: _characters(conversation) < least
    most = rule.longer_than or 0
    return lambda _, conversation: _characters(conversation) > most


def _values(row: object, field: str) -> Iterator[str]:
    """The texts of a field: its text or those in its list; a number or truth value is spelt as in JSON."""
    value = row.get(field) if isinstance(row, Mapping) else None
    for one in value if isinstance(value, list) else [value]:
        if isinstance(one, str):
            yield one
        elif isinstance(one, bool | int | float):
            yield json.dumps(one)


def _texts(conversation: Conversation, role: str) -> Iterator[str]:
    return (one.written for one in conversation.messages if role in ("any", one.role))


def _characters(conversation: Conversation) -> int:
    return sum(len(one.written) for one in conversation.messages)
