"""A small sweep with made-up snapshots: two points that share their first stage."""

from dataclasses import dataclass, field

from raysft.cli.progress.facts import Watched
from raysft.identity import BenchmarkKey, StageId, benchmark_key
from raysft.plan.tree import Plan
from raysft.records import ScoreRecord, StageRecord
from raysft.sweep.inputs.score_requests import AskedScore
from raysft.sweep.run.messages import Snapshot
from raysft.train.job import Progress
from support.example_plan import plan_of, stages_of

STUDIES = "s: {model: tiny, strategy: [base, mixed_sequential, {dmt: {k: 1/16}}]}"
RECIPE = {"epochs": 2, "batch_size": 2}
"""Gives every stage an even number of steps."""
BENCHMARKS = (benchmark_key("code"), benchmark_key("math"))


@dataclass(frozen=True)
class Example:
    plan: Plan = field(default_factory=lambda: plan_of(STUDIES, recipe=RECIPE))

    @property
    def base(self) -> StageId:
        return self.plan.bases["tiny"].fingerprint

    @property
    def shared(self) -> StageId:
        return stages_of(self.plan, "mixed_sequential")[0]

    @property
    def last(self) -> StageId:
        return stages_of(self.plan, "mixed_sequential")[1]

    @property
    def other(self) -> StageId:
        (one,) = set(self.plan.stages) - {self.shared, self.last}
        return one

    def scores(self, *subjects: StageId) -> frozenset[AskedScore]:
        return frozenset((subject, key) for subject in subjects for key in BENCHMARKS)

    def watched(self, *present: StageId) -> Watched:
        """Everything is scored on two benchmarks; those of some subjects are there already."""
        return Watched(self.plan, self.scores(self.base, *self.plan.stages), self.scores(*present))

    def progress(self, stage: StageId, share: float, seconds: float) -> dict[StageId, Progress]:
        steps = self.plan.stages[stage].steps
        return {stage: Progress(stage, 0, round(steps * share), steps, 0.5, 1000, seconds)}

    def whole(self) -> Snapshot:
        """Everything done and scored."""
        return Snapshot(
            done=frozenset(self.plan.stages), scores=self.scores(self.base, *self.plan.stages), scored=8
        )


class NoResults:
    """A store that cannot be read."""

    def stage(self, stage: StageId) -> StageRecord | None:
        return None

    def score(self, subject: StageId, benchmark: BenchmarkKey) -> ScoreRecord | None:
        return None
