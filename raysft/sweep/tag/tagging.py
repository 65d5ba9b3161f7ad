"""Tagging by a model: actors of Ray that each hold an engine, and are handed units of conversations.

A unit is so many neighbouring conversations of the source, answered greedily and together; which actor
answers it, and how many there are, changes nothing. Its answers are kept at once, in the file that
`raysft.sweep.tag.kept_answers` tells of: a run that was killed goes on where it was.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice

from raysft.data.conversation import Conversation
from raysft.data.tag.label_prompt import LabelPrompt
from raysft.evaluate.benchmark import Question
from raysft.sweep.run.session import Session
from raysft.sweep.tag.kept_answers import KeptAnswers, Said
from raysft.sweep.tag.tagging_pool import TaggingModel, TaggingPool, Unit

UNIT = 64
"""Conversations that are answered together; a killed run has at most one unit of each actor to do again."""


Told = Callable[[int], None]
"""Told how many conversations have been answered, those of earlier runs included."""


@dataclass
class Labelled:
    """The labels of conversations, in their order."""

    labels: list[tuple[str, ...]] = field(default_factory=list)
    unknown: int = 0
    """Answers that were no list of labels; their conversations have none."""
    too_long: int = 0
    """Questions that left no room in the model's context; neither have theirs."""
    kept: int = 0
    """Answers that an earlier run had given."""


def label_conversations(
    conversations: Iterable[Conversation],
    prompt: LabelPrompt,
    model: TaggingModel,
    session: Session,
    kept: KeptAnswers,
    told: Told = lambda _: None,
) -> Labelled:
    """Let a model say which labels apply to conversations.

    Args:
        conversations: read once, a few units ahead of the actors.
        prompt: what is asked.
        model: on each actor.
        session: the cluster.
        kept: answers of an earlier run; new ones are added as they come.
        told: progress.

    Raises:
        InputError: the model cannot be used by an engine.
        ClusterError: actors died over a unit too often, or failed.
    """
    pool = TaggingPool(model, prompt.max_new_tokens, model.actors(session))
    reading = _Reading(prompt, told)
    try:
        for unit in _units(conversations, prompt, model):
            said = kept.take(unit.key, len(unit.questions))
            if said is not None:
                reading.add(unit, said)
                reading.found.kept += len(said)
                continue
            for one, answers in pool.submit(unit):
                kept.add(one.key, answers)
                reading.add(one, answers)
        for one, answers in pool.rest():
            kept.add(one.key, answers)
            reading.add(one, answers)
    finally:
        pool.stop()
    return reading.whole()


def _units(conversations: Iterable[Conversation], prompt: LabelPrompt, model: TaggingModel) -> Iterator[Unit]:
    waiting, number = iter(conversations), 0
    while texts := [prompt.question(one) for one in islice(waiting, UNIT)]:
        questions = [Question(str(place), (text,)) for place, text in enumerate(texts)]
        yield Unit(number, model.key(questions, prompt.max_new_tokens), questions)
        number += 1


class _Reading:
    """Answers read as labels, in whatever order they come."""

    def __init__(self, prompt: LabelPrompt, told: Told) -> None:
        self.found = Labelled()
        self._prompt, self._told, self._done = prompt, told, 0
        self._units: dict[int, list[tuple[str, ...]]] = {}
        self._same: dict[tuple[str, ...], tuple[str, ...]] = {}

    def add(self, unit: Unit, answers: Sequence[Said]) -> None:
        """Read the answers to a unit."""
        self._units[unit.number] = [self._labels(one) for one in answers]
        self._done += len(answers)
        self._told(self._done)

    def whole(self) -> Labelled:
        """All labels in the order of the units."""
        self.found.labels = [one for number in range(len(self._units)) for one in self._units[number]]
        return self.found

    def _labels(self, said: Said) -> tuple[str, ...]:
        """The labels of one answer; equal ones are the same object, since there may be a million of them."""
        if said.end == "overflow":
            self.found.too_long += 1
            return ()
        labels = self._prompt.labels_in(said.text)
        self.found.unknown += labels is None
        return self._same.setdefault(labels or (), labels or ())
