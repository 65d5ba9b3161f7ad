"""Leases of stages: one trains, the other waits, and what is finished is not waited for."""

import threading
from pathlib import Path

import pytest
from support.example_context import publish_stage

from raysft.store import Store
from raysft.sweep.run import leases
from raysft.sweep.run.context import SweepContext
from raysft.sweep.run.leases import stage_lease, stages_in_training

STAGE, OTHER = "a" * 32, "b" * 32
PATIENCE_S = 20


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    """A store whose leases are silent after a second."""
    monkeypatch.setattr(leases, "LOCAL_PERIOD_S", 1.0)
    return Store.open(tmp_path / "store")


def until_a_beat(store: Store, stage: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the pause between two looks last until the holder has beaten, however slow this machine is."""
    lease, real = store.lease(f"stages/{stage}", "test"), leases.time.sleep

    def sleep(seconds: float) -> None:
        first, limit = lease.claimed(), leases.time.monotonic() + PATIENCE_S
        while lease.claimed() == first and leases.time.monotonic() < limit:
            real(seconds / 10)

    monkeypatch.setattr(leases.time, "sleep", sleep)


def test_a_stage_that_is_trained_can_be_told_from_others(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert stages_in_training(store, [STAGE, OTHER]) == frozenset()
    with stage_lease(store, STAGE), monkeypatch.context() as patch:
        until_a_beat(store, STAGE, patch)
        assert stages_in_training(store, [STAGE, OTHER]) == {STAGE}
        assert stages_in_training(Store.existing(store.url), [STAGE]) == {STAGE}, "a look changes nothing"
    assert stages_in_training(store, [STAGE, OTHER]) == frozenset()


def test_the_lease_of_a_dead_driver_does_not_look_like_training(store: Store) -> None:
    assert store.lease(f"stages/{STAGE}", "dead", 1.0).acquire()
    assert stages_in_training(store, [STAGE]) == frozenset()


def test_a_second_driver_waits_until_the_first_is_through(store: Store) -> None:
    order = []
    inside, leave, second_in = threading.Event(), threading.Event(), threading.Event()

    def first() -> None:
        with stage_lease(store, STAGE):
            inside.set()
            leave.wait(PATIENCE_S)
            order.append("first")

    def second() -> None:
        inside.wait(PATIENCE_S)
        with stage_lease(store, STAGE):
            second_in.set()
            order.append("second")

    threads = [threading.Thread(target=one) for one in (first, second)]
    for thread in threads:
        thread.start()
    inside.wait(PATIENCE_S)
    assert not second_in.wait(0.3), "the first has it"
    leave.set()
    for thread in threads:
        thread.join(PATIENCE_S)
    assert order == ["first", "second"]


def test_the_lease_of_a_dead_driver_is_taken_over(store: Store) -> None:
    dead = store.lease(f"stages/{STAGE}", "dead", 1.0)
    assert dead.acquire()
    with stage_lease(store, STAGE):
        assert not dead.heartbeat(), "it is another's now"


def test_a_finished_stage_is_not_waited_for(context: SweepContext, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its driver died between publishing and giving the lease back; a period is long."""
    monkeypatch.setattr(leases, "LOCAL_PERIOD_S", 1e6)
    stage = next(iter(context.plan.stages))
    assert context.store.lease(f"stages/{stage}", "dead", 1e6).acquire()
    publish_stage(context, stage)
    with stage_lease(context.store, stage):
        pass


def test_an_error_gives_the_lease_back(store: Store) -> None:
    with pytest.raises(ValueError, match="in training"), stage_lease(store, STAGE):
        raise ValueError("in training")
    assert store.lease(f"stages/{STAGE}", "next", 1e6).acquire()


@pytest.mark.parametrize(
    ("url", "period"), [("/disk/store", leases.LOCAL_PERIOD_S), ("memory://s", leases.REMOTE_PERIOD_S)]
)
def test_object_storage_is_given_more_time(url: str, period: float, tmp_path: Path) -> None:
    store = Store.open(url if "://" in url else tmp_path / "store", cache=tmp_path / "cache")
    assert leases._period(store) == period
