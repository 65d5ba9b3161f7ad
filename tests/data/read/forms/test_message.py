"""What one message says beside its text: whether it is learnt, what was thought, what cannot be carried."""

import json

import pytest

from raysft.data.conversation import Conversation, Message, dialogue
from raysft.data.read.formats import ReadRow, parse_row
from raysft.errors import Problem

ASK = {"role": "user", "content": "a"}


def read(*turns, **row):
    return parse_row("messages", "f:1", {"messages": list(turns), **row})


def answer(**said):
    """How an answer with further keys is read."""
    found = read(ASK, {"role": "assistant", "content": "b", **said})
    assert isinstance(found, ReadRow), found
    return found.conversation.messages[-1], found.unused


def refused(*turns, **row):
    found = read(*turns, **row)
    assert isinstance(found, Problem), found
    return found.remedy


@pytest.mark.parametrize("key", ["weight", "train", "training", "trainable", "loss", "loss_mask"])
@pytest.mark.parametrize(
    ("value", "learnt"), [(0, False), (0.0, False), (False, False), (1, True), (1.0, True), (True, True)]
)
def test_an_answer_that_is_marked_as_not_learnt_is_not(key, value, learnt):
    assert answer(**{key: value}) == (Message("assistant", "b", supervised=learnt), ())


def test_two_rows_that_differ_in_a_mark_are_two_conversations():
    marked = read(ASK, {"role": "assistant", "content": "b", "weight": 0})
    assert marked.conversation.id != dialogue("a", "b").id
    assert answer(weight=None)[0] == Message("assistant", "b")


@pytest.mark.parametrize("value", [0.5, 2, -1, float("nan"), "0", [], {}, [1]])
def test_nothing_between_learnt_and_not(value):
    if value in ([], {}):
        assert answer(weight=value)[0].supervised
    else:
        said = refused(ASK, {"role": "assistant", "content": "b", "weight": value})
        assert "a turn is learnt (1, true) or not (0, false), nothing between" in said


def test_marks_that_contradict_each_other_are_told():
    said = refused(ASK, {"role": "assistant", "content": "b", "weight": 1, "train": False})
    assert "weight and train contradict each other" in said


def test_a_mark_on_a_question_is_used_where_it_says_what_is_so_anyway():
    mild = read({**ASK, "weight": 0}, {"role": "assistant", "content": "b"})
    assert (mild.conversation, mild.unused) == (dialogue("a", "b"), ())
    wish = read({**ASK, "train": True}, {"role": "assistant", "content": "b"})
    assert (wish.conversation, wish.unused) == (dialogue("a", "b"), ("messages[].train",))


@pytest.mark.parametrize("key", ["reasoning_content", "reasoning", "thinking"])
def test_reasoning_is_read_under_each_of_its_names(key):
    assert answer(**{key: "hm"}) == (Message("assistant", "b", reasoning="hm"), ())
    assert answer(**{key: ""}) == answer(**{key: " \n"}) == (Message("assistant", "b"), ())


def test_reasoning_that_is_said_twice_must_agree():
    assert answer(reasoning="hm", reasoning_content="hm")[0].reasoning == "hm"
    both = {"role": "assistant", "content": "b", "reasoning": "hm", "thinking": "ha"}
    assert "reasoning and thinking differ" in refused(ASK, both)


def test_parts_of_text_are_one_text_and_parts_of_thought_are_reasoning():
    parts = [
        {"type": "thinking", "thinking": "hm", "signature": "x"},
        {"type": "text", "text": "b", "image_url": None},
        {"text": "c"},
        "d",
    ]
    found, unused = answer(content=parts)
    assert found == Message("assistant", "b\nc\nd", reasoning="hm")
    assert unused == ("messages[].content[].signature",)


@pytest.mark.parametrize(
    "part",
    [
        {"type": "image_url", "image_url": {"url": "x"}},
        {"type": "image"},
        {"type": "text", "text": "b", "image": "x.png"},
        {"type": "input_audio", "input_audio": {"data": "x"}},
        {"type": "tool_use", "name": "f"},
        {"type": "redacted_thinking", "data": "x"},
        {"type": 3, "text": "b"},
    ],
)
def test_a_part_that_is_no_text_is_refused(part):
    said = refused({"role": "user", "content": ["a", part]}, {"role": "assistant", "content": "b"})
    assert "trained on" in said


@pytest.mark.parametrize(
    ("name", "role"),
    [
        *((one, "user") for one in ("user", "human", "Human", "prompter", "USER ")),
        *(
            (one, "assistant")
            for one in ("assistant", "gpt", "chatgpt", "bing", "bard", "model", "bot", "Ai")
        ),
        *((one, "system") for one in ("system", "developer")),
    ],
)
def test_roles_of_public_sets(name, role):
    turn = {"from": name, "value": "c"}
    around = {
        "system": [turn, ASK, {"role": "assistant", "content": "b"}],
        "user": [turn, {"role": "assistant", "content": "b"}],
        "assistant": [ASK, turn],
    }
    found = read(*around[role])
    assert Message(role, "c") in found.conversation.messages


@pytest.mark.parametrize(
    "role", ["tool", "function", "observation", "ipython", "function_call", "tool-response"]
)
def test_the_turns_of_tools_are_refused(role):
    said = refused(ASK, {"role": role, "content": "x"}, {"role": "assistant", "content": "b"})
    assert "the turns of tools cannot be trained on" in said
    assert "a right row" not in said


UNCARRIED = [
    ("tool_calls", [{"id": "1"}]),
    ("function_call", {"name": "f"}),
    ("audio", {"id": "x"}),
    ("images", ["x.png"]),
    ("train_detail", [{"begin_offset": 0, "end_offset": 1, "train": False}]),
]


@pytest.mark.parametrize(("key", "value"), UNCARRIED)
def test_what_cannot_be_carried_is_refused_and_nothing_of_it_is_fine(key, value):
    assert f"has {key}" in refused(ASK, {"role": "assistant", "content": "b", key: value})
    for nothing in (None, [], {}, "", "[]", "{}", "null", {"name": None, "arguments": ""}, [None]):
        assert answer(**{key: nothing}) == (Message("assistant", "b"), ())


def test_content_and_value_may_both_be_there_if_they_agree():
    assert answer(value="b") == (Message("assistant", "b"), ())
    assert "content and value differ" in refused(ASK, {"role": "assistant", "content": "b", "value": "c"})
    assert answer(text="<b>", markdown="*b*")[1] == ("messages[].text", "messages[].markdown")
    assert answer(content=None, value=None, text="c")[0] == Message("assistant", "c")


def test_role_and_from_may_both_be_there_if_they_agree():
    found = read(
        {"role": "user", "from": "human", "content": "a"}, {"from": "gpt", "role": None, "value": "b"}
    )
    assert found.conversation == dialogue("a", "b")
    assert "unknown" not in refused({"role": "user", "from": "gpt", "content": "a"})


def test_reasoning_is_the_assistants_and_a_switch_is_no_text():
    assert answer(thinking=True) == (Message("assistant", "b"), ("messages[].thinking",))
    assert answer(reasoning="on") == (Message("assistant", "b"), ("messages[].reasoning",))
    found = read({**ASK, "reasoning": "hm"}, {"role": "assistant", "content": "b"})
    assert (found.conversation, found.unused) == (dialogue("a", "b"), ("messages[].reasoning",))
    thought = {
        "role": "user",
        "content": [{"type": "thinking", "thinking": "hm"}, {"type": "text", "text": "a"}],
    }
    assert "the user turn has a part that is reasoning" in refused(
        thought, {"role": "assistant", "content": "b"}
    )


def test_a_system_text_in_parts():
    found = read(
        {"role": "system", "content": [{"type": "text", "text": "s"}]}, ASK, {"from": "gpt", "value": "b"}
    )
    assert found.conversation == Conversation((Message("system", "s"), *dialogue("a", "b").messages))


@pytest.mark.parametrize("mark", [{"weight": 0}, {"train": False}, {"training": False}, {"trainable": 0}])
def test_a_row_that_is_marked_as_not_learnt_is_not(mark):
    for name, row in (
        ("messages", {"messages": [ASK, {"role": "assistant", "content": "b", "weight": 1}]}),
        ("prompt_completion", {"prompt": "a", "completion": "b"}),
    ):
        found = parse_row(name, "f:1", {**row, **mark})
        assert found.conversation.messages[-1] == Message("assistant", "b", supervised=False)
        assert found.unused == ()
    assert "leave the row out" in parse_row("text", "f:1", {"text": "a", **mark}).remedy


def test_another_number_of_a_row_is_no_mark():
    row = {"prompt": "a", "completion": "b"}
    assert "nothing between" in parse_row("prompt_completion", "f:1", {**row, "weight": 0.5}).remedy
    for value in (70, -1, float("nan"), "0"):
        found = parse_row("prompt_completion", "f:1", {**row, "weight": value})
        assert (found.conversation, found.unused) == (dialogue("a", "b"), ("weight",))


@pytest.mark.parametrize("texts", [["a"], ["a", "b"]])
def test_several_questions_or_answers_of_one_row_are_no_turns(texts):
    """A file of columns, `{"prompt": [...], "completion": [...]}`, would teach half of its questions."""
    for row in ({"prompt": texts, "completion": texts}, {"prompt": "a", "completion": texts}):
        assert "is a list of texts" in parse_row("prompt_completion", "f:1", row).remedy


def test_messages_as_json_in_the_text_of_a_question_are_messages():
    turns = [{"role": "system", "content": "s"}, {"role": "user", "content": "a"}]
    row = {"prompt": json.dumps(turns), "completion": json.dumps([{"role": "assistant", "content": "b"}])}
    found = parse_row("prompt_completion", "f:1", row).conversation
    assert found == Conversation((Message("system", "s"), *dialogue("a", "b").messages))


@pytest.mark.parametrize("asked", ['[{"name": "x"}] is what?', '[{"name": "x"}]', '[{"role": "cook"}]', "[{"])
def test_other_json_in_a_question_stays_text(asked):
    row = {"prompt": asked, "completion": asked}
    assert parse_row("prompt_completion", "f:1", row).conversation == dialogue(asked, asked)
