import numpy as np
import pandas as pd
from support.synthetic_results import Asked, tables, usual_points

from analysis.caveats import Note, notes, silence
from analysis.cells import Cell, collapse


def headed(found: list[Note], start: str) -> tuple[str, ...]:
    return next((note.lines for note in found if note.heading.startswith(start)), ())


def strategies(seeds: int = 2) -> list[Cell]:
    points = [point for point in usual_points(seeds) if point.study == "strategies"]
    return collapse(*tables(points))


def test_a_lost_format_is_told_from_an_ability_that_was_never_taught() -> None:
    cells = strategies()
    kinds = {
        cell.key.strategy: silence(cell, score, cells)
        for cell in cells
        if (score := cell.score("math")) is not None
    }
    assert kinds["mixed_sequential"] == "format"
    assert kinds["single(general)"] == "ability"
    assert kinds["multi_task"] is None
    assert kinds["base"] is None
    found = notes(cells)
    (line,) = [
        line for line in headed(found, "The format is lost") if "mixed_sequential" in line and "math" in line
    ]
    assert "loss 0.90, best cell 0.40, base 2.60" in line
    assert not [line for line in headed(found, "No answer") if "mixed_sequential" in line]


def test_a_gap_between_both_readings_is_named_as_one_of_format() -> None:
    found = headed(notes(strategies()), "Right, but not in the form")
    assert any("dmt" in line and "math: strict " in line and ", flexible " in line for line in found)
    assert not any("general:" in line for line in found)


def test_without_a_base_format_and_ability_cannot_be_told_apart() -> None:
    cells = [cell for cell in strategies() if not cell.key.is_base]
    (lost,) = [cell for cell in cells if cell.key.strategy == "mixed_sequential"]
    score = lost.score("math")
    assert score is not None
    assert silence(lost, score, cells) == "unknown"


def test_losses_that_lie_close_together_tell_nothing() -> None:
    results, items = tables([point for point in usual_points() if point.study == "strategies"])
    results.loc[results.reference_loss < 2.4, "reference_loss"] = 2.45
    cells = collapse(results, items)
    assert headed(notes(cells), "The format is lost") == ()
    assert all("cannot tell" in line for line in headed(notes(cells), "No answer"))


def test_one_seed_is_said_and_two_are_not() -> None:
    assert headed(notes(strategies(seeds=1)), "One seed")
    assert headed(notes(strategies(seeds=2)), "One seed") == ()


def test_suspect_and_unscored_are_named_with_their_reason() -> None:
    results, items = tables([Asked("multi_task", seed=seed) for seed in range(2)])
    results.loc[results.benchmark_key == "code", "suspect"] = True
    judged = results.benchmark_key == "general"
    results.loc[judged, "value"] = np.nan
    results.loc[judged, "unscored"] = 300
    results.loc[judged, "reason"] = "no judge"
    found = notes(collapse(results, items))
    assert headed(found, "Suspect") == (
        "strategies, tiny, multi_task at 1, code: not one answer could be read",
    )
    assert headed(found, "Unscored") == ("general: 600 items of 1 cell: no judge",)


def test_a_benchmark_at_the_floor_says_nothing_about_strategies() -> None:
    cells = collapse(*tables([Asked("base", "", None), Asked("single(general)"), Asked("multi_task")]))
    low = collapse(*tables([Asked("base", "", None), Asked("single(general)")]))
    assert headed(notes(cells), "Near the floor") == ()
    assert [line.split(":")[0] for line in headed(notes(low), "Near the floor")] == [
        "math (world/math)",
        "code (world/code)",
    ]


def test_answers_that_were_cut_off_are_named() -> None:
    results, items = tables([Asked("multi_task", seed=seed) for seed in range(2)])
    results.loc[results.benchmark_key == "math", "cut_off_rate"] = 0.3
    results.loc[results.benchmark_key == "math", "overflow_rate"] = 0.2
    (line,) = headed(notes(collapse(results, items)), "Cut off")
    assert line.endswith("math: 30% cut off at the token limit, 20% left no room in the context")


def test_nothing_to_say_says_nothing() -> None:
    results, items = tables([Asked("multi_task", seed=seed) for seed in range(2)])
    assert notes(collapse(results, items)) == []
    assert notes(collapse(results[:0], pd.DataFrame(items[:0]))) == []


def test_scores_from_other_batches_than_most_are_named_for_each_model_apart() -> None:
    results, items = tables([Asked("multi_task"), Asked("single(math)"), Asked("single(code)")])
    results["batch_sizes"] = "64"
    assert headed(notes(collapse(results, items)), "Other batches") == ()
    other = (results.strategy == "single(code)") & (results.benchmark_key == "code")
    results.loc[other, "batch_sizes"] = "64, 32"
    (line,) = headed(notes(collapse(results, items)), "Other batches")
    assert "single(code)" in line
    assert line.endswith("64, 32; most: 64")
    results["batch_sizes"] = None
    assert headed(notes(collapse(results, items)), "Other batches") == ()
