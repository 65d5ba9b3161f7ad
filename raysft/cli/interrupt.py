"""Ctrl-C and SIGTERM: everything that was started is stopped, in good order, and nothing is dumped."""

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

import typer

_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_AT_ONCE = 3
"""So many Ctrl-C end the process as it is; what it started ends with it."""


class Guard:
    """Turns the first signal into a KeyboardInterrupt, and lets nothing disturb what follows."""

    def __init__(self) -> None:
        self.signals: list[int] = []

    def take_signals(self) -> None:
        """Be the one who handles them; libraries take them for themselves when they start."""
        for number in _SIGNALS:
            signal.signal(number, self._handle)

    def _handle(self, number: int, _: FrameType | None) -> None:
        self.signals.append(number)
        if len(self.signals) == 1:
            # not `print`, which the signal may have interrupted
            os.write(sys.stderr.fileno(), b"interrupted; stopping what was started\n")
            raise KeyboardInterrupt
        if len(self.signals) >= _AT_ONCE:
            # as the signal itself would have ended it
            signal.signal(number, signal.SIG_DFL)
            signal.raise_signal(number)


@contextmanager
def interruptible() -> Iterator[Guard]:
    """Give a block the time to stop what it started; the command then ends with 130, or 143 for SIGTERM.

    Signals are handled by the main thread only; use it there.
    """
    before = {number: signal.getsignal(number) for number in _SIGNALS}
    guard = Guard()
    guard.take_signals()
    try:
        yield guard
    except (KeyboardInterrupt, SystemExit) as end:
        number = _number(end, guard)
        if number is None:
            raise
        print("interrupted; run the same command to go on", file=sys.stderr, flush=True)
        raise typer.Exit(128 + number) from None
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _number(end: BaseException, guard: Guard) -> int | None:
    """The signal that ended a block; None if it was none."""
    if guard.signals:
        return guard.signals[0]
    if isinstance(end, KeyboardInterrupt):
        return signal.SIGINT
    # while Ray starts, its own handler exits with the number of the signal
    return signal.SIGTERM if isinstance(end, SystemExit) and end.code == signal.SIGTERM else None
