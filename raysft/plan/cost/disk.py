"""How much the store holds at the worst moment of a sweep, for each policy of what stays.

Weights are what counts: a stage of LLaMA-7B is 27 GB in fp32, and its resume states 81 GB each. Not covered:
prepared sources, answers and scores, which are small beside them; the base models; copies of remote objects
on local disks.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from raysft.identity import StageId

Keep = Literal["all", "leaves", "scores"]
KEEPS: tuple[Keep, ...] = get_args(Keep)

STATE_BYTES = 12
"""Bytes of a resume state per parameter: weights and both moments in fp32 (raysft.train.resume_state)."""
STATES = 3
"""States of a stage under way: the store keeps two, and removes the older one after a third is whole."""


@dataclass(frozen=True)
class Disk:
    """Bytes in the store at the worst moment."""

    weights: int
    """Of finished stages."""
    resume: int
    """States of the stages under way."""

    @property
    def total(self) -> int:
        """Both."""
        return self.weights + self.resume


def peak_disk(
    parents: Mapping[StageId, StageId | None],
    sizes: Mapping[StageId, int],
    keep: Keep,
    *,
    parameters: int,
    running: int,
) -> Disk:
    """The largest that the store becomes, resume states of stages under way included.

    Args:
        parents: parent of every stage, or None; parents come before their children.
        sizes: bytes of the weights of every stage.
        keep: what stays, see `peak_weights`.
        parameters: of the largest model.
        running: stages that are trained at the same time. They count with their states; that the stages of
            several branches are alive together where one after the other was assumed is not counted.
    """
    under_way = min(running, len(parents))
    return Disk(peak_weights(parents, sizes, keep), STATES * STATE_BYTES * parameters * under_way)


def peak_weights(parents: Mapping[StageId, StageId | None], sizes: Mapping[StageId, int], keep: Keep) -> int:
    """The most bytes of weights that exist at once, if stages are trained one by one, depth first.

    `all` keeps all weights. `leaves` lets those of a stage go when its last child is trained; what has no
    child stays. `scores` lets every stage go when it is scored and no child needs it any more: a stage
    without children at once, any other with its last child. A stage is trained from weights that still exist,
    and its own are whole before anything goes.

    Raises:
        ValueError: stages without a size, a parent that is no stage, or a circle.
    """
    # A stage with two children, 27 GB each: 81 with `all`, and with `leaves` before the parent goes; 54 with
    # `scores`, where the first child is gone when the second is trained.
    waiting = _children(parents, sizes)
    now = peak = 0
    for stage in _depth_first(waiting):
        now += sizes[stage]
        peak = max(peak, now)
        if keep == "all":
            continue
        if keep == "scores" and not waiting[stage]:
            now -= sizes[stage]
        parent = parents[stage]
        if parent is not None and waiting[parent][-1] == stage:
            now -= sizes[parent]
    return peak


def _children(
    parents: Mapping[StageId, StageId | None], sizes: Mapping[StageId, int]
) -> dict[StageId | None, list[StageId]]:
    """Children of every stage, and under None the stages that start from a base, in the order given."""
    if parents.keys() != sizes.keys():
        raise ValueError(f"stages without a size, or sizes without a stage: {parents.keys() ^ sizes.keys()}")
    found: dict[StageId | None, list[StageId]] = {None: [], **{stage: [] for stage in parents}}
    for stage, parent in parents.items():
        if parent not in found:
            raise ValueError(f"stage {stage} starts from {parent}, which is no stage")
        found[parent].append(stage)
    if len(list(_depth_first(found))) < len(parents):
        raise ValueError("some stages start from each other in a circle")
    return found


def _depth_first(children: Mapping[StageId | None, Sequence[StageId]]) -> Iterator[StageId]:
    """Every stage after its parent, and all below a stage before its next sibling."""
    left = list(reversed(children[None]))
    while left:
        stage = left.pop()
        yield stage
        left.extend(reversed(children[stage]))
