"""The pool of engines: Ray actors that start when shards are admitted and go when there are none.

An engine that dies is replaced and its shard is given to another; what it had finished is in the store.
"""

import asyncio
from dataclasses import dataclass
from functools import cached_property

import ray
from ray import ObjectRef
from ray.actor import ActorHandle
from ray.exceptions import RayActorError, RayTaskError

from raysft.identity import BenchmarkKey, StageId
from raysft.process_log import start_process_log
from raysft.sweep.run.context import SweepContext
from raysft.sweep.run.evaluation_worker import EvaluationWorker

TRIES = 3
"""How often a unit of work is given to an engine that dies over it."""

IDLE_S = 60.0
"""Seconds after which an engine without work is stopped, so that its node can go."""


@dataclass(frozen=True)
class Shard:
    """One unit of evaluation: some questions of a benchmark to one subject, or the grading of all of them."""

    subject: StageId
    """Fingerprint of the base or stage."""
    model: str
    benchmark: BenchmarkKey
    part: int | None
    """Number of the shard; None for the grading."""

    @property
    def key(self) -> str:
        """Unique name of the unit."""
        return f"{self.subject}/{self.benchmark}/{'grade' if self.part is None else self.part}"


class EngineActor(EvaluationWorker):
    """An engine in a process of its own."""

    def __init__(self, context: SweepContext) -> None:
        start_process_log(context.store, context.spec.name, "engine")
        super().__init__(context)


@dataclass(eq=False)
class _Engine:
    actor: ActorHandle
    subject: StageId
    since: float = 0.0


class EnginePool:
    """Engines of one coordinator. Not safe for threads: lives in one event loop."""

    def __init__(self, context: SweepContext) -> None:
        self._context = context
        self._idle: list[_Engine] = []

    async def run(self, shard: Shard) -> None:
        """Do one unit of work on some engine.

        Raises:
            RayTaskError: the work itself failed.
            RayActorError: engines died over it too often.
        """
        for attempt in range(1, TRIES + 1):
            engine = self._take(shard.subject)
            try:
                if shard.part is None:
                    await engine.actor.grade.remote(shard.subject, shard.model, shard.benchmark)
                else:
                    await engine.actor.answer.remote(shard.subject, shard.model, shard.benchmark, shard.part)
            except RayActorError:
                self.stop_idle()  # what died may have taken its neighbours on the same node along
                if attempt == TRIES:
                    raise
                continue
            except RayTaskError:
                self._kill(engine)  # its device may be beyond use; the next one starts afresh
                raise
            self._give_back(engine)
            return

    def stop_idle(self) -> None:
        """Stop every engine without work, since what it holds is needed elsewhere."""
        for engine in self._idle:
            self._kill(engine)
        self._idle.clear()

    def _take(self, subject: StageId) -> _Engine:
        """An engine that holds these weights, or any other idle one, or a new one."""
        if self._idle:
            engine = next((one for one in self._idle if one.subject == subject), self._idle[0])
            self._idle.remove(engine)
        else:
            engine = _Engine(self._start(), subject)
        engine.subject = subject
        return engine

    @cached_property
    def _shared(self) -> ObjectRef:
        """The context, sent to the cluster once for all engines."""
        return ray.put(self._context)

    def _start(self) -> ActorHandle:
        spec = self._context.spec.evaluation
        # An engine must not inherit the placement group of whoever asks for it.
        actor = ray.remote(EngineActor).options(
            num_cpus=1,
            num_gpus=spec.gpus_per_engine,
            resources={spec.engine_resource: 1} if spec.engine_resource else {},
            scheduling_strategy="DEFAULT",
        )
        return actor.remote(self._shared)

    def _kill(self, engine: _Engine) -> None:
        ray.kill(engine.actor)

    def _give_back(self, engine: _Engine) -> None:
        loop = asyncio.get_running_loop()
        engine.since = loop.time()
        self._idle.append(engine)
        loop.call_later(IDLE_S, self._stop_if_idle, engine, engine.since)

    def _stop_if_idle(self, engine: _Engine, since: float) -> None:
        # An engine that worked since then has another `since`, and a call of its own to come.
        if engine in self._idle and engine.since == since:
            self._idle.remove(engine)
            self._kill(engine)
