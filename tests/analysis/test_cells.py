import numpy as np
import pandas as pd
import pytest
from support.synthetic_results import (
    ABILITIES,
    FINAL,
    Asked,
    items_frame,
    results_frame,
    tables,
    usual_points,
)

from analysis.cells import Cell, collapse, columns_of
from analysis.scores import Column, Score
from raysft.errors import InputError


def one(cells: list[Cell], strategy: str, amount: str = "1", study: str = "strategies") -> Cell:
    (found,) = [
        cell
        for cell in cells
        if (cell.key.strategy, cell.key.amount, cell.key.study) == (strategy, amount, study)
    ]
    return found


def scored(cell: Cell, key: str) -> Score:
    found = cell.score(key)
    assert found is not None
    return found


def test_seeds_collapse_to_the_numbers_of_an_independent_computation() -> None:
    results, items = tables(usual_points(seeds=3))
    score = scored(one(collapse(results, items), "dmt(k=1/16)"), "math")
    final = results[
        (results.strategy == "dmt(k=1/16)") & (results.study == "strategies") & results.is_final
        & (results.benchmark_key == "math")
    ]  # fmt: skip
    table = items[items.benchmark_key == "math"].pivot_table(
        index="question", columns="stage", values="value"
    )
    verdicts = 100 * table[list(final.stage)].to_numpy()
    variance = verdicts.mean(axis=1).var(ddof=1) / 300 + verdicts.mean(axis=0).var(ddof=1) / 3
    assert score.value == pytest.approx(final.value.mean())
    assert score.standard_error == pytest.approx(np.sqrt(variance))
    assert score.by_seed == pytest.approx(tuple(final.value))
    assert (score.n, score.seeds) == (300, 3)
    assert score.no_answer_rate == pytest.approx(final.no_answer_rate.mean())
    assert score.reference_loss == pytest.approx(final.reference_loss.mean())


def test_the_known_effects_come_out() -> None:
    cells = collapse(*tables(usual_points(seeds=3)))
    for strategy, effects in FINAL.items():
        if strategy != "base" and effects[2] > 6:
            general = scored(one(cells, strategy), "general")
            assert general.value == pytest.approx(effects[2], abs=0.3)
    assert scored(one(cells, "single(general)"), "math").value == 0
    assert scored(one(cells, "single(general)"), "math").suspect


def test_one_seed_has_the_error_of_its_row_and_is_not_assessed() -> None:
    results, items = tables([Asked("multi_task")])
    (cell,) = collapse(results, items)
    row = results[results.is_final & (results.benchmark_key == "code")].iloc[0]
    assert scored(cell, "code").standard_error == pytest.approx(row.standard_error)
    assert cell.has_one_seed


def test_the_base_is_no_recipe_and_has_no_amount() -> None:
    (cell,) = collapse(*tables([Asked("base", "", None)]))
    assert not cell.has_one_seed
    assert cell.key.amount == ""
    assert cell.points[0].seed is None


def test_points_of_one_stage_count_it_once() -> None:
    results, items = tables([Asked("base", "", None)])
    twice = pd.concat([results, results.assign(point="another", amount="1/4")], ignore_index=True)
    (cell,) = collapse(twice, items)
    assert scored(cell, "general").seeds == 1


def test_unscored_is_none_and_never_0() -> None:
    results, items = tables([Asked("multi_task", seed=0), Asked("multi_task", seed=1)])
    judged = results.benchmark_key == "general"
    results.loc[judged, ["value", "standard_error"]] = np.nan
    results.loc[judged, "n"] = 0
    results.loc[judged, "unscored"] = 300
    results.loc[judged, "reason"] = "no judge is configured"
    items.loc[items.benchmark_key == "general", "value"] = np.nan
    (cell,) = collapse(results, items)
    score = scored(cell, "general")
    assert score.value is None
    assert score.low is None
    assert (score.n, score.unscored, score.reasons) == (0, 600, ("no judge is configured",))


def test_a_partly_unscored_seed_keeps_its_graded_items() -> None:
    results, items = tables([Asked("multi_task", seed=0), Asked("multi_task", seed=1)])
    final = results[results.is_final & (results.benchmark_key == "math")]
    stage = final.stage.iloc[0]
    mine = (items.stage == stage) & (items.benchmark_key == "math")
    items.loc[items.index[mine][:100], "value"] = np.nan
    left = 100 * items[mine].value.mean()
    results.loc[final.index[0], ["value", "n", "unscored"]] = [left, 200, 100]
    (cell,) = collapse(results, items)
    score = scored(cell, "math")
    assert score.value == pytest.approx((left + final.value.iloc[1]) / 2)
    assert (score.n, score.unscored) == (300, 100)


def test_a_failed_point_has_no_score_and_keeps_its_cause() -> None:
    points = [
        Asked("sequential", seed=0),
        Asked("sequential", seed=1, status="failed", cause="loss is NaN at step 3"),
    ]
    (cell,) = collapse(*tables(points))
    assert scored(cell, "math").seeds == 1
    assert [(point.seed, point.status, point.cause) for point in cell.missing] == [
        (1, "failed", "loss is NaN at step 3")
    ]
    assert cell.has_one_seed


def test_a_cell_without_a_final_score_has_none() -> None:
    (cell,) = collapse(*tables([Asked("sequential", status="blocked", cause="stage abc failed")]))
    assert cell.scores == ()
    assert [position.position for position in cell.course] == [0, 1, 2]


def test_the_course_follows_the_stages() -> None:
    (cell,) = collapse(*tables([Asked("sequential")]))
    assert [position.trained_on for position in cell.course] == ["", "math 2048", "code 512", "general 1024"]
    maths = [next(one.value for one in at.scores if one.column.key == "math") for at in cell.course]
    assert maths[1] > 50
    assert maths[0] == 0
    assert maths[2] == 0


def test_cells_are_in_the_order_of_their_strategies_and_amounts() -> None:
    points = usual_points()
    np.random.default_rng(5).shuffle(points)
    cells = [cell for cell in collapse(*tables(points, n=20)) if cell.key.study == "strategies"]
    assert [cell.key.strategy for cell in cells] == list(FINAL)
    amounts = [
        cell.key.amount
        for cell in collapse(*tables(usual_points(), n=20))
        if cell.key.study == "amounts" and cell.key.strategy == "multi_task"
    ]
    assert amounts == ["1/64", "1/16", "1/4", "1"]


def test_columns_are_in_the_order_of_the_table() -> None:
    cells = collapse(*tables(usual_points(), n=20))
    assert columns_of(cells) == [Column(ability, ability, f"world/{ability}") for ability in ABILITIES]


def test_ratios_make_cells_of_their_own() -> None:
    cells = collapse(
        *tables([Asked("multi_task"), Asked("multi_task", ratio='{"code": "1/2"}', seed=1)], n=20)
    )
    assert [cell.key.recipe for cell in cells] == ["multi_task", "multi_task, code ×1/2"]


def test_a_score_that_is_not_the_mean_of_its_items_is_refused() -> None:
    results, items = tables([Asked("multi_task")], n=20)
    results.loc[results.benchmark_key == "math", "value"] += 1
    with pytest.raises(InputError, match=r"benchmark math: mean .*the table says"):
        collapse(results, items)


def test_a_score_without_items_is_refused() -> None:
    results, items = tables([Asked("multi_task")], n=20)
    with pytest.raises(InputError, match="no graded item"):
        collapse(results, items[items.benchmark_key != "code"])


def test_a_question_that_occurs_twice_is_refused() -> None:
    results, items = tables([Asked("multi_task")], n=20)
    with pytest.raises(InputError, match="one verdict per question"):
        collapse(results, pd.concat([items, items.iloc[[0]]]))


def test_missing_columns_are_all_named() -> None:
    results, items = tables([Asked("multi_task")], n=20)
    with pytest.raises(InputError) as caught:
        collapse(results.drop(columns=["strategy", "best"]), items)
    assert [problem.value for problem in caught.value.problems] == ["no column strategy", "no column best"]


def test_an_empty_table_has_no_cells() -> None:
    assert collapse(results_frame([]), items_frame([])) == []
