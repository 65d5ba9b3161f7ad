import pytest
from support.public_templates import BY_NAME, CHATML, LLAMA_3_1, MARKS
from support.small_tokenizers import llama3_like

from raysft.data.conversation import dialogue
from raysft.data.tokens.template import encode, prompts, template_digest
from raysft.data.tokens.template_check import check_template
from raysft.data.tokens.template_inputs import with_inputs
from raysft.errors import InputError

FIELD = "models.m.template_inputs"
ASK = [{"role": "user", "content": "hi"}]


@pytest.fixture(scope="module")
def tokenizer():
    return llama3_like(*MARKS)


def text_with(tokenizer, template):
    tokenizer.chat_template = template
    return tokenizer.decode(prompts(tokenizer, [ASK])[0])


def test_a_clock_is_refused_where_it_is_asked_and_only_there(tokenizer):
    tokenizer.chat_template = LLAMA_3_1
    with pytest.raises(InputError, match=r"asks for the date .*template_inputs: {strftime_now: 2024-07-26}"):
        check_template(tokenizer)
    with pytest.raises(InputError, match="asks for the date"):
        encode(tokenizer, dialogue("a", "b"))
    with pytest.raises(InputError, match="asks for the date"):
        prompts(tokenizer, [ASK])
    tokenizer.chat_template = LLAMA_3_1.replace("strftime_now is defined", "strftime_now is undefined")
    check_template(tokenizer)


@pytest.mark.parametrize("inputs", [{"date_string": "26 Jul 2024"}, {"strftime_now": "2024-07-26"}])
def test_a_date_is_fixed_for_everybody_who_renders_the_text(tokenizer, inputs):
    template = with_inputs(LLAMA_3_1, inputs, FIELD)
    assert "Today Date: 26 Jul 2024" in text_with(tokenizer, template)
    check_template(tokenizer)
    assert "Today Date: 26 Jul 2024" in tokenizer.apply_chat_template(ASK, tokenize=False)


def test_other_values_are_other_templates(tokenizer):
    template = "{% if enable_thinking %}x{% endif %}" + CHATML
    digests = set()
    for value in (True, False, None, "no"):
        tokenizer.chat_template = with_inputs(template, {"enable_thinking": value}, FIELD)
        check_template(tokenizer)
        digests.add(template_digest(tokenizer))
    assert len(digests) == 4


@pytest.mark.parametrize("value", ["plain", 'a"b\\', "{% if %}{{ x }}", "é😀\n\t", "'", 7, -1.5, True, False])
def test_a_value_is_what_the_template_reads(tokenizer, value):
    template = with_inputs("{% if word == given %}same{% endif %}" + CHATML, {"word": value}, FIELD)
    tokenizer.chat_template = template
    assert tokenizer.apply_chat_template(ASK, tokenize=False, given=value).startswith("same")


def test_the_template_itself_is_left_as_it_was(tokenizer):
    template = "\n  {% if flag %}{% endif %}\n x " + CHATML
    plain = text_with(tokenizer, template)
    assert text_with(tokenizer, with_inputs(template, {"flag": True}, FIELD)) == plain
    assert with_inputs(template, {}, FIELD) == template


@pytest.mark.parametrize(
    ("inputs", "match"),
    [
        ({"nope": 1}, "template_inputs.nope: 1: the template reads nothing beside the chat"),
        ({"strftime_now": "2024-07-26"}, "the template reads nothing"),
    ],
)
def test_what_a_template_does_not_read_is_refused(inputs, match):
    with pytest.raises(InputError, match=match):
        with_inputs(CHATML, inputs, FIELD)


def test_a_date_that_is_none_is_refused():
    with pytest.raises(InputError, match="write a date"):
        with_inputs(LLAMA_3_1, {"strftime_now": "July"}, FIELD)


@pytest.mark.parametrize(
    ("before", "match"),
    [
        ("{% if documents %}x{% endif %}", "reads documents"),
        ("{% if enable_thinking %}x{% endif %}", r"template_inputs: {enable_thinking: VALUE}"),
        ("{% if mood == 'x' and tone %}x{% endif %}", "reads mood, tone"),
        ("{{ ['a', 'b'] | random }}", "uses random"),
        ("{{ lipsum() }}", "uses lipsum"),
        ("{{ now() }}", "'now' is undefined"),
    ],
)
def test_hidden_inputs_are_refused(tokenizer, before, match):
    tokenizer.chat_template = before + CHATML
    with pytest.raises(InputError, match=match):
        check_template(tokenizer)


@pytest.mark.parametrize(
    "before",
    [
        "{% if enable_thinking is defined and enable_thinking %}x{% endif %}",
        "{% set enable_thinking = enable_thinking | default(true) %}",
        "{% if tools %}x{% endif %}",
        "{% set ns = namespace(x=1) %}{% if ns.x %}{% set y = 1 %}{% endif %}{{ y }}",
        "{{ pad_token }}",
    ],
)
def test_what_never_changes_is_allowed(tokenizer, before):
    tokenizer.chat_template = before + CHATML
    check_template(tokenizer)


@pytest.mark.parametrize("name", sorted({*BY_NAME} - {"llama31"}))
def test_public_templates_have_no_hidden_inputs(tokenizer, name):
    tokenizer.chat_template = BY_NAME[name]
    check_template(tokenizer)


def test_a_special_token_that_only_the_template_reads_is_in_its_digest():
    digests = set()
    for pad in ("<|im_start|>", "<|user|>"):
        tokenizer = llama3_like(*MARKS)
        tokenizer.pad_token = pad
        tokenizer.chat_template = "{{ pad_token }}" + CHATML
        digests.add(template_digest(tokenizer))
    assert len(digests) == 2
