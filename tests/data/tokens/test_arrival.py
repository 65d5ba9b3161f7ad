"""Templates in the manner of public ones, held to what conversations say."""

import pytest
from support.public_templates import BY_NAME, CHATML, MARKS
from support.small_tokenizers import llama3_like, saved

from raysft.data.conversation import Conversation, Message, dialogue
from raysft.data.tokens.chat_templates import TEMPLATES, template_for
from raysft.data.tokens.template import encode, encode_all
from raysft.data.tokens.template_check import asked_otherwise, check_template
from raysft.data.tokens.template_inputs import with_inputs
from raysft.errors import InputError


def system(text):
    return Message("system", text)


def user(text):
    return Message("user", text)


def said(text, **more):
    return Message("assistant", text, **more)


PIRATE = Conversation((system("You speak like a pirate."), user("Hi"), said("Arr")))
SHORT = Conversation((system("I"), user("Hi"), said("Arr")))
THINKS = Conversation(
    (
        user("a question here"),
        said("<think>\nwell\n</think>\n\n42"),
        user("and more?"),
        said("<think>\nhm\n</think>\n\n43"),
    )
)
REASONS = Conversation((user("and why is that?"), said("42", reasoning="because it is so")))
TWICE = Conversation((user("a"), said("b"), said("c")))
HALF = Conversation((user("a"), said("b", supervised=False), user("c"), said("d")))
MARKED = Conversation((user("say <|eot_id|> now"), said("<|eot_id|> done <|im_end|>")))
SPACED = Conversation((user("  x \n"), said(" \n y\n\n")))


@pytest.fixture(scope="module")
def opened(tmp_path_factory):
    return saved(llama3_like(*MARKS), tmp_path_factory.mktemp("tokenizer"))


@pytest.fixture
def tokenizer(opened):
    opened.chat_template = CHATML
    return opened


def use(tokenizer, name):
    text = BY_NAME[name]
    if name == "llama31":
        text = with_inputs(text, {"date_string": "26 Jul 2024"}, "template_inputs")
    tokenizer.chat_template = text


@pytest.mark.parametrize("name", BY_NAME)
def test_a_public_template_carries_usual_conversations(tokenizer, name):
    use(tokenizer, name)
    check_template(tokenizer)
    conversations = [dialogue("What is 2+3?", "5"), dialogue("a", "b", "c", "d"), HALF, MARKED, SPACED]
    encoded = encode_all(tokenizer, conversations)
    assert [one.lost for one in encoded] == [()] * 5
    assert asked_otherwise(tokenizer, conversations, encoded) == [()] * 5


@pytest.mark.parametrize(
    ("name", "conversation", "lost"),
    [
        ("mistral", PIRATE, {("system", 1)}),
        ("mistral", SHORT, {("system", 1)}),
        ("llama2", PIRATE, set()),
        ("gemma3", SHORT, set()),
        ("deepseek", PIRATE, set()),
        ("deepseek", THINKS, {("answer", 2), ("answer", 4)}),
        ("qwen3", THINKS, {("answer", 2)}),
        ("qwen3", REASONS, set()),
        ("qwen3", Conversation((*REASONS.messages, *REASONS.messages)), {("reasoning", 2)}),
        ("qwen25", REASONS, {("reasoning", 2)}),
        ("mistral", TWICE, set()),
    ],
)
def test_what_a_public_template_loses_is_found(tokenizer, name, conversation, lost):
    use(tokenizer, name)
    check_template(tokenizer)
    assert {*encode(tokenizer, conversation).lost} == lost


def test_a_template_without_system_that_says_so_refuses_the_conversation(tokenizer):
    use(tokenizer, "gemma")
    with pytest.raises(InputError, match="System role not supported"):
        encode(tokenizer, PIRATE)


@pytest.mark.parametrize("name", TEMPLATES)
def test_our_templates_carry_everything(tokenizer, name):
    tokenizer.chat_template = template_for(name, tokenizer)
    every = [PIRATE, SHORT, THINKS, REASONS, TWICE, HALF, MARKED, SPACED]
    encoded = encode_all(tokenizer, every)
    assert [one.lost for one in encoded] == [()] * len(every)
    assert asked_otherwise(tokenizer, every, encoded) == [()] * len(every)


def test_reasoning_is_learnt_before_its_answer(tokenizer):
    tokenizer.chat_template = template_for("chatml", tokenizer)
    encoded = encode(tokenizer, REASONS)
    learnt = [token for token, one in zip(encoded.tokens, encoded.supervised, strict=True) if one]
    assert tokenizer.decode(learnt) == "<think>\nbecause it is so\n</think>\n\n42<|im_end|>"


def test_a_turn_that_is_not_to_be_learnt_is_read_and_ends_like_the_others(tokenizer):
    whole = encode(tokenizer, dialogue("a", "b", "c", "d"))
    half = encode(tokenizer, HALF)
    assert (half.tokens, half.turn_ends) == (whole.tokens, whole.turn_ends)
    first, second = half.turn_ends
    assert not any(half.supervised[:first])
    assert half.supervised[first:] == whole.supervised[first:]
    assert sum(half.supervised[first:second]) > 0


def test_turns_side_by_side_have_their_own_ends_and_marks(tokenizer):
    use(tokenizer, "mistral")
    encoded = encode(tokenizer, Conversation((user("a"), said("b", supervised=False), said("c"))))
    first, second = encoded.turn_ends
    assert sum(encoded.supervised[:first]) == 0
    assert all(encoded.supervised[first:second])


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ("message['content'].upper()", "answer"),
        ("message['content'][:-1]", "answer"),
        ("message['content'] + ' '  + message['content']", "answer"),
        ("'Sure: ' + message['content']", "answer"),
        ("message['content'].replace('  ', ' ')", "answer"),
    ],
)
def test_an_answer_that_is_changed_is_found(tokenizer, body, kind):
    tokenizer.chat_template = CHATML.replace("message['content'].lstrip()", body)
    conversation = dialogue("a", "x  yz")
    assert [one.kind for one in encode(tokenizer, conversation).lost] == [kind]


@pytest.mark.parametrize("text", ["user", "assistant", "<|im_start|>", "a", "\n\nuser"])
def test_a_short_text_is_not_found_in_the_words_of_the_template(tokenizer, text):
    tokenizer.chat_template = CHATML.replace(
        "{{ message['content'] + '<|im_end|>' + '\\n'}}",
        "{{ ('' if message['role'] == 'user' else message['content']) + '<|im_end|>' + '\\n'}}",
    )
    assert [one.kind for one in encode(tokenizer, dialogue(text, "b")).lost] == ["user"]
    tokenizer.chat_template = CHATML
    assert encode(tokenizer, dialogue(text, "b")).lost == ()


def test_turns_in_another_order_are_found(tokenizer):
    tokenizer.chat_template = CHATML.replace("in messages %}", "in messages[1:] + messages[:1] %}", 1)
    conversation = Conversation((system("the system's own text"), user("what the user asks"), said("b")))
    assert [one.kind for one in encode(tokenizer, conversation).lost] == ["system"]


def test_a_template_that_asks_otherwise_for_some_texts_only_is_found(tokenizer):
    prompt = "{{ '<|im_start|>assistant\\n' }}"
    assert CHATML.count(prompt) == 1
    changed = "{% if 'code' in messages[0]['content'] %}{{ 'def ' }}{% endif %}"
    tokenizer.chat_template = CHATML.replace(prompt, prompt + changed)
    check_template(tokenizer)
    conversations = [dialogue("some code", "b"), dialogue("a", "b")]
    encoded = encode_all(tokenizer, conversations)
    assert asked_otherwise(tokenizer, conversations, encoded) == [(("prompt", 2),), ()]
