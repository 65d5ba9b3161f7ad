from pathlib import Path

import pytest
from transformers import AutoTokenizer

from raysft.data.tokens.tokenizer import train_tokenizer

NAMES = ["Tom", "Mia", "Robert", "Alexandra", "Ngozi", "Hiroshi", "Ingrid", "Mohammed"]
THINGS = ["apples", "pencils", "bottles of milk", "tickets", "chairs", "notebooks", "marbles", "sandwiches"]
TEXTS = [
    f"{name} has {k} {things} and buys some more.\nHow many {things} does {name} have? {k} + 3 = {k + 3}"
    for k, name in enumerate(NAMES)
    for things in THINGS
]


@pytest.fixture(scope="session")
def tokenizer_folder(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("tokenizer")
    train_tokenizer(iter(TEXTS), 360, folder, 64)
    return folder


@pytest.fixture
def tokenizer(tokenizer_folder):
    return AutoTokenizer.from_pretrained(tokenizer_folder)
