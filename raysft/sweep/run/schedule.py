"""The coordinator's book: who waits for what, what runs, what is done.

Pure; the actor around it does the rest.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from raysft.cluster.resources import Resources
from raysft.plan.policy import Work, admit
from raysft.plan.tree import Plan
from raysft.records import FailureRecord


@dataclass
class Desk:
    """What stands at one moment.

    A stage is open, running (held by one trial), done or failed. A stage whose parent failed has failed too.
    """

    plan: Plan
    capacity: Resources
    needs: Mapping[str, Resources]
    """What each stage holds while it trains."""
    done: set[str] = field(default_factory=set)
    failed: dict[str, FailureRecord] = field(default_factory=dict)
    holders: dict[str, str] = field(default_factory=dict)
    """Trial that trains a running stage."""
    waiting: dict[str, list[str]] = field(default_factory=dict)
    """Trials that wait for a stage, in the order in which they came."""
    shards_waiting: dict[str, Work] = field(default_factory=dict)
    shards_running: dict[str, Work] = field(default_factory=dict)

    def ask(self, stage: str, trial: str) -> None:
        """A trial wants the weights of a stage: by training it, or from whoever does."""
        self.waiting.setdefault(stage, []).append(trial)

    def finish(self, stage: str) -> list[str]:
        """A stage stands; returns the trials that waited for it."""
        self.done.add(stage)
        self.holders.pop(stage, None)
        return self.waiting.pop(stage, [])

    def fail(self, failure: FailureRecord) -> dict[str, list[str]]:
        """A stage failed for good, and with it all that continues from it; returns who waited for which."""
        freed: dict[str, list[str]] = {}
        below = [failure.stage]
        while below:
            stage = below.pop()
            self.failed[stage] = failure
            self.holders.pop(stage, None)
            freed[stage] = self.waiting.pop(stage, [])
            below.extend(self.plan.children.get(stage, ()))
        return freed

    def release(self, trial: str) -> None:
        """A trial is gone: what it trained may be trained by another, and it waits no more."""
        self.holders = {stage: holder for stage, holder in self.holders.items() if holder != trial}
        for stage, trials in list(self.waiting.items()):
            self.waiting[stage] = [one for one in trials if one != trial]
            if not self.waiting[stage]:
                del self.waiting[stage]

    def grant(self) -> list[tuple[Work, str]]:
        """What may start now: each piece of work with the trial that does it (empty for a shard)."""
        started = admit(self.plan, self.waiting_work(), self.running(), self.capacity)
        return [(work, self._start(work)) for work in started]

    def running(self) -> list[Work]:
        """Everything that holds something now."""
        return [*(self._stage_work(stage) for stage in self.holders), *self.shards_running.values()]

    def waiting_work(self) -> list[Work]:
        """Everything that could start if there were room."""
        stages = (self._stage_work(stage) for stage in self.waiting if stage not in self.holders)
        return [*stages, *self.shards_waiting.values()]

    def _start(self, work: Work) -> str:
        if work.kind == "shard":
            self.shards_running[work.key] = self.shards_waiting.pop(work.key)
            return ""
        trial = self.waiting[work.key].pop(0)
        if not self.waiting[work.key]:
            del self.waiting[work.key]
        self.holders[work.key] = trial
        return trial

    def _stage_work(self, stage: str) -> Work:
        return Work("stage", stage, self.needs[stage])

    def settled(self, stages: Iterable[str]) -> bool:
        """Whether each of these stages is done or has failed."""
        return all(stage in self.done or stage in self.failed for stage in stages)
