import json
import time
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from raysft.data.conversation import Conversation, Message, as_row, dialogue
from raysft.data.read import formats
from raysft.data.read.formats import FORMATS, RowFormats, no_format, strip_calculator, unfitting_row
from raysft.data.read.forms.order import RULES
from raysft.errors import Problem
from raysft.spec.source import CleanRule, FormatName


def parse_row(name, where, row, clean=()):
    """The conversation of a row, or what is wrong with it."""
    found = formats.parse_row(name, where, row, clean)
    return found if isinstance(found, Problem) else found.conversation


SYSTEM = Message("system", "Be brief.")

RIGHT = [
    ("messages", {"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]}),
    ("sharegpt", {"conversations": [{"from": "human", "value": "a"}, {"from": "gpt", "value": "b"}]}),
    ("alpaca", {"instruction": "a", "input": "", "output": "b"}),
    ("alpaca", {"instruction": "a", "response": "b"}),
    ("alpaca", {"instruction": "a", "input": None, "output": "b", "response": "b", "text": "a whole prompt"}),
    ("prompt_completion", {"prompt": "a", "completion": "b"}),
    ("prompt_completion", {"prompt": "a", "response": "b"}),
    ("gsm8k", {"question": "a", "answer": "b"}),
]


@pytest.mark.parametrize(("name", "row"), RIGHT)
def test_right_row_is_read_and_its_format_is_seen(name, row):
    assert RowFormats("auto").of(row) == name
    assert parse_row(name, "f:1", row) == dialogue("a", "b")


def test_a_sweep_file_knows_every_format_and_every_rule():
    assert get_args(FormatName) == ("auto", *FORMATS)
    assert set(get_args(CleanRule)) == set(RULES)


@pytest.mark.parametrize("name", FORMATS)
def test_example_in_messages_is_a_right_row(name):
    example = json.loads(FORMATS[name].example)
    assert isinstance(parse_row(name, "f:1", example), Conversation)
    assert RowFormats("auto").of(example) == name


@pytest.mark.parametrize("row", ["a document", {"text": "a document"}])
def test_text_is_one_document(row):
    assert RowFormats("auto").of(row) == "text"
    assert parse_row("text", "f:1", row) == Conversation((Message("text", "a document"),))


def test_system_message_comes_first_and_an_empty_one_is_left_out():
    turns = [{"from": "human", "value": "a"}, {"from": "gpt", "value": "b"}]
    with_system = Conversation((SYSTEM, *dialogue("a", "b").messages))
    first = {"conversations": [{"from": "system", "value": "Be brief."}, *turns]}
    assert parse_row("sharegpt", "f:1", first) == with_system
    assert parse_row("sharegpt", "f:1", {"conversations": turns, "system": "Be brief."}) == with_system
    empty = {"conversations": [{"from": "system", "value": " "}, *turns]}
    assert parse_row("sharegpt", "f:1", empty) == dialogue("a", "b")


def test_input_follows_the_instruction_and_white_space_is_kept():
    row = {"instruction": "Add.", "input": "2, 3", "output": "    return 5\n"}
    assert parse_row("alpaca", "f:1", row) == dialogue("Add.\n\n2, 3", "    return 5\n")


def test_calculator_annotations_are_removed_and_comparisons_stay():
    row = {"question": "How many?", "answer": "48/2 = <<48/2=24>>24, 1 << 2 < 3\n#### 24"}
    assert parse_row("gsm8k", "f:1", row) == dialogue("How many?", "48/2 = 24, 1 << 2 < 3\n#### 24")
    assert strip_calculator("$<<12/60=0.2>>0.2") == "$0.2"
    assert strip_calculator("<<(80 - 20)*1,000 = 60,000>>60,000") == "60,000"


@pytest.mark.parametrize(
    "answer",
    [
        'std::cout << "n? "; int n; std::cin >> n;',
        "cat <<EOF\nhello\nEOF\necho x >> log",
        "<<-1\n=2>>",
        "mask <<= 2 >> 1",
        "a << 2 >> 1",
        "cout << 1 == cin >> n",
    ],
)
def test_programs_under_the_keys_of_gsm8k_lose_nothing(answer):
    row = {"question": "How?", "answer": answer}
    assert parse_row(RowFormats("auto").of(row), "f:1", row) == dialogue("How?", answer)


def test_many_marks_of_an_annotation_take_no_time():
    evil = "<<" + "1" * 200_000 + "=" * 200_000 + "<<" * 100_000
    assert strip_calculator(evil) == evil


def message(role, content):
    return {"role": role, "content": content}


ASK, SAY = message("user", "a"), message("assistant", "b")

WRONG = [
    ("messages", [1, 2], "is not an object"),
    ("messages", {"text": "a"}, "has no messages"),
    ("messages", {"messages": "a"}, "messages is a text that is not JSON"),
    ("messages", {"messages": []}, "has no assistant turn"),
    ("messages", {"messages": [ASK]}, "has no assistant turn"),
    ("messages", {"messages": [SAY, ASK]}, "has no answer behind a question"),
    ("messages", {"messages": {"role": "user"}}, "messages must be a list, not an object"),
    ("messages", {"messages": [ASK, SAY, message("system", "c")]}, "turn 3 is the system's"),
    (
        "messages",
        {"messages": [ASK, message("narrator", "b")]},
        "unknown role 'narrator'; one of system, developer, user",
    ),
    ("messages", {"messages": [ASK, message(["assistant"], "b")]}, "unknown role"),
    ("messages", {"messages": [ASK, message("assistant", " \n")]}, "the assistant text is empty"),
    (
        "messages",
        {"messages": [ASK, message("assistant", None)]},
        "the assistant text must be text, not null",
    ),
    (
        "messages",
        {"messages": [message("user", [{"type": "text"}]), SAY]},
        "the user text must be text, not null",
    ),
    ("messages", {"messages": [ASK, {"role": "assistant"}]}, "the assistant text must be text, not null"),
    ("messages", {"messages": [ASK, message("assistant", "\ud800")]}, "half of a surrogate pair"),
    ("sharegpt", {"conversations": [{"from": "human", "value": "a"}]}, "has no assistant turn"),
    (
        "sharegpt",
        {"conversations": [{"from": "robot", "value": "a"}]},
        "unknown from 'robot'; one of system, developer, user",
    ),
    ("alpaca", {"instruction": "a", "input": ""}, "has neither output nor response"),
    ("alpaca", {"instruction": "a", "output": "b", "response": "c"}, "output and response differ"),
    ("alpaca", {"instruction": "a", "input": 3, "output": "b"}, "input must be text, not a number"),
    ("alpaca", {"instruction": "a", "output": ""}, "output is empty"),
    ("prompt_completion", {"prompt": "a"}, "has neither completion nor response"),
    ("prompt_completion", {"prompt": 3, "completion": "b"}, "prompt must be text, not a number"),
    ("gsm8k", {"question": "a"}, "has neither answer nor response"),
    ("gsm8k", {"question": "a", "answer": "<<1+1=2>>"}, "answer is empty"),
    ("gsm8k", {"question": "a", "answer": 4}, "answer must be text, not a number"),
    ("text", {"text": ""}, "text is empty"),
    ("text", None, "is not an object"),
]


@pytest.mark.parametrize(("name", "row", "cause"), WRONG)
def test_wrong_row_names_its_place_and_shows_a_right_one(name, row, cause):
    problem = parse_row(name, "chat.jsonl:7", row)
    assert isinstance(problem, Problem)
    assert problem.field == "chat.jsonl:7"
    assert cause in problem.remedy
    assert FORMATS[name].example in problem.remedy
    assert len(problem.value) <= 80
    str(problem).encode("utf-8")


@pytest.mark.parametrize("row", [{"a": 1}, {}, 3, None, [], {"answer": "b"}])
def test_a_row_of_no_format_is_told_the_keys_and_a_file_of_such_rows_every_format(row):
    assert RowFormats("auto").of(row) == ""
    told = unfitting_row("f:1", row)
    assert told.field == "f:1"
    assert all(key in told.remedy for form in FORMATS.values() for key in form.keys)
    assert all(name in no_format("f:1", row).remedy for name in FORMATS)


json_values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    *(
                        "messages",
                        "role",
                        "content",
                        "conversations",
                        "from",
                        "value",
                        "prompt",
                        "text",
                        "data",
                    ),
                    *("instruction", "output", "context", "system", "history", "weight", "train", "tools"),
                    *("reasoning_content", "question", "answer", "query", "response", "type"),
                ]
            ),
            inner | st.sampled_from(["user", "assistant", "human", "gpt", "text", "[]", 0, 1]),
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(st.sampled_from(sorted(FORMATS)), json_values, st.sets(st.sampled_from(get_args(CleanRule))))
def test_any_row_is_a_conversation_or_a_problem(name, row, clean):
    found = parse_row(name, "f:1", row, clean)
    if isinstance(found, Conversation):
        assert found.messages[0].role in ("user", "system", "text")
        assert parse_row(RowFormats("auto").of(as_row(found)), "f:1", as_row(found)) == found
    else:
        assert found.field == "f:1"
        str(found).encode("utf-8")


def deepcopy_of(evil):
    return nested(50_000) if isinstance(evil, list) else evil


def nested(depth):
    row = []
    for _ in range(depth):
        row = [row]
    return row


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize(
    "evil", [nested(50_000), "[" * 100_000, "x" * 5_000_000, {"a": nested(50_000)}], ids=len
)
def test_deep_and_long_values_are_read_in_no_time_or_told(name, evil):
    keys = {key for form in FORMATS.values() for key in (*form.keys, *form.one_of)}
    for row in (
        evil,
        dict.fromkeys(keys, evil),
        {"messages": [{"role": "user", "content": evil, "value": deepcopy_of(evil)}]},
    ):
        found = parse_row(name, "f:1", row)
        assert isinstance(found, Problem | Conversation)
        RowFormats("auto").of(row)


def test_a_long_conversation_takes_time_in_proportion():
    def seconds(turns):
        row = {"messages": [message(("user", "assistant")[k // 2 % 2], "a") for k in range(turns)]}
        begun = time.process_time()
        assert isinstance(parse_row("messages", "f:1", row, ("merge_same_side",)), Conversation)
        return time.process_time() - begun

    assert seconds(80_000) < 20 * max(seconds(10_000), 0.01)


@given(
    st.lists(
        st.text(st.characters(exclude_categories=["Cs"]), min_size=1).filter(str.strip),
        min_size=2,
        max_size=6,
    )
)
def test_both_chat_formats_read_the_same_conversation(turns):
    roles, names = ("user", "assistant"), ("human", "gpt")
    openai = {"messages": [message(roles[k % 2], turn) for k, turn in enumerate(turns)]}
    sharegpt = {"conversations": [{"from": names[k % 2], "value": turn} for k, turn in enumerate(turns)]}
    assert parse_row("messages", "f:1", openai) == parse_row("sharegpt", "f:1", sharegpt) == dialogue(*turns)


ROWS = {
    "messages": {"messages": [{"role": "user", "content": "1"}, {"role": "assistant", "content": "one"}]},
    "sharegpt": {"conversations": [{"from": "human", "value": "2"}, {"from": "gpt", "value": "two"}]},
    "alpaca": {"instruction": "3", "output": "three"},
    "gsm8k": {"question": "4", "answer": "four"},
    "prompt_completion": {"prompt": "5", "completion": "five"},
    "text": {"text": "six"},
    "query_response": {"query": "7", "response": "seven"},
    "problem_solution": {"problem": "8", "solution": "eight"},
    "question_response": {"question": "9", "response": "nine"},
    "input_output": {"input": "10", "output": "ten"},
    "user_assistant": {"user": "11", "assistant": "eleven"},
    "inputs_targets": {"inputs": "12", "targets": "twelve"},
    "ultrachat": {"data": ["13", "thirteen"]},
}


def test_rows_of_one_file_may_be_of_several_formats():
    formats = RowFormats("auto")
    order = [*ROWS, *reversed(ROWS)]
    assert [formats.of(ROWS[name]) for name in order] == order


def test_a_row_that_fits_no_format_is_held_to_the_one_before_it():
    formats = RowFormats("auto")
    rows = [{"question": "4"}, ROWS["gsm8k"], {"question": "4"}, ROWS["text"], 7]
    assert [formats.of(row) for row in rows] == ["", "gsm8k", "gsm8k", "text", "text"]


def test_a_column_without_a_value_does_not_tell_the_format():
    for nothing in (None, "", []):
        everything = {key: nothing for row in ROWS.values() for key in row}
        for name, row in ROWS.items():
            assert RowFormats("auto").of({**everything, **row}) == name


def test_a_format_that_is_said_holds_for_every_row():
    formats = RowFormats("alpaca")
    assert {formats.of(row) for row in ROWS.values()} == {"alpaca"}
