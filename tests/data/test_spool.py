import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.spooled import selected

from raysft.data.conversation import Conversation, Message, dialogue
from raysft.data.spool import Located, size_of, spool

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
CHATS = st.lists(
    st.lists(
        st.tuples(st.sampled_from(["system", "user", "assistant", "text"]), TEXT), min_size=1, max_size=5
    ),
    max_size=30,
).map(lambda chats: [Conversation(tuple(Message(*turn) for turn in chat)) for chat in chats])


def located(chats):
    return (Located(one, f"file:{row}", row % 3) for row, one in enumerate(chats))


@given(CHATS, st.randoms(use_true_random=False))
def test_conversations_come_back_from_any_rows(chats, rng):
    found = spool(located(chats))
    rows = [rng.randrange(len(chats)) for _ in range(40)] if chats else []
    spans = found.spans(np.array(rows, np.int64))
    assert found.file.conversations(spans) == [chats[row] for row in rows]
    assert found.file.where(spans) == [f"file:{row}" for row in rows]
    assert found.parts.tolist() == [row % 3 for row in range(len(chats))]
    assert [f"{upper:016x}{lower:016x}" for upper, lower in found.digests.tolist()] == [
        one.id for one in chats
    ]
    assert size_of(found.spans(np.arange(len(chats)))) == found.file.path.stat().st_size


def test_another_process_reads_the_file_and_does_not_own_it():
    found = spool(located([dialogue("a", "b"), dialogue("c", "d")]))
    sent = pickle.dumps((found.file, found.spans(np.array([1]))))
    code = (
        f"import pickle; file, spans = pickle.loads({sent!r})\n"
        "print(file.conversations(spans)[0].id); del file"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == dialogue("c", "d").id
    assert found.file.path.exists()


def test_random_reads_map_nothing():
    """A map would count every page it touches, and many that it does not, as memory of this process."""
    chats = (Located(dialogue("a" * 10_000, str(k)), "", 0) for k in range(5000))
    found = spool(chats)
    rows = np.random.default_rng(0).integers(0, 5000, 2000)
    before = mapped_bytes()
    assert sum(len(one.messages) for one in found.file.conversations(found.spans(rows[:10]))) == 20
    for start in range(0, 2000, 100):
        found.file.conversations(found.spans(rows[start : start + 100]))
    assert mapped_bytes() - before < 10_000_000


def mapped_bytes():
    status = Path("/proc/self/status").read_text()
    return int(status.split("RssFile:")[1].split()[0]) * 1024


def test_file_goes_with_the_last_object_that_uses_it():
    found = selected([("one", dialogue("a", "b"))])
    path = found.file.path
    file = found.file
    del found
    assert path.exists()
    del file
    assert not path.exists()


def test_what_fails_leaves_no_file():
    def failing():
        yield from located([dialogue("a", "b")])
        raise ValueError("row 2")

    kept = spool(located([]))
    before = sorted(kept.file.path.parent.iterdir())
    with pytest.raises(ValueError, match="row 2"):
        spool(failing())
    assert sorted(kept.file.path.parent.iterdir()) == before


def test_folder_goes_with_the_process():
    code = (
        "from raysft.data.spool import Located, spool; from raysft.data.conversation import dialogue\n"
        "kept = spool([Located(dialogue('a', 'b'), 'x:1', 0)]); print(kept.file.path)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not Path(done.stdout.strip()).parent.exists()


def test_selection_finds_its_ids_and_no_other():
    chats = {f"{k:02d}": dialogue("a", str(k)) for k in range(20)}
    found = selected(reversed(chats.items()))
    assert list(found) == list(chats.values())
    assert found.size == found.file.path.stat().st_size
    assert {one: found.conversation(one) for one in found.ids} == chats
    for unknown in ("", "005", "20"):
        with pytest.raises(KeyError):
            found.conversation(unknown)
