import json
import shutil

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
from transformers import AutoTokenizer, PreTrainedTokenizerFast

from raysft.data.conversation import Conversation, Message, dialogue
from raysft.data.template import (
    check_template,
    encode,
    encode_all,
    template_digest,
    tokenizer_digest,
)
from raysft.data.tokenizer import CHAT_TEMPLATE, MARKS
from raysft.errors import InputError
from raysft.identity import digest_bytes

CHATML = (
    "{% for message in messages %}<|system|>{{ message['role'] }}\n"
    "{% if message['role'] == 'assistant' %}"
    "{% generation %}{{ message['content'] }}<|end|>\n{% endgeneration %}"
    "{% else %}{{ message['content'] }}<|pad|>{% endif %}{% endfor %}"
)

EVERYTHING = (
    "{% for message in messages %}"
    "{% generation %}{{ message['content'] }}<|end|>{% endgeneration %}{% endfor %}"
)

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
    prompt = tokenizer.apply_chat_template(
        [{"role": "user", "content": "two?"}], add_generation_prompt=True, return_dict=True
    )["input_ids"]
    encoded = encode(tokenizer, dialogue("two?", "    2"))
    assert encoded.tokens[: len(prompt)] == prompt
    assert encoded.supervised == [False] * len(prompt) + [True] * (len(encoded.tokens) - len(prompt))
    assert encoded.turn_ends == [len(encoded.tokens)]


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


def test_template_that_changes_special_tokens_of_the_text_is_refused(tokenizer):
    tokenizer.chat_template = CHAT_TEMPLATE.replace("message['content'] -}}", "message['content'][1:] -}}")
    with pytest.raises(InputError, match="changes a special token"):
        encode(tokenizer, dialogue("<|end|> a", "b"))


@pytest.mark.parametrize(
    "template", [CHAT_TEMPLATE, CHATML, CHATML.replace("{% generation %}", "{%-generation-%}")]
)
def test_templates_with_marks_pass(tokenizer, template):
    tokenizer.chat_template = template
    check_template(tokenizer)


@pytest.mark.parametrize(
    ("template", "value"),
    [
        (None, "none"),
        (CHATML.replace("{% generation %}", "").replace("{% endgeneration %}", ""), "no generation marks"),
        (
            CHATML.replace("<|end|>\n{% endgeneration %}", "{% endgeneration %}<|end|>\n"),
            "ends the answer at 'uno'",
        ),
        (
            CHATML.replace(
                "{% generation %}{{ message['content'] }}", "{{ message['content'] }}{% generation %}"
            ),
            "marks",
        ),
        (EVERYTHING, "marks"),
    ],
)
def test_templates_that_do_not_mark_the_whole_answer_are_refused_with_the_marks(tokenizer, template, value):
    tokenizer.chat_template = template
    with pytest.raises(InputError) as caught:
        check_template(tokenizer)
    (problem,) = caught.value.problems
    assert value in problem.value
    assert "{% generation %}" in problem.remedy
    assert "{% endgeneration %}" in problem.remedy


def test_tokenizer_without_an_end_token_is_refused(tokenizer):
    tokenizer.eos_token = None
    with pytest.raises(InputError, match="no end token"):
        check_template(tokenizer)


def test_template_digest_is_that_of_its_text(tokenizer):
    assert template_digest(tokenizer) == digest_bytes(CHAT_TEMPLATE.encode())
    tokenizer.chat_template = CHATML
    assert template_digest(tokenizer) == digest_bytes(CHATML.encode())


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


def test_folder_without_a_fast_tokenizer_is_refused(tmp_path):
    with pytest.raises(InputError, match="save_pretrained"):
        tokenizer_digest(tmp_path)


@pytest.fixture
def llama(tmp_path):
    """A tokenizer in the manner of LLaMA: spaces as ▁, and `<s>` before every text."""
    bpe = Tokenizer(models.BPE(unk_token="<unk>"))
    bpe.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="first")
    bpe.decoder = decoders.Metaspace(prepend_scheme="first")
    special = ["<unk>", "<s>", "</s>"]
    trainer = trainers.BpeTrainer(vocab_size=400, special_tokens=special, show_progress=False)
    bpe.train_from_iterator(["[INST] one two three [/INST] uno dos <s> </s> <b>four</b>"] * 3, trainer)
    bpe.post_processor = processors.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", 1)])
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=bpe, bos_token="<s>", eos_token="</s>", unk_token="<unk>", pad_token="</s>"
    )
    tokenizer.chat_template = (
        "{{ bos_token }}{% for message in messages %}{% if message['role'] == 'assistant' %}"
        "{% generation %} {{ message['content'] }} {{ eos_token }}{% endgeneration %}"
        "{% else %}[INST] {{ message['content'] }} [/INST]{% endif %}{% endfor %}"
    )
    tokenizer.save_pretrained(tmp_path)
    return AutoTokenizer.from_pretrained(tmp_path)


def test_tokenizer_in_the_manner_of_llama(llama):
    check_template(llama)
    encoded = encode(llama, dialogue("<s>one</s>", "<b>uno</b>", "two </s>", "dos <s>"))
    assert [token for token in encoded.tokens if token in (1, 2)] == [1, 2, 2]
    assert said(llama, encoded) == ["<b>uno</b> </s>", "dos  <s> </s>"]  # its space before every text
    document = encode(llama, Conversation((Message("text", "<s>one</s> two"),)))
    assert (document.tokens[0], document.tokens[-1]) == (1, 2)
    assert [document.tokens.count(one) for one in (1, 2)] == [1, 1]
