"""Leases in a folder, with a clock of the test's own."""

from typing import Any

from raysft.store import Store


def test_a_released_lease_is_free_at_once(local_store: Store) -> None:
    first, second = local_store.lease("aa", "first"), local_store.lease("aa", "second")
    assert first.acquire()
    first.release()
    assert not first.heartbeat()
    assert second.acquire()
    assert not first.acquire()


def test_who_holds_nothing_can_neither_beat_nor_release(local_store: Store) -> None:
    holder, other = local_store.lease("aa", "holder"), local_store.lease("aa", "other")
    assert not other.heartbeat()
    assert holder.acquire()
    other.release()
    assert not other.heartbeat()
    assert holder.heartbeat()


def test_acquiring_what_one_holds_changes_nothing(local_store: Store) -> None:
    holder = local_store.lease("aa", "holder")
    assert holder.acquire()
    before = local_store.transport.names("leases/aa")
    assert holder.acquire()
    assert local_store.transport.names("leases/aa") == before


def test_leases_on_different_keys_are_independent(local_store: Store) -> None:
    assert local_store.lease("stages/aa", "one").acquire()
    assert local_store.lease("stages/bb", "two").acquire()
    assert local_store.lease("stages", "three").acquire()


def test_waiting_counts_from_ones_own_first_look(local_store: Store, clock: Any) -> None:
    assert local_store.lease("aa", "dead", 30.0, clock).acquire()
    clock.now_s = 1000.0
    waiter = local_store.lease("aa", "waiter", 30.0, clock)
    assert not waiter.acquire()
    clock.now_s = 1029.9
    assert not waiter.acquire()
    clock.now_s = 1030.0
    assert waiter.acquire()


def test_clocks_are_never_compared(local_store: Store, clock: Any, later_clock: Any) -> None:
    holder = local_store.lease("aa", "holder", 30.0, clock)
    waiter = local_store.lease("aa", "waiter", 30.0, later_clock)
    assert holder.acquire()
    assert not waiter.acquire()
    later_clock.now_s += 29.0
    assert not waiter.acquire()


def test_old_numbers_are_dropped_and_a_latecomer_gets_nothing(local_store: Store, clock: Any) -> None:
    holder = local_store.lease("aa", "holder", 30.0, clock)
    assert holder.acquire()
    for _ in range(20):
        assert holder.heartbeat()
    (newest,) = local_store.transport.names("leases/aa")
    assert int(newest) == 21
    # Someone who looked when number 4 was the newest, and slept since, creates number 5.
    latecomer = local_store.lease("aa", "latecomer", 30.0, clock)
    assert not latecomer._claim(5, released=False)
    assert local_store.transport.names("leases/aa") == [newest]
    assert holder.heartbeat()


def test_a_damaged_lease_is_taken_over_after_a_period(local_store: Store, clock: Any) -> None:
    holder = local_store.lease("aa", "holder", 30.0, clock)
    assert holder.acquire()
    local_store.transport.write("leases/aa/000000001", b"{")
    waiter = local_store.lease("aa", "waiter", 30.0, clock)
    assert not waiter.acquire()
    clock.now_s = 30.0
    assert waiter.acquire()
