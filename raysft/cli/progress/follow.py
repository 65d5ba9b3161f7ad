"""Following a run: a thread that looks at it twice a second, and shows what it finds."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from raysft.cli.progress.display import Display
from raysft.cli.progress.facts import Events, Watched
from raysft.cli.progress.time_left import TimeLeft
from raysft.errors import RaysftError
from raysft.sweep.run.messages import Snapshot

LOOK_S = 0.5
"""Seconds between two looks."""
_WAIT_S = 5.0


class Follower:
    """Shows a run from its start to its end. Use as a context manager."""

    def __init__(
        self, watched: Watched, display: Display, now_s: Callable[[], float] = time.monotonic
    ) -> None:
        self._display, self._now_s = display, now_s
        self._events, self._time_left = Events(watched), TimeLeft(watched)
        self._snapshot: Callable[[], Snapshot] | None = None
        self._begun_s = now_s()
        self._stop, self._lock = threading.Event(), threading.Lock()
        self._thread = threading.Thread(target=self._look_on, name="progress", daemon=True)

    def __enter__(self) -> "Follower":
        self._display.__enter__()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(_WAIT_S)
        self._display.__exit__(None, None, None)

    def say(self, text: str) -> None:
        """Show a line."""
        with self._lock:
            self._display.say(text, self._now_s() - self._begun_s)

    @contextmanager
    def watch(self, snapshot: Callable[[], Snapshot]) -> Iterator[None]:
        """Look at snapshots while the block runs, and once at its end, so that nothing is left untold."""
        self._snapshot = snapshot
        try:
            yield
            self.look()
        finally:
            self._snapshot = None
            # an answer may be under way, and never come if the run was interrupted
            if self._lock.acquire(timeout=_WAIT_S):
                self._lock.release()

    def look(self) -> None:
        """Show how far the run is now."""
        with self._lock:
            at_s = self._now_s() - self._begun_s
            ask = self._snapshot
            if ask is None:
                self._display.show(None, [], None, at_s)
                return
            now = ask()
            self._time_left.see(now, at_s)
            self._display.show(now, self._events.since_last(now), self._time_left.left(), at_s)

    def _look_on(self) -> None:
        while not self._stop.wait(LOOK_S):
            try:
                self.look()
            except RaysftError:
                # The run itself meets the same error, and tells it.
                return
