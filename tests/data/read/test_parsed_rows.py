import json
from pathlib import Path

import pytest

from raysft.data.read.parsed_rows import parsed_rows
from raysft.errors import InputError, Problem

PAIR = {"prompt": "a", "completion": "b"}
ODD = {"error": "timeout"}


def written(path: Path, *rows: object) -> str:
    path.write_text("".join(f"{row if isinstance(row, str) else json.dumps(row)}\n" for row in rows))
    return str(path)


def test_a_row_of_no_format_is_one_bad_row_wherever_it_stands(tmp_path: Path) -> None:
    path = written(tmp_path / "a.jsonl", ODD, ODD, PAIR, ODD, PAIR)
    rows = list(parsed_rows(path, "auto"))
    bad = [isinstance(one.found, Problem) for one in rows]
    assert bad == [True, True, False, True, False]
    assert [one.form for one in rows] == ["", "", *["prompt_completion"] * 3]
    assert [one.row.where for one in rows] == [f"{path}:{line}" for line in range(1, 6)]
    first = rows[0].found
    assert isinstance(first, Problem)
    assert first.field == f"{path}:1"
    assert "timeout" in first.value


def test_a_file_of_no_format_is_one_problem(tmp_path: Path) -> None:
    path = written(tmp_path / "a.jsonl", "not json", *[ODD] * 50, "not json")
    with pytest.raises(InputError) as caught:
        list(parsed_rows(path, "auto"))
    (problem,) = caught.value.problems
    assert problem.field == f"{path}:2"
    assert "no known format" in problem.remedy


def test_lines_that_are_not_json_are_told_one_by_one(tmp_path: Path) -> None:
    path = written(tmp_path / "a.jsonl", "garbage", '{"garbage"', "404: Not Found")
    found = list(parsed_rows(path, "auto"))
    assert [one.row.where for one in found] == [f"{path}:{line}" for line in (1, 2, 3)]
    assert all(isinstance(one.found, Problem) for one in found)


@pytest.mark.parametrize(
    ("value", "what", "remedy"),
    [
        ({"data": [PAIR, PAIR], "version": 1}, "rows under data", """jq -c '.["data"][]'"""),
        ({"train": [PAIR], "test": [PAIR]}, "rows under train, test", """jq -c '.["train"][]'"""),
        ({"prompt": ["a"], "completion": ["b"]}, "columns", "orient='records'"),
        ({"prompt": {"0": "a"}, "completion": {"0": "b"}}, "columns", "orient='records'"),
    ],
)
@pytest.mark.parametrize("indent", [None, 1])
def test_one_object_that_holds_the_rows_is_told_as_such(
    value: object, what: str, remedy: str, indent: int | None, tmp_path: Path
) -> None:
    path = written(tmp_path / "a.json", json.dumps(value, indent=indent))
    with pytest.raises(InputError) as caught:
        list(parsed_rows(path, "auto"))
    (problem,) = caught.value.problems
    assert (problem.field, what in problem.value, remedy in problem.remedy) == (path, True, True)


def test_a_format_that_is_said_is_not_looked_for(tmp_path: Path) -> None:
    (one,) = parsed_rows(written(tmp_path / "a.jsonl", ODD), "alpaca")
    assert (one.form, isinstance(one.found, Problem)) == ("alpaca", True)
