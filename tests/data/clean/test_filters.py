import pytest

from raysft.data.clean.filters import DropRules
from raysft.data.conversation import Conversation, Message, dialogue
from raysft.spec.source import DropRule

CHAT = Conversation(
    (Message("system", "Be brief."), Message("user", "What is Rust?"), Message("assistant", "A language."))
)


def drops(row, conversation=CHAT, **rule):
    given = DropRule(**rule)
    label = DropRules([given]).dropping(row, conversation)
    assert label in (None, given.label)
    return label is not None


@pytest.mark.parametrize(
    ("row", "any_of", "none_of"),
    [
        ({"tags": ["code", "chat"]}, True, False),
        ({"tags": "code"}, True, False),
        ({"tags": ["chat"]}, False, True),
        ({"tags": []}, False, True),
        ({"tags": None}, False, True),
        ({"tags": {"code": 1}}, False, True),
        ({}, False, True),
        ({"tags": [["code"]]}, False, True),
        ({"tags": ["3", None]}, True, False),
        ({"tags": 3}, True, False),
        ({"tags": [True]}, True, False),
        ({"tags": "barcode"}, False, True),
        ("code", False, True),
        (None, False, True),
    ],
)
def test_values_of_a_field(row, any_of, none_of):
    values = ["code", "3", "true"]
    assert drops(row, any_of=values) == any_of
    assert drops(row, none_of=values) == none_of


def test_another_field_than_tags():
    assert drops({"lang": "de", "tags": "en"}, field="lang", none_of="en")
    assert not drops({"lang": "en", "tags": "de"}, field="lang", none_of="en")


@pytest.mark.parametrize(
    ("pattern", "role", "dropped"),
    [
        (r"Rust\?$", "any", True),
        (r"^What.*language", "any", False),
        ("brief", "any", True),
        ("brief", "system", True),
        ("brief", "user", False),
        ("language", "assistant", True),
        ("Rust", "assistant", False),
        ("rust", "any", False),
        ("(?i)rust", "any", True),
    ],
)
def test_expression_is_searched_in_every_message_of_a_role(pattern, role, dropped):
    assert drops({}, matches=pattern, role=role) == dropped


def test_length_counts_the_characters_of_all_messages():
    chat = dialogue("123", "äöü", "4", "5")
    assert [drops({}, chat, shorter_than=least) for least in (8, 9)] == [False, True]
    assert [drops({}, chat, longer_than=most) for most in (7, 8)] == [True, False]
    assert drops({}, Conversation((Message("text", "a"),)), longer_than=0)


def test_first_rule_that_fits_says_its_name():
    rules = DropRules([DropRule(longer_than=99), DropRule(matches="Rust"), DropRule(any_of="code")])
    assert rules.dropping({"tags": "code"}, CHAT) == "matches Rust"
    assert rules.dropping({"tags": "code"}, dialogue("a", "b")) == "tags any_of code"
    assert rules.dropping({"tags": "chat"}, dialogue("a", "b")) is None
    assert DropRules([]).dropping({}, CHAT) is None
