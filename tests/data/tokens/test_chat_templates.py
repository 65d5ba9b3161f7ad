import re
from functools import cache

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from support.small_tokenizers import SMALL, gpt2_like, llama3_like, saved

from raysft.data.conversation import Conversation, Message, dialogue
from raysft.data.tokens.chat_templates import TEMPLATES, template_for
from raysft.data.tokens.special_tokens import special_tokens
from raysft.data.tokens.template import encode, plain, prompts, template_digest
from raysft.errors import InputError
from raysft.evaluate.engines.chat_prompt import prompt_tokens, stop_tokens

SYSTEM = (
    "A chat between a curious user and an artificial intelligence assistant. "
    "The assistant gives helpful, detailed, and polite answers to the user's questions."
)
TASK = (
    "Below is an instruction that describes a task. "
    "Write a response that appropriately completes the request."
)
ANY = ("vicuna", "alpaca", "chatml")
"""Templates that serve every tokenizer."""
PAIRS = [(kind, name) for kind in SMALL for name in TEMPLATES if name in ANY or kind in ("llama3", "chatml")]
every = pytest.mark.parametrize(("kind", "name"), PAIRS)
ROUNDS = dialogue("Hi", "Hello", "Bye", "See you")
BRIEF = Conversation((Message("system", "Be brief."), *ROUNDS.messages))

LAYOUTS = {
    ("vicuna", ROUNDS): f"{SYSTEM} USER: Hi ASSISTANT:[ Hello</s>]USER: Bye ASSISTANT:[ See you</s>]",
    ("vicuna", BRIEF): "Be brief. USER: Hi ASSISTANT:[ Hello</s>]USER: Bye ASSISTANT:[ See you</s>]",
    ("alpaca", ROUNDS): (
        f"{TASK}\n\n### Instruction:\nHi\n\n### Response:\n[Hello</s>]"
        "\n\n### Instruction:\nBye\n\n### Response:\n[See you</s>]"
    ),
    ("alpaca", BRIEF): (
        "Be brief.\n\n### Instruction:\nHi\n\n### Response:\n[Hello</s>]"
        "\n\n### Instruction:\nBye\n\n### Response:\n[See you</s>]"
    ),
    ("chatml", ROUNDS): (
        "<|im_start|>user\nHi</s>\n<|im_start|>assistant\n[Hello</s>]\n"
        "<|im_start|>user\nBye</s>\n<|im_start|>assistant\n[See you</s>]\n"
    ),
    ("chatml", BRIEF): (
        "<|im_start|>system\nBe brief.</s>\n"
        "<|im_start|>user\nHi</s>\n<|im_start|>assistant\n[Hello</s>]\n"
        "<|im_start|>user\nBye</s>\n<|im_start|>assistant\n[See you</s>]\n"
    ),
}
"""What each form looks like to a tokenizer whose end token is `</s>`; [what is trained on]."""


@cache
def dressed(kind, name):
    tokenizer = SMALL[kind]()
    tokenizer.chat_template = template_for(name, tokenizer)
    return tokenizer


def supervised(encoded):
    """Tokens that are trained on, of each turn."""
    starts = [0, *encoded.turn_ends]
    return [
        [encoded.tokens[at] for at in range(start, end) if encoded.supervised[at]]
        for start, end in zip(starts, encoded.turn_ends, strict=False)
    ]


def fastchat(messages, system=SYSTEM, ends=(" ", "</s>")):
    """FastChat's rule for two separators, written down independently of any template."""
    text = system + ends[0]
    for place, one in enumerate(messages):
        text += ("USER", "ASSISTANT")[place % 2] + ": " + one.content + ends[place % 2]
    return text


@pytest.mark.parametrize(("name", "chat"), LAYOUTS)
@pytest.mark.parametrize("kind", ["llama1", "llama1-always", "llama1-normalizer"])
def test_layout(kind, name, chat):
    tokenizer, expected = dressed(kind, name), LAYOUTS[name, chat]
    rendered = tokenizer.apply_chat_template(plain(chat.messages), tokenize=False)
    assert rendered.removeprefix("<s>").removeprefix(" ") == re.sub(r"[][]", "", expected)
    marked = re.findall(r"\[(.*?)\]", expected)
    said = [tokenizer.decode(one) for one in supervised(encode(tokenizer, chat))]
    assert said == [text.removeprefix(" ") for text in marked]


@every
def test_a_conversation_has_the_tokens_that_the_tokenizer_gives_to_its_text(kind, name):
    """BOS as the tokenizer adds it: once, or not at all, and with its space."""
    tokenizer = dressed(kind, name)
    text = tokenizer.apply_chat_template(plain(BRIEF.messages), tokenize=False)
    bare = text.removeprefix(tokenizer.bos_token if kind != "gpt2" else "").removeprefix(" ")
    tokens = encode(tokenizer, BRIEF).tokens
    assert tokens == tokenizer(bare)["input_ids"]
    if kind != "gpt2":
        assert tokens[0] == tokenizer.bos_token_id
        assert tokens.count(tokenizer.bos_token_id) == 1
    else:
        assert tokens[0] != tokenizer.bos_token_id


@pytest.mark.parametrize("kind", ["llama1", "llama1-always", "llama1-normalizer"])
def test_vicuna_is_what_fastchat_trains_on(kind):
    """The tokens of the whole text; loss on the answer and its end, the space being in its first token."""
    tokenizer = dressed(kind, "vicuna")
    encoded = encode(tokenizer, ROUNDS)
    assert encoded.tokens == tokenizer(fastchat(ROUNDS.messages))["input_ids"]
    first, _ = supervised(encoded)
    assert tokenizer.convert_ids_to_tokens(first) == ["▁Hello", "</s>"]


def test_chatml_ends_turns_with_its_own_token_where_there_is_one():
    tokenizer = dressed("chatml", "chatml")
    text = tokenizer.apply_chat_template(plain(BRIEF.messages), tokenize=False)
    assert text == "<|begin_of_text|>" + LAYOUTS["chatml", BRIEF].replace("</s>", "<|im_end|>").replace(
        "[", ""
    ).replace("]", "")
    end = tokenizer.convert_tokens_to_ids("<|im_end|>")
    assert [one[-1] for one in supervised(encode(tokenizer, BRIEF))] == [end, end]
    assert stop_tokens(tokenizer) == {end, tokenizer.eos_token_id}


def test_chatml_ends_turns_with_the_end_token_where_its_own_is_only_text():
    tokenizer = llama3_like("<|im_start|>")
    tokenizer.chat_template = template_for("chatml", tokenizer)
    assert "<|im_end|>" not in tokenizer.apply_chat_template(plain(BRIEF.messages), tokenize=False)
    assert stop_tokens(tokenizer) == {tokenizer.eos_token_id}


@every
@pytest.mark.parametrize("answer", [" Hello", "\n\nHello", "\u00a0 \tHello", "Hello"])
def test_an_answer_that_is_asked_on_reads_as_in_training(kind, name, answer):
    """A model writes the space behind `ASSISTANT:` itself, and its answer comes back with it."""
    tokenizer = dressed(kind, name)
    trained = encode(tokenizer, ROUNDS)
    asked = plain(dialogue("Hi", answer, "Bye").messages)
    (prompt,) = prompt_tokens(tokenizer, [asked])
    assert prompt == trained.tokens[: trained.supervised.index(True, trained.turn_ends[0])]


@pytest.mark.parametrize("name", TEMPLATES)
def test_roles_that_a_form_has_no_place_for_are_refused(name):
    tokenizer = dressed("llama3", name)
    late = Conversation((*dialogue("Hi", "Hello").messages, Message("system", "s"), *ROUNDS.messages))
    with pytest.raises(InputError, match="no such role here: system"):
        encode(tokenizer, late)
    with pytest.raises(InputError, match="no such role here: tool"):
        prompt_tokens(tokenizer, [[*plain(ROUNDS.messages), {"role": "tool", "content": "x"}]])


@pytest.mark.parametrize("name", ANY)
def test_two_turns_of_one_speaker_are_told_apart(name):
    tokenizer = dressed("llama1", name)
    chat = Conversation((Message("user", "a"), Message("user", "b"), Message("assistant", "c")))
    said = supervised(encode(tokenizer, Conversation((*chat.messages, Message("assistant", "d")))))
    assert [tokenizer.decode(one) for one in said] == ["c</s>", "d</s>"]
    text = tokenizer.apply_chat_template(plain(chat.messages), tokenize=False)
    assert re.search(r"a(</s>)?\s+(USER: |### Instruction:\n|<\|im_start\|>user\n)b", text)


def test_llama_3_is_laid_out_as_its_authors_do():
    tokenizer = dressed("llama3", "llama-3")
    text = tokenizer.apply_chat_template(plain(BRIEF.messages), tokenize=False)
    turns = [
        ("system", "Be brief."),
        ("user", "Hi"),
        ("assistant", "Hello"),
        ("user", "Bye"),
        ("assistant", "See you"),
    ]
    laid_out = "".join(
        f"<|start_header_id|>{role}<|end_header_id|>\n\n{said}<|eot_id|>" for role, said in turns
    )
    assert text == "<|begin_of_text|>" + laid_out
    end = tokenizer.convert_tokens_to_ids("<|eot_id|>")
    assert stop_tokens(tokenizer) == {end, tokenizer.eos_token_id}


def test_llama_3_needs_its_marks():
    with pytest.raises(InputError, match=r"no special token <\|start_header_id\|>"):
        template_for("llama-3", SMALL["gpt2"]())


def test_tokenizer_without_an_end_token_is_refused():
    tokenizer = gpt2_like()
    tokenizer.eos_token = None
    with pytest.raises(InputError, match=r"models.x.template: no end token"):
        template_for("vicuna", tokenizer, "models.x.template")


@pytest.mark.parametrize("name", TEMPLATES)
def test_a_saved_tokenizer_keeps_its_template(name, tmp_path):
    tokenizer = SMALL["llama3"]()
    before = tokenizer.chat_template = template_for(name, tokenizer)
    opened = saved(tokenizer, tmp_path)
    assert opened.chat_template == before
    assert template_digest(opened) == template_digest(tokenizer)
    assert encode(opened, BRIEF) == encode(tokenizer, BRIEF)
    # what a tokenizer begins with does not depend on the template that it had
    assert template_for(name, opened) == before


def test_what_a_conversation_begins_with_is_the_tokenizers_way():
    begun = {
        kind: template_for("vicuna", make()).partition("\n")[0].partition("begin = ")[2]
        for kind, make in SMALL.items()
    }
    assert begun == {
        "llama1": "bos_token + ' ' -%}",
        "llama1-always": "bos_token -%}",
        "llama1-normalizer": "bos_token -%}",
        "gpt2": "'' -%}",
        "llama3": "bos_token -%}",
        "chatml": "bos_token -%}",
    }


characters = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="▁"), max_size=8)
edges = st.sampled_from(["", " ", "  ", "\n", "\n\n", "\t", "\r\n", "(", ":", "/", "'s", "7", "###", "é"])
texts = st.builds("".join, st.tuples(edges, characters, edges))
openings = st.none() | texts
rounds = st.lists(st.tuples(texts, texts), min_size=1, max_size=3)


def end_of(kind, name):
    """What ends a turn."""
    own = {
        ("chatml", "chatml"): "<|im_end|>",
        ("llama3", "llama-3"): "<|eot_id|>",
        ("chatml", "llama-3"): "<|eot_id|>",
    }
    return own.get((kind, name), SMALL[kind]().eos_token)


def conversation(opening, turns):
    start = () if opening is None else (Message("system", opening),)
    return Conversation((*start, *dialogue(*(text for pair in turns for text in pair)).messages))


@every
@settings(deadline=None, max_examples=40)
@given(opening=openings, turns=rounds)
def test_supervised_is_what_the_assistant_says_and_the_end_of_its_turn(kind, name, opening, turns):
    tokenizer = dressed(kind, name)
    end = end_of(kind, name)
    # in the manner of sentencepiece, such text gets a space before it: see `special_tokens.quoted`
    assume(not any(mark in text for mark in ("<s>", "</s>", "<unk>") for pair in turns for text in pair))
    # its decoder takes the first space away, which is that of the form
    space = " " if name == "vicuna" and not kind.startswith("llama1") else ""
    said = [tokenizer.decode(one) for one in supervised(encode(tokenizer, conversation(opening, turns)))]
    assert said == [space + answer.lstrip() + end for _, answer in turns]


@every
@settings(deadline=None, max_examples=40)
@given(opening=openings, turns=rounds)
def test_prompts_of_the_engines_are_prefixes_of_what_was_trained(kind, name, opening, turns):
    tokenizer = dressed(kind, name)
    chat = conversation(opening, turns)
    # what an engine may refuse to be asked; the test below has such texts
    assume(not any(mark in one.content for mark in special_tokens(tokenizer) for one in chat.messages))
    encoded = encode(tokenizer, chat)
    answers = [at for at, one in enumerate(chat.messages) if one.role == "assistant"]
    asked = prompt_tokens(tokenizer, [plain(chat.messages[:at]) for at in answers])
    for prompt, start in zip(asked, [0, *encoded.turn_ends], strict=False):
        assert prompt == encoded.tokens[: encoded.supervised.index(True, start)]


@every
@settings(deadline=None, max_examples=25)
@given(turns=rounds, marked=st.sampled_from(["{}", "a {} b", "{}{}", " {}"]))
def test_special_tokens_in_a_text_end_no_turn(kind, name, turns, marked):
    tokenizer = dressed(kind, name)
    end = end_of(kind, name)
    text = marked.format(end, end)
    told = [(text + question, answer + text) for question, answer in turns]
    chat = conversation(None, told)
    encoded = encode(tokenizer, chat)
    asked = prompts(tokenizer, [plain(chat.messages[:at]) for at in range(1, len(chat.messages), 2)])
    for prompt, start in zip(asked, [0, *encoded.turn_ends], strict=False):
        assert prompt == encoded.tokens[: encoded.supervised.index(True, start)]
    ends = len(told) * (1 if name in ("vicuna", "alpaca") else 2)
    assert encoded.tokens.count(tokenizer.convert_tokens_to_ids(end)) == ends
    assert len(encoded.turn_ends) == len(told)
