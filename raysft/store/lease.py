"""Leases: who works on what. They save work; nothing is wrong when two believe that they hold one.

The objects of a lease are numbered and only ever created; the one with the highest number counts. A
heartbeat, a release and a takeover each create the next number, so two who try at once are told apart by
exclusive creation. No clock is compared with another: whoever waits looks how long the highest number has
stood, on its own clock.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass

from raysft.errors import DamagedArtifact
from raysft.store import layout
from raysft.store.envelope import seal, unseal
from raysft.store.exclusive import create_once
from raysft.store.transport import Transport

_LOOKS = 10


@dataclass(frozen=True)
class _Claim:
    number: int
    token: str
    """Of the lease object that made it; empty if it cannot be read."""
    released: bool


class Lease:
    """One party's hold, or wait, on one key. Nothing waits inside: call `acquire` again until it is True."""

    def __init__(
        self, transport: Transport, key: str, owner: str, period_s: float, clock: Callable[[], float]
    ) -> None:
        self._transport, self._key, self._owner = transport, key, owner
        self._period_s, self._clock = period_s, clock
        self._token = layout.new_attempt()
        self._lock = threading.Lock()
        self._seen: int | None = None
        self._seen_at_s = 0.0

    def acquire(self) -> bool:
        """Whether the lease is held now: it was free, ours already, or silent for one period of our clock.

        A first look at a lease that someone holds starts the period, so a takeover needs two calls at least.
        """
        with self._lock:
            newest = self._newest()
            if newest is None:
                return self._claim(1, released=False)
            if newest.token == self._token and not newest.released:
                return True
            if newest.released or self._silent(newest):
                return self._claim(newest.number + 1, released=False)
            return False

    def claimed(self) -> int | None:
        """Number of the newest object, whoever claimed by it; None if nobody did or it was given back.

        A number that grows between two looks says that a holder lives.
        """
        newest = self._newest()
        return None if newest is None or newest.released else newest.number

    def heartbeat(self) -> bool:
        """Say that the holder lives, several times a period; False if the lease is lost or was never held."""
        with self._lock:
            held = self._held()
            return held is not None and self._claim(held + 1, released=False)

    def release(self) -> None:
        """Give the lease back, so that others need not wait for a period; nothing if it is not held."""
        with self._lock:
            held = self._held()
            if held is not None:
                self._claim(held + 1, released=True)

    def _held(self) -> int | None:
        """Number of the newest object, if it is our own claim."""
        newest = self._newest()
        ours = newest is not None and newest.token == self._token and not newest.released
        return newest.number if newest is not None and ours else None

    def _silent(self, newest: _Claim) -> bool:
        # On our clock alone, since two machines may differ by minutes: number 41 seen at 100 s and still the
        # newest at 105 s is silent for a period of 5 s, whatever time its holder believes it is.
        now_s = self._clock()
        if newest.number != self._seen:
            self._seen, self._seen_at_s = newest.number, now_s
            return False
        return now_s - self._seen_at_s >= self._period_s

    def _claim(self, number: int, *, released: bool) -> bool:
        """Create the next number. Lower ones are dropped, so a latecomer may yet create one of them.

        It sees then that its own is not the highest.
        """
        content = {"owner": self._owner, "token": self._token, "number": number, "released": released}
        path = layout.lease_object(self._key, number)
        # Two who both saw number 7 silent both try 8: one creates it, the other has lost and looks again.
        if not create_once(self._transport, path, seal(content)):
            return False
        # Who looked at 5, slept, and creates 6 after 7 was made and 6 dropped, finds 7 and takes 6 back.
        numbers = self._numbers()
        if max(numbers, default=number) > number:
            self._transport.remove(path)
            return False
        for older in numbers:
            if older < number:
                self._transport.remove(layout.lease_object(self._key, older))
        return True

    def _newest(self) -> _Claim | None:
        number = 0
        for _ in range(_LOOKS):
            number = max(self._numbers(), default=0)
            if number == 0:
                return None
            try:
                content = unseal(self._transport.read(layout.lease_object(self._key, number)))
            except FileNotFoundError:
                continue  # The holder went on to the next number between the two looks.
            except DamagedArtifact:
                break
            return _Claim(number, str(content.get("token")), content.get("released") is True)
        return _Claim(number, "", released=False)

    def _numbers(self) -> list[int]:
        names = self._transport.names(layout.leases(self._key))
        return [number for name in names if (number := layout.lease_number(name)) is not None]
