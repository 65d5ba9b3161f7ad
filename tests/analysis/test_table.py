from collections.abc import Sequence

from support.synthetic_results import Asked, tables, unscored

from analysis.cells import Cell, collapse
from analysis.table import Entry, blocks


def entries(cells: Sequence[Cell], recipe: str) -> tuple[Entry, ...]:
    (found,) = [line for block in blocks(cells) for line in block.lines if line.recipe == recipe]
    return found.entries


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


def test_a_missing_seed_is_counted_beside_the_score() -> None:
    points = [
        Asked("multi_task", seed=0),
        Asked("multi_task", seed=1),
        Asked("multi_task", seed=2, status="waiting"),
    ]
    (line,) = blocks(collapse(*tables(points, n=20)))[0].lines
    assert line.seeds == "2 of 3"
    assert line.entries[0].state == "scored"


def test_unscored_is_a_word_with_a_reason_and_no_number() -> None:
    cells = unscored([Asked("multi_task")])
    general = entries(cells, "multi_task")[2]
    assert (general.state, general.score, general.note) == ("unscored", "", "no judge is configured")


def test_a_failed_cell_is_a_word_with_its_cause() -> None:
    cells = collapse(*tables([Asked("multi_task", status="failed", cause="out of memory at step 4")]))
    (line,) = blocks(cells)[0].lines
    assert (line.entries, line.state, line.note, line.seeds) == (
        (),
        "failed",
        "out of memory at step 4",
        "0 of 1",
    )


def test_suspect_scores_are_marked_wherever_they_stand() -> None:
    cells = collapse(*tables([Asked("single(math)")]))
    assert entries(cells, "single(math)")[1].suspect


def test_scores_of_another_version_than_most_are_marked() -> None:
    results, items = tables([Asked("multi_task"), Asked("single(math)"), Asked("single(code)")])
    other = (results.strategy == "single(code)") & (results.benchmark_key == "code")
    results.loc[other, "engine_version"] = "5.24.0"
    cells = collapse(results, items)
    marked = [entry.other_version for entry in entries(cells, "single(code)")]
    assert marked == [False, True, False]
    assert not any(entry.other_version for entry in entries(cells, "multi_task"))
