"""Following a run: nothing is left untold, and an error of the run is told by the run alone."""

import threading
from types import TracebackType

import pytest
from support.example_progress import Example

from raysft.cli.progress.display import Display
from raysft.cli.progress.facts import Event
from raysft.cli.progress.follow import Follower
from raysft.cli.progress.time_left import Left
from raysft.errors import ClusterError
from raysft.sweep.run.messages import Snapshot

ONE = Example()


class Kept(Display):
    """Keeps what it is shown."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.events: list[Event] = []
        self.looked = threading.Event()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.said.append("end")

    def say(self, text: str, at_s: float) -> None:
        self.said.append(text)

    def show(self, snapshot: Snapshot | None, events: list[Event], left: Left | None, at_s: float) -> None:
        self.events += events
        if snapshot is not None:
            self.looked.set()


def test_what_happens_after_the_last_look_is_told_as_well() -> None:
    kept, now = Kept(), [Snapshot()]
    with Follower(ONE.watched(), kept) as follower:
        follower.say("Ray starts")
        with follower.watch(lambda: now[0]):
            assert kept.looked.wait(30)
            now[0] = ONE.whole()
    assert kept.said == ["Ray starts", "end"]
    assert {event.kind for event in kept.events} == {"stage_ended", "scores_made"}


def test_an_error_of_the_run_ends_the_looking_in_silence(capfd: pytest.CaptureFixture[str]) -> None:
    asked = threading.Event()

    def gone() -> Snapshot:
        asked.set()
        raise ClusterError("the coordinator is gone")

    kept = Kept()
    with Follower(ONE.watched(), kept) as follower, pytest.raises(ClusterError), follower.watch(gone):
        assert asked.wait(30)
    assert kept.said == ["end"]
    assert capfd.readouterr().err == ""
