"""The coordinator, without trials and engines: nobody waits for ever, whatever dies or is gone."""

import asyncio
from pathlib import Path

import pytest
import yaml

from raysft.cluster.resources import Resources
from raysft.records import FailureRecord
from raysft.spec import load_sweep
from raysft.store import Store
from raysft.sweep.inputs.prepare import prepare_sweep
from raysft.sweep.inputs.read import read_inputs
from raysft.sweep.run.context import SweepContext, make_context
from raysft.sweep.run.coordinator import Coordinator
from raysft.sweep.run.session import Session

pytestmark = pytest.mark.slow

PATIENCE_S = 20
"""Nothing here takes a second; who waits longer waits for ever."""


@pytest.fixture
def context(tmp_path: Path, ray_cluster: Session) -> SweepContext:
    raw = {
        "name": "book",
        "abilities": {
            name: {
                "source": {"path": f"world/{name}", "rows": 8},
                "benchmark": {"name": f"world/{name}", "limit": 2},
            }
            for name in ("code", "math", "general")
        },
        "models": {"tiny": {"base": "world/base"}},
        "studies": {"s": {"model": "tiny", "strategy": ["mixed_sequential", {"dmt": {"k": "1/2"}}]}},
        "run": {"attempts": 2},
    }
    file = tmp_path / "sweep.yaml"
    file.write_text(yaml.safe_dump(raw))
    url = str(tmp_path / "store")
    inputs, store = read_inputs(load_sweep(file), url), Store.open(url)
    prepare_sweep(inputs, store)
    return make_context(inputs, store, inline=True)


def shared_stage(context: SweepContext) -> str:
    return next(stage for stage, users in context.plan.users.items() if users == 2)


def test_a_stage_whose_processes_die_fails_after_its_attempts_and_says_so(context: SweepContext) -> None:
    stage = shared_stage(context)

    async def play() -> None:
        coordinator = Coordinator(context, Resources(cpus=2))
        assert (await coordinator.admit(stage, "one")).verdict == "train"
        other = asyncio.create_task(coordinator.admit(stage, "two"))
        await asyncio.sleep(0)
        await coordinator.release("one")
        assert (await asyncio.wait_for(other, PATIENCE_S)).verdict == "train"
        third = asyncio.create_task(coordinator.admit(stage, "three"))
        await asyncio.sleep(0)
        await coordinator.note(stage, "MemoryError: no more")
        await coordinator.release("two")
        told = await asyncio.wait_for(third, PATIENCE_S)
        assert told.verdict == "failed"
        assert told.failure is not None
        assert "MemoryError: no more (2 attempts)" in told.failure.cause
        child = context.plan.children[stage][0]
        assert (await coordinator.admit(child, "four")).verdict == "failed"

    asyncio.run(play())
    body = context.store.read_document("failures", stage)
    assert body is not None
    assert FailureRecord.model_validate(body).kind == "infrastructure"


def test_a_trial_that_asks_again_gives_back_what_it_held(context: SweepContext) -> None:
    stage = shared_stage(context)

    async def play() -> None:
        coordinator = Coordinator(context, Resources(cpus=1))
        assert (await coordinator.admit(stage, "one")).verdict == "train"
        again = await asyncio.wait_for(coordinator.admit(stage, "one"), PATIENCE_S)
        assert again.verdict == "train"
        assert (await coordinator.snapshot()).running == {stage}

    asyncio.run(play())


def test_scores_of_weights_that_are_gone_fail_and_nobody_waits(context: SweepContext) -> None:
    stage = shared_stage(context)

    async def play() -> None:
        coordinator = Coordinator(context, Resources(cpus=1))
        await coordinator.finished(stage, trained=True, resumed=False)
        await asyncio.wait_for(coordinator.scores([(stage, "tiny")]), PATIENCE_S)
        snapshot = await coordinator.snapshot()
        assert set(snapshot.score_failures) == {f"{stage}/{ability}" for ability in context.benchmarks}
        assert stage not in snapshot.done, "it must be trained again"

    asyncio.run(play())
