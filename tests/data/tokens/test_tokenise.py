import hashlib
import json
import random
import subprocess
import sys

import pytest
from support.spooled import selected

from raysft.data.conversation import Conversation, Message, dialogue
from raysft.data.tokens.prepared import FILE, Prepared
from raysft.data.tokens.template import encode
from raysft.data.tokens.tokenise import prepare
from raysft.errors import InputError


def conversations(count):
    chats = [
        dialogue(f"What is {k} + {k}?", f"#### {2 * k}", "And what more?", "Nothing.") for k in range(count)
    ]
    chats.append(Conversation((Message("text", "Tom has 3 apples."),)))
    return {one.id: one for one in chats}


def digest(folder):
    return hashlib.sha256((folder / FILE).read_bytes()).hexdigest()


@pytest.fixture
def folders(tmp_path):
    found = [tmp_path / name for name in ("a", "b")]
    for folder in found:
        folder.mkdir()
    return found


def test_prepared_rows_are_the_encoded_conversations(tokenizer, tokenizer_folder, folders):
    chats = conversations(1100)
    facts = prepare(selected(chats.items()), tokenizer_folder, folders[0])
    prepared = Prepared.open(folders[0])
    assert prepared.ids == tuple(sorted(chats))
    for one in prepared.ids[::100] + prepared.ids[-1:]:
        assert prepared.row(prepared.position(one)) == encode(tokenizer, chats[one])
    assert facts.body() == {
        "conversations": 1101,
        "tokens": int(prepared.lengths.sum()),
        "supervised_tokens": int(prepared.supervised_counts.sum()),
        "longest": int(prepared.lengths.max()),
    }


def test_order_of_the_conversations_does_not_change_a_byte(tokenizer_folder, folders):
    pairs = list(conversations(50).items())
    shuffled = random.Random(1).sample(pairs, len(pairs))
    facts = [
        prepare(selected(given), tokenizer_folder, folder)
        for given, folder in zip((pairs, shuffled), folders, strict=True)
    ]
    assert facts[0] == facts[1]
    assert digest(folders[0]) == digest(folders[1])


def test_copies_under_other_ids_are_rows_of_their_own(tokenizer_folder, folders):
    chat = dialogue("a", "b")
    prepare(selected([(f"{chat.id}.2", chat), (chat.id, chat)]), tokenizer_folder, folders[0])
    prepared = Prepared.open(folders[0])
    assert prepared.ids == (chat.id, f"{chat.id}.2")
    assert prepared.row(0) == prepared.row(1)


@pytest.fixture(scope="module")
def source(tokenizer_folder, tmp_path_factory):
    """2,100 conversations, and their file as one process writes it."""
    chats = {
        one.id: one
        for one in (dialogue(f"{k} apples?", "x" * (k % 90 + 1), "And?", ".") for k in range(2100))
    }
    folder = tmp_path_factory.mktemp("alone")
    facts = prepare(selected(chats.items()), tokenizer_folder, folder, 1)
    return chats, facts, digest(folder)


@pytest.mark.slow
def test_number_of_processes_does_not_change_a_byte(source, tokenizer_folder, tmp_path):
    chats, facts, alone = source
    assert prepare(selected(chats.items()), tokenizer_folder, tmp_path, 3) == facts
    assert digest(tmp_path) == alone


SCRIPT = """
import sys
from pathlib import Path
from raysft.data.sources.pipeline import load_source
from raysft.data.tokens.tokenise import prepare
from raysft.spec.source import SourceSpec

def main():
    source = load_source("x", SourceSpec(path="rows.jsonl"), sys.argv[1], {})
    prepare(source.trained, Path(sys.argv[2]), Path(sys.argv[1]), 2)
    return 0

if __name__ == "__main__":
    sys.exit(main())
"""


@pytest.mark.slow
def test_a_console_script_tokenises_the_same_bytes(source, tokenizer_folder, tmp_path):
    chats, _, alone = source
    rows = (
        {"messages": [{"role": message.role, "content": message.content} for message in one.messages]}
        for one in chats.values()
    )
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (tmp_path / "command").write_text(SCRIPT)
    subprocess.run([sys.executable, tmp_path / "command", tmp_path, tokenizer_folder], check=True)
    assert digest(tmp_path) == alone


def test_what_the_template_refuses_is_an_input_error(tokenizer, tmp_path):
    tokenizer.chat_template = (
        "{% for m in messages %}"
        "{% if m.content == '1700?' %}{{ raise_exception('no such thing') }}{% endif %}"
        "{% generation %}{{ m.content }}{% endgeneration %}{% endfor %}"
    )
    tokenizer.save_pretrained(tmp_path / "tokenizer")
    chats = selected((f"{k:04d}", dialogue(f"{k}?", ".")) for k in range(2100))
    with pytest.raises(InputError, match="no such thing"):
        prepare(chats, tmp_path / "tokenizer", tmp_path, 1)
