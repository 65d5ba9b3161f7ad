"""A tidy table of a sweep that never ran: three abilities, known effects, items and seeds crossed."""

import json
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from analysis.cells import Cell, collapse
from analysis.inputs import ITEM_COLUMNS, Row

ABILITIES = {"math": 100.0, "code": 100.0, "general": 1.0}
COURSES: dict[str, tuple[str, ...]] = {
    "base": (),
    "single(math)": ("math 2048",),
    "single(code)": ("code 512",),
    "single(general)": ("general 1024",),
    "multi_task": ("math 2048 + code 512 + general 1024",),
    "sequential": ("math 2048", "code 512", "general 1024"),
    "mixed_sequential": ("math 2048 + code 512", "general 1024"),
    "dmt(k=1/64)": ("math 2048 + code 512", "general 1024 + math 32 + code 8"),
    "dmt(k=1/16)": ("math 2048 + code 512", "general 1024 + math 128 + code 32"),
}
# Share of right answers (rating for general) after the last stage, close to what the toy world gives.
FINAL = {
    "base": (0.0, 0.0, 1.0),
    "single(math)": (0.75, 0.0, 2.0),
    "single(code)": (0.0, 0.5, 2.0),
    "single(general)": (0.0, 0.0, 7.0),
    "multi_task": (0.73, 0.53, 7.3),
    "sequential": (0.05, 0.0, 7.0),
    "mixed_sequential": (0.0, 0.01, 7.1),
    "dmt(k=1/64)": (0.49, 0.19, 7.1),
    "dmt(k=1/16)": (0.54, 0.37, 7.1),
}
AMOUNTS = {"1/64": 1 / 64, "1/16": 1 / 16, "1/4": 1 / 4, "1": 1.0}


@dataclass(frozen=True)
class Asked:
    """One point of the synthetic sweep."""

    strategy: str
    amount: str = "1"
    seed: int | None = 0
    study: str = "strategies"
    model: str = "tiny"
    status: str = "done"
    cause: str = ""
    ratio: str = "{}"


def usual_points(seeds: int = 2) -> list[Asked]:
    """What the quickstart asks for."""
    points = [Asked("base", "", None), Asked("base", "", None, study="amounts")]
    points += [
        Asked(strategy, seed=seed) for strategy in COURSES if strategy != "base" for seed in range(seeds)
    ]
    singles = [f"single({ability})" for ability in ABILITIES]
    return points + [
        Asked(strategy, amount, 0, "amounts") for strategy in (*singles, "multi_task") for amount in AMOUNTS
    ]


def tables(points: list[Asked], n: int = 300) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Results and items; verdicts depend on item, strategy and seed, never on the order of the points."""
    rows: list[dict[str, Any]] = []
    items: dict[tuple[str, str], pd.DataFrame] = {}
    for asked in points:
        course = COURSES[asked.strategy]
        last = len(course) if asked.status == "done" else max(0, len(course) - 1)
        for position in range(last + 1):
            for ability, scale in ABILITIES.items():
                row, verdicts = _scored(asked, position, ability, scale, n)
                rows.append(row)
                items[row["stage"], row["benchmark_key"]] = verdicts
        if asked.status != "done":
            rows.append(_row(asked, len(course)) | {"status": asked.status, "cause": asked.cause})
    return results_frame(rows), items_frame(list(items.values()))


def unscored(points: list[Asked]) -> list[Cell]:
    """Cells of a sweep in which no judge has graded the general ability."""
    results, items = tables(points)
    judged = results.benchmark_key == "general"
    results.loc[judged, "value"] = np.nan
    results.loc[judged, "unscored"] = 300
    results.loc[judged, "reason"] = "no judge is configured"
    return collapse(results, items)


def results_frame(rows: list[dict[str, Any]]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=list(Row.model_fields))
    whole = [
        "seed",
        "stage_position",
        "stages",
        "conversations",
        "supervised_tokens",
        "steps",
        "n",
        "unscored",
    ]
    return frame.astype(dict.fromkeys(whole, "Int64"))


def items_frame(parts: list[pd.DataFrame]) -> pd.DataFrame:
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=list(ITEM_COLUMNS))


def write(folder: Path, results: pd.DataFrame, items: pd.DataFrame, **facts: Any) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    results.to_parquet(folder / "results.parquet")
    items.to_parquet(folder / "items.parquet")
    told = {
        "name": "quickstart",
        "toy": True,
        "abilities": dict.fromkeys(ABILITIES, "world"),
        "generated_by": "raysft 0.1.0",
    }
    (folder / "sweep.json").write_text(json.dumps(told | facts), encoding="utf-8")
    return folder


def _row(asked: Asked, position: int) -> dict[str, Any]:
    course = COURSES[asked.strategy]
    name = f"{asked.model}/{asked.strategy}/{asked.amount}/{asked.seed}"
    return dict.fromkeys(Row.model_fields) | {
        "study": asked.study, "point": name, "model": asked.model, "strategy": asked.strategy,
        "amount": asked.amount, "amount_value": AMOUNTS.get(asked.amount), "ratio": asked.ratio,
        "seed": asked.seed, "cause": "",
        "stage": f"{name}#{position}" if position else f"{asked.model}/base", "stage_position": position,
        "stages": len(course), "is_final": position == len(course), "status": "done", "reason": "",
        "trained_on": course[position - 1] if position else "", "suspect": False, "unscored": 0,
    }  # fmt: skip


def _scored(
    asked: Asked, position: int, ability: str, scale: float, n: int
) -> tuple[dict[str, Any], pd.DataFrame]:
    level = _level(asked, position, ability)
    row = _row(asked, position)
    hardness = np.random.default_rng(hash_of(ability)).uniform(size=n)
    own = np.random.default_rng(hash_of(f"{row['stage']}{ability}"))
    luck = own.normal(0, 0.03)
    noise = own.uniform(size=n)
    if scale == 1.0:
        values = np.clip(np.round(level + 2 * (hardness - 0.5) + (noise - 0.5) + luck), 1, 10)
    else:
        values = ((0.7 * hardness + 0.3 * noise) < max(0.0, level + luck * (level > 0))).astype(float)
    silent = 1 - level if scale != 1.0 and level < 0.05 else 0.02
    row |= {
        "benchmark_key": ability, "ability": ability, "benchmark": f"world/{ability}",
        "engine_version": "5.20.0",
        "metric": "rating" if scale == 1.0 else "accuracy", "scale": scale,
        "best": 10.0 if scale == 1.0 else 100.0, "value": scale * values.mean(),
        "standard_error": scale * values.std(ddof=1) / np.sqrt(n), "n": n, "no_answer_rate": silent,
        "strict_rate": None if scale == 1.0 else values.mean() * (0.5 if "dmt" in asked.strategy else 1),
        "flexible_rate": None if scale == 1.0 else values.mean(),
        "cut_off_rate": 0.01, "overflow_rate": 0.0, "suspect": silent == 1.0,
        "reference_loss": _loss(asked, position, ability, level),
    }  # fmt: skip
    questions = [f"{ability}-{index}" for index in range(n)]
    stage, key = row["stage"], row["benchmark_key"]
    return row, pd.DataFrame({"stage": stage, "benchmark_key": key, "question": questions, "value": values})


def _level(asked: Asked, position: int, ability: str) -> float:
    column = list(ABILITIES).index(ability)
    stages = len(COURSES[asked.strategy])
    if position == 0:
        return FINAL["base"][column]
    if position == stages:
        taught = FINAL[asked.strategy][column]
        share = AMOUNTS[asked.amount] ** 0.45
        return taught * share if ability != "general" else 1 + (taught - 1) * share**0.2
    if ability not in COURSES[asked.strategy][position - 1]:
        return FINAL["base"][column]
    return FINAL["multi_task"][column]


def _loss(asked: Asked, position: int, ability: str, level: float) -> float:
    if position == 0:
        return 2.6
    seen = any(ability in one for one in COURSES[asked.strategy][:position])
    return 0.4 + (0.5 if seen and level < 0.05 else 0.0) if seen else 2.4


def hash_of(text: str) -> int:
    """A stable seed: `hash` differs from process to process."""
    return zlib.crc32(text.encode())
