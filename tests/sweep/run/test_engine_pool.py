"""The pool: engines are shared, replaced when they die, and gone when nobody needs them."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from ray.exceptions import RayActorError, RayTaskError

from raysft.sweep.run import engine_pool
from raysft.sweep.run.context import SweepContext
from raysft.sweep.run.engine_pool import TRIES, EnginePool, Shard


class Method:
    """A method of an actor: `.remote` can be awaited."""

    def __init__(self, engine: "Engine") -> None:
        self._engine = engine

    async def remote(self, *arguments: object) -> None:
        await self._engine.gate.wait()
        self._engine.did.append(arguments)
        if self._engine.failures:
            raise self._engine.failures.pop(0)


class Engine:
    """An actor that does what it is told to: work, or fail."""

    def __init__(self, failures: list[Exception], gate: asyncio.Event) -> None:
        self.failures, self.gate = failures, gate
        self.did: list[tuple[object, ...]] = []
        self.answer = self.grade = Method(self)


class Pool(EnginePool):
    """Engines of this process. `failures` is what the next calls end with, on whichever engine."""

    def __init__(self, context: SweepContext) -> None:
        super().__init__(context)
        self.started: list[Engine] = []
        self.killed: list[Engine] = []
        self.failures: list[Exception] = []
        self.gate = asyncio.Event()
        self.gate.set()

    def _start(self) -> Engine:
        self.started.append(Engine(self.failures, self.gate))
        return self.started[-1]

    def _kill(self, engine: engine_pool._Engine) -> None:
        self.killed.append(engine.actor)


@pytest.fixture
def play(context: SweepContext) -> Callable[[Callable[[Pool], Awaitable[None]]], None]:
    def run(story: Callable[[Pool], Awaitable[None]]) -> None:
        async def main() -> None:
            await asyncio.wait_for(story(Pool(context)), 20)

        asyncio.run(main())

    return run


def shard(subject: str = "base", part: int | None = 0) -> Shard:
    return Shard(subject, "tiny", "math", part)


@pytest.mark.parametrize(("part", "key"), [(0, "base/math/0"), (3, "base/math/3"), (None, "base/math/grade")])
def test_every_unit_has_a_name_of_its_own(part: int | None, key: str) -> None:
    assert shard(part=part).key == key


def test_one_engine_does_one_thing_after_the_other(play) -> None:
    @play
    async def story(pool: Pool) -> None:
        await pool.run(shard(part=0))
        await pool.run(shard(part=None))
        (engine,) = pool.started
        assert engine.did == [("base", "tiny", "math", 0), ("base", "tiny", "math")]


def test_work_at_the_same_time_gets_an_engine_each(play) -> None:
    @play
    async def story(pool: Pool) -> None:
        pool.gate.clear()
        both = [asyncio.ensure_future(pool.run(shard(part=part))) for part in range(2)]
        await asyncio.sleep(0)
        assert len(pool.started) == 2
        pool.gate.set()
        await asyncio.gather(*both)
        await pool.run(shard(part=2))
        assert len(pool.started) == 2


def test_an_engine_that_holds_the_weights_is_preferred(play) -> None:
    @play
    async def story(pool: Pool) -> None:
        pool.gate.clear()
        both = [asyncio.ensure_future(pool.run(shard(subject))) for subject in ("first", "second")]
        await asyncio.sleep(0)
        pool.gate.set()
        await asyncio.gather(*both)
        for subject in ("second", "first", "second"):
            await pool.run(shard(subject))
        assert [[call[0] for call in engine.did] for engine in pool.started] == [
            ["first"] * 2,
            ["second"] * 3,
        ]


def test_a_dead_engine_is_replaced_and_takes_its_idle_neighbours_along(play) -> None:
    @play
    async def story(pool: Pool) -> None:
        pool.gate.clear()
        both = [asyncio.ensure_future(pool.run(shard(part=part))) for part in range(2)]
        await asyncio.sleep(0)
        pool.gate.set()
        await asyncio.gather(*both)
        pool.failures.append(RayActorError())
        await pool.run(shard(part=2))
        assert len(pool.started) == 3
        assert len(pool.killed) == 1, "its idle neighbour; what is dead need not be killed"


def test_work_over_which_engines_die_is_given_up(play) -> None:
    @play
    async def story(pool: Pool) -> None:
        pool.failures.extend(RayActorError() for _ in range(TRIES))
        with pytest.raises(RayActorError):
            await pool.run(shard())
        assert len(pool.started) == TRIES
        await pool.run(shard(part=1))


def test_work_that_fails_is_not_tried_again_and_costs_its_engine(play) -> None:
    @play
    async def story(pool: Pool) -> None:
        pool.failures.append(RayTaskError("answer", "traceback", ValueError("no such file")))
        with pytest.raises(RayTaskError):
            await pool.run(shard())
        assert pool.killed == pool.started
        await pool.run(shard())
        assert len(pool.started) == 2


def test_idle_engines_are_stopped_on_demand_and_busy_ones_are_not(play) -> None:
    @play
    async def story(pool: Pool) -> None:
        await pool.run(shard())
        pool.gate.clear()
        busy = [asyncio.ensure_future(pool.run(shard(part=part))) for part in range(2)]
        await asyncio.sleep(0)
        pool.stop_idle()
        assert pool.killed == []
        pool.gate.set()
        await asyncio.gather(*busy)
        pool.stop_idle()
        assert len(pool.killed) == 2
        pool.stop_idle()
        assert len(pool.killed) == 2


def test_an_engine_without_work_goes_after_a_while(play, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine_pool, "IDLE_S", 0.0)

    @play
    async def story(pool: Pool) -> None:
        await pool.run(shard())
        while not pool.killed:
            await asyncio.sleep(0)
        assert pool.killed == pool.started


def test_an_engine_that_was_used_since_stays(play) -> None:
    @play
    async def story(pool: Pool) -> None:
        await pool.run(shard())
        (engine,) = pool._idle
        before = engine.since
        await pool.run(shard(part=1))
        pool._stop_if_idle(engine, before)
        assert pool.killed == []
        pool._stop_if_idle(engine, engine.since)
        assert pool.killed == pool.started
