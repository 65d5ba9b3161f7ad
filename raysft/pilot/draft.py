"""What `raysft init` writes: the values of a first sweep file. Why each of them, is in `pilot_notes`."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from raysft.pilot.abilities import Last
from raysft.pilot.budget import Allowance
from raysft.pilot.data_files import DataFile
from raysft.pilot.found_model import FoundModel
from raysft.pilot.grids import Data, Studies
from raysft.pilot.placement import Placement
from raysft.spec.recipe import Recipe

FLOOR = -2.0
"""Points that the last ability may lose."""
_RATES = ((50e6, 1e-3), (500e6, 3e-4), (2e9, 5e-5), (20e9, 2e-5), (float("inf"), 1e-5))
"""Peak learning rate for models below so many parameters; 2e-5 for 7 and 13 B is Vicuna's and arXiv
2310.05492's, 1e-5 for 65 B LIMA's (arXiv 2305.11206), the first that of `sweeps/quickstart.yaml`."""


@dataclass(frozen=True)
class Chosen:
    """Everything that was seen and settled before a grid is chosen."""

    name: str
    data_dir: str
    """As the sweep file has it."""
    files: Mapping[str, DataFile]
    """By ability."""
    paths: Mapping[str, str]
    """Of each file, as the sweep file has it."""
    last: Last | None
    """None for a single file."""
    model: FoundModel
    base: str
    """The model as the sweep file has it."""
    placement: Placement
    recipe: Recipe
    allowance: Allowance

    @property
    def data(self) -> Data:
        """What there is to train on."""
        rows = {ability: one.trained for ability, one in self.files.items()}
        turns = {ability: math.ceil(one.turns) for ability, one in self.files.items()}
        return Data(self.model.name, rows, turns, self.last and self.last.ability, self.recipe)

    @cached_property
    def tokens(self) -> Mapping[str, tuple[float, float]]:
        """Mean tokens of a conversation of each ability, and those in its answers."""
        longest = self.recipe.max_length
        return {
            ability: (float(round(one.tokens_within(longest))), float(round(one.supervised_within(longest))))
            for ability, one in self.files.items()
        }

    @property
    def on_gpus(self) -> bool:
        """Whether it trains on GPUs."""
        return self.placement.gpus_per_worker > 0

    @property
    def asked(self) -> tuple[str, ...]:
        """Abilities that have a benchmark: whole documents cannot be asked."""
        return tuple(ability for ability, one in self.files.items() if one.kind != "documents")


def learning_rate(parameters: int) -> float:
    """Peak learning rate for a model of so many parameters."""
    return next(rate for limit, rate in _RATES if parameters < limit)


def sweep_of(chosen: Chosen, studies: Studies) -> dict[str, Any]:
    """The sweep file as YAML gives it."""
    raw: dict[str, Any] = {
        "name": chosen.name,
        "data_dir": chosen.data_dir,
        "abilities": {ability: _ability(chosen, ability) for ability in chosen.files},
        "models": {chosen.model.name: _model(chosen)},
        "recipe": {name: getattr(chosen.recipe, name) for name in _RECIPE},
        "studies": studies,
        "evaluation": {"stages": "all"},
    }
    if chosen.on_gpus:
        raw["evaluation"] |= {"gpus_per_engine": 1, "precision": chosen.placement.precision}
        raw["run"] = {"trials_at_once": chosen.placement.at_once}
    raw["cost"] = {"accelerator": chosen.placement.accelerator.name}
    if objective := _objective(chosen):
        raw["objective"] = objective
    return raw


def _ability(chosen: Chosen, ability: str) -> dict[str, Any]:
    one = chosen.files[ability]
    tokens, supervised = chosen.tokens[ability]
    source: dict[str, Any] = {
        "path": chosen.paths[ability],
        "format": one.form,
        "held_out": one.held_out,
        "duplicates": "remove",
        "tokens": tokens,
        "supervised_tokens": supervised,
    }
    if one.cleaned:
        source["clean"] = list(one.cleaned)
    if one.bad_rows:
        source["on_bad_row"] = "skip"
        if one.many_bad:
            source["max_bad_rows"] = "1/2"
    benchmark = {"name": "held_out", "metric": "loss"} if one.by_loss else "held_out"
    return {"source": source, **({"benchmark": benchmark} if ability in chosen.asked else {})}


def _model(chosen: Chosen) -> dict[str, Any]:
    found, placement = chosen.model, chosen.placement
    model: dict[str, Any] = {"base": chosen.base, "template": found.template}
    if found.shape_said:
        sizes = ("hidden_size", "layers", "heads", "key_value_heads", "feed_forward", "vocabulary", "tied")
        model["shape"] = {name: getattr(found.shape, name) for name in sizes}
    model |= {"workers": placement.workers, "gpus_per_worker": placement.gpus_per_worker}
    return {**model, "micro_batch_tokens": placement.micro_batch_tokens}


def _objective(chosen: Chosen) -> dict[str, Any]:
    last = chosen.last and chosen.last.ability
    # A loss is not to be as high as possible.
    scored = [ability for ability in chosen.asked if not chosen.files[ability].by_loss]
    wanted = [ability for ability in scored if ability != last]
    if not wanted:
        return {}
    return {"maximise": wanted[0], **({"floors": {last: FLOOR}} if last in scored else {})}


_RECIPE = (
    "epochs",
    "batch_size",
    "learning_rate",
    "schedule",
    "warmup",
    "max_length",
    "overflow",
    "precision",
)
