import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.small_tokenizers import SMALL
from transformers import PreTrainedTokenizerBase

from raysft.data.conversation import Conversation, Message, dialogue
from raysft.data.inspect.token_spans import token_spans
from raysft.data.tokens.chat_templates import template_for
from raysft.data.tokens.template import encode

MADE: dict[tuple[str, str], PreTrainedTokenizerBase] = {}


def dressed(name: str, template: str) -> PreTrainedTokenizerBase:
    if (name, template) not in MADE:
        tokenizer = SMALL[name]()
        tokenizer.chat_template = template_for(template, tokenizer)
        MADE[name, template] = tokenizer
    return MADE[name, template]


ASCII = st.characters(codec="ascii", exclude_categories=["Cc"])
TEXTS = st.text(ASCII, min_size=1, max_size=30).filter(str.strip)


@pytest.mark.parametrize("name", SMALL)
@pytest.mark.parametrize("template", ["vicuna", "alpaca", "chatml"])
@settings(max_examples=10, deadline=None)
@given(turns=st.lists(TEXTS, min_size=2, max_size=4).filter(lambda turns: len(turns) % 2 == 0))
def test_spans_hold_every_token_once_and_the_whole_text(name: str, template: str, turns: list[str]) -> None:
    tokenizer = dressed(name, template)
    encoded = encode(tokenizer, dialogue(*turns))
    spans = token_spans(tokenizer, encoded)
    assert sum(span.tokens for span in spans) == len(encoded.tokens)
    assert sum(span.tokens for span in spans if span.supervised) == sum(encoded.supervised)
    assert "".join(span.text for span in spans) == tokenizer.decode(
        encoded.tokens, clean_up_tokenization_spaces=False
    )
    said = "".join(span.text for span in spans if span.supervised and not span.special)
    assert said.replace(" ", "") == "".join(turns[1::2]).replace(" ", "")


def test_the_answers_are_what_is_supervised() -> None:
    tokenizer = dressed("llama1", "vicuna")
    spans = token_spans(tokenizer, encode(tokenizer, dialogue("one", "uno", "two", "dos")))
    assert [(span.text, span.special) for span in spans if span.supervised] == [
        (" uno", False),
        ("</s>", True),
        (" dos", False),
        ("</s>", True),
    ]
    assert (spans[0].text, spans[0].special) == ("<s>", True)


def test_a_special_token_that_stands_in_a_text_is_text() -> None:
    tokenizer = dressed("llama3", "alpaca")
    spans = token_spans(tokenizer, encode(tokenizer, dialogue("<|end_of_text|>", "<|eot_id|>")))
    assert [span.text for span in spans if span.special] == ["<|begin_of_text|>", "<|end_of_text|>"]
    assert any("<|eot_id|>" in span.text and span.supervised for span in spans if not span.special)


def test_a_document_is_supervised_but_for_its_first_token() -> None:
    tokenizer = dressed("llama1", "vicuna")
    spans = token_spans(tokenizer, encode(tokenizer, Conversation((Message("text", "long ago"),))))
    assert [(span.text, span.supervised, span.special) for span in spans] == [
        ("<s>", False, True),
        (" long ago", True, False),
        ("</s>", True, True),
    ]
