"""Random corpora for the tests of batching, and what a model would see of each of their targets."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from hypothesis import strategies as st

from raysft.train.batching.corpus import Corpus
from raysft.train.batching.micro_batch import MicroBatch


class Piece(NamedTuple):
    tokens: tuple[int, ...]
    supervised: tuple[bool, ...]


Drawn = list[list[Piece]]
"""Pieces of each conversation; one without pieces was dropped."""


class Seen(NamedTuple):
    """One target as a model sees it."""

    before: tuple[int, ...]
    """Every token that it may look at."""
    target: int
    weight: float


@st.composite
def _pieces(draw: st.DrawFn) -> Piece:
    # Token 0 is what padding is made of, so it occurs as a real token as well.
    tokens = draw(st.lists(st.integers(0, 9), min_size=2, max_size=12))
    supervised = draw(st.lists(st.booleans(), min_size=len(tokens), max_size=len(tokens)))
    return Piece(tuple(tokens), (False, *supervised[1:-1], True))


DRAWN = st.lists(st.lists(_pieces(), max_size=3), min_size=1, max_size=9)


def corpus_of(drawn: Drawn) -> Corpus:
    pieces = [piece for conversation in drawn for piece in conversation]
    return Corpus(
        tokens=np.array([token for piece in pieces for token in piece.tokens], np.int32),
        supervised=np.array([said for piece in pieces for said in piece.supervised], np.bool_),
        piece_starts=np.cumsum([0, *(len(piece.tokens) for piece in pieces)]),
        conversation_starts=np.cumsum([0, *map(len, drawn)]),
        targets=np.array([target_count(one) for one in drawn], np.int64),
    )


def target_count(conversation: Sequence[Piece]) -> int:
    return sum(sum(piece.supervised) for piece in conversation)


def expected(drawn: Drawn, conversations: Sequence[int], loss: str) -> Counter[Seen]:
    """Every target once, after the tokens before it in its piece, as a recipe's `loss` weighs it."""
    found: Counter[Seen] = Counter()
    for one in conversations:
        weight = 1.0 if loss == "token" else float(np.float32(1 / max(1, target_count(drawn[one]))))
        for tokens, supervised in drawn[one]:
            for place, said in enumerate(supervised):
                if said:
                    found[Seen(tokens[:place], tokens[place], weight)] += 1
    return found


def seen(batch: MicroBatch) -> Iterator[Seen]:
    """Walk the rows as causal attention does: back to the begin of the row, or of the piece where packed."""
    rows, width = batch.input_BT.shape
    flat = batch.input_BT.flatten().tolist()
    for place, target, weight in zip(
        batch.predictor_S.tolist(), batch.target_S.tolist(), batch.weight_S.tolist(), strict=True
    ):
        assert 0 <= place < rows * width
        back = place % width if batch.positions_BT is None else int(batch.positions_BT.flatten()[place])
        yield Seen(tuple(flat[place - back : place + 1]), target, weight)
