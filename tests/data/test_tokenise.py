import hashlib
import random
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from raysft.data.conversation import Conversation, Message, dialogue
from raysft.data.prepared import FILE, Prepared
from raysft.data.template import Encoded, encode
from raysft.data.tokenise import fit_length, prepare

TURNS = st.lists(st.tuples(st.integers(1, 9), st.integers(1, 9)), min_size=1, max_size=8)


@st.composite
def encoded_chats(draw):
    """Turns of a prompt and an answer, perhaps a prompt behind them. Tokens are their positions."""
    supervised: list[bool] = []
    ends = []
    for prompt, answer in draw(TURNS):
        supervised += [False] * prompt + [True] * answer
        ends.append(len(supervised))
    supervised += [False] * draw(st.integers(0, 9))
    return Encoded(list(range(len(supervised))), supervised, ends)


@st.composite
def encoded_documents(draw):
    length = draw(st.integers(1, 60))
    return Encoded(list(range(length)), [False] + [True] * (length - 1), [])


overflows = st.sampled_from(["cut", "split", "drop"])


@given(encoded_chats() | encoded_documents(), st.integers(1, 40), overflows)
def test_pieces_are_contiguous_ordered_and_never_too_long(encoded, max_length, overflow):
    result = fit_length(encoded, max_length, overflow)
    after = 0
    for piece in result.pieces:
        start, end = piece.tokens[0], piece.tokens[-1] + 1
        assert piece.tokens == list(range(start, end))
        assert start >= after
        assert 0 < len(piece.tokens) <= max_length
        assert piece.supervised == [False, *encoded.supervised[start + 1 : end]]
        assert any(piece.supervised)
        assert [start + one for one in piece.turn_ends] == [
            one for one in encoded.turn_ends if start < one <= end
        ]
        after = end
    assert result.lost_tokens == len(encoded.tokens) - sum(len(piece.tokens) for piece in result.pieces)


@given(encoded_chats() | encoded_documents(), st.integers(1, 40), overflows)
def test_what_happened_is_said(encoded, max_length, overflow):
    result = fit_length(encoded, max_length, overflow)
    fits, trainable = len(encoded.tokens) <= max_length, any(encoded.supervised)
    kept = {token for piece in result.pieces for token in piece.tokens}
    lost = [token for token in encoded.tokens if encoded.supervised[token] and token not in kept]
    assert (
        (result.what == "whole") == (fits and trainable) == (bool(kept) and not result.lost_tokens and fits)
    )
    assert (result.what == "dropped") == (not result.pieces)
    assert (result.what == "split") == (len(result.pieces) > 1 and not lost)
    if overflow == "drop":
        assert result.what in ("whole", "dropped")
    if overflow == "cut":
        assert result.pieces == [] or result.pieces[0].tokens == encoded.tokens[:max_length]
    if result.what == "whole":
        assert result.pieces == [encoded]


@given(encoded_chats(), st.integers(20, 40))
def test_split_loses_no_supervised_token_if_every_turn_fits(encoded, max_length):
    result = fit_length(encoded, max_length, "split")
    assert result.what in ("whole", "split") or len(result.pieces) == 1
    assert sum(sum(piece.supervised) for piece in result.pieces) == sum(encoded.supervised)
    assert result.lost_tokens <= len(encoded.tokens) - encoded.turn_ends[-1]


@given(encoded_chats(), st.integers(20, 40))
def test_split_fills_a_piece_with_as_many_turns_as_fit(encoded, max_length):
    pieces = fit_length(encoded, max_length, "split").pieces
    for piece, following in pairwise(pieces):
        assert len(piece.tokens) + following.turn_ends[0] > max_length
        assert piece.tokens[-1] + 1 in encoded.turn_ends


@given(encoded_documents(), st.integers(2, 40))
def test_split_document_keeps_every_token_it_can_learn_from(encoded, max_length):
    result = fit_length(encoded, max_length, "split")
    assert result.lost_tokens <= 1
    assert all(len(piece.tokens) == max_length for piece in result.pieces[:-1])


def test_turn_that_is_too_long_keeps_its_beginning_and_the_next_turn_begins_anew():
    supervised = [False] * 2 + [True] * 2 + [False] * 2 + [True] * 8 + [False] * 2 + [True] * 2
    encoded = Encoded(list(range(18)), supervised, [4, 14, 18])
    result = fit_length(encoded, 6, "split")
    assert [piece.tokens for piece in result.pieces] == [[0, 1, 2, 3], [4, 5, 6, 7, 8, 9], [14, 15, 16, 17]]
    assert (result.what, result.lost_tokens) == ("cut", 4)


def test_long_question_leaves_nothing_to_learn_from():
    encoded = Encoded(list(range(12)), [False] * 10 + [True] * 2, [12])
    assert fit_length(encoded, 8, "cut").what == "dropped"
    assert fit_length(encoded, 8, "split").what == "dropped"
    assert fit_length(encoded, 8, "split").lost_tokens == 12


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
    facts = prepare(chats.items(), tokenizer_folder, folders[0])
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
        prepare(given, tokenizer_folder, folder)
        for given, folder in zip((pairs, shuffled), folders, strict=True)
    ]
    assert facts[0] == facts[1]
    assert digest(folders[0]) == digest(folders[1])


def test_copies_under_other_ids_are_rows_of_their_own(tokenizer_folder, folders):
    chat = dialogue("a", "b")
    prepare([(f"{chat.id}.2", chat), (chat.id, chat)], tokenizer_folder, folders[0])
    prepared = Prepared.open(folders[0])
    assert prepared.ids == (chat.id, f"{chat.id}.2")
    assert prepared.row(0) == prepared.row(1)
