import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from raysft.data.inspect.file_facts import Spread, inspect_files, read_files
from raysft.data.inspect.named_source import named_source
from raysft.errors import Problem
from raysft.spec.source import DropRule

CHAT = {
    "system": "Be brief.",
    "conversations": [
        {"from": "human", "value": "Hi"},
        {"from": "gpt", "value": "Hello"},
        {"from": "human", "value": "And?"},
        {"from": "gpt", "value": "Yes"},
    ],
}
PAIR = {"prompt": "abc", "completion": "de"}


def written(path: Path, *rows: object) -> str:
    path.write_text("".join(f"{row if isinstance(row, str) else json.dumps(row)}\n" for row in rows))
    return str(path)


def test_rows_roles_turns_and_characters_of_all_files(tmp_path: Path) -> None:
    files = [written(tmp_path / "a.jsonl", CHAT), written(tmp_path / "b.jsonl", PAIR, PAIR)]
    found = inspect_files(*_source(files))
    assert [(one.path, one.form, one.rows, one.bad_rows) for one in found.files] == [
        (files[0], "sharegpt", 1, 0),
        (files[1], "prompt_completion", 2, 0),
    ]
    assert found.roles == {"assistant": 4, "system": 1, "user": 4}
    assert found.turns == Spread(1, 1, 2, 2, 4)
    assert found.characters == Spread(5, 5, 23, 23, 33)
    assert (found.rows, found.bad_rows, found.problems) == (3, 0, ())


def test_bad_rows_are_counted_and_the_first_are_told_one_by_one(tmp_path: Path) -> None:
    bad = [{"prompt": "x"}] * 15 + ["{not json"] * 15
    file = written(tmp_path / "a.jsonl", PAIR, *bad, PAIR)
    found = inspect_files(*_source([file]))
    assert (found.rows, found.bad_rows) == (32, 30)
    assert [one.field for one in found.problems] == [f"{file}:{line}" for line in range(2, 22)]
    assert "neither completion nor response" in found.problems[0].remedy
    assert "not JSON" in found.problems[-1].remedy


def test_what_a_rule_looks_at_is_used_and_rows_cannot_name_keys_without_end(tmp_path: Path) -> None:
    rows = [
        {"prompt": str(k), "completion": "b", "tags": ["x"], "id": k, f"own {k}" * 60: 1} for k in range(900)
    ]
    source, data_dir = _source([written(tmp_path / "a.jsonl", *rows)])
    (file,) = inspect_files(source, data_dir).files
    keys = file.unused["prompt_completion"]
    assert (keys["tags"], keys["id"]) == (900, 900)
    assert len(keys) == 201
    assert keys["(others)"] == 900 - 198
    assert max(map(len, keys)) <= 80
    ruled = source.model_copy(update={"drop": (DropRule(any_of=("y",), field="tags"),)})
    (file,) = inspect_files(ruled, data_dir).files
    assert "tags" not in file.unused["prompt_completion"]


def test_nothing_but_bad_rows_and_an_empty_file(tmp_path: Path) -> None:
    files = [written(tmp_path / "a.jsonl", "no JSON"), written(tmp_path / "b.jsonl")]
    found = inspect_files(*_source(files))
    assert [(one.form, one.rows, one.bad_rows) for one in found.files] == [("", 1, 1), ("", 0, 0)]
    assert (found.roles, found.turns, found.characters) == ({}, None, None)


def test_a_document_has_no_turns(tmp_path: Path) -> None:
    found = inspect_files(*_source([written(tmp_path / "a.jsonl", {"text": "long ago"})]))
    assert found.roles == {"text": 1}
    assert found.turns == Spread(0, 0, 0, 0, 0)


def test_rules_and_limits_of_a_sweep_play_no_part(tmp_path: Path) -> None:
    written(tmp_path / "a.jsonl", *[PAIR] * 4)
    (tmp_path / "sweep.yaml").write_text(
        "name: t\n"
        "abilities: {a: {source: {path: a.jsonl, limit: 2, drop: [{longer_than: 1}]}}}\n"
        "models: {m: {base: world/base}}\n"
        "studies: {s: {model: m, strategy: [{single: a}], amount: [1]}}\n"
    )
    named = named_source([f"{tmp_path}/sweep.yaml:a"])
    assert inspect_files(named.source, named.data_dir).rows == 4


def test_the_built_in_world() -> None:
    named = named_source(["world/math"])
    found = inspect_files(named.source, named.data_dir)
    assert [(one.path, one.form, one.rows) for one in found.files] == [("world/math", "world", found.rows)]
    assert found.rows > 1000


def test_a_row_is_given_with_its_place_and_its_raw_value(tmp_path: Path) -> None:
    file = written(tmp_path / "a.jsonl", {**PAIR, "tags": ["x"]}, "no JSON")
    good, bad = read_files(*_source([file]))
    assert (good.path, good.form, good.row.where, good.row.value) == (
        file,
        "prompt_completion",
        f"{file}:1",
        {**PAIR, "tags": ["x"]},
    )
    assert isinstance(bad.found, Problem)


@given(st.lists(st.integers(0, 50), min_size=1, max_size=200))
def test_percentiles_are_the_values_of_nearest_rank(values: list[int]) -> None:
    found, ordered = Spread.of(np.array(values, np.int64)), sorted(values)

    def rank(share: int) -> int:
        """The least value that at least `share` per cent of all do not exceed."""
        return next(one for one in ordered if sum(v <= one for v in values) * 100 >= share * len(values))

    assert found == Spread(ordered[0], rank(50), rank(95), ordered[-1], sum(values))


def test_no_values_have_no_spread() -> None:
    assert Spread.of(np.array([], np.int64)) is None


def _source(files: list[str]):
    named = named_source(files)
    return named.source, named.data_dir


@pytest.mark.parametrize("form", ["alpaca", "gsm8k"])
def test_a_format_that_is_said_is_not_guessed(form: str, tmp_path: Path) -> None:
    named = named_source([written(tmp_path / "a.jsonl", PAIR)], form)
    found = inspect_files(named.source, named.data_dir)
    assert (found.files[0].form, found.bad_rows) == (form, 1)
