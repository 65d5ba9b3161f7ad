"""Points and stages: what a sweep comes to.

A point is a list of stages; points that begin alike share their first stages, so all stages of a sweep form
trees, one for each base model.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from typing import Any

from raysft.composition.amount import Amount, write_amount
from raysft.identity import SourceKey, StageId, fingerprint
from raysft.spec.recipe import Recipe

STAGE_VERSION = 3
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
    def texts(self) -> str:
        """Digest of what turns chats into tokens, and what stages hand on: tokenizer and template."""
        return fingerprint("texts", 1, {"tokenizer": self.tokenizer, "template": self.template})

    @cached_property
    def fingerprint(self) -> StageId:
        """Content address of the base."""
        return StageId(fingerprint("base", 1, self.defining))


@dataclass(frozen=True, slots=True)
class Portion:
    """What a stage takes from one source."""

    ability: str
    source: SourceKey
    """Key of the source: the ability, or `ability/variant`."""
    count: int
    """Conversations: a prefix of the source's order; above its size the order begins again."""
    digest: str
    """Digest of their ids."""


@dataclass(frozen=True, slots=True)
class Stage:
    """A step from weights to weights."""

    fingerprint: StageId
    model: str
    base: BaseIdentity
    parent: StageId | None
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

    def mixture(self) -> dict[SourceKey, int]:
        """Conversations of one epoch by key of the source."""
        return {portion.source: portion.count for portion in self.portions}

    def mixture_text(self) -> str:
        """The same in words: `code 2,048 + general/short 64`."""
        return " + ".join(f"{source} {count:,}" for source, count in self.mixture().items())

    @property
    def identity(self) -> dict[str, object]:
        """What the fingerprint is the hash of."""
        return stage_identity(self.base, self.parent, self.portions, self.recipe, self.seed)


def stage_identity(
    base: BaseIdentity, parent: StageId | None, portions: tuple[Portion, ...], recipe: Recipe, seed: int
) -> dict[str, object]:
    """Everything that defines the weights of a stage.

    Names of abilities, models and sweeps are not in it: the same conversations give the same weights. The
    portions are sorted by digest, since a stage orders their union by its own seed. Of the recipe only the
    fields in effect are in it.
    """
    return {
        "base": base.defining,
        "parent": parent,
        "mixture": sorted(portion.digest for portion in portions),
        "recipe": recipe.in_effect,
        "seed": seed,
    }


def stage_fingerprint(
    base: BaseIdentity, parent: StageId | None, portions: tuple[Portion, ...], recipe: Recipe, seed: int
) -> StageId:
    """The fingerprint of a stage: the hash of `stage_identity`."""
    return StageId(fingerprint("stage", STAGE_VERSION, stage_identity(base, parent, portions, recipe, seed)))


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
    written: str = ""
    """Strategy and change of the recipe as a sweep file writes them, in JSON: what labels stand for."""
    place: int = field(default=0, compare=False)
    """Place of the cell in the grid of its study; the base comes first."""

    def axes(self) -> dict[str, Any]:
        """Its axes as JSON has them: an amount as a sweep file writes it, ratio and variant by ability."""
        return {
            "model": self.model,
            "strategy": self.strategy,
            "amount": None if self.amount is None else write_amount(self.amount),
            "ratio": {ability: str(factor) for ability, factor in self.ratio},
            "ratio_name": self.ratio_name,
            "variant": dict(self.variant),
            "recipe": self.recipe,
            "seed": self.seed,
        }

    @property
    def values(self) -> str:
        """Its axes but for the seed, as JSON: equal where cells differ in the seed alone, and nowhere else.

        Labels are for people. They never say whether two cells are one.
        """
        axes = self.axes()
        del axes["seed"]
        return json.dumps({**axes, **json.loads(self.written or "{}")}, sort_keys=True)

    @property
    def ratio_text(self) -> str:
        """The ratio in words: `few (math×1/4)`; empty where nothing is multiplied and nothing is named."""
        factors = ", ".join(f"{ability}×{factor}" for ability, factor in self.ratio)
        return f"{self.ratio_name} ({factors})" if self.ratio_name and factors else self.ratio_name or factors

    @property
    def variant_text(self) -> str:
        """The variants in words: `code: short`."""
        return ", ".join(f"{ability}: {variant}" for ability, variant in self.variant)

    def text(self, usual_model: str | None = None) -> str:
        """Its axes in words, but for the study: `dmt(k=1/16), amount 1/4, seed 0`.

        Args:
            usual_model: is not named where the cell has it; None never names the model.
        """
        parts = (
            self.strategy,
            f"model {self.model}" if usual_model not in (None, self.model) else "",
            "" if self.amount is None else f"amount {self.amount}",
            self.ratio_text,
            self.variant_text,
            self.recipe,
            "" if self.seed is None else f"seed {self.seed}",
        )
        return ", ".join(filter(None, parts))


@dataclass(frozen=True, slots=True)
class Point:
    """A list of stages, and the cells that it is the answer to."""

    fingerprint: str
    model: str
    """The first of its cells' models: its resources are used."""
    stages: tuple[StageId, ...]
    """Fingerprints, in order; none for the base."""
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class Plan:
    """All points of a sweep and the trees of their distinct stages."""

    points: tuple[Point, ...]
    """Distinct points, in the order of the sweep file."""
    stages: Mapping[StageId, Stage]
    """Distinct stages by fingerprint; a parent comes before its children."""
    bases: Mapping[str, BaseIdentity]
    """By name of the model."""

    @cached_property
    def by_fingerprint(self) -> dict[str, Point]:
        """Points by their fingerprint."""
        return {point.fingerprint: point for point in self.points}

    @cached_property
    def children(self) -> dict[StageId | None, tuple[StageId, ...]]:
        """Fingerprints of the stages that start from a stage; under None, from a base."""
        found: dict[StageId | None, list[StageId]] = {}
        for stage in self.stages.values():
            found.setdefault(stage.parent, []).append(stage.fingerprint)
        return {parent: tuple(stages) for parent, stages in found.items()}

    @cached_property
    def users(self) -> dict[StageId, int]:
        """How many points go through each stage."""
        found = dict.fromkeys(self.stages, 0)
        for point in self.points:
            for stage in point.stages:
                found[stage] += 1
        return found

    @cached_property
    def longest_path(self) -> dict[StageId, int]:
        """Conversation-epochs from the beginning of each stage to the end of the longest point through it."""
        found: dict[StageId, int] = {}
        for stage in reversed(list(self.stages.values())):
            below = (found[child] for child in self.children.get(stage.fingerprint, ()))
            found[stage.fingerprint] = stage.conversation_epochs + max(below, default=0)
        return found

    def base_of(self, point: Point) -> BaseIdentity:
        """The base that a point starts from."""
        return self.bases[point.model]

    def base_under(self, subject: StageId) -> BaseIdentity:
        """The base that a stage began with, or that has this fingerprint itself."""
        if subject in self.stages:
            return self.stages[subject].base
        return next(base for base in self.bases.values() if base.fingerprint == subject)

    def subjects(self, point: Point) -> Iterator[tuple[StageId, str]]:
        """(fingerprint, model) of everything along a point that can be scored: its base, then each stage."""
        yield self.base_of(point).fingerprint, point.model
        for stage in point.stages:
            yield stage, point.model
