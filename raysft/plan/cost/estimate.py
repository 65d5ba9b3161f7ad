"""How long the rest of a plan will take, from stages that were really trained."""

from collections.abc import Mapping
from dataclasses import dataclass

from raysft.identity import StageId
from raysft.plan.cost.wall_clock import clock_text
from raysft.plan.tree import Plan


@dataclass(frozen=True)
class Estimate:
    """Training time left on one slot; evaluation comes on top."""

    steps_left: int
    seconds: float | None
    """None if no stage of some model has been trained yet, so that nothing was measured."""

    @property
    def text(self) -> str:
        """In words, with where the number comes from; for what is left, if anything is."""
        if self.seconds is None:
            return "whose speed is measured once a stage of each model is trained"
        return (
            f"about {clock_text(self.seconds)} one stage after the other, at the speed of those that are done"
        )


def estimate(plan: Plan, finished: Mapping[StageId, tuple[int, float]]) -> Estimate:
    """Estimate from (steps, seconds) of finished stages, model by model."""
    speed: dict[str, tuple[int, float]] = {}
    for address, (steps, seconds) in finished.items():
        model = plan.stages[address].model
        before = speed.get(model, (0, 0.0))
        speed[model] = (before[0] + steps, before[1] + seconds)
    left = [stage for address, stage in plan.stages.items() if address not in finished]
    steps_left = sum(stage.steps for stage in left)
    if any(stage.model not in speed for stage in left):
        return Estimate(steps_left, None)
    return Estimate(
        steps_left, sum(stage.steps * speed[stage.model][1] / speed[stage.model][0] for stage in left)
    )
