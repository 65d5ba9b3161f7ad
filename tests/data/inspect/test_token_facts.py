import json
from pathlib import Path

import numpy as np
import pytest
from support.small_tokenizers import llama1_like
from transformers import AutoTokenizer

from raysft.data.inspect.file_facts import Spread
from raysft.data.inspect.named_source import named_source
from raysft.data.inspect.token_facts import count_tokens, refused
from raysft.data.sources.pipeline import Source, load_source
from raysft.data.tokens.chat_templates import template_for
from raysft.data.tokens.fitting import fit_length
from raysft.data.tokens.template import encode
from raysft.errors import InputError

ANSWER = "{{- ' ASSISTANT:' -}}"
TURNS = ["Hello there", "How are you today, my friend?", "x", "Tell me a long story about a fox and a crow."]


@pytest.fixture(scope="module")
def vicuna_folder(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("vicuna")
    tokenizer = llama1_like()
    tokenizer.chat_template = template_for("vicuna", tokenizer)
    tokenizer.save_pretrained(folder)
    return folder


def chat(start: int, size: int) -> dict[str, object]:
    texts = [TURNS[(start + turn) % 4] for turn in range(size)]
    roles = ("user", "assistant")
    return {"messages": [{"role": role, "content": text} for text in texts for role in roles]}


@pytest.fixture
def source(tmp_path: Path) -> Source:
    """Chats of one to four turns, two of them twice."""
    rows = [chat(place, 1 + place % 4) for place in range(8)]
    file = tmp_path / "chats.jsonl"
    file.write_text("".join(f"{json.dumps(row)}\n" for row in [*rows, *rows[:2]]))
    named = named_source([str(file)])
    return load_source(named.key, named.source, named.data_dir, {})


@pytest.mark.parametrize("overflow", ["cut", "split", "drop"])
@pytest.mark.parametrize("max_length", [20, 60, 100, 1000])
def test_tokens_are_those_that_training_sees(
    source: Source, vicuna_folder: Path, max_length: int, overflow: str
) -> None:
    tokenizer = AutoTokenizer.from_pretrained(vicuna_folder)
    encoded = [encode(tokenizer, source.conversation(one)) for one in source.index.ids]
    fitted = [fit_length(one, max_length, overflow) for one in encoded]
    found = count_tokens(source, vicuna_folder, max_length, overflow)
    lengths = np.array([len(one.tokens) for one in encoded])
    assert found.tokens == Spread.of(lengths)
    assert found.supervised_tokens == sum(sum(one.supervised) for one in encoded)
    assert found.longer == (lengths > max_length).sum()
    whats = [one.what for one in fitted]
    assert [found.cut, found.split, found.dropped] == [
        whats.count(one) for one in ("cut", "split", "dropped")
    ]
    pieces = [piece for one in fitted for piece in one.pieces]
    assert found.trained_tokens == sum(len(piece.tokens) for piece in pieces)
    assert found.trained_supervised_tokens == sum(sum(piece.supervised) for piece in pieces)


def test_conversations_that_the_template_refuses_are_told(vicuna_folder: Path, tmp_path: Path) -> None:
    tokenizer = AutoTokenizer.from_pretrained(vicuna_folder)
    refusing = "{%- if 'fox' in message['content'] -%}{{- raise_exception('no foxes') -}}{%- endif -%}"
    tokenizer.chat_template = tokenizer.chat_template.replace(ANSWER, refusing + ANSWER, 1)
    tokenizer.save_pretrained(tmp_path / "picky")
    file = tmp_path / "rows.jsonl"
    file.write_text("".join(f'{{"prompt": "{one}", "completion": "{one}"}}\n' for one in TURNS))
    named = named_source([str(file)])
    source = load_source(named.key, named.source, named.data_dir, {})
    with pytest.raises(InputError, match="no foxes"):
        count_tokens(source, tmp_path / "picky", 100, "split")
    (problem,) = refused(source, tokenizer)
    assert problem.field.startswith("conversation ")
    assert "fox" in problem.value
    assert "no foxes" in problem.remedy
