"""Small data files, and pilots planned without them, for tests."""

import json
from collections.abc import Mapping
from pathlib import Path

from raysft.pilot.grids import Data, Studies, batch_size
from raysft.plan.cost.accelerators import ACCELERATORS
from raysft.plan.cost.bill import Machine
from raysft.plan.cost.model_shape import KNOWN
from raysft.spec.recipe import Recipe
from raysft.spec.sweep import SweepSpec

MACHINE = Machine(KNOWN["TinyLlama/TinyLlama_v1.1"], ACCELERATORS["a100-80gb"])
TOKENS, SUPERVISED, HELD_OUT = 300.0, 150.0, 20


def data_of(rows: Mapping[str, int]) -> Data:
    recipe = Recipe()
    recipe = recipe.model_copy(update={"batch_size": batch_size(rows, recipe)})
    last = list(rows)[-1] if len(rows) > 1 else None
    return Data("m", rows, dict.fromkeys(rows, 1), last, recipe)


def spec_of(data: Data, studies: Studies) -> SweepSpec:
    source = {"held_out": HELD_OUT, "tokens": TOKENS, "supervised_tokens": SUPERVISED}
    return SweepSpec.model_validate(
        {
            "name": "p",
            "abilities": {
                name: {"source": {"path": f"{name}.jsonl", **source}, "benchmark": "held_out"}
                for name in data.rows
            },
            "models": {"m": {"base": "TinyLlama/TinyLlama_v1.1"}},
            "recipe": data.recipe.model_dump(),
            "studies": studies,
        }
    )


def write_rows(path: Path, count: int, words: int = 20, start: int = 0) -> Path:
    """Alpaca rows with closed answers, each another one."""
    rows = [
        {"instruction": " ".join([f"Question {number}"] + ["word"] * words), "output": f"Answer {number}"}
        for number in range(start, start + count)
    ]
    path.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    return path


def write_chats(path: Path, count: int, turns: int = 2) -> Path:
    """ShareGPT rows."""
    rows = [
        {
            "conversations": [
                {"from": who, "value": f"{who} says {number} in turn {turn}"}
                for turn in range(turns)
                for who in ("human", "gpt")
            ]
        }
        for number in range(count)
    ]
    path.write_text(json.dumps(rows), encoding="utf-8")
    return path
