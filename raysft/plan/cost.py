"""What a plan comes to: points, stages, conversation-epochs, steps, with and without sharing."""

from dataclasses import dataclass

from raysft.plan.tree import Plan, Stage


@dataclass(frozen=True)
class Cost:
    """Totals of a plan. A conversation-epoch is one pass over one conversation."""

    points: int
    """Cells of all studies; equal cells count each."""
    distinct_points: int
    stages: int
    """Distinct stages: what is really trained."""
    stages_without_sharing: int
    """One run per cell."""
    conversation_epochs: int
    conversation_epochs_without_sharing: int
    steps: int

    @property
    def saving(self) -> float | None:
        """How many times less is trained than with one run per cell; None if nothing is trained."""
        return (
            self.conversation_epochs_without_sharing / self.conversation_epochs
            if self.conversation_epochs
            else None
        )


def cost(plan: Plan) -> Cost:
    """Add up a plan."""
    cells = [(point, len(point.cells)) for point in plan.points]
    runs = [(plan.stages[stage], times) for point, times in cells for stage in point.stages]
    return Cost(
        points=sum(times for _, times in cells),
        distinct_points=len(plan.points),
        stages=len(plan.stages),
        stages_without_sharing=sum(times for _, times in runs),
        conversation_epochs=_epochs(list(plan.stages.values())),
        conversation_epochs_without_sharing=sum(stage.conversation_epochs * times for stage, times in runs),
        steps=sum(stage.steps for stage in plan.stages.values()),
    )


def _epochs(stages: list[Stage]) -> int:
    return sum(stage.conversation_epochs for stage in stages)
