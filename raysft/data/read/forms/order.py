"""Turns in the order in which they can be trained on: what is wrong with it, and the rules that put it right.

    drop_leading_answer     leaves out what the assistant says before the first question, as dumps of ShareGPT
                            have it that were cut into pieces
    drop_trailing_question  leaves out the questions after the last answer, which are read and never learnt
    merge_same_side         joins what one side says twice in a row, by an empty line

A conversation that needs the first or the last of them is refused unless the rule is on; one that ends with a
question is taken as it is.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import groupby, pairwise

from raysft.data.conversation import Conversation, Message
from raysft.data.read.forms.fields import Malformed, Reading, Refused

Turns = list[Message]


def ordered(messages: Sequence[Message], reading: Reading) -> Conversation:
    """The conversation of some turns, cleaned by the rules that are on.

    An empty system text says nothing and is left out.

    Raises:
        Malformed: user and assistant do not take turns; the message names the rule that would help.
    """
    turns = [one for one in messages if one.role != "system" or one.content.strip()]
    if _in_order(turns):
        return Conversation(tuple(turns))
    for role in ("assistant", "user"):
        if not any(one.role == role for one in turns):
            raise Malformed(f"has no {role} turn")
    missing = []
    for name, rule in RULES.items():
        cleaned = rule.apply(turns)
        if cleaned == turns:
            continue
        if name in reading.clean:
            reading.cleaned.append(name)
        elif rule.needed:
            missing.append((name, rule.cause(turns)))
        else:
            continue
        turns = cleaned
    _check(turns)
    if missing:
        raise Refused(_advice(missing))
    return Conversation(tuple(turns))


def _in_order(turns: Turns) -> bool:
    """Whether user and assistant take turns, the user first and the assistant last."""
    start = int(turns[:1] != [] and turns[0].role == "system")
    roles = [one.role for one in turns[start:]]
    pairs = len(roles) // 2
    return pairs > 0 and roles == ["user", "assistant"] * pairs


def _advice(missing: Sequence[tuple[str, str]]) -> str:
    causes = " and ".join(cause for _, cause in missing)
    rules = ", ".join(name for name, _ in missing)
    return f"{causes}; to clean such rows, put `clean: [{rules}]` on the source"


def _check(turns: Turns) -> None:
    if not any(one.role == "assistant" for one in turns):
        raise Malformed("has no answer behind a question")
    start = int(turns[0].role == "system")
    for place, one in enumerate(turns[start:]):
        expected = ("user", "assistant")[place % 2]
        if one.role != expected:
            raise Malformed(
                f"turn {start + place + 1} is the {one.role}'s, where the {expected} should speak"
            )


def _drop_leading_answer(turns: Turns) -> Turns:
    first = next(place for place, one in enumerate(turns) if one.role == "user")
    return [one for place, one in enumerate(turns) if place > first or one.role != "assistant"]


def _drop_trailing_question(turns: Turns) -> Turns:
    last = max((place for place, one in enumerate(turns) if one.role == "assistant"), default=len(turns))
    return [one for place, one in enumerate(turns) if place < last or one.role != "user"]


def _merge_same_side(turns: Turns) -> Turns:
    return [_joined(list(run)) for _, run in groupby(turns, key=lambda one: one.role)]


def _joined(run: Turns) -> Message:
    first = run[0]
    if len(run) == 1:
        return first
    if len({one.supervised for one in run}) > 1:
        raise Refused("two answers in a row, of which one is learnt and one is not, cannot be joined")
    if any(one.reasoning for one in run[1:]):
        raise Refused("two answers in a row cannot be joined where reasoning stands between them")
    return replace(first, content="\n\n".join(one.content for one in run))


def _repeated(turns: Turns) -> str:
    role = next(one.role for one, after in pairwise(turns) if one.role == after.role)
    return f"has two {role} turns in a row"


@dataclass(frozen=True)
class Rule:
    """One way to clean a conversation."""

    apply: Callable[[Turns], Turns]
    cause: Callable[[Turns], str]
    """What is wrong with turns that it changes."""
    needed: bool
    """Whether such turns are refused without it."""


RULES: dict[str, Rule] = {
    "drop_leading_answer": Rule(_drop_leading_answer, lambda _: "begins with the assistant", needed=True),
    "drop_trailing_question": Rule(_drop_trailing_question, lambda _: "ends with a question", needed=False),
    "merge_same_side": Rule(_merge_same_side, _repeated, needed=True),
}
"""By name, in the order in which they are applied."""
