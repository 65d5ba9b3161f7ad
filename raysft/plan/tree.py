"""Points and stages: what a sweep comes to.

A point is a list of stages; points that begin alike share their first stages, so all stages of a sweep form
trees, one for each base model.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property

from raysft.composition.amount import Amount
from raysft.identity import fingerprint
from raysft.spec.recipe import Recipe

STAGE_VERSION = 2
"""Version of the code of a training stage; raised when the same stage gives other weights."""


@dataclass(frozen=True)
class BaseIdentity:
    """What defines the model that a point starts from."""

    weights: str
    """Digest of the weights; of a model from scratch, digest of what makes them."""
    tokenizer: str
    """Digest of the tokenizer."""
    template: str
    """Digest of the chat template."""

    @property
    def defining(self) -> dict[str, str]:
        """What enters the identity of every stage that starts here."""
        return {"weights": self.weights, "tokenizer": self.tokenizer, "template": self.template}

    @cached_property
    def fingerprint(self) -> str:
        """Content address of the base."""
        return fingerprint("base", 1, self.defining)


@dataclass(frozen=True, slots=True)
class Portion:
    """What a stage takes from one source."""

    ability: str
    source: str
    """Key of the source: the ability, or `ability/variant`."""
    count: int
    """Conversations: a prefix of the source's order; above its size the order begins again."""
    digest: str
    """Digest of their ids."""


@dataclass(frozen=True, slots=True)
class Stage:
    """A step from weights to weights."""

    fingerprint: str
    model: str
    base: BaseIdentity
    parent: str | None
    """Fingerprint of the stage before; None if the stage starts from the base."""
    portions: tuple[Portion, ...]
    recipe: Recipe
    seed: int
    subset_seed: int
    """Seed of the orders of which the portions are prefixes."""

    @property
    def conversations(self) -> int:
        """Conversations of one epoch."""
        return sum(portion.count for portion in self.portions)

    @property
    def conversation_epochs(self) -> int:
        """Conversations over all steps: the unit in which work is counted before it is measured."""
        return self.recipe.seen(self.conversations)

    @property
    def steps(self) -> int:
        """Optimiser steps."""
        return self.recipe.steps_for(self.conversations)

    @property
    def identity(self) -> dict[str, object]:
        """What the fingerprint is the hash of."""
        return stage_identity(self.base, self.parent, self.portions, self.recipe, self.seed)


def stage_identity(
    base: BaseIdentity, parent: str | None, portions: tuple[Portion, ...], recipe: Recipe, seed: int
) -> dict[str, object]:
    """Everything that defines the weights of a stage.

    Names of abilities, models and sweeps are not in it: the same conversations give the same weights. The
    portions are sorted by digest, since a stage orders their union by its own seed.
    """
    return {
        "base": base.defining,
        "parent": parent,
        "mixture": sorted(portion.digest for portion in portions),
        "recipe": recipe,
        "seed": seed,
    }


def stage_fingerprint(
    base: BaseIdentity, parent: str | None, portions: tuple[Portion, ...], recipe: Recipe, seed: int
) -> str:
    """The fingerprint of a stage: the hash of `stage_identity`."""
    return fingerprint("stage", STAGE_VERSION, stage_identity(base, parent, portions, recipe, seed))


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell of the grid of a study, as its user wrote it."""

    study: str
    model: str
    """Two models that differ only in what this cell leaves alike have one point, and each its cell."""
    strategy: str
    """Label of the strategy."""
    amount: Amount | None = None
    """None for the base, which has no data."""
    ratio: tuple[tuple[str, Fraction], ...] = ()
    ratio_name: str = ""
    variant: tuple[tuple[str, str], ...] = ()
    """Of some abilities, the variant whose source is used."""
    recipe: str = ""
    """What the study changes of the recipe, as a label."""
    seed: int | None = None
    place: int = field(default=0, compare=False)
    """Where the cell stands in the grid of its study; the base comes first."""


@dataclass(frozen=True, slots=True)
class Point:
    """A list of stages, and the cells that it is the answer to."""

    fingerprint: str
    model: str
    """The first of its cells' models: its resources are used."""
    stages: tuple[str, ...]
    """Fingerprints, in order; none for the base."""
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class Plan:
    """All points of a sweep and the trees of their distinct stages."""

    points: tuple[Point, ...]
    """Distinct points, in the order of the sweep file."""
    stages: Mapping[str, Stage]
    """Distinct stages by fingerprint; a parent comes before its children."""
    bases: Mapping[str, BaseIdentity]
    """By name of the model."""

    @cached_property
    def by_fingerprint(self) -> dict[str, Point]:
        """Points by their fingerprint."""
        return {point.fingerprint: point for point in self.points}

    @cached_property
    def children(self) -> dict[str | None, tuple[str, ...]]:
        """Fingerprints of the stages that start from a stage; under None, from a base."""
        found: dict[str | None, list[str]] = {}
        for stage in self.stages.values():
            found.setdefault(stage.parent, []).append(stage.fingerprint)
        return {parent: tuple(stages) for parent, stages in found.items()}

    @cached_property
    def users(self) -> dict[str, int]:
        """How many points go through each stage."""
        found = dict.fromkeys(self.stages, 0)
        for point in self.points:
            for stage in point.stages:
                found[stage] += 1
        return found

    @cached_property
    def longest_path(self) -> dict[str, int]:
        """Conversation-epochs from the beginning of each stage to the end of the longest point through it."""
        found: dict[str, int] = {}
        for stage in reversed(list(self.stages.values())):
            below = (found[child] for child in self.children.get(stage.fingerprint, ()))
            found[stage.fingerprint] = stage.conversation_epochs + max(below, default=0)
        return found

    def base_of(self, point: Point) -> BaseIdentity:
        """The base that a point starts from."""
        return self.bases[point.model]

    def subjects(self, point: Point) -> Iterator[tuple[str, str]]:
        """(fingerprint, model) of everything along a point that can be scored: its base, then each stage."""
        yield self.base_of(point).fingerprint, point.model
        for stage in point.stages:
            yield stage, point.model
