"""Data sets that are folders."""

import json
from collections.abc import Mapping
from pathlib import Path

import datasets
import fsspec
import pyarrow as pa
import pyarrow.parquet
import pytest

from raysft.data.read.files import read_rows
from raysft.data.read.row import Row
from raysft.errors import InputError, Problem

ROWS = [{"prompt": f"{k}?", "completion": f"{k}."} for k in range(2500)]


def values(path: Path | str) -> list[object]:
    return [row.value if isinstance(row, Row) else row for row in read_rows(str(path))]


def refusal(path: Path | str) -> Problem:
    with pytest.raises(InputError) as caught:
        list(read_rows(str(path)))
    (problem,) = caught.value.problems
    return problem


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    datasets.disable_progress_bars()
    folder = tmp_path_factory.mktemp("saved")
    found = datasets.Dataset.from_list(ROWS)
    found.save_to_disk(folder / "one", num_shards=3)
    test = datasets.Dataset.from_list([{"prompt": "test", "completion": "test"}])
    datasets.DatasetDict(train=found, test=test).save_to_disk(folder / "both")
    datasets.DatasetDict(test=test).save_to_disk(folder / "only")
    datasets.DatasetDict(test=test, dev=test).save_to_disk(folder / "no train")
    found.filter(lambda row: row["prompt"] in ("7?", "8?")).save_to_disk(folder / "chosen")
    return folder


def test_a_saved_data_set_gives_its_rows_in_order(saved: Path) -> None:
    rows = list(read_rows(str(saved / "one")))
    assert [row.value for row in rows if isinstance(row, Row)] == ROWS
    assert rows[0] == Row(f"{saved}/one/data-00000-of-00003.arrow, row 1", ROWS[0])
    assert values(f"file://{saved}/one/") == values(f"hf://{saved}/one") == ROWS
    assert values(saved / "chosen") == ROWS[7:9]


def test_of_saved_splits_train_is_read_or_the_one_that_is_said(saved: Path) -> None:
    test = [{"prompt": "test", "completion": "test"}]
    assert values(saved / "both") == values(f"hf://{saved}/both:train") == ROWS
    assert values(f"hf://{saved}/both:test") == values(saved / "only") == test
    problem = refusal(f"hf://{saved}/both:dev")
    assert (problem.value, "train, test" in problem.remedy) == ("split dev", True)
    problem = refusal(saved / "no train")
    assert f"hf://{saved}/no train:SPLIT" in problem.remedy
    assert values(problem.remedy.rpartition(" say one: ")[2].replace("SPLIT", "test")) == test


def test_a_saved_data_set_on_another_file_system(saved: Path) -> None:
    files = fsspec.filesystem("memory")
    files.put(f"{saved}/both", "/sets/both", recursive=True)
    try:
        assert values("memory://sets/both") == ROWS
    finally:
        files.rm("/sets", recursive=True)


@pytest.mark.parametrize(
    ("state", "what"),
    [
        ("{}", "state.json"),
        ("[", "state.json"),
        ("[" * 100_000, "state.json"),
        ('{"_data_files": [{"filename": "../other/secret.jsonl"}]}', "state.json"),
        ('{"_data_files": [{"filename": "no.arrow"}]}', "cannot be read"),
        ('{"_data_files": [3]}', "state.json"),
    ],
)
def test_a_damaged_saved_data_set_is_refused(state: str, what: str, tmp_path: Path) -> None:
    (tmp_path / "state.json").write_text(state)
    assert refusal(tmp_path).value == what


def files(folder: Path, names: Mapping[str, object]) -> Path:
    for name, value in names.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        row = {"text": value}
        if name.endswith(".parquet"):
            pyarrow.parquet.write_table(pa.Table.from_pylist([row]), path)
        else:
            path.write_text(json.dumps(row) + "\n")
    return folder


@pytest.mark.parametrize(
    ("names", "read"),
    [
        (["b.jsonl", "a.jsonl", "c.parquet"], ["a.jsonl", "b.jsonl", "c.parquet"]),
        (["README.md", "a.jsonl", ".hidden.jsonl", "_tmp/b.jsonl", "dataset_infos.json"], ["a.jsonl"]),
        (
            [f"data/{one}.parquet" for one in ("train-00000-of-2", "train-00001-of-2", "test-00000-of-1")],
            ["data/train-00000-of-2.parquet", "data/train-00001-of-2.parquet"],
        ),
        (["train.jsonl", "test.jsonl", "notes.jsonl"], ["train.jsonl"]),
        (["train/0.jsonl", "test/0.jsonl", "validation/0.jsonl"], ["train/0.jsonl"]),
        (
            ["latest.jsonl", "contest.jsonl", "trains.jsonl"],
            ["contest.jsonl", "latest.jsonl", "trains.jsonl"],
        ),
        (["sub/a.jsonl"], ["sub/a.jsonl"]),
        (["test.jsonl"], ["test.jsonl"]),
    ],
)
def test_a_folder_of_files_is_all_of_them_or_their_train_split(
    names: list[str], read: list[str], tmp_path: Path
) -> None:
    files(tmp_path, {name: name for name in names})
    assert values(tmp_path) == [{"text": name} for name in read]
    assert values(f"file://{tmp_path}/") == [{"text": name} for name in read]


@pytest.mark.parametrize(
    ("names", "what"),
    [
        ([], "is a folder"),
        (["README.md", "a.csv"], "is a folder"),
        (["main/a.jsonl", "socratic/a.jsonl"], "is a folder with main/a.jsonl and socratic/a.jsonl"),
        (["test.jsonl", "dev.jsonl"], "is a folder of several splits"),
    ],
)
def test_a_folder_in_which_it_is_not_clear_what_is_meant_is_refused(
    names: list[str], what: str, tmp_path: Path
) -> None:
    assert refusal(files(tmp_path, {name: name for name in names})).value == what
