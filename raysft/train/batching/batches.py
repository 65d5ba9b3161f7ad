"""Which conversations each optimiser step sees: a pure function of (ids, recipe, seed)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from raysft.composition.order import epoch_order
from raysft.spec.recipe import Recipe


@dataclass(frozen=True)
class Batches:
    """The batches of a stage, the same for any number of workers.

    An epoch ends with a partial batch; batches do not cross epochs.
    """

    ids: Sequence[str]
    recipe: Recipe
    seed: int

    @property
    def per_epoch(self) -> int:
        """Steps of one epoch: 4 for 430 conversations in batches of 128, the last of 46."""
        return self.recipe.steps_per_epoch(len(self.ids))

    @property
    def steps(self) -> int:
        """Steps of the whole stage."""
        return self.recipe.steps_for(len(self.ids))

    def presentations(self) -> list[int]:
        """How often each conversation comes up over all steps, by its position."""
        # 430 conversations in batches of 128 for 6 steps: all of them once, and the first 2 × 128 of the next
        # epoch's order once more.
        whole, rest = divmod(self.steps, self.per_epoch)
        times = [whole] * len(self.ids)
        if rest:
            for position in epoch_order(self.ids, self.seed, whole)[: rest * self.recipe.batch_size]:
                times[position] += 1
        return times

    def after(self, done: int) -> Iterator[tuple[int, list[int]]]:
        """Steps that are left after `done` of them: number from 1, and positions of its conversations."""
        # 430 conversations in batches of 128 make 4 steps an epoch; after 6 of them the second epoch goes on
        # at its third batch, which starts at conversation (6 − 4) × 128 = 256 of that epoch's order.
        for epoch in range(done // self.per_epoch, -(-self.steps // self.per_epoch)):
            order, first = epoch_order(self.ids, self.seed, epoch), epoch * self.per_epoch
            for step in range(max(done, first), min(first + self.per_epoch, self.steps)):
                start = (step - first) * self.recipe.batch_size
                yield step + 1, order[start : start + self.recipe.batch_size]
