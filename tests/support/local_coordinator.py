"""The real coordinator in a thread of this process, so that trials can be played without Ray."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from ray.exceptions import RayError

from raysft.cluster.resources import Resources
from raysft.sweep.run import coordinator as coordinator_module
from raysft.sweep.run.client import CoordinatorClient
from raysft.sweep.run.context import SweepContext
from raysft.sweep.run.coordinator import Coordinator
from raysft.sweep.run.engine_pool import Shard
from support.example_context import publish_score

PATIENCE_S = 20
"""Nothing here takes a second; who waits longer waits for ever."""


class Scorers:
    """In place of the pool of engines: a score is put into the store when its answers would be graded."""

    def __init__(self, context: SweepContext) -> None:
        self.context = context
        self.done: list[Shard] = []
        self.stopped = 0
        self.failures: dict[str, list[RayError]] = {}
        """By key of the shard, what its next attempts end with."""

    async def run(self, shard: Shard) -> None:
        await asyncio.sleep(0)
        if self.failures.get(shard.key):
            raise self.failures[shard.key].pop(0)
        self.done.append(shard)
        if shard.part is None:
            publish_score(self.context, shard.subject, shard.model, shard.benchmark)

    def stop_idle(self) -> None:
        self.stopped += 1


class LocalClient(CoordinatorClient):
    """Calls the methods of a coordinator in the loop of another thread."""

    def _call(self, method: Any, *args: Any, **named: Any) -> Any:
        coordinator, loop = self.actor
        return asyncio.run_coroutine_threadsafe(method(coordinator, *args, **named), loop)

    def _ask(self, method: Any, *args: Any, **named: Any) -> Any:
        return self._call(method, *args, **named).result(PATIENCE_S)

    @property
    def coordinator(self) -> Coordinator:
        return self.actor[0]

    @property
    def scorers(self) -> Scorers:
        return self.coordinator._pool


def make_coordinator(context: SweepContext, cpus: float = 4) -> Coordinator:
    """A coordinator whose engines are `Scorers`; to be used in a running loop."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(coordinator_module, "EnginePool", Scorers)
        return Coordinator(context, Resources(cpus=cpus))


@contextmanager
def local_coordinator(context: SweepContext, cpus: float = 4) -> Iterator[LocalClient]:
    """A coordinator in a thread, with a client as trials have one."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield LocalClient((make_coordinator(context, cpus), loop))
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
