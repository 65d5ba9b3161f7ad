import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from transformers import AutoTokenizer

from raysft.data.tokens.tokenizer import CHAT_TEMPLATE, MARKS, train_tokenizer
from raysft.errors import InputError

TEXTS = ["two words", "two more words, 12 of them", "words and words and 345 words"] * 3

TRAIN = """
import sys
from pathlib import Path
from raysft.data.tokens.tokenizer import train_tokenizer
train_tokenizer(iter(["two words", "two more words, 12 of them", "words and words and 345 words"] * 3),
                280, Path(sys.argv[1]), 64)
"""


def file_digests(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.iterdir())}


def test_another_process_trains_the_same_bytes(tmp_path):
    train_tokenizer(iter(TEXTS), 280, tmp_path / "here", 64)
    environment = {**os.environ, "PYTHONHASHSEED": "7", "RAYON_NUM_THREADS": "1"}
    subprocess.run([sys.executable, "-c", TRAIN, str(tmp_path / "there")], check=True, env=environment)
    assert file_digests(tmp_path / "here") == file_digests(tmp_path / "there")
    assert "tokenizer.json" in file_digests(tmp_path / "here")


def test_saved_folder_opens_with_marks_first_and_the_asked_size(tokenizer):
    assert len(tokenizer) == 360
    assert tokenizer.convert_ids_to_tokens(list(range(len(MARKS)))) == list(MARKS)
    assert (tokenizer.pad_token, tokenizer.eos_token, tokenizer.bos_token) == ("<|pad|>", "<|end|>", None)
    assert tokenizer.model_max_length == 64
    assert tokenizer.chat_template == CHAT_TEMPLATE
    assert tokenizer("a")["input_ids"] == tokenizer("a", add_special_tokens=False)["input_ids"]


def test_digits_stand_alone(tokenizer):
    tokens = tokenizer.convert_ids_to_tokens(tokenizer("costs 1,234")["input_ids"])
    assert tokens[-5:] == ["1", ",", "2", "3", "4"]
    assert not [
        token for token in tokenizer.get_vocab() if sum(one.isdigit() for one in token) and len(token) > 1
    ]


def test_prompt_ends_with_the_mark_that_begins_an_answer(tokenizer):
    chat = [{"role": "system", "content": "s"}, {"role": "user", "content": " u\n"}]
    rendered = tokenizer.apply_chat_template(chat, add_generation_prompt=True, tokenize=False)
    assert rendered == "<|system|>s<|user|> u\n<|assistant|>"
    said = [*chat, {"role": "assistant", "content": "\n a "}]
    assert tokenizer.apply_chat_template(said, tokenize=False) == f"{rendered}\n a <|end|>"


def test_vocabulary_without_room_for_the_bytes_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"vocabulary: 260: must be at least 261"):
        train_tokenizer(iter(TEXTS), 260, tmp_path)


@given(text=st.text(st.characters(exclude_categories=["Cs"])))
def test_every_text_comes_back_as_it_was(tokenizer_folder, text):
    tokenizer = opened(tokenizer_folder)
    assert tokenizer.decode(tokenizer(text, split_special_tokens=True)["input_ids"]) == text


def test_saved_files_name_no_path(tokenizer_folder):
    config = json.loads((tokenizer_folder / "tokenizer_config.json").read_text())
    assert not [value for value in config.values() if str(tokenizer_folder) in str(value)]


OPENED: dict[Path, object] = {}


def opened(folder):
    if folder not in OPENED:
        OPENED[folder] = AutoTokenizer.from_pretrained(folder)
    return OPENED[folder]
