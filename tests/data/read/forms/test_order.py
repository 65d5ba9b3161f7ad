"""Turns that do not alternate: told by the rule that would help, or cleaned by it."""

from itertools import groupby, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from raysft.data.conversation import Conversation, Message, as_row, dialogue
from raysft.data.read.formats import ReadRow, parse_row
from raysft.data.read.forms.order import RULES
from raysft.errors import Problem

LETTERS = {"s": "system", "u": "user", "a": "assistant"}


def read(turns: str, *clean: str, **last):
    """Read turns by their letters: `uaa` is a question and two answers, numbered by their place."""
    said = [{"role": LETTERS[one], "content": f"{one}{place}"} for place, one in enumerate(turns)]
    said[-1] |= last
    return parse_row("messages", "f:1", {"messages": said}, clean)


NEEDED = [
    ("au", "has no answer behind a question", None),
    ("aua", "begins with the assistant", ["drop_leading_answer"]),
    ("saua", "begins with the assistant", ["drop_leading_answer"]),
    ("uaa", "has two assistant turns in a row", ["merge_same_side"]),
    ("uua", "has two user turns in a row", ["merge_same_side"]),
    ("ssua", "has two system turns in a row", ["merge_same_side"]),
    (
        "aauua",
        "begins with the assistant and has two user turns in a row",
        ["drop_leading_answer", "merge_same_side"],
    ),
]


@pytest.mark.parametrize(("turns", "cause", "rules"), NEEDED)
def test_a_row_that_needs_a_rule_is_told_its_name(turns, cause, rules):
    found = read(turns)
    assert isinstance(found, Problem)
    assert found.remedy.startswith(cause)
    if rules:
        assert f"`clean: [{', '.join(rules)}]`" in found.remedy
        assert isinstance(read(turns, *rules), ReadRow)
        assert read(turns, *rules).cleaned == tuple(rules)
        for one in rules:
            assert isinstance(read(turns, *{*RULES} - {one}), Problem)


def test_what_each_rule_does():
    assert read("aaua", "drop_leading_answer").conversation == dialogue("u2", "a3")
    assert read("uauu", "drop_trailing_question").conversation == dialogue("u0", "a1")
    assert read("uuaaa", "merge_same_side").conversation == dialogue("u0\n\nu1", "a2\n\na3\n\na4")


def test_a_last_question_is_read_unless_its_rule_is_on():
    found = read("uau")
    assert (found.conversation, found.cleaned) == (dialogue("u0", "a1", "u2"), ())
    cleaned = read("uau", "drop_trailing_question")
    assert (cleaned.conversation, cleaned.cleaned) == (dialogue("u0", "a1"), ("drop_trailing_question",))


@pytest.mark.parametrize("turns", ["ua", "sua", "uaua"])
def test_what_is_in_order_is_never_changed(turns):
    assert read(turns, *RULES) == read(turns)
    assert read(turns).cleaned == ()


def test_answers_that_cannot_be_joined_are_told():
    assert "one is learnt and one is not" in read("uaa", "merge_same_side", weight=0).remedy
    assert "reasoning stands between" in read("uaa", "merge_same_side", thinking="hm").remedy


@pytest.mark.parametrize("turns", ["usa", "uas", "uasua"])
def test_a_system_turn_comes_first_or_not_at_all(turns):
    assert "system's, where the" in read(turns, *RULES).remedy


@given(st.text("sua", min_size=1, max_size=9), st.sets(st.sampled_from([*RULES])))
def test_every_order_of_turns_is_refused_or_comes_out_in_order(turns, rules):
    found = read(turns, *rules)
    if isinstance(found, Problem):
        return
    roles = [one.role for one in found.conversation.messages]
    assert all(one != after for one, after in pairwise(roles))
    assert roles[int(roles[0] == "system")] == "user"
    assert "assistant" in roles
    # nothing is lost but what the rules say
    kept = [one for message in found.conversation.messages for one in message.content.split("\n\n")]
    written = [f"{one}{place}" for place, one in enumerate(turns)]
    if not rules & {"drop_leading_answer", "drop_trailing_question"}:
        assert kept == written
    assert set(found.cleaned) <= rules
    assert bool(found.cleaned) == (kept != written or len(roles) != len(turns))
    again = as_row(found.conversation)
    assert parse_row("messages", "f:1", again, rules).conversation == found.conversation


def test_runs_are_joined_side_by_side():
    turns = "u" * 3 + "a" * 2 + "u" + "a"
    found = read(turns, "merge_same_side").conversation
    assert [one.role for one in found.messages] == [LETTERS[key] for key, _ in groupby(turns)]
    assert isinstance(found, Conversation)
    assert found.messages[0] == Message("user", "u0\n\nu1\n\nu2")
