"""The share of one worker in an optimiser step, and the number that its loss is divided by."""

from collections.abc import Sequence
from dataclasses import dataclass

from raysft.spec.recipe import Recipe
from raysft.train.batching.arrangement import arrange
from raysft.train.batching.corpus import Corpus
from raysft.train.batching.micro_batch import MicroBatch, build_micro_batch
from raysft.train.job import Layout


@dataclass(frozen=True)
class GlobalBatch:
    """One step as one worker sees it."""

    micro_batches: tuple[MicroBatch, ...]
    """As many as every other worker has; weights of targets are inside."""
    denominator: int
    """Targets, or conversations with a target, of the whole batch; the same on every worker. 0 where every
    conversation was dropped: then there is no loss, and nothing to update."""
    tokens: int
    """Real tokens of the whole batch."""


def worker_share(
    corpus: Corpus,
    conversations: Sequence[int],
    recipe: Recipe,
    *,
    layout: Layout,
    capacity: int,
    rank: int,
    workers: int,
) -> GlobalBatch:
    """Plan the step and build the tensors of one worker.

    With `loss: token` every target weighs 1 and the sum is divided by the number of targets; with
    `loss: conversation` a target weighs 1/(targets of its conversation) and the sum is divided by the number
    of conversations.

    Worked: two conversations with 1 and 3 targets, each target with loss 2 and 4. By token the loss is
    (2 + 3·4) / 4 = 3.5; by conversation it is (2 + 3·4/3) / 2 = 3.
    """
    pairs = corpus.pieces(conversations)
    lengths = [corpus.length(piece) for _, piece in pairs]
    # A piece of n tokens is read at n − 1 positions, since its last token is only predicted.
    groups = arrange([length - 1 for length in lengths], workers, capacity, layout)[rank]
    weights = [_weight(corpus, one, recipe) for one, _ in pairs]
    return GlobalBatch(
        micro_batches=tuple(
            build_micro_batch(
                corpus, [pairs[one][1] for one in group], [weights[one] for one in group], layout
            )
            for group in groups
        ),
        denominator=_denominator(corpus, conversations, recipe),
        tokens=sum(lengths),
    )


def _weight(corpus: Corpus, conversation: int, recipe: Recipe) -> float:
    # Never 1/0: a conversation without a target has no piece, and is not asked for here.
    return 1.0 if recipe.loss == "token" else 1.0 / int(corpus.targets[conversation])


def _denominator(corpus: Corpus, conversations: Sequence[int], recipe: Recipe) -> int:
    targets = corpus.targets[list(conversations)]
    return int(targets.sum() if recipe.loss == "token" else (targets > 0).sum())
