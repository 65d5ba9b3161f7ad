from itertools import product

import pytest
from support.small_tokenizers import SMALL, gpt2_like, llama1_like, llama3_like

from raysft.data.tokens.chat_templates import template_for
from raysft.data.tokens.template_check import check_template, probe_texts
from raysft.data.tokens.tokenizer import CHAT_TEMPLATE
from raysft.errors import InputError

FORM = (
    "{% for message in messages %}<|system|>{{ message['role'] }}\n"
    "{% if message['role'] == 'assistant' %}"
    "{% generation %}{{ message['content'].lstrip() }}<|end|>\n{% endgeneration %}"
    "{% else %}{{ message['content'] }}<|pad|>{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}<|system|>assistant\n{% endif %}"
)

EVERYTHING = (
    "{% for message in messages %}"
    "{% generation %}{{ message['content'] }}<|end|>{% endgeneration %}{% endfor %}"
)

LLAMA_3 = (
    "{{ bos_token }}{% for message in messages %}"
    "<|start_header_id|>{{ message['role'] }}<|end_header_id|>\n\n"
    "{% if message['role'] == 'assistant' %}"
    "{% generation %}{{ message['content'] | trim }}<|eot_id|>{% endgeneration %}"
    "{% else %}{{ message['content'] | trim }}<|eot_id|>{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}<|start_header_id|>assistant<|end_header_id|>\n\n{% endif %}"
)


def refused(tokenizer, template):
    tokenizer.chat_template = template
    with pytest.raises(InputError) as caught:
        check_template(tokenizer, "models.x.template")
    (problem,) = caught.value.problems
    assert problem.field == "models.x.template"
    return problem


@pytest.mark.parametrize(
    "template", [CHAT_TEMPLATE, FORM, FORM.replace("{% generation %}", "{%-generation-%}")]
)
def test_templates_with_marks_pass(tokenizer, template):
    tokenizer.chat_template = template
    check_template(tokenizer)


def test_template_of_llama_3_with_marks_passes():
    tokenizer = llama3_like()
    tokenizer.chat_template = LLAMA_3
    check_template(tokenizer)
    untrimmed = refused(tokenizer, LLAMA_3.replace("| trim }}<|eot_id|>{% end", "}}<|eot_id|>{% end"))
    assert "lstrip()" in untrimmed.remedy


@pytest.mark.parametrize(
    ("kind", "name"),
    [*product(SMALL, ("vicuna", "alpaca", "chatml")), ("llama3", "llama-3"), ("chatml", "llama-3")],
)
def test_our_templates_pass_with_every_kind_of_tokenizer(kind, name):
    tokenizer = SMALL[kind]()
    tokenizer.chat_template = template_for(name, tokenizer)
    check_template(tokenizer)
    assert any("Be brief." in text for text in probe_texts(tokenizer))


@pytest.mark.parametrize(
    ("template", "value"),
    [
        (None, "none"),
        (FORM.replace("{% generation %}", "").replace("{% endgeneration %}", ""), "no generation marks"),
        (FORM.replace("<|end|>\n{% endgeneration %}", "{% endgeneration %}<|end|>\n"), "ends the answer at"),
        (FORM.replace("{% generation %}{{ message['content'].lstrip() }}", "{% generation %}"), "marks ['',"),
        (EVERYTHING, "marks"),
    ],
)
def test_templates_that_do_not_mark_the_whole_answer_are_refused_with_the_marks(tokenizer, template, value):
    problem = refused(tokenizer, template)
    assert value in problem.value
    for needed in ("{% generation %}", "{% endgeneration %}", "template: vicuna", "chatml", "FILE.jinja"):
        assert needed in problem.remedy


def test_several_templates_are_refused(tokenizer):
    assert refused(tokenizer, {"default": FORM, "tool_use": FORM}).value == "several"


def test_tokenizer_without_an_end_token_is_refused(tokenizer):
    tokenizer.eos_token = None
    with pytest.raises(InputError, match=r"chat template of .*: no end token"):
        check_template(tokenizer)


def test_prompt_that_is_not_what_stood_before_the_answer_is_refused_with_the_first_difference(tokenizer):
    problem = refused(tokenizer, FORM.replace("assistant\n{% endif %}", "model\n{% endif %}"))
    assert problem.value.startswith("before the answer 'uno', at token ")
    training, prompt = problem.value.split(" training has ")[1].split(" and a prompt ")
    assert "'<|system|>', 'a" in training
    assert "'<|system|>', 'm" in prompt
    assert "write the same before {% generation %}" in problem.remedy


def test_template_without_a_generation_prompt_is_refused(tokenizer):
    problem = refused(tokenizer, FORM.partition("{% if add")[0])
    assert "{% if add_generation_prompt %}" in problem.remedy
    assert "template: vicuna" in problem.remedy


def test_white_space_that_melts_with_the_prompt_is_refused():
    """`\\n` and an answer that begins with it are one token for Llama 3."""
    tokenizer = llama3_like()
    tokenizer.chat_template = template_for("chatml", tokenizer)
    problem = refused(tokenizer, tokenizer.chat_template.replace(".lstrip()", ""))
    assert r"before the answer '\nx'" in problem.value
    assert r"'assistant', '\n\n', 'x']" in problem.value
    assert r"'assistant', '\n']" in problem.value
    assert "lstrip()" in problem.remedy


@pytest.mark.parametrize(
    ("tokenizer", "answer"), [(llama1_like(), "uno"), (llama3_like(), "uno"), (gpt2_like(), "(x)")]
)
def test_prompt_into_which_a_token_of_the_answer_reaches_is_refused(tokenizer, answer):
    """Stanford Alpaca's own form: the answer directly behind `### Response:`."""
    text = template_for("alpaca", tokenizer).replace(r"Response:\n", "Response:")
    problem = refused(tokenizer, text)
    assert f"before the answer {answer!r}" in problem.value
    assert "no token reaches into the answer" in problem.remedy


def test_space_at_the_end_of_a_prompt_is_refused():
    """It would be a token of its own there, and a part of the first word in training."""
    tokenizer = llama1_like()
    text = template_for("vicuna", tokenizer).replace("ASSISTANT:'", "ASSISTANT: '").replace("' ' + m", "m")
    assert "moved behind {% generation %}" in refused(tokenizer, text).remedy


def test_template_that_refuses_system_messages_passes_without_them(tokenizer):
    tokenizer.chat_template = CHAT_TEMPLATE.replace("in ('system', 'user')", "== 'user'")
    check_template(tokenizer)
    assert not any("Be brief." in text for text in probe_texts(tokenizer))


def test_template_that_goes_wrong_only_with_a_system_message_is_refused(tokenizer):
    wrong = "{%- if add_generation_prompt and messages[0]['role'] == 'system' -%}x{%- endif -%}"
    problem = refused(tokenizer, CHAT_TEMPLATE.replace("{%- if add", wrong + "{%- if add"))
    assert "before the answer 'uno'" in problem.value


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ("{% generation %}", "is not Jinja"),
        ("{{ start_token }}{% generation %}{{ start_token + '' }}{% endgeneration %}", "'start_token'"),
        ("{% generation %}{{ 'a' + 1 }}{% endgeneration %}", "cannot be carried out"),
        ("{% generation %}{{ raise_exception('no') }}{% endgeneration %}", "no"),
    ],
)
def test_template_that_cannot_be_rendered_says_why(tokenizer, template, message):
    assert message in str(refused(tokenizer, template))


def test_an_end_that_the_tokenizer_does_not_know_is_named(tokenizer):
    problem = refused(tokenizer, FORM.replace("<|end|>", "<end_of_turn>"))
    assert problem.value == "ends the answer with '<end_of_turn>'"
    assert "is no special token of this tokenizer" in problem.remedy
