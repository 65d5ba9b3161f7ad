"""Whether there is something to learn, and all of it is learnt: what a plan and a run refuse of tokens.

* A source of which the chat template loses text, unless its model says `template_losses: count`.
* A source, or a portion of one in a stage, without one supervised token within `max_length`.
* A `max_length` above the context of the model; one that nobody wrote only if a conversation is longer.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from typing import Protocol

from raysft.data.sources.pipeline import Source
from raysft.data.tokens.arrival import Kind
from raysft.data.tokens.chat_templates import TEMPLATES
from raysft.data.tokens.fitting import Overflow
from raysft.data.tokens.prepared import Loss
from raysft.data.tokens.tokenise import HELD_TO_PROMPTS
from raysft.errors import InputError, Problem, gathered
from raysft.identity import SourceKey
from raysft.plan.tree import Stage
from raysft.spec.recipe import Recipe
from raysft.spec.sweep import SweepSpec
from raysft.sweep.inputs.bases import Base
from raysft.sweep.inputs.token_measure import Measured, SourceFate, TokenMeasure
from raysft.wording import counted

_LOST: Mapping[Kind, str] = {
    "system": "loses the text of a system message",
    "user": "loses the text of a user's turn",
    "earlier answer": "changes the text of an answer that is read and not learnt",
    "answer": "marks something else than the answer",
    "reasoning": "loses the reasoning of an answer",
    "prompt": f"asks in other tokens than training has before the answer (of the first {HELD_TO_PROMPTS})",
}
_CARRIED: Mapping[Kind, str] = {
    "system": f" ({', '.join(TEMPLATES)} do)",
    "reasoning": f" ({', '.join(TEMPLATES)} do, between <think> marks)",
}
_SCALED = ("linear", "dynamic", "yarn")
"""Kinds of rotary scaling whose factor is not yet in `max_position_embeddings`."""


class Read(Protocol):
    """What has been read of a sweep; `raysft.sweep.inputs.read.Inputs` is one."""

    @property
    def spec(self) -> SweepSpec:
        """The sweep."""

    @property
    def sources(self) -> Mapping[SourceKey, Source]:
        """By key: those that are here."""

    @property
    def bases(self) -> Mapping[str, Base]:
        """By model: those that are here."""

    @property
    def measure(self) -> TokenMeasure:
        """Tokens of the subsets."""


def refuse_what_cannot_be_learnt(read: Read, stages: Iterable[Stage]) -> None:
    """Count what stages train on, and refuse what the module says.

    Not covered: sources and models that are not here.

    Args:
        read: the sweep; its sources are tokenised if they are not yet.
        stages: those that are to be trained.

    Raises:
        InputError: with everything that is wrong.
    """
    waiting, problems = list(stages), list[Problem]()
    asked = {
        (stage.model, portion.source, stage.recipe.max_length, stage.recipe.overflow): stage.recipe
        for stage in waiting
        for portion in stage.portions
    }
    for (model, source, _, _), recipe in asked.items():
        with gathered(problems):
            read.measure(model, source, recipe)
    problems += dict.fromkeys(chain.from_iterable(_beyond_the_context(read, *one) for one in asked))
    for key, fate in read.measure.fates.items():
        problems += _of_source(read, key, fate)
    if not problems:
        problems += dict.fromkeys(chain.from_iterable(_without_targets(read, stage) for stage in waiting))
    if problems:
        raise InputError(problems)


def lost_text(source: Source | None, kind: Kind, loss: Loss) -> str:
    """What a template lost, in words, with the place of the first conversation if its source is here."""
    where = f"conversation {loss.first[:12]}" if source is None else source.trained.where(loss.first)
    return (
        f"{_LOST[kind]} in {counted(loss.conversations, 'conversation')} (first: {where}, turn {loss.turn})"
    )


def fate_lines(read: Read) -> Iterator[str]:
    """What becomes of the conversations that are not trained on whole, a line for each source and model."""
    for (model, key, max_length, overflow), fate in read.measure.fates.items():
        name = f"{key}, model {model}"
        of = f"{fate.conversations:,}" + (" sampled" if fate.basis == "sampled" else "")
        found = {"dropped": fate.dropped, "cut": fate.cut, "split": fate.split}
        told = ", ".join(f"{count:,} {what}" for what, count in found.items() if count)
        if told:
            yield f"{name}: of {of} conversations {told} at max_length {max_length:,} (overflow: {overflow})"
        for kind, loss in fate.lost.items():
            yield f"{name}: the template {lost_text(read.sources.get(key), kind, loss)}"


def _of_source(read: Read, key: Measured, fate: SourceFate) -> Iterator[Problem]:
    model, source, max_length, overflow = key
    if fate.conversations and fate.dropped == fate.conversations:
        remedy = (
            f"nothing is left to learn of {source} for {model}: each of its {fate.conversations:,} "
            f"conversations is dropped (overflow: {overflow}); allow more tokens"
        )
        yield Problem("recipe.max_length", str(max_length), remedy)
    if read.spec.models[model].template_losses == "refuse":
        for kind, loss in fate.lost.items():
            remedy = (
                f"use a template that carries it{_CARRIED.get(kind, '')}, or take it out of the data; to "
                f"train on what is left: models.{model}.template_losses: count"
            )
            said = f"{lost_text(read.sources.get(source), kind, loss)} of {source}"
            yield Problem(f"models.{model}.template", said, remedy)


def _without_targets(read: Read, stage: Stage) -> Iterator[Problem]:
    recipe = stage.recipe
    for portion in stage.portions:
        counts = read.measure(stage.model, portion.source, recipe)
        if counts.basis == "counted" and not counts.total(stage.subset_seed, portion.count).supervised:
            remedy = (
                f"leaves no supervised token of {counted(portion.count, 'conversation')} of "
                f"{portion.source}, a stage's part of it, for {stage.model} (seed {stage.subset_seed}, "
                f"overflow: {recipe.overflow}): use a larger amount, or allow more tokens"
            )
            yield Problem("recipe.max_length", str(recipe.max_length), remedy)


def _beyond_the_context(
    read: Read, model: str, source: SourceKey, max_length: int, overflow: Overflow
) -> Iterator[Problem]:
    context = context_of(read.bases[model]) if model in read.bases else None
    fate = read.measure.fates.get((model, source, max_length, overflow))
    written = {*read.spec.recipe.model_fields_set, *read.spec.models[model].recipe.written}
    longest = max_length
    if "max_length" not in written and max_length == Recipe().max_length:
        # Nobody asked for 2,048: it harms no model of 512 whose conversations all have fewer.
        longest = min(max_length, fate.longest if fate else 0)
    if context is not None and longest > context:
        remedy = (
            f"{model} reads at most {context:,} tokens (max_position_embeddings, or its context): "
            f"use max_length: {context}"
        )
        yield Problem("recipe.max_length", str(max_length), remedy)


def context_of(base: Base) -> int | None:
    """The longest sequence of a model in tokens; None where its configuration does not say.

    Not covered: rotary scaling of kinds that are not among the common ones is taken to be in the number.
    """
    if base.scratch is not None:
        return base.scratch.context
    if base.folder is None:
        return None
    config = json.loads((base.folder / "config.json").read_text(encoding="utf-8"))
    said, scaling = config.get("max_position_embeddings"), config.get("rope_scaling") or {}
    scaling = scaling or config.get("rope_parameters") or {}
    kind = scaling.get("rope_type", scaling.get("type"))
    if not isinstance(said, int):
        return None
    return int(said * scaling.get("factor", 1)) if kind in _SCALED else said
