"""`raysft data export`: the conversations of a stage, for other eyes and other tools."""

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any, TextIO

from raysft.data.conversation import as_row
from raysft.errors import InputError, Problem
from raysft.plan.tree import Plan, Stage
from raysft.spec.sweep import SweepSpec
from raysft.sweep.inputs.read import Inputs, view_inputs
from raysft.train.batching.batches import Batches


def export_stage(spec: SweepSpec, store_url: str, stage: str, out: TextIO) -> None:
    """Write the conversations of a stage as JSON Lines.

    Args:
        spec: the sweep; its data and bases must be here, as for a run.
        store_url: of the store that may have tokenised sources, which a budget of tokens needs; see
            `view_inputs`.
        stage: its fingerprint, or the beginning of it.
        out: where to.

    Raises:
        InputError: no stage is meant, or several; or as `view_inputs`.
    """
    inputs = view_inputs(spec, store_url)
    for row in exported(inputs, stage_meant(inputs.plan, stage)):
        out.write(json.dumps(row, ensure_ascii=False) + "\n")


def stage_meant(plan: Plan, text: str) -> Stage:
    """The stage of a plan whose fingerprint begins so."""
    fitting = [address for address in plan.stages if address.startswith(text)]
    if len(fitting) != 1:
        several = f"{len(fitting)} stages of this plan begin so"
        said = several if fitting else "no stage of this plan begins so"
        remedy = f"{said}; `raysft plan SWEEP --points` lists them"
        raise InputError([Problem("STAGE", text, remedy)])
    return plan.stages[fitting[0]]


def exported(inputs: Inputs, stage: Stage) -> Iterator[dict[str, Any]]:
    """Source, id, turns, and how many times the stage trains on it, of each conversation of the mixture.

    Source by source, each in its order for the stage's seed: what a smaller amount exports of a source is the
    beginning of what a larger one does. A conversation that repeats within an epoch has a row each time. A
    stage of fewer steps than an epoch trains on some conversations 0 times.
    """
    used = [
        (portion.source, one)
        for portion in stage.portions
        for one in inputs.sources[portion.source].index.prefix(stage.subset_seed, portion.count)
    ]
    batches = Batches([one for _, one in used], stage.recipe, stage.seed)
    times = Counter(place for _, batch in batches.after(0) for place in batch)
    for place, (source, one) in enumerate(used):
        turns = as_row(inputs.sources[source].conversation(one))
        yield {"source": source, "id": one, "times": times[place], **turns}
