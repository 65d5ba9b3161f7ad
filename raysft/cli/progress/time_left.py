"""How long the rest of a sweep takes, from what its finished part took. Pure: no clock of its own."""

import math
from collections import Counter
from dataclasses import dataclass, field

from raysft.cli.progress.facts import Watched
from raysft.identity import StageId
from raysft.plan.tree import Stage
from raysft.sweep.run.messages import Snapshot
from raysft.train.job import Progress

_MEMORY_S = 300.0
"""How far back the number of things under way at once is averaged; a cluster grows and shrinks."""


@dataclass(frozen=True)
class Left:
    """An estimate."""

    seconds: float
    whole: bool
    """False if something is left of which no speed is known yet: then it takes at least so long."""


@dataclass
class TimeLeft:
    """Measures, from snapshot to snapshot, what a conversation, a stage and a score take.

    A stage takes a fixed time (start, loading, publishing) and a time for each conversation that it trains
    on, which differs by model; a score takes a time as well. All that is left, divided by how many stages and
    shards were under way at once, is the time left: but no less than the longest chain of stages takes.
    """

    watched: Watched
    _last: Snapshot | None = field(default=None, init=False)
    _at_s: float = field(default=0.0, init=False)
    _progress: dict[StageId, Progress] = field(default_factory=dict, init=False)
    _begun: set[StageId] = field(default_factory=set, init=False)
    _training_s: float = field(default=0.0, init=False)
    """Summed over all stages under way."""
    _scoring_s: float = field(default=0.0, init=False)
    """Summed over all shards under way."""
    _busy: float = field(default=0.0, init=False)
    _weight: float = field(default=0.0, init=False)

    def see(self, snapshot: Snapshot, at_s: float) -> None:
        """Take a snapshot into account.

        Args:
            snapshot: of the run.
            at_s: seconds on a clock that only goes forward.
        """
        if self._last is not None:
            self._add(self._last, at_s - self._at_s)
        self._progress.update(snapshot.progress)
        self._begun |= snapshot.running
        self._last, self._at_s = snapshot, at_s

    def _add(self, during: Snapshot, seconds: float) -> None:
        training, scoring = len(during.running), during.scoring
        self._training_s += training * seconds
        self._scoring_s += scoring * seconds
        if training or scoring:
            kept = math.exp(-seconds / _MEMORY_S)
            self._busy = self._busy * kept + (training + scoring) * seconds
            self._weight = self._weight * kept + seconds

    def left(self) -> Left | None:
        """The time left for the whole sweep; None while nothing is known that it could be told from."""
        now = self._last
        if now is None or not self._weight:
            return None
        rates = self._seconds_per_conversation()
        open_stages = [
            stage
            for key, stage in self.watched.plan.stages.items()
            if key not in now.done and key not in now.failed
        ]
        missing = self.watched.missing(now)
        known = [stage for stage in open_stages if stage.model in rates]
        takes = {stage.fingerprint: self._takes(stage, rates[stage.model]) for stage in known}
        per_score = self._scoring_s / now.scored if now.scored else 0.0
        if not takes and not per_score * missing and (open_stages or missing):
            return None
        work = sum(takes.values()) + per_score * missing
        seconds = max(work * self._weight / self._busy, _longest_chain(known, takes))
        return Left(seconds, whole=len(known) == len(open_stages) and (per_score > 0 or not missing))

    def _takes(self, stage: Stage, rate: float) -> float:
        """Seconds that are left of a stage."""
        progress = self._progress.get(stage.fingerprint)
        share = 1.0 if progress is None else 1 - progress.step / progress.steps
        running = self._last is not None and stage.fingerprint in self._last.running
        return stage.conversation_epochs * share * rate + (0.0 if running else self._fixed_s())

    def _fixed_s(self) -> float:
        """What a stage takes beside its steps."""
        steps_s = sum(progress.seconds for progress in self._progress.values())
        return max(0.0, self._training_s - steps_s) / max(1, len(self._begun))

    def _seconds_per_conversation(self) -> dict[str, float]:
        """By model, for those of which a step was seen."""
        seconds: Counter[str] = Counter()
        conversations: Counter[str] = Counter()
        for key, progress in self._progress.items():
            stage = self.watched.plan.stages[key]
            share = (progress.step - progress.first_step) / progress.steps
            seconds[stage.model] += progress.seconds  # type: ignore[assignment] # a Counter may hold floats
            conversations[stage.model] += stage.conversation_epochs * share  # type: ignore[assignment]
        return {model: seconds[model] / seen for model, seen in conversations.items() if seen > 0}


def _longest_chain(stages: list[Stage], takes: dict[StageId, float]) -> float:
    """Seconds from now to the end of the longest chain; a parent comes before its children in a plan."""
    end: dict[StageId, float] = {}
    for stage in stages:
        before = end.get(stage.parent, 0.0) if stage.parent else 0.0
        end[stage.fingerprint] = before + takes[stage.fingerprint]
    return max(end.values(), default=0.0)
