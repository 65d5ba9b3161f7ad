"""What a user reads while a sweep runs: lines in a log, a picture on a terminal."""

import io

import pytest
from rich.console import Console
from support.example_progress import Example, NoResults

from raysft.cli.progress.display import Lines, Picture, display_for
from raysft.cli.progress.facts import Event, Events
from raysft.cli.progress.lines import Wording, clock
from raysft.cli.progress.time_left import Left
from raysft.records import FailureRecord
from raysft.sweep.run.messages import Snapshot

ONE = Example()
WATCHED = ONE.watched()
TRAINING = Snapshot(running=frozenset({ONE.shared}), progress=ONE.progress(ONE.shared, 0.5, 90))


def terminal(width: int) -> Console:
    return Console(file=io.StringIO(), force_terminal=True, width=width, height=40, color_system=None)


def drawn(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0:00:00"), (7.4, "0:00:07"), (3599.6, "1:00:00"), (360_061, "100:01:01")]
)
def test_times_are_written_in_one_way(seconds: float, text: str) -> None:
    assert clock(seconds) == text


def test_a_log_tells_of_the_start_of_a_stage_and_of_its_end(capsys: pytest.CaptureFixture[str]) -> None:
    lines, events = Lines(Wording(WATCHED, NoResults())), Events(WATCHED)
    lines.say("Ray starts on this machine", 0)
    for at_s, snapshot in enumerate([Snapshot(), TRAINING, ONE.whole()], start=5):
        lines.show(snapshot, events.since_last(snapshot), None, at_s)
    said = capsys.readouterr().out
    assert "\x1b" not in said
    first, second, third, *rest = said.splitlines()
    assert first == "0:00:00  Ray starts on this machine"
    assert second.startswith("0:00:05  3 stages to train, 8 scores to make; in the store: 0 stages, 0 scores")
    assert f"stage {ONE.shared[:8]} begins: code 64 + math 256" in third
    assert any(f"stage {ONE.shared[:8]} is trained" in line for line in rest)
    assert any("scores of base tiny, other: code, math" in line for line in rest)


def test_a_log_has_a_line_a_minute_with_the_time_left(capsys: pytest.CaptureFixture[str]) -> None:
    lines = Lines(Wording(WATCHED, NoResults()))
    lines.show(TRAINING, [], None, 0)
    capsys.readouterr()
    for second in range(1, 181):
        lines.show(TRAINING, [], Left(7384, whole=True) if second > 90 else None, second)
    minutes = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in minutes] == ["0:01:00", "0:02:00", "0:03:00"]
    steps = ONE.plan.stages[ONE.shared].steps
    assert f"in training: {ONE.shared[:8]} at step {steps // 2}/{steps}" in minutes[0]
    assert minutes[0].endswith("time left unknown yet")
    assert minutes[1].endswith("time left about 2:03:04")


def test_a_log_is_not_silent_while_ray_starts(capsys: pytest.CaptureFixture[str]) -> None:
    lines = Lines(Wording(WATCHED, NoResults()))
    lines.say("Ray starts on this machine", 0)
    for second in range(1, 62):
        lines.show(None, [], None, second)
    assert capsys.readouterr().out.splitlines()[1:] == ["0:01:00  Ray starts on this machine"]


def test_the_text_of_a_failure_cannot_break_its_line(capsys: pytest.CaptureFixture[str]) -> None:
    event = Event("stage_failed", ONE.shared, cause="user: a\nb\x1b[31m", blocked=2)
    Lines(Wording(WATCHED, NoResults())).show(None, [event], None, 3)
    (line,) = capsys.readouterr().out.splitlines()
    assert "FAILED, user: a b\\x1b[31m; 2 stages after it are blocked" in line


@pytest.mark.parametrize("width", [80, 200])
def test_a_picture_counts_what_is_done_and_fits(width: int) -> None:
    console = terminal(width)
    with Picture(Wording(WATCHED, NoResults()), console) as picture:
        picture.show(TRAINING, [], Left(250, whole=False), 100)
    text = drawn(console)
    assert "points 0/2   stages 0/3   scores 0/8" in text
    assert "0:01:40 so far; time left at least 0:04:10" in text
    assert f"{ONE.shared[:8]}" in text
    assert "0:01:30" in text, "what is left of the stage: as long as its first half took"
    assert max(map(len, text.splitlines())) <= width + 10, "escape sequences beside the text"


def test_the_last_state_stays_and_a_failure_stands_above_it() -> None:
    console = terminal(100)
    record = FailureRecord(stage=ONE.other, kind="user", cause="no such row", attempts=1)
    failed = Snapshot(
        done=frozenset({ONE.shared, ONE.last}),
        failed={ONE.other: record},
        scores=ONE.scores(ONE.base, ONE.shared, ONE.last),
    )
    events = Events(WATCHED)
    events.since_last(TRAINING)
    with Picture(Wording(WATCHED, NoResults()), console) as picture:
        picture.show(failed, events.since_last(failed), None, 60)
    text = drawn(console)
    last = text.rindex("points 2/2   stages 2/3   scores 6/8   failed 1")
    assert text.index("FAILED, user: no such row") < last
    assert "time left" not in text[last:]


def test_a_terminal_gets_a_picture_and_all_else_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    wording = Wording(WATCHED, NoResults())
    monkeypatch.setenv("TERM", "xterm")
    assert isinstance(display_for(terminal(80), wording), Picture)
    assert isinstance(display_for(Console(file=io.StringIO()), wording), Lines)
    monkeypatch.setenv("TERM", "dumb")
    assert isinstance(display_for(terminal(80), wording), Lines)
