"""A held-out set is split off by question, with all the answers that a source has to it.

Ten answers to one question are ten conversations. Were they split one by one, others of its answers would be
trained on, and the exam would ask what the model has learnt by heart.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from raysft.composition.order import split_held_out


@dataclass(frozen=True)
class HeldOutQuestions:
    """Which of some conversations a held-out set takes; each mask has one entry per conversation."""

    digests: NDArray[np.uint64]
    """Of its questions, sorted; see `Conversation.question`."""
    asked: NDArray[np.bool_]
    """One conversation of each question: they are the held-out set."""
    further: NDArray[np.bool_]
    """The others that answer these questions: nobody trains on them, and nobody is asked them."""


def distinct_questions(questions: NDArray[np.uint64]) -> int:
    """How many questions some conversations have between them."""
    return len(np.unique(questions))


def hold_out(questions: NDArray[np.uint64], count: int) -> HeldOutQuestions:
    """Choose questions by a keyed hash of their text.

    Another order of the file, or one more answer, changes no choice, and sources with the same questions hold
    out the same ones.

    Args:
        questions: digest of the question of each conversation, in the order of the content ids.
        count: of questions to hold out, at most as many as there are.
    """
    if not count:
        none = np.zeros(len(questions), np.bool_)
        return HeldOutQuestions(questions[:0], none, none)
    digests, first, places = np.unique(questions, return_index=True, return_inverse=True)
    names = [f"{one:016x}" for one in digests.tolist()]
    chosen = set(split_held_out(names, count)[1])
    is_chosen = np.fromiter((one in chosen for one in names), np.bool_, len(names))
    asked = np.zeros(len(questions), np.bool_)
    asked[first[is_chosen]] = True  # of several answers that with the least content id, which is a hash
    return HeldOutQuestions(digests[is_chosen], asked, is_chosen[places] & ~asked)
