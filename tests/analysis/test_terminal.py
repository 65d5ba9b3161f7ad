import io
from collections.abc import Sequence

import pytest
from rich.console import Console
from support.synthetic_results import Asked, tables, unscored, usual_points

from analysis.cells import Cell, collapse
from analysis.terminal import results_table


def printed(cells: Sequence[Cell], width: int) -> str:
    console = Console(file=io.StringIO(), width=width, color_system=None)
    console.print(results_table(cells, width))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_unscored_is_a_word_with_a_reason_and_no_number() -> None:
    cells = unscored([Asked("multi_task")])
    text = printed(cells, 110)
    assert "unscored" in text
    assert "general unscored: no judge is configured" in text


def test_a_failed_cell_is_a_word_with_its_cause() -> None:
    cells = collapse(*tables([Asked("multi_task", status="failed", cause="out of memory at step 4")]))
    assert "multi_task 1 failed: out of memory at step 4" in printed(cells, 110)


def test_suspect_scores_are_marked_wherever_they_stand() -> None:
    cells = collapse(*tables([Asked("single(math)")]))
    text = printed(cells, 110)
    assert "0.0 ±0.0 †" in text
    assert "† suspect" in text


def test_three_abilities_fit_110_columns_whole() -> None:
    text = printed(collapse(*tables(usual_points(), n=50)), 110)
    assert max(map(len, text.splitlines())) <= 110
    assert "…" not in text
    assert "mixed_sequential" in text
    assert "rating" in text
    assert "best 10 " in text
    assert text.count("n 50") == 6, "three columns of two studies"


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


@pytest.mark.parametrize("width", [80, 110, 200])
def test_no_name_is_broken_in_two(width: int) -> None:
    text = printed(collapse(*tables(usual_points(), n=50)), width)
    assert max(map(len, text.splitlines())) <= width
    for name in ("single(general)", "mixed_sequential", "dmt(k=1/64)", "at 1/64 · 1 seed", "at 1 · 2 seeds"):
        assert name in text


def test_the_legend_explains_the_marks_that_are_there_and_no_others() -> None:
    results, items = tables([Asked("multi_task"), Asked("single(math)")])
    assert "† suspect" in printed(collapse(results, items), 110)
    plain = printed(collapse(results.assign(suspect=False), items), 110)
    assert "†" not in plain
    assert "‡" not in plain
    results.loc[results.strategy == "single(math)", "engine_version"] = "5.24.0"
    mixed = printed(collapse(results, items), 110)
    assert "‡ answered by another version" in mixed
    assert mixed.count("‡") > 1
