"""What a run says, line by line: plain text, each line whole and at once, for logs and for people."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

from raysft.cli.progress.facts import Event, Watched, mixture, totals
from raysft.cli.progress.time_left import Left
from raysft.cli.terminal_text import on_one_line
from raysft.identity import BenchmarkKey, StageId
from raysft.records import ScoreRecord, StageRecord
from raysft.sweep.run.messages import Snapshot
from raysft.wording import counted

SHORT = 8
"""Characters of a fingerprint that are shown; `raysft data export` takes them as the name of a stage."""


class Results(Protocol):
    """What is known of finished things; None for what cannot be had."""

    def stage(self, stage: StageId) -> StageRecord | None:
        """The record of a finished stage."""
        ...

    def score(self, subject: StageId, benchmark: BenchmarkKey) -> ScoreRecord | None:
        """The score of a base or stage on a benchmark."""
        ...


def clock(seconds: float) -> str:
    """A duration as h:mm:ss."""
    whole = round(seconds)
    return f"{whole // 3600}:{whole // 60 % 60:02d}:{whole % 60:02d}"


def time_left(left: Left | None) -> str:
    """An estimate in words."""
    if left is None:
        return "time left unknown yet"
    return f"time left {'about' if left.whole else 'at least'} {clock(left.seconds)}"


@dataclass(frozen=True)
class Wording:
    """Events and totals as text."""

    watched: Watched
    results: Results

    def first(self, snapshot: Snapshot) -> str:
        """What the store has, and what is to be done."""
        done = totals(self.watched, snapshot)
        return (
            f"{counted(done.of_stages - done.stages, 'stage')} to train, "
            f"{counted(self.watched.missing(snapshot), 'score')} to make; "
            f"in the store: {counted(done.stages, 'stage')}, {counted(done.scores, 'score')}"
        )

    def state(self, snapshot: Snapshot, left: Left | None) -> str:
        """How far the run is, and how long it still takes."""
        done = totals(self.watched, snapshot)
        parts = [
            f"points {done.points}/{done.of_points}",
            f"stages {done.stages}/{done.of_stages}{self._running(snapshot)}",
            f"scores {done.scores}/{done.of_scores}",
        ]
        if done.failed:
            parts.append(f"failed {done.failed}")
        return ", ".join(parts) + f"; {time_left(left)}"

    def event(self, event: Event) -> str:
        """One event on one line; texts of others cannot break it."""
        return on_one_line(_TEXTS[event.kind](self, event))

    def subject(self, subject: StageId) -> str:
        """A base or a stage by its name."""
        stage = self.watched.plan.stages.get(subject)
        if stage is None:
            names = [name for name, base in self.watched.plan.bases.items() if base.fingerprint == subject]
            return f"base {', '.join(names)}"
        return f"stage {subject[:SHORT]}"

    def _running(self, snapshot: Snapshot) -> str:
        if not snapshot.running:
            return ""
        steps = []
        for stage in sorted(snapshot.running):
            progress = snapshot.progress.get(stage)
            step = progress.step if progress else 0
            steps.append(f"{stage[:SHORT]} at step {step}/{self.watched.plan.stages[stage].steps}")
        more = f" and {len(steps) - 3} more" if len(steps) > 3 else ""
        return f" (in training: {', '.join(steps[:3])}{more})"

    def _began(self, event: Event) -> str:
        stage = self.watched.plan.stages[event.subject]
        after = f" after {self.subject(stage.parent)}" if stage.parent else ""
        return (
            f"{self.subject(event.subject)} begins: {mixture(stage)}; {stage.steps} steps, "
            f"model {stage.model}{after}"
        )

    def _ended(self, event: Event) -> str:
        stage, record = self.watched.plan.stages[event.subject], self.results.stage(event.subject)
        text = f"{self.subject(event.subject)} is trained: {mixture(stage)}; {stage.steps} steps"
        if record is None:
            return text
        if record.empty_steps:
            text += f" ({record.empty_steps} without a supervised token, which changed nothing)"
        seconds = record.provenance.seconds
        took = clock(seconds) if seconds >= 1 else "less than a second"
        since = " since it was resumed" if record.provenance.resumed_at else ""
        return "; ".join([f"{text} in {took}{since}, loss {record.losses[-1].loss:.3f}", *_not_whole(record)])

    def _failed(self, event: Event) -> str:
        blocked = f"; {event.blocked} stages after it are blocked" if event.blocked else ""
        return f"{self.subject(event.subject)} FAILED, {event.cause}{blocked}"

    def _stopped(self, event: Event) -> str:
        return f"{self.subject(event.subject)} stopped with its process; it is tried again"

    def _lost(self, event: Event) -> str:
        return f"{self.subject(event.subject)} has damaged files in the store; it is trained again"

    def _made(self, event: Event) -> str:
        values = [self._value(event.subject, benchmark) for benchmark in event.benchmarks]
        stage = self.watched.plan.stages.get(event.subject)
        trained_on = f" ({mixture(stage)})" if stage else ""
        return f"scores of {self.subject(event.subject)}{trained_on}: {', '.join(values)}"

    def _value(self, subject: StageId, benchmark: BenchmarkKey) -> str:
        score = self.results.score(subject, benchmark)
        if score is None:
            return benchmark
        return f"{benchmark} {'not graded' if score.value is None else f'{score.value:.2f}'}"

    def _score_failed(self, event: Event) -> str:
        return f"score {event.benchmarks[0]} of {self.subject(event.subject)} FAILED, {event.cause}"


_TEXTS: dict[str, Callable[[Wording, Event], str]] = {
    "stage_began": Wording._began,
    "stage_ended": Wording._ended,
    "stage_failed": Wording._failed,
    "stage_stopped": Wording._stopped,
    "stage_lost": Wording._lost,
    "scores_made": Wording._made,
    "score_failed": Wording._score_failed,
}


def _not_whole(record: StageRecord) -> Iterator[str]:
    """What became of conversations that were not trained on as they are."""
    for used in record.used:
        counts = {"dropped": used.dropped, "cut": used.cut, "split": used.split}
        told = [f"{count:,} {what}" for what, count in counts.items() if count]
        lost = record.lost.get(used.ability, {})
        told += [f"{count:,} with lost text ({kind})" for kind, count in lost.items()]
        if told:
            yield f"{used.ability}: of {used.conversations:,} conversations {', '.join(told)}"
