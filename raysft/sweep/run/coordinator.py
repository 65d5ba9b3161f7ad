"""The coordinator: one Ray actor per driver, which admits stages and evaluation shards and owns the engines.

Trials ask it before they train and tell it what came of it; whoever waits holds no CPU and no GPU.
"""

import asyncio
from collections import Counter

import ray
from ray.exceptions import RayError

from raysft.cluster.resources import Resources
from raysft.errors import DamagedArtifact, StoreError
from raysft.identity import BenchmarkKey, StageId
from raysft.plan.policy import ShardWork, StageWork
from raysft.records import FailureRecord
from raysft.sweep.inputs.score_requests import AskedScore
from raysft.sweep.results.score_keys import read_score, shards
from raysft.sweep.run.context import SweepContext
from raysft.sweep.run.engine_pool import TRIES, EnginePool, Shard
from raysft.sweep.run.messages import Admission, Snapshot, record_failure
from raysft.sweep.run.schedule import Schedule
from raysft.train.job import Progress

_DIED = "the process that trained it died"


class Coordinator:
    """The actor around `Schedule`, with a future for everyone who waits. See `CoordinatorClient`."""

    def __init__(self, context: SweepContext, capacity: Resources) -> None:
        self._context = context
        needs = {address: context.needs(stage) for address, stage in context.plan.stages.items()}
        self._schedule = Schedule(context.plan, capacity, needs)
        self._pool = EnginePool(context)
        self._futures: dict[tuple[StageId, str], asyncio.Future[Admission]] = {}
        self._progress: dict[StageId, Progress] = {}
        self._scores: dict[AskedScore, asyncio.Future[None]] = {}
        self._shards: dict[str, Shard] = {}
        self._parts_left: dict[AskedScore, int] = {}
        self._begun_stages: Counter[StageId] = Counter()
        self._causes: dict[StageId, str] = {}
        self._begun_scores: Counter[AskedScore] = Counter()
        self._score_failures: dict[AskedScore, str] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._trained = self._resumed = self._scored = 0
        self._read_store()

    def _read_store(self) -> None:
        for stage in self._context.plan.stages:
            if self._context.store.find("stages", stage) is not None:
                self._schedule.finish(stage)
            elif (body := self._context.store.read_document("failures", stage)) is not None:
                self._schedule.fail(FailureRecord.model_validate(body))

    # ---- stages

    async def admit(self, stage: StageId, trial: str) -> Admission:
        """Wait until a stage is in the store, has failed, or is this trial's to train.

        A trial trains one stage at a time: one that asks again has lost whatever it held, with its process.
        """
        await self.release(trial)
        if stage not in self._schedule.done and self._context.store.find("stages", stage) is not None:
            self._answer(stage, self._schedule.finish(stage), Admission("done"))  # by another driver
        if stage in self._schedule.done:
            return Admission("done")
        if stage in self._schedule.failed:
            return Admission("failed", self._schedule.failed[stage])
        future: asyncio.Future[Admission] = asyncio.get_running_loop().create_future()
        self._futures[stage, trial] = future
        self._schedule.request(stage, trial)
        self._pump()
        return await future

    async def finished(self, stage: StageId, *, trained: bool, resumed: bool) -> None:
        """The stage is in the store."""
        self._trained += trained
        self._resumed += resumed
        self._progress.pop(stage, None)
        self._answer(stage, self._schedule.finish(stage), Admission("done"))
        self._pump()

    async def failed(self, failure: FailureRecord) -> None:
        """The stage failed for good; everything that continues from it is blocked."""
        self._progress.pop(failure.stage, None)
        for stage, trials in self._schedule.fail(failure).items():
            self._answer(stage, trials, Admission("failed", failure))
        self._pump()

    async def lost(self, stage: StageId) -> None:
        """The files of a finished stage were found damaged; it is open again."""
        self._schedule.reopen(stage)

    async def note(self, stage: StageId, cause: str) -> None:
        """An attempt at a stage ended by an error of its process; it is tried again."""
        self._causes[stage] = cause

    async def release(self, trial: str) -> None:
        """The process of a trial is gone; what it trained is free again, unless it was tried too often."""
        for stage in self._schedule.release(trial):
            if (tries := self._begun_stages[stage]) >= self._context.spec.run.attempts:
                cause = self._causes.get(stage, _DIED)
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

    def _answer(self, stage: StageId, trials: list[str], admission: Admission) -> None:
        for trial in trials:
            self._futures.pop((stage, trial)).set_result(admission)

    # ---- scores

    async def evaluate(self, subject: StageId, model: str) -> None:
        """Begin whatever is missing of the scores of a base or a finished stage."""
        asked = self._context.asked.get(subject)
        for key in asked.benchmarks if asked else ():
            if (subject, key) not in self._scores:
                self._begin(subject, model, key)
        self._pump()

    async def scores(self, subjects: list[tuple[StageId, str]]) -> None:
        """Wait for every score of these (subject, model); their shards now come first."""
        for subject, model in subjects:
            await self.evaluate(subject, model)
        wanted = {subject for subject, _ in subjects}
        self._schedule.want_shards([key for key, shard in self._shards.items() if shard.subject in wanted])
        self._pump()
        await asyncio.gather(*(future for (subject, _), future in self._scores.items() if subject in wanted))

    def _begin(self, subject: StageId, model: str, benchmark: BenchmarkKey) -> None:
        """Enqueue what is missing of a score. Whatever goes wrong, its future is set in the end."""
        key = (subject, benchmark)
        self._begun_scores[key] += 1
        future = self._scores.setdefault(key, asyncio.get_running_loop().create_future())
        chosen, spec = self._context.benchmarks[benchmark], self._context.spec.evaluation
        try:
            score = read_score(self._context.store, spec, chosen, self._context.answering(subject, model))
        except StoreError as error:
            self._schedule.reopen(subject)
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
        self._schedule.add_shard(shard.key, needs, wanted=wanted)

    async def _run(self, shard: Shard) -> None:
        failure: RayError | None = None
        try:
            await self._pool.run(shard)
        except RayError as error:
            failure = error
        finally:
            wanted = self._schedule.end_shard(shard.key).wanted
        if failure is None:
            self._shard_done(shard, wanted=wanted)
        else:
            self._shard_failed(shard, failure)
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
        if isinstance(getattr(error, "cause", None), DamagedArtifact) and self._begun_scores[key] < TRIES:
            self._begin(shard.subject, shard.model, shard.benchmark)
            return
        self._give_up(key, getattr(error, "cause", None) or error)

    def _give_up(self, key: AskedScore, error: Exception) -> None:
        """A score fails for this run; its future is set, so that nobody waits for it."""
        self._score_failures[key] = f"{type(error).__name__}: {error}".strip()
        if not self._scores[key].done():
            self._scores[key].set_result(None)

    # ---- both

    def _pump(self) -> None:
        """Start everything that the policy lets start."""
        if not self._context.inline:
            self._schedule.resize(self._seen_capacity())
        for work, trial in self._schedule.grant():
            if isinstance(work, StageWork):
                self._begun_stages[work.key] += 1
                if not self._context.trains_inline(self._context.plan.stages[work.key]):
                    self._pool.stop_idle()
                admission = Admission("train", begun=self._begun_stages[work.key])
                self._futures.pop((work.key, trial)).set_result(admission)
            else:
                task = asyncio.get_running_loop().create_task(self._run(self._shards[work.key]))
                # The loop keeps only a weak reference: a task that nobody else holds may be collected while
                # it runs.
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)

    def _seen_capacity(self) -> Resources:
        """What a cluster that is not ours has now, and room for one more of anything: asking makes it grow.

        Nothing more is asked for until the last stage that was admitted has found its place.
        """
        found, running = ray.cluster_resources(), self._schedule.running_work()
        used = sum((work.needs for work in running), Resources())
        pending = any(isinstance(work, StageWork) and work.key not in self._progress for work in running)
        asked = [] if pending else [work.needs for work in self._schedule.waiting_work()]
        # 8 CPUs with two stages of 4, and one of 4 waits: 12. It is admitted, Ray finds no place for it, and
        # the autoscaler adds a node.
        cpus = max(found.get("CPU", 0), used.cpus + max((one.cpus for one in asked), default=0))
        gpus = max(found.get("GPU", 0), used.gpus + max((one.gpus for one in asked), default=0))
        return Resources(cpus, gpus)

    async def snapshot(self) -> Snapshot:
        """What is done now; also the beat at which a cluster that grew is noticed."""
        self._pump()
        return Snapshot(
            done=frozenset(self._schedule.done),
            failed=dict(self._schedule.failed),
            running=frozenset(self._schedule.holders),
            progress=dict(self._progress),
            trained=self._trained,
            resumed=self._resumed,
            scored=self._scored,
            scores=frozenset(key for key, future in self._scores.items() if future.done())
            - self._score_failures.keys(),
            scoring=sum(isinstance(work, ShardWork) for work in self._schedule.running_work()),
            score_failures=dict(self._score_failures),
        )
