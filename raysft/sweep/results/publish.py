"""The tables of a sweep in its folder of the store. A fuller table is never lost.

What is in the store of a sweep can become less: a library changes the keys of scores, a file is edited, a
benchmark's questions are gone. The tables of an earlier day then hold what cannot be found any more.
"""

import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

import pandas as pd

from raysft.data.sources.facts import source_json
from raysft.identity import StageId
from raysft.plan.counts import count_points
from raysft.spec.model import ModelSpec
from raysft.store import Store
from raysft.sweep.inputs.read import Inputs
from raysft.sweep.results.standing import Standing, what_is_missing
from raysft.sweep.results.tables import items_table, tidy_table

TOY_CAUTION = "A toy world that shows the tool, not how large models behave."
TABLE, ITEMS, PAGE = "results.parquet", "items.parquet", "report.html"
PARTS = (TABLE, "results.csv", ITEMS, "sweep.json")
"""What a report is made from."""


@dataclass(frozen=True)
class Published:
    """What became of the tables."""

    scores: int
    """Scores that the new tables have."""
    lost: int
    """Scores of the tables before, which the new ones do not have."""
    kept_in: str | None
    """Where the tables before lie now, if the new ones replaced them and do not have all that they had."""
    replaced: bool
    """False if the tables before are fuller, and were left as they are."""


def publish_results(inputs: Inputs, standing: Mapping[StageId, Standing], store: Store) -> Published:
    """Write the tables of a sweep, unless those of an earlier day are fuller.

    A sweep in which nothing is missing always has its tables written; one that lacks something has to have as
    many scores as the tables before. Where scores of those are lost, they are kept under `replaced-<time>`.
    """
    name, parts = inputs.spec.name, result_parts(inputs, standing)
    before, after = _scores(store.read_file(name, TABLE)), _scores(parts[TABLE])
    lost = len(before - after)
    if len(after) < len(before) and what_is_missing(inputs, standing):
        return Published(len(after), lost, None, replaced=False)
    kept_in = _keep(store, name) if lost else None
    for part, data in parts.items():
        store.write_file(name, part, data)
    return Published(len(after), lost, kept_in, replaced=True)


def result_parts(inputs: Inputs, standing: Mapping[StageId, Standing]) -> dict[str, bytes]:
    """The files that a report is made from, by name."""
    table = tidy_table(inputs, standing)
    return {
        TABLE: _parquet(table),
        "results.csv": table.to_csv(index=False).encode(),
        ITEMS: _parquet(items_table(inputs, standing)),
        "sweep.json": json.dumps(about(inputs, standing), indent=2).encode(),
    }


def _keep(store: Store, name: str) -> str:
    """Copy the tables and the page of an earlier day to a folder of their own; returns where."""
    folder = f"{name}/replaced-{datetime.now(UTC):%Y%m%dT%H%M%S.%f}"
    for part in (*PARTS, PAGE):
        data = store.read_file(name, part)
        if data is not None:
            store.write_file(folder, part, data)
    return store.sweep_path(folder)


def read_table(data: bytes | None) -> pd.DataFrame | None:
    """A table as it is kept; None if there is none, or if it cannot be read."""
    try:
        return None if data is None else pd.read_parquet(io.BytesIO(data))
    except (OSError, ValueError):
        return None


def _scores(table: bytes | None) -> set[tuple[str, str]]:
    """(stage, key of the benchmark) of every score in a table."""
    frame = read_table(table)
    if frame is None:
        return set()
    # Before there was a column of its own, the key was under `ability`.
    key = "benchmark_key" if "benchmark_key" in frame else "ability"
    scored = frame[frame["value"].notna()]
    return set(scored[["stage", key]].itertuples(index=False, name=None))


def about(inputs: Inputs, standing: Mapping[StageId, Standing]) -> dict[str, Any]:
    """What a report says about the sweep itself."""
    spec, plan = inputs.spec, inputs.plan
    toy = any(_is_world(model) for model in spec.models.values())
    return {
        "name": spec.name,
        "toy": toy,
        "caution": TOY_CAUTION if toy else None,
        "abilities": {name: list(ability.source.paths) for name, ability in spec.abilities.items()},
        "sources": {key: source_json(source.facts) for key, source in inputs.sources.items()},
        "models": {name: model.label for name, model in spec.models.items()},
        "not_whole": not_whole(inputs, standing),
        "recipe": spec.recipe.model_dump(mode="json"),
        **count_points(plan)._asdict(),
        "stages": len(plan.stages),
        "generated_by": f"raysft {version('raysft')}",
    }


def not_whole(inputs: Inputs, standing: Mapping[StageId, Standing]) -> list[dict[str, Any]]:
    """What was not trained on as it is: per model, source and longest sequence, of the largest stage."""
    found: dict[tuple[str, str, int, str], dict[str, Any]] = {}
    for key, stage in inputs.plan.stages.items():
        record, recipe = standing[key].record, stage.recipe
        for portion, used in zip(stage.portions, record.used if record else (), strict=False):
            lost = record.lost.get(used.ability, {}) if record else {}
            told = {"cut": used.cut, "split": used.split, "dropped": used.dropped, "lost": lost}
            of = {
                "source": portion.source,
                "model": stage.model,
                "max_length": recipe.max_length,
                "overflow": recipe.overflow,
            }
            place = (portion.source, stage.model, recipe.max_length, recipe.overflow)
            largest = found.get(place, {"conversations": 0})["conversations"]
            if any(told.values()) and used.conversations > largest:
                found[place] = {**of, "conversations": used.conversations, **told}
    return list(found.values())


def _is_world(model: ModelSpec) -> bool:
    return isinstance(model.base, str) and model.base.startswith("world/")


def _parquet(table: pd.DataFrame) -> bytes:
    buffer = io.BytesIO()
    table.to_parquet(buffer, index=False)
    return buffer.getvalue()
