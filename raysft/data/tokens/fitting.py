"""Fitting conversations into a longest sequence."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from raysft.data.tokens.template import Encoded

Overflow = Literal["cut", "split", "drop"]

Fate = Literal["whole", "cut", "split", "dropped"]
"""`split`: several pieces, no supervised token lost. `cut`: something lost. `dropped`: nothing left."""
FATES: tuple[Fate, ...] = get_args(Fate)


@dataclass(frozen=True)
class FitResult:
    """The pieces of a conversation, and what was done to it."""

    pieces: list[Encoded]
    what: Fate


def fit_length(encoded: Encoded, max_length: int, overflow: Overflow) -> FitResult:
    """Fit a conversation into sequences of at most `max_length` tokens.

    `cut` keeps the beginning. `split` fills each piece with as many whole turns (question and answer) as fit;
    a turn longer than that keeps its beginning only, and a document without turns is split anywhere. Pieces
    are contiguous, in order, and do not overlap: a later piece does not see the turns or the system message
    before it. A piece without a supervised token is left out. The first token of a piece is not supervised.
    """
    spans = fitting_spans(len(encoded.tokens), encoded.turn_ends, max_length, overflow)
    pieces = [piece for start, end in spans if any((piece := _piece(encoded, start, end)).supervised)]
    return FitResult(pieces, _what(encoded, pieces))


def fitting_spans(
    length: int, turn_ends: Sequence[int], max_length: int, overflow: Overflow
) -> list[tuple[int, int]]:
    """Start and end of each piece of a conversation, those without a supervised token included.

    Args:
        length: tokens of the conversation.
        turn_ends: as in `Encoded`.
        max_length: tokens of a piece.
        overflow: as in `fit_length`.
    """
    if length <= max_length:
        return [(0, length)]
    if overflow == "drop":
        return []
    if overflow == "cut":
        return [(0, max_length)]
    return _turn_spans(turn_ends or range(max_length, length, max_length), length, max_length)


def _turn_spans(ends: Sequence[int], length: int, max_length: int) -> list[tuple[int, int]]:
    """Ranges of whole turns, filled greedily; of a turn that is too long only the beginning."""
    spans: list[tuple[int, int]] = []
    start = end = 0
    for turn_end in (*ends, length):
        if turn_end - start > max_length and end > start:
            spans.append((start, end))
            start = end
        if turn_end - start > max_length:
            spans.append((start, start + max_length))
            start = turn_end
        end = turn_end
    return [*spans, (start, end)] if end > start else spans


def _piece(encoded: Encoded, start: int, end: int) -> Encoded:
    supervised = [False, *encoded.supervised[start + 1 : end]]
    ends = [place - start for place in encoded.turn_ends if start < place <= end]
    return Encoded(encoded.tokens[start:end], supervised, ends)


def _what(encoded: Encoded, pieces: Sequence[Encoded]) -> Fate:
    if not pieces:
        return "dropped"
    if len(pieces[0].tokens) == len(encoded.tokens):
        return "whole"
    # the first token of each further piece of a document had a token before it, and is no longer predicted
    first = len(pieces) - 1 if not encoded.turn_ends else 0
    lost = sum(encoded.supervised) - sum(sum(piece.supervised) for piece in pieces) - first
    return "split" if len(pieces) > 1 and not lost else "cut"
