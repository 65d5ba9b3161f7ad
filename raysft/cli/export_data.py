"""`raysft data export`: the conversations of one epoch of a stage, for other eyes and other tools."""

import json
from collections.abc import Iterator
from typing import Any, TextIO

from raysft.cli.plan import planning_store
from raysft.data.conversation import as_row
from raysft.errors import InputError, Problem
from raysft.plan.tree import Plan, Stage
from raysft.spec.sweep import SweepSpec
from raysft.sweep.survey import Survey, survey


def export_stage(spec: SweepSpec, store_url: str, stage: str, out: TextIO) -> None:
    """Write the conversations of a stage as JSON Lines.

    Args:
        spec: the sweep, loaded with `data="expected"`: only what the stage is trained on must be here.
        store_url: of the store, which says nothing but where sources are tokenised if a budget counts tokens.
        stage: its fingerprint, or the beginning of it.
        out: where to.

    Raises:
        InputError: no stage is meant, or several, or a source of it is not here.
    """
    with planning_store(store_url) as store:
        found = survey(spec, store)
        for row in exported(found, stage_meant(found.plan, stage)):
            out.write(json.dumps(row, ensure_ascii=False) + "\n")


def stage_meant(plan: Plan, text: str) -> Stage:
    """The stage of a plan whose fingerprint begins so."""
    fitting = [address for address in plan.stages if address.startswith(text)]
    if len(fitting) != 1:
        count = "no stage" if not fitting else f"{len(fitting)} stages"
        remedy = f"{count} of this plan begin so; `raysft plan SWEEP --points` lists them"
        raise InputError([Problem("STAGE", text, remedy)])
    return plan.stages[fitting[0]]


def exported(found: Survey, stage: Stage) -> Iterator[dict[str, Any]]:
    """Source, id and turns of each conversation, source by source.

    The conversations of a source stand in its order for the stage's seed: what a smaller amount exports of
    it is the beginning of what a larger one does. A conversation that repeats within an epoch is repeated.
    """
    absent = [portion.source for portion in stage.portions if portion.source not in found.sources]
    if absent:
        raise InputError(
            [Problem("STAGE", stage.fingerprint, f"its source {one} is not here") for one in absent]
        )
    for portion in stage.portions:
        source = found.sources[portion.source]
        for one in source.index.prefix(stage.subset_seed, portion.count):
            yield {"source": portion.source, "id": one, **as_row(source.conversation(one))}
