"""Rows are one cell by their values; labels that are the same are shown apart."""

import json
from typing import Any

from support.synthetic_results import Asked, tables

from analysis.cells import collapse
from analysis.inputs import Row
from analysis.keys import by_key

USUAL: dict[str, Any] = {
    "model": "tiny",
    "strategy": {"multi_task": {}},
    "amount": "1",
    "ratio": {},
    "ratio_name": "",
    "variant": {},
    "recipe": {},
}


def row(label: str, seed: int = 0, *, stages: int = 1, **axes: Any) -> Row:
    values = {**USUAL, **axes}
    told = dict.fromkeys(Row.model_fields) | {
        "study": "s",
        "point": f"{label}{json.dumps(axes)}{seed}",
        "model": "tiny",
        "strategy": label,
        "amount": values["amount"],
        "ratio": json.dumps(values["ratio"]),
        "ratio_name": values["ratio_name"],
        "axes": json.dumps(values),
        "seed": seed,
        "stages": stages,
        "is_final": True,
        "status": "done",
    }
    return Row.model_validate(told)


def shown(rows: list[Row]) -> dict[str, int]:
    return {key.label: len(group) for key, group in by_key(rows).items()}


def test_two_ratios_of_one_name_are_two_rows_that_say_their_factors() -> None:
    one, other = {"general": "1"}, {"general": "1/64"}
    rows = [row("multi_task", seed, ratio=ratio, ratio_name="a") for ratio in (one, other) for seed in (0, 1)]
    assert shown(rows) == {
        "multi_task, a (general ×1) at 1": 2,
        "multi_task, a (general ×1/64) at 1": 2,
    }


def test_a_name_that_is_no_other_ones_stands_alone() -> None:
    rows = [row("multi_task", ratio={"general": "2"}, ratio_name=name) for name in ("a", "b")]
    assert shown(rows) == {"multi_task, a at 1": 1, "multi_task, b at 1": 1}


def test_strategies_of_one_label_are_two_rows() -> None:
    rows = [row("mine", strategy={"mine": {"k": k}}) for k in ("1/2", "1/4")]
    assert shown(rows) == {"mine, #1 at 1": 1, "mine, #2 at 1": 1}


def test_strategies_of_one_label_stay_apart_at_amounts_of_their_own() -> None:
    """A figure draws one line per recipe: it must not go on with another one."""
    rows = [row("mine", strategy={"mine": {"k": k}}, amount=k) for k in ("1/2", "1/4")]
    assert {key.recipe for key in by_key(rows)} == {"mine, #1", "mine, #2"}


def test_equal_values_are_one_row_however_they_are_written() -> None:
    rows = [
        row("dmt(k={math: 1/4, code: 1/2})", 0, strategy={"dmt": {"k": {"math": "1/4", "code": "1/2"}}}),
        row("dmt(k={code: 1/2, math: 1/4})", 1, strategy={"dmt": {"k": {"code": "1/2", "math": "1/4"}}}),
    ]
    assert shown(rows) == {"dmt(k={math: 1/4, code: 1/2}) at 1": 2}


def test_a_strategy_called_base_is_not_the_base() -> None:
    rows = [row("base", stages=0, strategy={"base": {}}), row("base", stages=1, strategy={"base": {"x": 1}})]
    assert [(key.label, key.is_base) for key in by_key(rows)] == [("base", True), ("base at 1", False)]


def test_rows_without_values_are_told_apart_by_all_their_texts() -> None:
    points = [
        Asked("multi_task", seed=seed, ratio=ratio) for ratio in ("{}", '{"math": "2"}') for seed in (0, 1)
    ]
    assert [cell.key.details for cell in collapse(*tables(points))] == ["", "math ×2"]
