"""What a plan comes to, in all and by study and model, with and without sharing."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import NamedTuple

from raysft.identity import StageId
from raysft.plan.cost.accelerators import Accelerator
from raysft.plan.cost.compute import money, training_flops, training_hours
from raysft.plan.cost.model_shape import ModelShape
from raysft.plan.mixtures import Measure
from raysft.plan.token_counts import TokenCounts, added
from raysft.plan.tree import Plan, Point, Stage


class Effort(NamedTuple):
    """What training takes."""

    conversation_epochs: int = 0
    """One is one pass over one conversation."""
    steps: int = 0
    """Optimiser steps."""
    tokens: int = 0
    """Over all epochs, padding excluded."""
    supervised_tokens: int = 0
    """Of these, the ones that enter the loss."""
    flops: float = 0.0
    """Operations of the matrix products."""
    gpu_hours: float = 0.0
    """Hours of one GPU at the assumed share of its peak; 0 for what trains on cores."""
    core_hours: float = 0.0
    """Hours of one CPU core; 0 for what trains on GPUs."""
    cost: float = 0.0
    """US dollars at the assumed price."""

    @property
    def hours(self) -> float:
        """Of whatever trains; to be said with a unit only where all of it is of one kind."""
        return self.gpu_hours + self.core_hours


class Machine(NamedTuple):
    """What a model is, and what it trains on."""

    shape: ModelShape
    accelerator: Accelerator


def stage_efforts(plan: Plan, measure: Measure, machines: Mapping[str, Machine]) -> dict[StageId, Effort]:
    """What every stage takes, by fingerprint; stages that differ in nothing that counts are reckoned once."""
    known: dict[tuple[object, ...], Effort] = {}
    found = {}
    for address, stage in plan.stages.items():
        counts = [measure(stage.model, portion.source, stage.recipe) for portion in stage.portions]
        # Another seed chooses other conversations, which matters only where each of them is counted.
        seed = stage.subset_seed if any(one.basis == "counted" for one in counts) else None
        takes = tuple((portion.source, portion.count) for portion in stage.portions)
        key = (stage.model, id(stage.recipe), takes, seed)
        if key not in known:
            known[key] = _effort(stage, counts, machines[stage.model])
        found[address] = known[key]
    return found


def _effort(stage: Stage, counts: Sequence[TokenCounts], machine: Machine) -> Effort:
    epoch = added(
        one.total(stage.subset_seed, portion.count)
        for one, portion in zip(counts, stage.portions, strict=True)
    )
    passes = stage.conversation_epochs / stage.conversations
    tokens, supervised = round(epoch.tokens * passes), round(epoch.supervised * passes)
    mean_length = min(epoch.squares / max(1, epoch.tokens), stage.recipe.max_length)
    flops = training_flops(machine.shape, tokens, mean_length, targets=supervised)
    chip = machine.accelerator
    hours = training_hours(flops, chip, stage.recipe.precision)
    on_gpus, on_cores = (0.0, hours) if chip.is_core else (hours, 0.0)
    work = (stage.conversation_epochs, stage.steps, tokens, supervised, flops)
    return Effort(*work, on_gpus, on_cores, money(hours, chip))


@dataclass(frozen=True)
class Totals:
    """A plan, or a part of it, added up. The base model is a row of every study and no point here."""

    points: int
    """Cells of all studies that train; equal cells of two studies count each."""
    distinct_points: int
    stages: int
    """Distinct stages: what is really trained."""
    stages_without_sharing: int
    """One run per cell."""
    shared: Effort
    """What is really trained."""
    one_run_per_point: Effort
    """Every cell trained by itself."""
    distinct_points_alone: Effort
    """Equal cells trained once, and no stage shared otherwise."""

    @property
    def saved_against_one_run_per_point(self) -> float | None:
        """How many times less is trained, in conversation-epochs; None if nothing is."""
        return _ratio(self.one_run_per_point.conversation_epochs, self.shared.conversation_epochs)

    @property
    def saved_against_dropping_equal_points(self) -> float | None:
        """The same against training every distinct point by itself."""
        return _ratio(self.distinct_points_alone.conversation_epochs, self.shared.conversation_epochs)

    @property
    def hours_saved_against_one_run_per_point(self) -> float | None:
        """How many times fewer hours are trained, see `main_hours`; None if there are none.

        Less than in conversations where what is shared is short: of DMT's two stages the first, on math and
        code, has most of the conversations and few of the tokens.
        """
        return _ratio(main_hours(self.one_run_per_point), main_hours(self.shared))

    @property
    def hours_saved_against_dropping_equal_points(self) -> float | None:
        """The same against training every distinct point by itself."""
        return _ratio(main_hours(self.distinct_points_alone), main_hours(self.shared))


def main_hours(effort: Effort) -> float:
    """GPU-hours, or core-hours where no GPU trains: hours of two kinds are never added up."""
    return effort.gpu_hours or effort.core_hours


def _ratio(whole: float, part: float) -> float | None:
    return whole / part if part else None


class Bill(NamedTuple):
    """A plan added up."""

    whole: Totals
    by_study: dict[str, Totals]
    by_model: dict[str, Totals]
    by_model_and_study: dict[str, dict[str, Totals]]


def bill(plan: Plan, efforts: Mapping[StageId, Effort], studies: Iterable[str]) -> Bill:
    """Add up a plan in one pass over its points; `studies` says in which order they are told."""
    order = tuple(studies)
    sums: defaultdict[tuple[str, str], _Sum] = defaultdict(_Sum)
    for point in plan.points:
        if not point.stages:
            continue
        alone = total(efforts[stage] for stage in point.stages)
        cells = Counter(key for cell in point.cells for key in product(("", cell.model), ("", cell.study)))
        for key, times in cells.items():
            sums[key].add(point, times, alone)
    totals = {key: one.totals(efforts) for key, one in sums.items()}
    models = [model for model in plan.bases if (model, "") in totals]
    return Bill(
        totals.get(("", ""), _Sum().totals(efforts)),
        _of_studies(totals, "", order),
        {model: totals[model, ""] for model in models},
        {model: _of_studies(totals, model, order) for model in models},
    )


def _of_studies(
    totals: Mapping[tuple[str, str], Totals], model: str, studies: Iterable[str]
) -> dict[str, Totals]:
    return {study: totals[model, study] for study in studies if (model, study) in totals}


class _Sum:
    """What one part of a plan has come to so far."""

    def __init__(self) -> None:
        self.stages: dict[StageId, None] = {}
        self.points = self.distinct = self.stages_unshared = 0
        self.alone: Counter[Effort] = Counter()
        self.cells: Counter[Effort] = Counter()

    def add(self, point: Point, cells: int, alone: Effort) -> None:
        self.points += cells
        self.distinct += 1
        self.stages_unshared += cells * len(point.stages)
        self.stages.update(dict.fromkeys(point.stages))
        self.alone[alone] += 1
        self.cells[alone] += cells

    def totals(self, efforts: Mapping[StageId, Effort]) -> Totals:
        return Totals(
            points=self.points,
            distinct_points=self.distinct,
            stages=len(self.stages),
            stages_without_sharing=self.stages_unshared,
            shared=_added(Counter(efforts[stage] for stage in self.stages)),
            one_run_per_point=_added(self.cells),
            distinct_points_alone=_added(self.alone),
        )


def total(efforts: Iterable[Effort]) -> Effort:
    """Efforts added up."""
    return _added(Counter(efforts))


def _added(efforts: Mapping[Effort, int]) -> Effort:
    """Efforts with how often each counts; equal ones are many in a large plan, and added as one."""
    columns = zip(*([value * times for value in one] for one, times in efforts.items()), strict=True)
    return Effort(*map(sum, columns)) if efforts else Effort()
