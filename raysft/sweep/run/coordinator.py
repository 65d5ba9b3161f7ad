"""The coordinator: one Ray actor per driver, which admits stages and evaluation shards and owns the engines.

Trials ask it before they train and tell it what came of it; whoever waits holds no CPU and no GPU.
"""

import asyncio
from collections import Counter

import ray
from ray.exceptions import RayError

from raysft.cluster.resources import Resources
from raysft.errors import DamagedArtifact, StoreError
from raysft.plan.policy import Work
from raysft.records import FailureRecord
from raysft.sweep.results.score_keys import read_score, shards
from raysft.sweep.run.context import SweepContext
from raysft.sweep.run.engine_pool import TRIES, EnginePool, Shard
from raysft.sweep.run.messages import Admission, Snapshot, record_failure
from raysft.sweep.run.schedule import Desk
from raysft.train.job import Progress


class Coordinator:
    """Book-keeping around `Desk`, with a future for everyone who waits."""

    def __init__(self, context: SweepContext, capacity: Resources) -> None:
        self._context = context
        needs = {address: context.needs(stage) for address, stage in context.plan.stages.items()}
        self._desk = Desk(context.plan, capacity, needs)
        self._pool = EnginePool(context)
        self._futures: dict[tuple[str, str], asyncio.Future[Admission]] = {}
        self._progress: dict[str, Progress] = {}
        self._scores: dict[tuple[str, str], asyncio.Future[None]] = {}
        self._shards: dict[str, Shard] = {}
        self._parts_left: dict[tuple[str, str], int] = {}
        self._tries: Counter[str] = Counter()
        self._causes: dict[str, str] = {}
        self._begun: Counter[tuple[str, str]] = Counter()
        self._score_failures: dict[str, str] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._trained = self._resumed = self._scored = 0
        self._read_store()

    def _read_store(self) -> None:
        for stage in self._context.plan.stages:
            if self._context.store.find("stages", stage) is not None:
                self._desk.finish(stage)
            elif (body := self._context.store.read_document("failures", stage)) is not None:
                self._desk.fail(FailureRecord.model_validate(body))

    # ---- stages

    async def admit(self, stage: str, trial: str) -> Admission:
        """Wait until a stage stands, has failed, or is this trial's to train.

        A trial trains one stage at a time: one that asks again has lost whatever it held, with its process.
        """
        await self.release(trial)
        if stage not in self._desk.done and self._context.store.find("stages", stage) is not None:
            self._settle(stage, self._desk.finish(stage), Admission("done"))  # by another driver
        if stage in self._desk.done:
            return Admission("done")
        if stage in self._desk.failed:
            return Admission("failed", self._desk.failed[stage])
        future: asyncio.Future[Admission] = asyncio.get_running_loop().create_future()
        self._futures[stage, trial] = future
        self._desk.ask(stage, trial)
        self._pump()
        return await future

    async def finished(self, stage: str, *, trained: bool, resumed: bool) -> None:
        """The stage stands in the store."""
        self._trained += trained
        self._resumed += resumed
        self._progress.pop(stage, None)
        self._settle(stage, self._desk.finish(stage), Admission("done"))
        self._pump()

    async def failed(self, failure: FailureRecord) -> None:
        """The stage failed for good; everything that continues from it is blocked."""
        self._progress.pop(failure.stage, None)
        for stage, trials in self._desk.fail(failure).items():
            self._settle(stage, trials, Admission("failed", failure))
        self._pump()

    async def lost(self, stage: str) -> None:
        """The files of a finished stage were found damaged; it is open again."""
        self._desk.done.discard(stage)

    async def note(self, stage: str, cause: str) -> None:
        """An attempt at a stage ended by an error of its process; it is tried again."""
        self._causes[stage] = cause

    async def release(self, trial: str) -> None:
        """The process of a trial is gone; what it trained is free again, unless it was tried too often."""
        held = [stage for stage, holder in self._desk.holders.items() if holder == trial]
        self._desk.release(trial)
        for stage in held:
            if (tries := self._tries[stage]) >= self._context.spec.run.attempts:
                cause = self._causes.get(stage, "the process that trained it died")
                failure = FailureRecord(
                    stage=stage, kind="infrastructure", cause=f"{cause} ({tries} attempts)", attempts=tries
                )
                record_failure(self._context.store, failure)
                await self.failed(failure)
        for stage, holder in list(self._futures):
            if holder == trial:
                self._futures.pop((stage, holder)).cancel()
        self._pump()

    async def report(self, progress: Progress) -> None:
        """How far a stage is."""
        self._progress[progress.fingerprint] = progress

    def _settle(self, stage: str, trials: list[str], admission: Admission) -> None:
        for trial in trials:
            self._futures.pop((stage, trial)).set_result(admission)

    # ---- scores

    async def evaluate(self, subject: str, model: str) -> None:
        """Begin whatever is missing of the scores of a base or a finished stage."""
        asked = self._context.asked.get(subject)
        for key in asked.benchmarks if asked else ():
            if (subject, key) not in self._scores:
                self._begin(subject, model, key)
        self._pump()

    async def scores(self, subjects: list[tuple[str, str]]) -> None:
        """Wait for every score of these (subject, model); their shards now come first."""
        for subject, model in subjects:
            await self.evaluate(subject, model)
        wanted = {subject for subject, _ in subjects}
        for key, work in self._desk.shards_waiting.items():
            if self._shards[key].subject in wanted:
                self._desk.shards_waiting[key] = Work("shard", key, work.needs, wanted=True)
        self._pump()
        await asyncio.gather(*(future for (subject, _), future in self._scores.items() if subject in wanted))

    def _begin(self, subject: str, model: str, benchmark: str) -> None:
        """Enqueue what is missing of a score. Whatever goes wrong, its future is set in the end."""
        key = (subject, benchmark)
        self._begun[key] += 1
        future = self._scores.setdefault(key, asyncio.get_running_loop().create_future())
        chosen, spec = self._context.benchmarks[benchmark], self._context.spec.evaluation
        try:
            score = read_score(self._context.store, spec, chosen, self._context.digest(subject, model))
        except StoreError as error:
            self._desk.done.discard(subject)
            self._give_up(key, error)
            return
        if score is not None:
            future.set_result(None)
            return
        parts = range(len(shards(spec, chosen)))
        self._parts_left[subject, benchmark] = len(parts)
        for part in parts:
            self._enqueue(Shard(subject, model, benchmark, part))

    def _enqueue(self, shard: Shard, *, wanted: bool = False) -> None:
        needs = Resources(cpus=1, gpus=self._context.spec.evaluation.gpus_per_engine)
        self._shards[shard.key] = shard
        self._desk.shards_waiting[shard.key] = Work("shard", shard.key, needs, wanted)

    async def _run(self, shard: Shard) -> None:
        wanted = self._desk.shards_running[shard.key].wanted
        try:
            await self._pool.run(shard)
        except RayError as error:
            self._shard_failed(shard, error)
        else:
            self._shard_done(shard, wanted=wanted)
        finally:
            self._desk.shards_running.pop(shard.key)
            self._pump()

    def _shard_done(self, shard: Shard, *, wanted: bool) -> None:
        key = (shard.subject, shard.benchmark)
        if shard.part is None:
            self._scored += 1
            self._scores[key].set_result(None)
            return
        self._parts_left[key] -= 1
        if self._parts_left[key] == 0:
            self._enqueue(Shard(shard.subject, shard.model, shard.benchmark, None), wanted=wanted)

    def _shard_failed(self, shard: Shard, error: RayError) -> None:
        key = (shard.subject, shard.benchmark)
        if isinstance(getattr(error, "cause", None), DamagedArtifact) and self._begun[key] < TRIES:
            self._begin(shard.subject, shard.model, shard.benchmark)
            return
        self._give_up(key, getattr(error, "cause", None) or error)

    def _give_up(self, key: tuple[str, str], error: Exception) -> None:
        """A score fails for this run; its future is set, so that nobody waits for it."""
        self._score_failures["/".join(key)] = f"{type(error).__name__}: {error}".strip()
        if not self._scores[key].done():
            self._scores[key].set_result(None)

    # ---- both

    def _pump(self) -> None:
        """Start everything that the policy lets start."""
        if not self._context.inline:
            self._desk.capacity = self._seen_capacity()
        for work, trial in self._desk.grant():
            if work.kind == "stage":
                self._tries[work.key] += 1
                if not self._context.trains_inline(self._context.plan.stages[work.key]):
                    self._pool.stop_idle()
                self._futures.pop((work.key, trial)).set_result(Admission("train"))
            else:
                task = asyncio.get_running_loop().create_task(self._run(self._shards[work.key]))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)

    def _seen_capacity(self) -> Resources:
        """What a cluster that is not ours has now, and room for one more of anything: asking makes it grow.

        Nothing more is asked for until the last stage that was admitted has found its place.
        """
        found, running = ray.cluster_resources(), self._desk.running()
        used = sum((work.needs for work in running), Resources())
        pending = any(work.kind == "stage" and work.key not in self._progress for work in running)
        asked = [] if pending else [work.needs for work in self._desk.waiting_work()]
        cpus = max(found.get("CPU", 0), used.cpus + max((one.cpus for one in asked), default=0))
        gpus = max(found.get("GPU", 0), used.gpus + max((one.gpus for one in asked), default=0))
        return Resources(cpus, gpus)

    async def snapshot(self) -> Snapshot:
        """What stands now; also the beat at which a cluster that grew is noticed."""
        self._pump()
        return Snapshot(
            done=frozenset(self._desk.done),
            failed=dict(self._desk.failed),
            running=frozenset(self._desk.holders),
            progress=dict(self._progress),
            trained=self._trained,
            resumed=self._resumed,
            scored=self._scored,
            scores=frozenset("/".join(key) for key, future in self._scores.items() if future.done())
            - self._score_failures.keys(),
            scoring=len(self._desk.shards_running),
            score_failures=dict(self._score_failures),
        )
