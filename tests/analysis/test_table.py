import io
from collections.abc import Sequence

import numpy as np
from rich.console import Console
from support.synthetic_results import Asked, tables, usual_points

from analysis.cells import Cell, collapse
from analysis.table import Entry, blocks, results_table


def printed(cells: Sequence[Cell], width: int) -> str:
    console = Console(file=io.StringIO(), width=width, color_system=None)
    console.print(results_table(cells))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def entries(cells: Sequence[Cell], recipe: str) -> tuple[Entry, ...]:
    (found,) = [line for block in blocks(cells) for line in block.lines if line.recipe == recipe]
    return found.entries


def unscored(points: list[Asked]) -> list[Cell]:
    results, items = tables(points)
    judged = results.benchmark_key == "general"
    results.loc[judged, "value"] = np.nan
    results.loc[judged, "unscored"] = 300
    results.loc[judged, "reason"] = "no judge is configured"
    return collapse(results, items)


def test_a_score_stands_with_its_evidence() -> None:
    results, items = tables([Asked("multi_task", seed=0), Asked("multi_task", seed=1)])
    cells = collapse(results, items)
    row = results[results.is_final & (results.benchmark_key == "math")]
    (math, _, general) = entries(cells, "multi_task")
    assert math.score == f"{row.value.mean():.1f}"
    assert (math.n, math.no_answer, math.loss, math.suspect) == ("300", "2%", "0.40", False)
    assert float(math.error) > 0
    assert general.score.count(".") == 1
    assert len(general.score.split(".")[1]) == 2


def test_unscored_is_a_word_with_a_reason_and_no_number() -> None:
    cells = unscored([Asked("multi_task")])
    general = entries(cells, "multi_task")[2]
    assert (general.state, general.score, general.note) == ("unscored", "", "no judge is configured")
    text = printed(cells, 110)
    assert "unscored" in text
    assert "general unscored: no judge is configured" in text


def test_a_failed_cell_is_a_word_with_its_cause() -> None:
    cells = collapse(*tables([Asked("multi_task", status="failed", cause="out of memory at step 4")]))
    (line,) = blocks(cells)[0].lines
    assert (line.entries, line.state, line.note, line.seeds) == (
        (),
        "failed",
        "out of memory at step 4",
        "0 of 1",
    )
    assert "multi_task 1 failed: out of memory at step 4" in printed(cells, 110)


def test_a_missing_seed_is_counted_beside_the_score() -> None:
    points = [
        Asked("multi_task", seed=0),
        Asked("multi_task", seed=1),
        Asked("multi_task", seed=2, status="waiting"),
    ]
    (line,) = blocks(collapse(*tables(points, n=20)))[0].lines
    assert line.seeds == "2 of 3"
    assert line.entries[0].state == "scored"


def test_suspect_scores_are_marked_wherever_they_stand() -> None:
    cells = collapse(*tables([Asked("single(math)")]))
    assert entries(cells, "single(math)")[1].suspect
    text = printed(cells, 110)
    assert "0.0 ±0.0 †" in text
    assert "† suspect" in text


def test_three_abilities_fit_110_columns_whole() -> None:
    text = printed(collapse(*tables(usual_points(), n=50)), 110)
    assert max(map(len, text.splitlines())) <= 110
    assert "…" not in text
    assert "mixed_sequential" in text
    assert "rating, best 10" in text
    assert text.count("n 50") == 3


def test_a_wide_terminal_does_not_make_it_wider() -> None:
    long = Asked("multi_task", status="failed", cause="a cause that goes on and on " * 20)
    label = Asked("multi_task", ratio='{"code": "' + "9" * 80 + '"}')
    text = printed(collapse(*tables([*usual_points(), long, label], n=20)), 400)
    assert max(len(line.rstrip()) for line in text.splitlines()) <= 110


def test_names_are_neither_markup_nor_commands_to_the_terminal() -> None:
    hostile = Asked("multi_task", study="[red]boo[/red]\x1b[2J", model="[/]")
    text = printed(collapse(*tables([hostile, Asked("multi_task")], n=20)), 110)
    assert "[red]boo[/red]" in text
    assert "\x1b" not in text


def test_no_cells_still_print() -> None:
    assert "strategy" in printed([], 110)
