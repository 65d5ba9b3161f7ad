import json
import shutil

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.small_tokenizers import llama1_like
from transformers import AutoTokenizer

from raysft.data.conversation import Conversation, Message, dialogue
from raysft.data.tokens.chat_templates import template_for
from raysft.data.tokens.template import (
    encode,
    encode_all,
    plain,
    prompts,
    template_digest,
    tokenizer_digest,
)
from raysft.data.tokens.tokenizer import CHAT_TEMPLATE, MARKS
from raysft.errors import InputError
from raysft.evaluate.engines.chat_prompt import prompt_tokens
from raysft.identity import digest_bytes

characters = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
pieces = st.lists(characters | st.sampled_from([*MARKS, " ", "\n", "7"]), min_size=1, max_size=4).map("".join)
chats = st.lists(pieces.filter(str.strip), min_size=2, max_size=6).map(lambda turns: dialogue(*turns))
same_tokenizer = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


def said(tokenizer, encoded):
    """What is supervised in each turn, decoded."""
    starts = [0, *encoded.turn_ends]
    turns = zip(starts, encoded.turn_ends, strict=False)
    return [
        tokenizer.decode([encoded.tokens[at] for at in range(start, end) if encoded.supervised[at]])
        for start, end in turns
    ]


@same_tokenizer
@given(chat=chats)
def test_supervised_is_what_the_assistant_says_to_the_end_of_its_turn(tokenizer, chat):
    encoded = encode(tokenizer, chat)
    answers = [one.content for one in chat.messages if one.role == "assistant"]
    assert said(tokenizer, encoded) == [answer + "<|end|>" for answer in answers]
    assert sum(encoded.supervised[max(encoded.turn_ends) :]) == 0
    rendered = tokenizer.apply_chat_template(
        [{"role": one.role, "content": one.content} for one in chat.messages], tokenize=False
    )
    assert tokenizer.decode(encoded.tokens) == rendered


@same_tokenizer
@given(chat=chats)
def test_only_the_template_writes_special_tokens(tokenizer, chat):
    expected = []
    for one in chat.messages:
        expected += [f"<|{one.role}|>"] + ["<|end|>"] * (one.role == "assistant")
    encoded = encode(tokenizer, chat)
    assert [MARKS[token] for token in encoded.tokens if token < len(MARKS)] == expected


@same_tokenizer
@given(batch=st.lists(chats | pieces.map(lambda text: Conversation((Message("text", text),))), max_size=5))
def test_neighbours_in_a_batch_change_nothing(tokenizer, batch):
    assert encode_all(tokenizer, batch) == [encode(tokenizer, one) for one in batch]


def test_prompt_is_the_same_in_training_and_in_answering(tokenizer):
    (prompt,) = prompts(tokenizer, [plain([Message("user", "two?")])])
    assert (
        prompt
        == tokenizer.apply_chat_template(
            [{"role": "user", "content": "two?"}], add_generation_prompt=True, return_dict=True
        )["input_ids"]
    )
    encoded = encode(tokenizer, dialogue("two?", "    2"))
    assert encoded.tokens[: len(prompt)] == prompt
    assert encoded.supervised == [False] * len(prompt) + [True] * (len(encoded.tokens) - len(prompt))
    assert encoded.turn_ends == [len(encoded.tokens)]


@same_tokenizer
@given(chat=chats)
def test_prompts_are_what_stands_before_the_answers(tokenizer, chat):
    encoded = encode(tokenizer, chat)
    before = [plain(chat.messages[:at]) for at in range(1, len(chat.messages), 2)]
    for prompt, end in zip(prompts(tokenizer, before), [0, *encoded.turn_ends], strict=False):
        assert prompt == encoded.tokens[: encoded.supervised.index(True, end)]


def test_prompts_are_those_of_the_engines(tokenizer):
    turns = ["two?", "2 <|end|>", " <|user|>x", "東京\n", "three <|end|>\n"]
    chats = [dialogue(*turns[:count]) for count in (1, 3, 5)]
    asked = [plain(chat.messages) for chat in chats]
    assert prompts(tokenizer, asked) == prompt_tokens(tokenizer, asked)
    assert prompts(tokenizer, []) == []


def test_special_token_in_a_question_is_text_also_where_it_ends_in_white_space():
    """The generation prompt begins with a space here, which melts with the one of the question."""
    tokenizer = llama1_like()
    tokenizer.chat_template = template_for("vicuna", tokenizer)
    chat = dialogue("what is </s>  ", "an end")
    encoded = encode(tokenizer, chat)
    assert prompts(tokenizer, [plain(chat.messages[:1])]) == [
        encoded.tokens[: encoded.supervised.index(True)]
    ]
    assert encoded.tokens.count(tokenizer.eos_token_id) == 1


def test_document_is_supervised_from_its_second_token_to_its_end(tokenizer):
    text = "Tom has 3 apples. <|end|>"
    encoded = encode(tokenizer, Conversation((Message("text", text),)))
    assert tokenizer.decode(encoded.tokens) == text + "<|end|>"
    assert encoded.tokens.count(tokenizer.eos_token_id) == 1
    assert encoded.supervised == [False] + [True] * (len(encoded.tokens) - 1)
    assert encoded.turn_ends == []


def test_role_that_the_template_refuses_is_named(tokenizer):
    tokenizer.chat_template = CHAT_TEMPLATE.replace("in ('system', 'user')", "== 'user'")
    chat = Conversation((Message("system", "s"), *dialogue("a", "b").messages))
    with pytest.raises(InputError, match="no such role: system"):
        encode(tokenizer, chat)


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ("{% for message in messages %}", "line 1: .*is not Jinja"),
        ("{{ begin_token + messages[0]['content'] }}", "'begin_token' is undefined: there are messages"),
    ],
)
def test_template_that_cannot_be_rendered_says_why(tokenizer, template, message):
    tokenizer.chat_template = template
    with pytest.raises(InputError, match=message):
        encode(tokenizer, dialogue("a", "b"))


def test_template_that_changes_special_tokens_of_the_text_is_refused(tokenizer):
    tokenizer.chat_template = CHAT_TEMPLATE.replace("message['content'] -}}", "message['content'][1:] -}}")
    with pytest.raises(InputError, match="changes a special token"):
        encode(tokenizer, dialogue("<|end|> a", "b"))


def test_template_digest_is_that_of_its_text(tokenizer):
    assert template_digest(tokenizer) == digest_bytes(CHAT_TEMPLATE.encode())
    tokenizer.chat_template = "{{ messages }}"
    assert template_digest(tokenizer) == digest_bytes(b"{{ messages }}")


def test_tokenizer_digest_sees_content_and_not_its_spelling(tokenizer, tokenizer_folder, tmp_path):
    before = tokenizer_digest(tokenizer_folder)
    folder = tmp_path / "copy"
    shutil.copytree(tokenizer_folder, folder)
    content = json.loads((folder / "tokenizer.json").read_text())
    backwards = dict(reversed(content.items()))
    backwards["truncation"] = {"direction": "Right", "max_length": 5, "strategy": "LongestFirst", "stride": 0}
    (folder / "tokenizer.json").write_text(json.dumps(backwards, indent=3))
    (folder / "chat_template.jinja").unlink()
    assert tokenizer_digest(folder) == before
    tokenizer.save_pretrained(tmp_path / "saved")
    assert tokenizer_digest(tmp_path / "saved") == before
    content["model"]["merges"].pop()
    (folder / "tokenizer.json").write_text(json.dumps(content))
    assert tokenizer_digest(folder) != before


def test_tokenizer_digest_sees_the_end_token(tokenizer, tokenizer_folder, tmp_path):
    tokenizer.eos_token = "<|pad|>"
    tokenizer.save_pretrained(tmp_path)
    assert tokenizer_digest(tmp_path) != tokenizer_digest(tokenizer_folder)


def test_tokenizer_digest_sees_where_llama_sets_its_spaces(tmp_path):
    """The same tables open as different tokenizers."""
    digests, tokens = [], []
    for number, more in enumerate(({}, {"legacy": False}, {"legacy": True})):
        folder = tmp_path / str(number)
        llama1_like().save_pretrained(folder)
        config = json.loads((folder / "tokenizer_config.json").read_text())
        config |= {"tokenizer_class": "LlamaTokenizer", **more}
        (folder / "tokenizer_config.json").write_text(json.dumps(config))
        digests.append(tokenizer_digest(folder))
        tokens.append(AutoTokenizer.from_pretrained(folder)("uno</s>uno")["input_ids"])
    assert tokens[1] != tokens[2]
    assert len(set(digests)) == 3


def test_folder_without_a_fast_tokenizer_is_refused(tmp_path):
    with pytest.raises(InputError, match="save_pretrained"):
        tokenizer_digest(tmp_path)


@pytest.fixture
def llama():
    """A tokenizer in the manner of LLaMA, with the template of its chat models and marks."""
    tokenizer = llama1_like()
    tokenizer.chat_template = (
        "{{ bos_token }}{% for message in messages %}{% if message['role'] == 'assistant' %}"
        "{% generation %} {{ message['content'] }} {{ eos_token }}{% endgeneration %}"
        "{% else %}[INST] {{ message['content'] }} [/INST]{% endif %}{% endfor %}"
    )
    return tokenizer


def test_tokenizer_in_the_manner_of_llama(llama):
    encoded = encode(llama, dialogue("<s>one</s>", "<b>uno</b>", "two </s>", "dos <s>"))
    assert [token for token in encoded.tokens if token in (1, 2)] == [1, 2, 2]
    assert said(llama, encoded) == ["<b>uno</b> </s>", "dos  <s> </s>"]  # its space before every text
    document = encode(llama, Conversation((Message("text", "<s>one</s> two"),)))
    assert (document.tokens[0], document.tokens[-1]) == (1, 2)
    assert [document.tokens.count(one) for one in (1, 2)] == [1, 1]
