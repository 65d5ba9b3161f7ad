"""Two ways to show a run: lines for a log, and a picture for a terminal."""

from contextlib import AbstractContextManager
from types import TracebackType
from typing import Protocol, Self

from rich.console import Console
from rich.live import Live
from rich.text import Text
from typing_extensions import override

from raysft.cli.progress.facts import Event
from raysft.cli.progress.lines import Wording, clock
from raysft.cli.progress.picture import render
from raysft.cli.progress.time_left import Left
from raysft.sweep.run.messages import Snapshot

BEAT_S = 60.0
"""A log has a line with the time left at least this often."""


class Display(AbstractContextManager["Display"], Protocol):
    """Shows what it is told; times are seconds since the run began."""

    def say(self, text: str, at_s: float) -> None:
        """A line of its own."""
        ...

    def show(self, snapshot: Snapshot | None, events: list[Event], left: Left | None, at_s: float) -> None:
        """How far the run is; no snapshot while there is nothing to look at yet."""
        ...


class Lines(Display):
    """Plain lines, each flushed: what was said is in the log, whatever happens next."""

    def __init__(self, wording: Wording) -> None:
        self._wording = wording
        self._beat_s = 0.0
        self._begun = False
        self._said = ""

    @override
    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None

    @override
    def say(self, text: str, at_s: float) -> None:
        self._said = text
        print(f"{clock(at_s)}  {text}", flush=True)

    @override
    def show(self, snapshot: Snapshot | None, events: list[Event], left: Left | None, at_s: float) -> None:
        if snapshot is not None and not self._begun:
            self._begun, self._beat_s = True, at_s
            self.say(self._wording.first(snapshot), at_s)
        for event in events:
            self.say(self._wording.event(event), at_s)
        if at_s - self._beat_s >= BEAT_S:
            self._beat_s = at_s
            # before the first snapshot: what is under way is what was said last
            self.say(self._said if snapshot is None else self._wording.state(snapshot, left), at_s)


class Picture(Display):
    """One picture at the foot of the terminal, failures above it; its last state stays."""

    def __init__(self, wording: Wording, console: Console) -> None:
        self._wording = wording
        self._live = Live(console=console, transient=False, auto_refresh=False)

    @override
    def __enter__(self) -> Self:
        self._live.start()
        return self

    @override
    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.stop()

    @override
    def say(self, text: str, at_s: float) -> None:
        self._live.update(Text(f"{clock(at_s)}  {text}", style="dim"), refresh=True)

    @override
    def show(self, snapshot: Snapshot | None, events: list[Event], left: Left | None, at_s: float) -> None:
        for event in events:
            if event.kind in ("stage_failed", "score_failed", "stage_stopped", "stage_lost"):
                self._live.console.print(Text(self._wording.event(event), style="red"))
        if snapshot is not None:
            picture = render(self._wording.watched, snapshot, at_s, left)
            self._live.update(picture, refresh=True)


def display_for(console: Console, wording: Wording) -> Display:
    """A picture where one can be drawn, lines everywhere else."""
    if console.is_terminal and not console.is_dumb_terminal:
        return Picture(wording, console)
    return Lines(wording)
