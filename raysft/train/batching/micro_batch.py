"""The tensors of one micro-batch."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from itertools import accumulate

import numpy as np
import torch

from raysft.train.batching.corpus import Corpus
from raysft.train.job import Layout


@dataclass(frozen=True)
class MicroBatch:
    """Rows to read and targets to predict.

    The last token of a piece is only a target, so a piece of n tokens takes n − 1 positions.
    """

    input_BT: torch.Tensor
    """Token ids."""
    positions_BT: torch.Tensor | None
    """Positions within each piece in packed rows; None where every row is one piece."""
    predictor_S: torch.Tensor
    """Places in the flattened rows whose output predicts a target."""
    target_S: torch.Tensor
    """Token ids to predict."""
    weight_S: torch.Tensor
    """Weight of each target in the sum of losses."""

    def to(self, device: torch.device) -> "MicroBatch":
        """The same on a device."""
        moved = {one.name: getattr(self, one.name) for one in fields(self)}
        return MicroBatch(**{name: None if one is None else one.to(device) for name, one in moved.items()})


def build_micro_batch(
    corpus: Corpus, pieces: Sequence[int], weights: Sequence[float], layout: Layout
) -> MicroBatch:
    """Lay pieces out as rows.

    Args:
        corpus: where the pieces are.
        pieces: of this micro-batch; none makes one row of one token without a target, which adds zero.
        weights: weight of the targets of each piece.
        layout: `padded` makes one row per piece, `packed` one row of all.
    """
    bounds = [(int(corpus.piece_starts[one]), int(corpus.piece_starts[one + 1])) for one in pieces]
    lengths = [end - start - 1 for start, end in bounds]
    if layout == "packed" or not pieces:
        rows, width = 1, max(1, sum(lengths))
        offsets = [0, *accumulate(lengths)][: len(pieces)]
    else:
        rows, width = len(pieces), max(lengths)
        offsets = [row * width for row in range(rows)]
    # Padding is token 0: it is right of everything real, which a causal model cannot see.
    inputs, positions = np.zeros(rows * width, np.int64), np.zeros(rows * width, np.int64)
    predictors, targets, target_weights = [], [], []
    for (start, end), offset, length, weight in zip(bounds, offsets, lengths, weights, strict=True):
        inputs[offset : offset + length] = corpus.tokens[start : end - 1]
        # Pieces of 3 and 2 positions in one row are 0 1 2 0 1: where it falls back to 0, attention is cut.
        positions[offset : offset + length] = np.arange(length)
        # Token 1 is predicted at position 0: of tokens 7, 8, 9 with 9 supervised, `places` is [1].
        places = np.flatnonzero(corpus.supervised[start + 1 : end])
        predictors.append(places + offset)
        targets.append(corpus.tokens[start + 1 + places])
        target_weights.append(np.full(len(places), weight, np.float32))
    return MicroBatch(
        input_BT=torch.from_numpy(inputs.reshape(rows, width)),
        positions_BT=torch.from_numpy(positions.reshape(rows, width)) if layout == "packed" else None,
        predictor_S=torch.from_numpy(np.concatenate([np.zeros(0, np.int64), *predictors])),
        target_S=torch.from_numpy(np.concatenate([np.zeros(0, np.int64), *targets])),
        weight_S=torch.from_numpy(np.concatenate([np.zeros(0, np.float32), *target_weights])),
    )
