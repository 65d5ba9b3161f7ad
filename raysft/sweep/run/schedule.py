"""The coordinator's schedule: who waits for what, what runs, what is done.

Pure; the actor around it does the rest. Only the methods here change it.
"""

from collections.abc import Collection, Mapping, Set
from dataclasses import replace

from raysft.cluster.resources import Resources
from raysft.identity import StageId
from raysft.plan.policy import ShardWork, StageWork, Work, admit
from raysft.plan.tree import Plan
from raysft.records import FailureRecord


class Schedule:
    """Stages and evaluation shards of one plan, and what they hold of a cluster.

    A stage is open, running (held by one trial), done or failed. A stage below a failed one has failed too,
    unless its weights are in the store already.
    """

    def __init__(self, plan: Plan, capacity: Resources, needs: Mapping[StageId, Resources]) -> None:
        """Begin with every stage open.

        Args:
            plan: the plan.
            capacity: what all that runs may hold together.
            needs: what each stage holds while it trains.
        """
        self._plan, self._capacity, self._needs = plan, capacity, needs
        self._done: set[StageId] = set()
        self._failed: dict[StageId, FailureRecord] = {}
        self._holders: dict[StageId, str] = {}
        self._waiting: dict[StageId, list[str]] = {}
        self._shards_waiting: dict[str, ShardWork] = {}
        self._shards_running: dict[str, ShardWork] = {}

    @property
    def done(self) -> Set[StageId]:
        """Stages whose weights are in the store."""
        return self._done

    @property
    def failed(self) -> Mapping[StageId, FailureRecord]:
        """Stages that will have no weights in this run, each with the failure that is to blame."""
        return self._failed

    @property
    def holders(self) -> Mapping[StageId, str]:
        """Of each running stage, the trial that trains it."""
        return self._holders

    @property
    def running_shards(self) -> Set[str]:
        """Keys of the evaluation shards that run."""
        return self._shards_running.keys()

    # ---- stages

    def request(self, stage: StageId, trial: str) -> None:
        """A trial wants the weights of a stage: by training it, or from whoever does."""
        self._waiting.setdefault(stage, []).append(trial)

    def finish(self, stage: StageId) -> list[str]:
        """The weights of a stage are in the store; returns the trials that waited for them.

        If it had failed, in this run or in another one's eyes, what it blocked is open again.
        """
        self._done.add(stage)
        self._failed.pop(stage, None)
        self._failed = {below: one for below, one in self._failed.items() if one.stage != stage}
        self._holders.pop(stage, None)
        return self._waiting.pop(stage, [])

    def reopen(self, stage: StageId) -> None:
        """The weights of a finished stage are damaged or gone: it is to be trained again."""
        self._done.discard(stage)

    def fail(self, failure: FailureRecord) -> dict[StageId, list[str]]:
        """A stage failed for good, and with it all that continues from it; returns who waited for which."""
        freed: dict[StageId, list[str]] = {}
        below = [failure.stage]
        while below:
            stage = below.pop()
            below.extend(self._plan.children.get(stage, ()))
            if stage in self._done:
                continue  # its weights are there, whatever became of the stage before it
            self._failed[stage] = failure
            self._holders.pop(stage, None)
            freed[stage] = self._waiting.pop(stage, [])
        return freed

    def release(self, trial: str) -> list[StageId]:
        """A trial is gone: it waits no more, and what it trained, which is returned, is open again."""
        freed = [stage for stage, holder in self._holders.items() if holder == trial]
        for stage in freed:
            del self._holders[stage]
        for stage, trials in list(self._waiting.items()):
            self._waiting[stage] = [one for one in trials if one != trial]
            if not self._waiting[stage]:
                del self._waiting[stage]
        return freed

    # ---- evaluation shards

    def add_shard(self, key: str, needs: Resources, *, wanted: bool = False) -> None:
        """An evaluation shard waits for its turn; `wanted` if some trial waits for nothing but scores."""
        self._shards_waiting[key] = ShardWork(key, needs, wanted)

    def want_shards(self, keys: Collection[str]) -> None:
        """Some trial waits for these shards now: those that wait for their turn come before the others."""
        for key in self._shards_waiting.keys() & set(keys):
            self._shards_waiting[key] = replace(self._shards_waiting[key], wanted=True)

    def end_shard(self, key: str) -> ShardWork:
        """A running shard has ended, well or not; returns it."""
        return self._shards_running.pop(key)

    # ---- both

    def resize(self, capacity: Resources) -> None:
        """The cluster grew or shrank. What runs goes on; nothing new starts until it fits."""
        self._capacity = capacity

    def grant(self) -> list[tuple[Work, str]]:
        """What may start now, and counts as running from now on.

        Each piece of work comes with the trial that does it, which is empty for a shard.
        """
        started = admit(self._plan, self.waiting_work(), self.running_work(), self._capacity)
        return [(work, self._start(work)) for work in started]

    def running_work(self) -> list[Work]:
        """Everything that holds something now."""
        return [*(self._stage_work(stage) for stage in self._holders), *self._shards_running.values()]

    def waiting_work(self) -> list[Work]:
        """Everything that could start if there were room."""
        stages = (self._stage_work(stage) for stage in self._waiting if stage not in self._holders)
        return [*stages, *self._shards_waiting.values()]

    def _start(self, work: Work) -> str:
        if isinstance(work, ShardWork):
            self._shards_running[work.key] = self._shards_waiting.pop(work.key)
            return ""
        trial = self._waiting[work.key].pop(0)
        if not self._waiting[work.key]:
            del self._waiting[work.key]
        self._holders[work.key] = trial
        return trial

    def _stage_work(self, stage: StageId) -> StageWork:
        return StageWork(stage, self._needs[stage])
