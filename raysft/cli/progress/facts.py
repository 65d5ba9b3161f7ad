"""What happened between two snapshots of a run, and how far it is. Pure: no Ray, no clock, no terminal."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

from raysft.identity import BenchmarkKey, StageId
from raysft.plan.tree import Plan, Point, Stage
from raysft.sweep.inputs.score_requests import AskedScore
from raysft.sweep.run.messages import Snapshot

Kind = Literal[
    "stage_began", "stage_ended", "stage_failed", "stage_stopped", "stage_lost", "scores_made", "score_failed"
]


@dataclass(frozen=True)
class Event:
    """Something that a user wants to be told of."""

    kind: Kind
    subject: StageId
    """Fingerprint of a stage; for scores also of a base."""
    benchmarks: tuple[BenchmarkKey, ...] = ()
    """Keys of the benchmarks, for scores."""
    cause: str = ""
    """Why something failed."""
    blocked: int = 0
    """Of a stage that failed: how many stages would have continued from it."""


@dataclass(frozen=True)
class Watched:
    """What a run is to make, as it is known before it starts."""

    plan: Plan
    asked: frozenset[AskedScore]
    """Every score of the sweep."""
    present: frozenset[AskedScore] = frozenset()
    """Of these, what was in the store before the run."""

    @cached_property
    def scores_of_point(self) -> dict[str, frozenset[AskedScore]]:
        """Every score along each point, that of its base included."""
        by_subject: dict[StageId, set[AskedScore]] = {}
        for score in self.asked:
            by_subject.setdefault(score[0], set()).add(score)
        return {
            point.fingerprint: frozenset(
                score for subject, _ in self.plan.subjects(point) for score in by_subject.get(subject, ())
            )
            for point in self.plan.points
        }

    def missing(self, snapshot: Snapshot) -> int:
        """Scores of the whole sweep that are still to be made; what failed is given up in this run."""
        return len(self.asked - self.present - snapshot.scores - snapshot.score_failures.keys())


@dataclass(frozen=True)
class Totals:
    """How far a run is."""

    points: int
    """Points of which every stage is trained, or has failed, and every score is made, or has failed; bases,
    which train nothing, apart."""
    of_points: int
    stages: int
    of_stages: int
    scores: int
    of_scores: int
    failed: int
    """Stages that failed or are blocked, and scores that failed."""


def totals(watched: Watched, snapshot: Snapshot) -> Totals:
    """Count what is done. A stage whose parent failed is over as well."""
    over = snapshot.done | snapshot.failed.keys()
    made = watched.asked & (watched.present | snapshot.scores)
    scored = made | snapshot.score_failures.keys()

    def is_over(point: Point) -> bool:
        if not all(stage in over for stage in point.stages):
            return False
        unmade = watched.scores_of_point[point.fingerprint] - scored
        return all(subject in snapshot.failed for subject, _ in unmade)

    trained = [point for point in watched.plan.points if point.stages]
    return Totals(
        points=sum(map(is_over, trained)),
        of_points=len(trained),
        stages=len(snapshot.done),
        of_stages=len(watched.plan.stages),
        scores=len(made),
        of_scores=len(watched.asked),
        failed=len(snapshot.failed) + len(snapshot.score_failures),
    )


@dataclass
class Events:
    """Turns successive snapshots into events; what the first one holds was there before."""

    watched: Watched
    last: Snapshot | None = field(default=None, init=False)

    def since_last(self, now: Snapshot) -> list[Event]:
        """What is new, failures first."""
        before = self.last or Snapshot(done=now.done, failed=now.failed)
        self.last = now
        found = [*_failures(before, now), *_stages(before, now), *self._scores(before, now)]
        return sorted(found, key=lambda event: event.kind not in ("stage_failed", "score_failed"))

    def _scores(self, before: Snapshot, now: Snapshot) -> Iterator[Event]:
        made: dict[StageId, list[BenchmarkKey]] = {}
        for subject, benchmark in sorted(now.scores - before.scores - self.watched.present):
            made.setdefault(subject, []).append(benchmark)
        for subject, benchmarks in made.items():
            yield Event("scores_made", subject, tuple(benchmarks))


def _stages(before: Snapshot, now: Snapshot) -> Iterator[Event]:
    for stage in sorted(before.done - now.done):
        yield Event("stage_lost", stage)
    for stage in sorted(now.done - before.done):
        yield Event("stage_ended", stage)
    for stage in sorted(before.running - now.running - now.done - now.failed.keys()):
        yield Event("stage_stopped", stage)
    for stage in sorted(now.running - before.running):
        yield Event("stage_began", stage)


def _failures(before: Snapshot, now: Snapshot) -> Iterator[Event]:
    for stage in sorted(now.failed.keys() - before.failed.keys()):
        failure = now.failed[stage]
        if failure.stage == stage:
            blocked = sum(one.stage == stage for one in now.failed.values()) - 1
            yield Event("stage_failed", stage, cause=f"{failure.kind}: {failure.cause}", blocked=blocked)
    for score in sorted(now.score_failures.keys() - before.score_failures.keys()):
        subject, benchmark = score
        yield Event("score_failed", subject, (benchmark,), cause=now.score_failures[score])


def mixture(stage: Stage) -> str:
    """What a stage trains on, such as `code 512 + math 1,536`."""
    return " + ".join(f"{portion.ability} {portion.count:,}" for portion in stage.portions)
