"""Tables in the store: complete ones and fuller ones replace others, and nothing is lost on the way."""

import io
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from support.finished_sweep import SCORES, SWEEP, finish, write_sweep

from raysft.spec import load_sweep
from raysft.store import Store
from raysft.sweep.inputs.read import read_inputs
from raysft.sweep.results.publish import PAGE, PARTS, TABLE, Published, publish_results
from raysft.sweep.results.standing import read_standing


@pytest.fixture
def store(tmp_path: Path) -> Store:
    inputs, store = finish(write_sweep(tmp_path), tmp_path / "store")
    assert publish_results(inputs, read_standing(inputs, store), store) == Published(SCORES, 0, None, True)
    store.write_file("done", PAGE, b"the page")
    return store


def again(folder: Path, store: Store, **changes: Any) -> Published:
    inputs = read_inputs(load_sweep(write_sweep(folder, **changes)), store.url)
    return publish_results(inputs, read_standing(inputs, store), store)


def tables(store: Store, name: str = "done") -> dict[str, bytes | None]:
    return {part: store.read_file(name, part) for part in PARTS}


def test_a_table_that_lost_scores_does_not_replace_a_fuller_one(tmp_path: Path, store: Store) -> None:
    before = tables(store)
    for body in list(store.read_documents("scores"))[:5]:
        store.remove_document("scores", body["fingerprint"])
    assert again(tmp_path, store) == Published(SCORES - 5, 5, None, replaced=False)
    assert tables(store) == before


def test_the_same_name_with_another_recipe_does_not_empty_the_table(tmp_path: Path, store: Store) -> None:
    before = tables(store)
    found = again(tmp_path, store, recipe={**SWEEP["recipe"], "epochs": 2})
    assert not found.replaced
    assert tables(store) == before


def test_a_complete_sweep_replaces_its_tables_and_keeps_what_they_had(tmp_path: Path, store: Store) -> None:
    before = tables(store)
    smaller = {"s": {"model": "tiny", "strategy": "mixed_sequential"}}
    found = again(tmp_path, store, studies=smaller)
    assert (found.replaced, found.scores, found.lost) == (True, 9, 3)
    assert found.kept_in is not None
    folder = found.kept_in.removeprefix(store.sweep_path("done"))
    assert tables(store, f"done{folder}") == before
    assert store.read_file(f"done{folder}", PAGE) == b"the page"
    assert tables(store) != before


def test_the_same_tables_again_keep_nothing(tmp_path: Path, store: Store) -> None:
    assert again(tmp_path, store) == Published(SCORES, 0, None, replaced=True)


def test_tables_of_an_older_form_count_as_full(tmp_path: Path, store: Store) -> None:
    table = pd.read_parquet(io.BytesIO(store.read_file("done", TABLE) or b""))
    older = table.drop(columns=["ability"]).rename(columns={"benchmark_key": "ability"})
    buffer = io.BytesIO()
    older.to_parquet(buffer, index=False)
    store.write_file("done", TABLE, buffer.getvalue())
    for body in list(store.read_documents("scores")):
        store.remove_document("scores", body["fingerprint"])
    assert again(tmp_path, store) == Published(0, SCORES, None, replaced=False)


def test_a_broken_table_is_replaced(tmp_path: Path, store: Store) -> None:
    store.write_file("done", TABLE, b"not a table")
    assert again(tmp_path, store) == Published(SCORES, 0, None, replaced=True)
