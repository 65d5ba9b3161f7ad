"""Leases of stages: held while one trains, and looked at to see which do."""

import os
import socket
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from raysft.identity import StageId
from raysft.store import Store
from raysft.store.lease import Lease

LOCAL_PERIOD_S, REMOTE_PERIOD_S = 5.0, 30.0
"""Silence after which a lease may be taken over: short on a disk, long on object storage."""

BEATS = 5
"""Heartbeats in a period."""


@contextmanager
def stage_lease(store: Store, stage: StageId) -> Iterator[None]:
    """Hold the lease of a stage, or go on without it as soon as the stage is in the store.

    Drivers share work through the store; to wait for one is cheap and rare.
    """
    lease, period = _lease(store, stage), _period(store)
    while not lease.acquire() and store.find("stages", stage) is None:
        time.sleep(period / (4 * BEATS))  # four looks a heartbeat: each 0.25 s, on object storage 1.5 s
    stop = threading.Event()
    beating = threading.Thread(target=_beat, args=(lease, period, stop), daemon=True)
    beating.start()
    try:
        yield
    finally:
        stop.set()
        beating.join()
        lease.release()


def stages_in_training(store: Store, stages: Iterable[StageId]) -> frozenset[StageId]:
    """Which of these stages some driver trains now; takes a third of a period if any was begun."""
    claimed = {stage: number for stage in stages if (number := _lease(store, stage).claimed()) is not None}
    if claimed:
        # One and a half heartbeats see at least one: 1.5 s, on object storage 9 s.
        time.sleep(1.5 * _period(store) / BEATS)
    after = {stage: _lease(store, stage).claimed() for stage in claimed}
    return frozenset(stage for stage, number in claimed.items() if (after[stage] or 0) > number)


def _lease(store: Store, stage: StageId) -> Lease:
    return store.lease(f"stages/{stage}", f"{socket.gethostname()}/{os.getpid()}", _period(store))


def _period(store: Store) -> float:
    return REMOTE_PERIOD_S if "://" in store.url else LOCAL_PERIOD_S


def _beat(lease: Lease, period: float, stop: threading.Event) -> None:
    while not stop.wait(period / BEATS):
        lease.heartbeat()
