from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from raysft.data.tokens.fitting import fit_length, fitting_spans
from raysft.data.tokens.template import Encoded

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


def lost_tokens(encoded, result):
    """Tokens that are in no piece."""
    return len(encoded.tokens) - sum(len(piece.tokens) for piece in result.pieces)


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


@given(encoded_chats() | encoded_documents(), st.integers(1, 40), overflows)
def test_what_happened_is_said(encoded, max_length, overflow):
    result = fit_length(encoded, max_length, overflow)
    fits, trainable = len(encoded.tokens) <= max_length, any(encoded.supervised)
    kept = {token for piece in result.pieces for token in piece.tokens}
    lost = [token for token in encoded.tokens if encoded.supervised[token] and token not in kept]
    nothing_lost = bool(kept) and not lost_tokens(encoded, result)
    assert (result.what == "whole") == (fits and trainable) == (nothing_lost and fits)
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
    assert lost_tokens(encoded, result) <= len(encoded.tokens) - encoded.turn_ends[-1]


@given(encoded_chats(), st.integers(20, 40))
def test_split_fills_a_piece_with_as_many_turns_as_fit(encoded, max_length):
    pieces = fit_length(encoded, max_length, "split").pieces
    for piece, following in pairwise(pieces):
        assert len(piece.tokens) + following.turn_ends[0] > max_length
        assert piece.tokens[-1] + 1 in encoded.turn_ends


@given(encoded_documents(), st.integers(2, 40))
def test_split_document_keeps_every_token_it_can_learn_from(encoded, max_length):
    result = fit_length(encoded, max_length, "split")
    assert lost_tokens(encoded, result) <= 1
    assert all(len(piece.tokens) == max_length for piece in result.pieces[:-1])


def test_turn_that_is_too_long_keeps_its_beginning_and_the_next_turn_begins_anew():
    supervised = [False] * 2 + [True] * 2 + [False] * 2 + [True] * 8 + [False] * 2 + [True] * 2
    encoded = Encoded(list(range(18)), supervised, [4, 14, 18])
    result = fit_length(encoded, 6, "split")
    assert [piece.tokens for piece in result.pieces] == [[0, 1, 2, 3], [4, 5, 6, 7, 8, 9], [14, 15, 16, 17]]
    assert (result.what, lost_tokens(encoded, result)) == ("cut", 4)


def test_long_question_leaves_nothing_to_learn_from():
    encoded = Encoded(list(range(12)), [False] * 10 + [True] * 2, [12])
    assert fit_length(encoded, 8, "cut").what == "dropped"
    assert fit_length(encoded, 8, "split").what == "dropped"


@given(encoded_chats() | encoded_documents(), st.integers(1, 40), overflows)
def test_spans_are_where_the_pieces_are(encoded, max_length, overflow):
    spans = fitting_spans(len(encoded.tokens), encoded.turn_ends, max_length, overflow)
    learnt = [span for span in spans if np.any(encoded.supervised[span[0] + 1 : span[1]])]
    pieces = fit_length(encoded, max_length, overflow).pieces
    assert [(piece.tokens[0], piece.tokens[-1] + 1) for piece in pieces] == learnt
