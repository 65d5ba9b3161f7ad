"""Rows as the authors of public sets publish them, under the keys of their own files."""

import json

import pytest

from raysft.data.conversation import Conversation, Message, dialogue
from raysft.data.read.formats import RowFormats, no_format, parse_row
from raysft.errors import Problem

USER, BOT = {"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}
HUMAN, GPT = {"from": "human", "value": "q"}, {"from": "gpt", "value": "a"}
PLAIN = dialogue("q", "a")
SYSTEM = Conversation((Message("system", "s"), *PLAIN.messages))
TWICE = dialogue("q", "a", "r", "b")
THOUGHT = Conversation((Message("user", "q"), Message("assistant", "a", reasoning="hm")))
ABOUT = dialogue("q\n\nc", "a")

READ = {
    "Dolly": ({"instruction": "q", "context": "c", "response": "a", "category": "qa"}, ABOUT, "category"),
    "Dolly, without context": ({"instruction": "q", "context": "", "response": "a"}, PLAIN, ""),
    "LLaMA-Factory": (
        {"instruction": "r", "input": "", "output": "b", "system": "s", "history": [["q", "a"]]},
        Conversation((*SYSTEM.messages, *dialogue("r", "b").messages)),
        "",
    ),
    "ms-swift": ({"query": "r", "response": "b", "history": [["q", "a"]]}, TWICE, ""),
    "Alpaca's own text": ({"instruction": "q", "output": "a", "text": "Below is …"}, PLAIN, "text"),
    "an empty instruction": ({"instruction": "", "input": "q", "output": "a"}, PLAIN, ""),
    "OpenOrca": ({"id": "1", "system_prompt": "s", "question": "q", "response": "a"}, SYSTEM, "id"),
    "OpenOrca, no system": ({"system_prompt": "", "question": "q", "response": "a"}, PLAIN, ""),
    "GSM8K-RFT": ({"query": "q", "response": "2 = <<1+1=2>>2\n#### 2"}, dialogue("q", "2 = 2\n#### 2"), ""),
    "MetaMath": (
        {"type": "AnsAug", "query": "q", "original_question": "o", "response": "a"},
        PLAIN,
        "type original_question",
    ),
    "UltraChat 200k": ({"prompt": "q", "prompt_id": "1", "messages": [USER, BOT]}, PLAIN, "prompt prompt_id"),
    "UltraChat": ({"id": "1", "data": ["q", "a", "r", "b"]}, TWICE, "id"),
    "ShareGPT": ({"id": "1", "conversations": [HUMAN, GPT]}, PLAIN, "id"),
    "Tulu": ({"id": "1", "messages": [USER, BOT], "source": "x"}, PLAIN, "id source"),
    "OpenHermes": (
        {
            "conversations": [{"from": "system", "value": "s", "weight": None}, HUMAN, GPT],
            "system_prompt": None,
        },
        SYSTEM,
        "",
    ),
    "SlimOrca": ({"conversations": [{**HUMAN, "weight": 0.0}, {**GPT, "weight": 1.0}]}, PLAIN, ""),
    "WizardLM": ({"idx": "1", "conversations": [HUMAN, GPT]}, PLAIN, "idx"),
    "Magicoder": (
        {"lang": "py", "raw_index": 1, "seed": "x", "problem": "q", "solution": "a"},
        PLAIN,
        "lang raw_index seed",
    ),
    "OpenMathInstruct": (
        {"problem": "q", "generated_solution": "a", "expected_answer": "5"},
        PLAIN,
        "expected_answer",
    ),
    "a bare result beside a solution": ({"problem": "q", "solution": "a", "answer": "5"}, PLAIN, "answer"),
    "LIMA": ({"conversations": ["q", "a"], "source": "x"}, PLAIN, "source"),
    "Capybara": (
        {"conversation": [{"input": "q", "output": "a"}, {"input": "r", "output": "b"}], "source": "x"},
        TWICE,
        "source",
    ),
    "xtuner": ({"conversation": [{"system": "s", "input": "q", "output": "a"}]}, SYSTEM, ""),
    "MOSS": ({"conversation": [{"human": "q", "assistant": "a"}], "category": "x"}, PLAIN, "category"),
    "LMSYS": ({"model": "x", "conversation": [USER, BOT], "redacted": False}, PLAIN, "model redacted"),
    "SQL with a schema": ({"question": "q", "context": "c", "answer": "a"}, ABOUT, ""),
    "Nemotron": (
        {"input": [USER], "output": "a", "reasoning": "on", "system_prompt": "s"},
        SYSTEM,
        "reasoning",
    ),
    "reasoning in a column": ({"user": "q", "reasoning": "hm", "assistant": "a"}, THOUGHT, ""),
    "gpt-oss": ({"messages": [{**USER, "thinking": None}, {**BOT, "thinking": "hm"}]}, THOUGHT, ""),
    "Aya": ({"inputs": "q", "targets": "a", "language": "x"}, PLAIN, "language"),
    "Firefly": ({"kind": "x", "input": "q", "target": "a"}, PLAIN, "kind"),
    "keys in capitals": ({"Question": "q", "Complex_CoT": "x", "Response": "a"}, PLAIN, "Complex_CoT"),
    "TRL": ({"prompt": [{"role": "system", "content": "s"}, USER], "completion": [BOT]}, SYSTEM, ""),
    "TRL, a single message": ({"prompt": [USER], "completion": BOT}, PLAIN, ""),
    "a prompt of messages": ({"prompt": [USER], "response": "a"}, PLAIN, ""),
    "Bedrock": (
        {
            "system": [{"text": "s"}],
            "messages": [{"role": "user", "content": [{"text": "q"}]}, {"role": "assistant", "content": "a"}],
        },
        SYSTEM,
        "",
    ),
    "messages as JSON": ({"messages": json.dumps([USER, BOT])}, PLAIN, ""),
    "turns as JSON": ({"conversations": json.dumps([HUMAN, GPT])}, PLAIN, ""),
    "OpenAI under conversations": ({"conversations": [USER, BOT]}, PLAIN, ""),
    "ShareGPT under messages": ({"messages": [HUMAN, GPT]}, PLAIN, ""),
    "columns of turns": ({"messages": {"role": ["user", "assistant"], "content": ["q", "a"]}}, PLAIN, ""),
    "a row that is a list": ([USER, BOT], PLAIN, ""),
    "a list without a key of tools": (
        {"conversations": [HUMAN, GPT], "tools": "[]", "images": []},
        PLAIN,
        "",
    ),
    "UltraFeedback's messages": (
        {"messages": [USER, BOT], "chosen": [USER, BOT], "rejected": [USER], "score_chosen": 1.0},
        PLAIN,
        "chosen rejected score_chosen",
    ),
    "KTO, a wanted answer": ({"prompt": "q", "completion": "a", "label": True}, PLAIN, ""),
    "a document with facts": (
        {"text": "d", "meta": {"x": 1}},
        Conversation((Message("text", "d"),)),
        "meta",
    ),
}

PREFERENCE = "is a pair of answers of which one is preferred"
TREE = "is one message or a tree of messages"
REFUSED = {
    "DPO": ({"prompt": "q", "chosen": "a", "rejected": "b"}, PREFERENCE),
    "HH-RLHF": ({"chosen": "a", "rejected": "b"}, PREFERENCE),
    "DPO in ShareGPT": ({"conversations": [HUMAN], "chosen": GPT, "rejected": GPT}, PREFERENCE),
    "StackExchange": ({"question": "q", "response_j": "a", "response_k": "b"}, PREFERENCE),
    "OpenAI's DPO": (
        {"input": {"messages": [USER]}, "preferred_output": [BOT], "non_preferred_output": [BOT]},
        PREFERENCE,
    ),
    "PKU-SafeRLHF": ({"prompt": "q", "response_0": "a", "response_1": "b"}, PREFERENCE),
    "KTO": ({"prompt": "q", "completion": "a", "label": False}, "label is false"),
    "OASST": ({"message_id": "1", "parent_id": None, "text": "t", "role": "prompter"}, TREE),
    "OASST trees": ({"prompt": {"text": "t", "role": "prompter", "replies": []}}, TREE),
    "a message by itself": (USER, TREE),
    "axolotl's segments": ({"segments": [{"label": True, "text": "t"}]}, "has segments"),
    "LLaVA": ({"image": "1.jpg", "conversations": [HUMAN, GPT]}, "has image: pictures and sounds"),
    "function calls": ({"conversations": [HUMAN, GPT], "tools": '[{"name": "f"}]'}, "has tools"),
    "SmolTalk 2 with tools": (
        {"messages": [USER, BOT], "chat_template_kwargs": {"enable_thinking": True, "xml_tools": ["f"]}},
        "gives the template 'xml_tools'",
    ),
    "two answers that differ": (
        {"question": "q", "answer": "a", "response": "b"},
        "answer and response differ",
    ),
    "two system texts": (
        {"system": "s", "messages": [{"role": "system", "content": "t"}, USER, BOT]},
        "the system turn differ",
    ),
    "two contexts": (
        {"instruction": "q", "input": "i", "context": "c", "output": "a"},
        "input and context differ",
    ),
    "a history in one text": ({"instruction": "q", "output": "a", "history": "x"}, "history must be a list"),
    "a history of threes": ({"instruction": "q", "output": "a", "history": [["x", "y", "z"]]}, "a list of 3"),
    "SQuAD": ({"question": "q", "context": "c", "answers": {"text": ["a"]}}, "no known format"),
    "messages in Python's own spelling": ({"messages": "[{'role': 'user'}]"}, "is a text that is not JSON"),
    "LIMA's test": ({"conversations": ["q"]}, "has no assistant turn"),
}


def read(row):
    """As a file of one row is read."""
    name = RowFormats("auto").of(row)
    return parse_row(name, "f:1", row) if name else no_format("f:1", row)


@pytest.mark.parametrize("name", READ)
def test_a_public_row_is_read_and_what_is_not_used_is_told(name):
    row, conversation, unused = READ[name]
    found = read(row)
    assert not isinstance(found, Problem), found
    assert found.conversation == conversation
    assert found.unused == tuple(unused.split())


@pytest.mark.parametrize("name", REFUSED)
def test_a_row_that_cannot_be_carried_is_told_why(name):
    row, cause = REFUSED[name]
    found = read(row)
    assert isinstance(found, Problem), found
    assert cause in found.remedy


def test_two_keys_that_differ_in_capitals_are_two_keys():
    found = read({"question": "q", "answer": "a", "Answer": "b"})
    assert (found.conversation, found.unused) == (PLAIN, ("Answer",))


def test_answers_in_a_prompt_are_read_and_not_learnt():
    found = read({"prompt": [USER, BOT, {"role": "user", "content": "r"}], "completion": "b"})
    assert [one.supervised for one in found.conversation.messages] == [True, False, True, True]


def test_an_answer_of_xtuner_may_be_read_and_not_learnt():
    turns = [{"input": "q", "output": "a", "output_with_loss": False}, {"input": "r", "output": "b"}]
    found = read({"conversation": turns})
    assert [one.supervised for one in found.conversation.messages] == [True, False, True, True]


def test_a_system_text_beside_the_same_in_the_turns_is_one():
    row = {"system": "s", "messages": [{"role": "system", "content": "s"}, USER, BOT]}
    assert read(row).conversation == SYSTEM


def test_the_same_conversation_in_another_form_has_the_same_id():
    asked = {"question": "q", "answer": "1 = <<2-1=1>>1"}
    assert read(asked).conversation.id == read({"query": "q", "response": asked["answer"]}).conversation.id
