"""Rows and targets of one micro-batch, cell by cell."""

import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from support.drawn_corpus import DRAWN, Piece, corpus_of, expected, seen

from raysft.train.batching.micro_batch import build_micro_batch

LONG = Piece((5, 6, 7, 8), (False, True, False, True))
SHORT = Piece((9, 1), (False, True))
CORPUS = corpus_of([[LONG], [SHORT]])


def test_padded_rows_are_as_wide_as_the_longest_piece():
    batch = build_micro_batch(CORPUS, [1, 0], [0.5, 1.0], "padded")
    assert batch.input_BT.tolist() == [[9, 0, 0], [5, 6, 7]]
    assert batch.positions_BT is None
    assert batch.predictor_S.tolist() == [0, 3, 5]
    assert batch.target_S.tolist() == [1, 6, 8]
    assert batch.weight_S.tolist() == [0.5, 1.0, 1.0]


def test_packed_pieces_each_count_their_positions_from_zero():
    batch = build_micro_batch(CORPUS, [1, 0], [0.5, 1.0], "packed")
    assert batch.input_BT.tolist() == [[9, 5, 6, 7]]
    assert batch.positions_BT.tolist() == [[0, 0, 1, 2]]
    assert batch.predictor_S.tolist() == [0, 1, 3]
    assert batch.target_S.tolist() == [1, 6, 8]
    assert batch.weight_S.tolist() == [0.5, 1.0, 1.0]


def test_nothing_is_one_token_without_a_target():
    for layout in ("padded", "packed"):
        batch = build_micro_batch(CORPUS, [], [], layout)
        assert batch.input_BT.tolist() == [[0]]
        assert [len(one) for one in (batch.predictor_S, batch.target_S, batch.weight_S)] == [0, 0, 0]
        assert (batch.target_S.dtype, batch.weight_S.dtype) == (torch.int64, torch.float32)


@settings(max_examples=50)
@given(DRAWN, st.sampled_from(["padded", "packed"]), st.randoms(use_true_random=False))
def test_the_order_of_pieces_does_not_change_what_a_target_sees(drawn, layout, rng):
    corpus = corpus_of(drawn)
    pieces = list(range(len(corpus.piece_starts) - 1))
    rng.shuffle(pieces)
    batch = build_micro_batch(corpus, pieces, [1.0] * len(pieces), layout)
    found = sorted(seen(batch))
    assert found == sorted(expected(drawn, range(len(drawn)), "token").elements())


def test_moving_leaves_every_tensor_as_it_is():
    for layout in ("padded", "packed"):
        batch = build_micro_batch(CORPUS, [0, 1], [1.0, 0.25], layout)
        moved = batch.to(torch.device("meta"))
        assert moved.input_BT.is_meta
        assert (moved.positions_BT is None) == (layout == "padded")
        assert (moved.predictor_S.shape, moved.target_S.dtype) == (batch.predictor_S.shape, torch.int64)
