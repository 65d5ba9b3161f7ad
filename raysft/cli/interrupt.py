"""Ctrl-C and SIGTERM: everything that was started is stopped, in good order, and nothing is dumped."""

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

import typer

GO_ON = "interrupted; run the same command to go on"
_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_PATIENCE_S = 20.0
"""What stopping in good order may take. A Ray whose processes got the same signal is never heard of again."""
_AGAIN_S = 0.1
"""Until a signal that was lost is sent again; what lost it has returned by then."""


class Guard:
    """Turns the first signal into a KeyboardInterrupt, and lets none disturb what follows."""

    def __init__(self) -> None:
        self.number: int | None = None
        """The signal that came, if one did."""
        self._was_lost = False
        self._unraisable_before = sys.unraisablehook
        self.out_of_patience = threading.Timer(_PATIENCE_S, self._end)
        self.out_of_patience.daemon = True

    def take_signals(self) -> None:
        """Be the one who handles them; libraries take them for themselves when they start."""
        for number in _SIGNALS:
            signal.signal(number, self._handle)

    def _handle(self, number: int, _: FrameType | None) -> None:
        if self.number is not None and not self._was_lost:
            return
        self.number, self._was_lost = number, False
        if self.out_of_patience.ident is None:
            self.out_of_patience.start()
            _tell("interrupted; stopping what was started")
        raise KeyboardInterrupt

    def raise_again(self, lost: "sys.UnraisableHookArgs") -> None:
        """Send a signal once more whose exception was lost: Python drops what is raised in a `__del__`."""
        if self.number is None or not issubclass(lost.exc_type, KeyboardInterrupt):
            self._unraisable_before(lost)
            return
        self._was_lost = True
        again = threading.Timer(_AGAIN_S, os.kill, (os.getpid(), self.number))
        again.daemon = True
        again.start()

    def _end(self) -> None:
        # What Ray started on this machine ends with this process, whichever way it ends.
        _tell(GO_ON)
        os._exit(128 + (self.number or 0))


@contextmanager
def interruptible() -> Iterator[Guard]:
    """Give a block the time to stop what it started; the command then ends with 130, or 143 for SIGTERM.

    Use it once in a command, and in the main thread, which is the one that handles signals.
    """
    before = {number: signal.getsignal(number) for number in _SIGNALS}
    guard = Guard()
    guard.take_signals()
    unraisable, sys.unraisablehook = sys.unraisablehook, guard.raise_again
    try:
        yield guard
    except (KeyboardInterrupt, SystemExit) as end:
        number = _number(end, guard)
        if number is None:
            raise
        _tell(GO_ON)
        raise typer.Exit(128 + number) from None
    finally:
        guard.out_of_patience.cancel()
        sys.unraisablehook = unraisable
        for number, handler in before.items():
            # A command that was interrupted is about to end: the impatient must not kill it over that.
            signal.signal(number, signal.SIG_IGN if guard.number is not None else handler)


def _number(end: BaseException, guard: Guard) -> int | None:
    """The signal that ended a block; None if it was none."""
    if guard.number is not None:
        return guard.number
    if isinstance(end, KeyboardInterrupt):
        return signal.SIGINT
    # while Ray starts, its own handler exits with the number of the signal
    return signal.SIGTERM if isinstance(end, SystemExit) and end.code == signal.SIGTERM else None


def _tell(text: str) -> None:
    # not `print`: the signal may have come in the midst of one
    os.write(2, f"{text}\n".encode())
