"""The coordinator, without trials and engines: nobody waits for ever, whatever dies or is gone."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from ray.exceptions import RayActorError, RayTaskError
from support.example_context import context_of, publish_score, publish_stage
from support.local_coordinator import PATIENCE_S, make_coordinator

from raysft.cluster.resources import Resources
from raysft.errors import DamagedArtifact
from raysft.records import FailureRecord
from raysft.sweep.run import coordinator as coordinator_module
from raysft.sweep.run.context import SweepContext
from raysft.sweep.run.coordinator import Coordinator
from raysft.sweep.run.engine_pool import TRIES
from raysft.sweep.run.messages import Admission, record_failure
from raysft.train.job import Progress


def shared_stage(context: SweepContext) -> str:
    return next(stage for stage, users in context.plan.users.items() if users == 2)


def play(context: SweepContext, cpus: float = 4) -> Callable[..., None]:
    """Run a story with a coordinator of its own."""

    def run(story: Callable[[Coordinator], Awaitable[None]]) -> None:
        async def main() -> None:
            await asyncio.wait_for(story(make_coordinator(context, cpus)), PATIENCE_S)

        asyncio.run(main())

    return run


async def begin(call: Awaitable[Admission]) -> asyncio.Task[Admission]:
    """Make a call that will wait, and let it get as far as it can."""
    task = asyncio.ensure_future(call)
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    return task


# ---- stages


def test_what_is_in_the_store_is_done_or_has_failed_from_the_start(context: SweepContext) -> None:
    stages = list(context.plan.stages)
    publish_stage(context, stages[0])
    record_failure(context.store, FailureRecord(stage=stages[-1], kind="user", cause="x", attempts=1))

    @play(context)
    async def story(coordinator: Coordinator) -> None:
        assert (await coordinator.admit(stages[0], "one")).verdict == "done"
        told = await coordinator.admit(stages[-1], "two")
        assert (told.verdict, told.failure.cause) == ("failed", "x")
        snapshot = await coordinator.snapshot()
        assert (snapshot.done, set(snapshot.failed)) == ({stages[0]}, {stages[-1]})


def test_a_failure_of_old_does_not_block_what_was_finished_since(context: SweepContext) -> None:
    stage = shared_stage(context)
    record_failure(context.store, FailureRecord(stage=stage, kind="user", cause="x", attempts=1))

    @play(context)
    async def story(coordinator: Coordinator) -> None:
        assert (await coordinator.admit(stage, "one")).verdict == "failed"
        publish_stage(context, stage)  # by another driver
        assert (await coordinator.admit(stage, "one")).verdict == "done"
        child = context.plan.children[stage][0]
        assert (await coordinator.admit(child, "one")).verdict == "train"


def test_whoever_waits_is_told_when_the_stage_is_finished(context: SweepContext) -> None:
    stage = shared_stage(context)

    @play(context)
    async def story(coordinator: Coordinator) -> None:
        assert await coordinator.admit(stage, "one") == Admission("train", begun=1)
        other = await begin(coordinator.admit(stage, "two"))
        assert not other.done()
        await coordinator.report(Progress(stage, 0, 1, 4, 2.0, 10, 0.1))
        assert (await coordinator.snapshot()).progress[stage].step == 1
        await coordinator.finished(stage, trained=True, resumed=True)
        assert (await other).verdict == "done"
        snapshot = await coordinator.snapshot()
        assert (snapshot.trained, snapshot.resumed, snapshot.progress) == (1, 1, {})


def test_a_stage_waits_for_room(context: SweepContext) -> None:
    first, second = [stage.fingerprint for stage in context.plan.stages.values() if stage.parent is None]

    @play(context, cpus=1)
    async def story(coordinator: Coordinator) -> None:
        await coordinator.admit(first, "one")
        other = await begin(coordinator.admit(second, "two"))
        assert not other.done()
        await coordinator.finished(first, trained=True, resumed=False)
        assert (await other).verdict == "train"


def test_a_stage_whose_processes_die_fails_after_its_attempts_and_says_so(tmp_path: Path) -> None:
    context = context_of(tmp_path, run={"attempts": 2})
    stage = shared_stage(context)

    @play(context)
    async def story(coordinator: Coordinator) -> None:
        assert (await coordinator.admit(stage, "one")).verdict == "train"
        other = await begin(coordinator.admit(stage, "two"))
        await coordinator.release("one")
        assert await other == Admission("train", begun=2)
        third = await begin(coordinator.admit(stage, "three"))
        await coordinator.note(stage, "MemoryError: no more")
        await coordinator.release("two")
        told = await third
        assert told.verdict == "failed"
        assert "MemoryError: no more (2 attempts)" in told.failure.cause
        child = context.plan.children[stage][0]
        assert (await coordinator.admit(child, "four")).verdict == "failed"

    record = FailureRecord.model_validate(context.store.read_document("failures", stage))
    assert (record.kind, record.attempts) == ("infrastructure", 2)


def test_a_stage_whose_process_says_nothing_fails_with_that(tmp_path: Path) -> None:
    context = context_of(tmp_path, run={"attempts": 1})
    stage = shared_stage(context)

    @play(context)
    async def story(coordinator: Coordinator) -> None:
        await coordinator.admit(stage, "one")
        await coordinator.release("one")
        told = await coordinator.admit(stage, "two")
        assert told.failure.cause == "the process that trained it died (1 attempts)"


def test_a_trial_that_asks_again_gives_back_what_it_held(context: SweepContext) -> None:
    stage = shared_stage(context)

    @play(context, cpus=1)
    async def story(coordinator: Coordinator) -> None:
        assert (await coordinator.admit(stage, "one")).verdict == "train"
        assert await coordinator.admit(stage, "one") == Admission("train", begun=2)
        assert (await coordinator.snapshot()).running == {stage}


def test_a_trial_that_is_gone_waits_no_more(context: SweepContext) -> None:
    stage = shared_stage(context)

    @play(context)
    async def story(coordinator: Coordinator) -> None:
        await coordinator.admit(stage, "one")
        other = await begin(coordinator.admit(stage, "two"))
        await coordinator.release("two")
        with pytest.raises(asyncio.CancelledError):
            await other
        await coordinator.release("one")
        assert (await coordinator.snapshot()).running == set()


def test_lost_weights_are_trained_again(context: SweepContext) -> None:
    stage = shared_stage(context)

    @play(context)
    async def story(coordinator: Coordinator) -> None:
        await coordinator.finished(stage, trained=True, resumed=False)
        await coordinator.lost(stage)
        assert (await coordinator.admit(stage, "one")).verdict == "train"


def test_training_on_workers_of_ray_takes_the_room_of_idle_engines(tmp_path: Path) -> None:
    context = context_of(tmp_path, models={"tiny": {"base": "world/base", "workers": 2},
                                           "other": {"base": "world/base"}})  # fmt: skip

    @play(context)
    async def story(coordinator: Coordinator) -> None:
        await coordinator.admit(shared_stage(context), "one")
        assert coordinator._pool.stopped == 1


# ---- scores


def test_every_score_is_made_once(context: SweepContext) -> None:
    base = context.plan.bases["tiny"].fingerprint

    @play(context)
    async def story(coordinator: Coordinator) -> None:
        await coordinator.evaluate(base, "tiny")
        assert (await coordinator.snapshot()).scores == set()
        await coordinator.scores([(base, "tiny")])
        await coordinator.scores([(base, "tiny")])
        snapshot = await coordinator.snapshot()
        assert (snapshot.scored, len(snapshot.scores), snapshot.score_failures) == (3, 3, {})
        keys = [shard.key for shard in coordinator._pool.done]
        assert len(keys) == len(set(keys)) == 6, "one shard of answers and one grading of each benchmark"


def test_answers_come_before_their_grading(tmp_path: Path) -> None:
    context = context_of(tmp_path, evaluation={"shard_size": 1})
    base = context.plan.bases["tiny"].fingerprint

    @play(context)
    async def story(coordinator: Coordinator) -> None:
        await coordinator.scores([(base, "tiny")])
        parts = [shard.part for shard in coordinator._pool.done if shard.benchmark == "math"]
        assert sorted(parts[:-1]) == [0, 1]
        assert parts[-1] is None


def test_scores_that_are_in_the_store_are_not_made_again(context: SweepContext) -> None:
    base = context.plan.bases["tiny"].fingerprint
    publish_score(context, base, "tiny", "math")

    @play(context)
    async def story(coordinator: Coordinator) -> None:
        await coordinator.scores([(base, "tiny")])
        assert (await coordinator.snapshot()).scored == 2
        assert "math" not in {shard.benchmark for shard in coordinator._pool.done}


def test_what_nobody_asked_to_be_scored_is_not_waited_for(tmp_path: Path) -> None:
    context = context_of(tmp_path, evaluation={"stages": "leaves"})
    stage = shared_stage(context)
    publish_stage(context, stage)

    @play(context)
    async def story(coordinator: Coordinator) -> None:
        await coordinator.scores([(stage, "tiny")])
        assert coordinator._pool.done == []


def test_scores_of_weights_that_are_gone_fail_and_nobody_waits(context: SweepContext) -> None:
    stage = shared_stage(context)

    @play(context, cpus=1)
    async def story(coordinator: Coordinator) -> None:
        await coordinator.finished(stage, trained=True, resumed=False)
        await coordinator.scores([(stage, "tiny")])
        snapshot = await coordinator.snapshot()
        assert set(snapshot.score_failures) == {(stage, ability) for ability in context.benchmarks}
        assert stage not in snapshot.done, "it must be trained again"


def test_an_engine_that_fails_costs_one_score_and_no_other(context: SweepContext) -> None:
    base = context.plan.bases["tiny"].fingerprint

    @play(context)
    async def story(coordinator: Coordinator) -> None:
        coordinator._pool.failures[f"{base}/math/0"] = [RayActorError()]
        await coordinator.scores([(base, "tiny")])
        snapshot = await coordinator.snapshot()
        assert set(snapshot.score_failures) == {(base, "math")}
        assert (snapshot.scored, snapshot.scores) == (2, {(base, "code"), (base, "general")})


def damaged() -> RayTaskError:
    return RayTaskError("grade", "traceback", DamagedArtifact("answers are damaged"))


def test_damaged_answers_are_given_again(context: SweepContext) -> None:
    base = context.plan.bases["tiny"].fingerprint

    @play(context)
    async def story(coordinator: Coordinator) -> None:
        coordinator._pool.failures[f"{base}/math/grade"] = [damaged()]
        await coordinator.scores([(base, "tiny")])
        assert (await coordinator.snapshot()).score_failures == {}
        shards = [shard.part for shard in coordinator._pool.done if shard.benchmark == "math"]
        assert shards == [0, 0, None]


def test_answers_that_are_damaged_again_and_again_are_given_up(context: SweepContext) -> None:
    base = context.plan.bases["tiny"].fingerprint

    @play(context)
    async def story(coordinator: Coordinator) -> None:
        coordinator._pool.failures[f"{base}/math/grade"] = [damaged() for _ in range(TRIES)]
        await coordinator.scores([(base, "tiny")])
        failures = (await coordinator.snapshot()).score_failures
        assert failures == {(base, "math"): "DamagedArtifact: answers are damaged"}


# ---- room


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> dict[str, float]:
    """What a cluster that is not ours has at the moment."""
    found = {"CPU": 1.0}
    monkeypatch.setattr(coordinator_module.ray, "cluster_resources", lambda: found)
    return found


def test_a_cluster_that_may_grow_is_asked_for_one_more_of_anything(
    tmp_path: Path, cluster: dict[str, float]
) -> None:
    context = context_of(tmp_path, inline=False)
    first, second = [stage.fingerprint for stage in context.plan.stages.values() if stage.parent is None]

    @play(context)
    async def story(coordinator: Coordinator) -> None:
        assert (await coordinator.admit(first, "one")).verdict == "train"
        other = await begin(coordinator.admit(second, "two"))
        assert not other.done(), "the first has not found its place yet"
        await coordinator.report(Progress(first, 0, 1, 4, 2.0, 10, 0.1))
        await coordinator.snapshot()
        assert (await other).verdict == "train", "asking for it makes the cluster grow"
        assert coordinator._seen_capacity() == Resources(cpus=2)
        cluster["CPU"] = 8.0
        assert coordinator._seen_capacity() == Resources(cpus=8)
