from pathlib import Path

import pytest
from support.chat_model_folder import TEXT
from transformers import AutoTokenizer, GenerationConfig, PreTrainedTokenizerBase

from raysft.data.conversation import dialogue
from raysft.data.tokens.template import encode
from raysft.data.tokens.tokenizer import train_tokenizer
from raysft.errors import InputError
from raysft.evaluate.engines.chat_prompt import chat, prompt_tokens, stop_tokens


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory: pytest.TempPathFactory) -> PreTrainedTokenizerBase:
    folder = tmp_path_factory.mktemp("tokenizer")
    train_tokenizer(iter(TEXT), 300, folder)
    return AutoTokenizer.from_pretrained(folder)


def test_a_chat_ends_with_the_turn_to_be_answered() -> None:
    assert [one["content"] for one in chat(("a", "b", "c"), ("A",))] == ["a", "A", "b"]
    assert [one["role"] for one in chat(("a", "b"), ("A",))] == ["user", "assistant", "user"]


@pytest.mark.parametrize("turn", ["How many?", "", "a <|end|> in the text", "<|user|><|assistant|>", "東京"])
def test_the_model_reads_what_it_read_in_training(tokenizer: PreTrainedTokenizerBase, turn: str) -> None:
    """Up to the first token that training would predict."""
    trained = encode(tokenizer, dialogue(turn, "seven"))
    (prompt,) = prompt_tokens(tokenizer, [chat((turn,), ())])
    assert prompt == trained.tokens[: trained.supervised.index(True)]


def test_an_earlier_answer_is_part_of_the_prompt(tokenizer: PreTrainedTokenizerBase) -> None:
    one, two = prompt_tokens(tokenizer, [chat(("a", "b"), ()), chat(("a", "b"), ("says <|end|> so",))])
    trained = encode(tokenizer, dialogue("a", "says <|end|> so", "b", "x"))
    assert two[: len(one)] == one
    assert two == trained.tokens[: len(two)]
    assert trained.supervised[len(two)]
    assert not trained.supervised[len(two) - 1]


def test_answers_end_at_every_token_that_says_so(tokenizer: PreTrainedTokenizerBase) -> None:
    end = tokenizer.eos_token_id
    assert stop_tokens(tokenizer) == {end}
    assert stop_tokens(tokenizer, GenerationConfig(eos_token_id=[7, 8])) == {end, 7, 8}
    assert stop_tokens(tokenizer, GenerationConfig(eos_token_id=9)) == {end, 9}


def test_the_end_of_a_turn_counts_where_it_is_not_the_end_of_the_sequence(tmp_path: Path) -> None:
    train_tokenizer(iter(TEXT), 300, tmp_path)
    tokenizer = AutoTokenizer.from_pretrained(tmp_path)
    turn_end, pad = tokenizer.eos_token_id, tokenizer.pad_token_id
    tokenizer.eos_token = tokenizer.pad_token
    assert stop_tokens(tokenizer) == {turn_end, pad}


def test_without_a_template_nothing_can_be_asked(tmp_path: Path) -> None:
    train_tokenizer(iter(TEXT), 300, tmp_path)
    tokenizer = AutoTokenizer.from_pretrained(tmp_path)
    tokenizer.chat_template = None
    with pytest.raises(InputError, match="give the tokenizer a chat template"):
        prompt_tokens(tokenizer, [chat(("a",), ())])


def test_a_template_that_refuses_says_why(tmp_path: Path) -> None:
    train_tokenizer(iter(TEXT), 300, tmp_path)
    tokenizer = AutoTokenizer.from_pretrained(tmp_path)
    tokenizer.chat_template = "{{ raise_exception('one turn only') }}"
    with pytest.raises(InputError, match="one turn only"):
        prompt_tokens(tokenizer, [chat(("a",), ())])
