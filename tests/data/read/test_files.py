import gzip
import json

import datasets
import pyarrow as pa
import pyarrow.parquet
import pytest

from raysft.data.read.files import read_rows
from raysft.data.read.row import Row
from raysft.errors import InputError, Problem

ROWS = [{"question": f"{k} and é?", "answer": f"#### {k}"} for k in range(1500)]
LINES = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in ROWS).encode()


def zst(data):
    return pa.compress(data, "zstd", asbytes=True)


def values(path):
    return [row.value for row in read_rows(str(path))]


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.jsonl", LINES),
        ("a.json", LINES),
        ("a.json", json.dumps(ROWS, indent=1).encode()),
        ("a.json", b"\xef\xbb\xbf" + json.dumps(ROWS).encode()),
        ("a.jsonl", b"\xef\xbb\xbf" + LINES.replace(b"\n", b"\r\n\r\n")),
        ("a.jsonl.gz", gzip.compress(LINES)),
        ("a.json.gz", gzip.compress(json.dumps(ROWS).encode())),
        ("a.json", b"\xef\xbb\xbf \n" + json.dumps(ROWS).encode()),
        ("a.jsonl.zst", zst(LINES)),
        ("a.json.zst", zst(json.dumps(ROWS).encode())),
        ("a.jsonl.zst", zst(LINES[:10_000]) + zst(LINES[10_000:])),
        ("a.jsonl.gz", gzip.compress(LINES[:10_000]) + gzip.compress(LINES[10_000:])),
    ],
)
def test_every_form_of_json_gives_the_same_rows(tmp_path, name, data):
    (tmp_path / name).write_bytes(data)
    assert values(tmp_path / name) == ROWS
    assert values(f"file://{tmp_path / name}") == ROWS


def test_parquet_gives_the_same_rows_with_their_numbers(tmp_path):
    path = tmp_path / "a.parquet"
    pyarrow.parquet.write_table(pa.Table.from_pylist(ROWS), path)
    rows = list(read_rows(str(path)))
    assert rows == [Row(f"{path}, row {number}", row) for number, row in enumerate(ROWS, start=1)]


def not_utf8() -> pa.Array:
    """Two texts of three bytes each, the second of which is no UTF-8."""
    offsets = pa.array([0, 3, 6], pa.int32()).buffers()[1]
    return pa.Array.from_buffers(pa.string(), 2, [None, offsets, pa.py_buffer(b"abc\xff\xfe\xfd")])


ODD = {
    "text that is not UTF-8": (not_utf8(), "utf-8"),
    "year 29349": (pa.array([0, 10_000_000], pa.int32()).cast(pa.date32()), "date value out of range"),
    "year 33658": (pa.array([0, 10**15], pa.int64()).cast(pa.timestamp("ms")), "date value out of range"),
}


@pytest.mark.parametrize("what", ODD)
def test_parquet_rows_that_cannot_be_read_become_problems_and_the_others_rows(tmp_path, what):
    odd, cause = ODD[what]
    path = tmp_path / "a.parquet"
    table = pa.table({"text": ["a", "b"] * 700, "extra": pa.chunked_array([odd] * 700)})
    pyarrow.parquet.write_table(table, path)
    rows = list(read_rows(str(path)))
    good, bad = rows[::2], rows[1::2]
    assert [one.where for one in good] == [f"{path}, row {number}" for number in range(1, 1400, 2)]
    assert {one.value["text"] for one in good} == {"a"}
    assert [one.field for one in bad] == [f"{path}, row {number}" for number in range(2, 1401, 2)]
    assert {one.value for one in bad} == {"column extra"}
    assert all(cause in one.remedy for one in bad)


def test_rows_say_their_line_and_rows_of_an_array_their_number(tmp_path):
    lines, array = tmp_path / "a.jsonl", tmp_path / "a.json"
    lines.write_text('"a"\n\n"b"\n')
    array.write_text('["a",\n"b"]')
    assert [row.where for row in read_rows(str(lines))] == [f"{lines}:1", f"{lines}:3"]
    assert [row.where for row in read_rows(str(array))] == [f"{array}, row 1", f"{array}, row 2"]


def test_line_separator_inside_a_text_does_not_end_the_line(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text(json.dumps("a\u2028b\u0085c", ensure_ascii=False) + "\n", encoding="utf-8")
    assert values(path) == ["a\u2028b\u0085c"]


@pytest.mark.parametrize("name", ["a.jsonl", "a.json"])
def test_bad_lines_become_problems_and_reading_goes_on(tmp_path, name):
    path = tmp_path / name
    path.write_bytes(b'"a"\n{"b": \n"\xff"\n' + b"[" * 100_000 + b"\n" + b"1" * 9_999 + b'\n"e"\n')
    first, cut, latin, deep, long, last = read_rows(str(path))
    assert (first, last) == (Row(f"{path}:1", "a"), Row(f"{path}:6", "e"))
    assert all(isinstance(one, Problem) for one in (cut, latin, deep, long))
    assert "4300 digits" in long.remedy
    assert [one.field for one in (cut, latin, deep)] == [f"{path}:2", f"{path}:3", f"{path}:4"]
    assert "is not JSON" in cut.remedy
    assert "is not UTF-8" in latin.remedy
    assert "nested too deeply" in deep.remedy


@pytest.mark.parametrize(
    ("name", "data", "where", "cause"),
    [
        ("a.json", b'["a",\n"b",\n}]', ":3", "is not JSON"),
        ("a.json", b'["a",\n"\xff"]', ":2", "is not UTF-8"),
        ("a.json", b"[" * 100_000, "", "nested too deeply"),
        ("a.jsonl.gz", gzip.compress(LINES)[:20], "", "end"),
        ("a.jsonl.gz", gzip.compress(LINES)[:-20], "", "end"),
        ("a.jsonl.zst", zst(LINES)[:-20], "", "Truncated"),
        ("a.parquet", b"no parquet", "", ".jsonl"),
        ("a.parquet", b"PAR1 and no more", "", "arquet"),
        ("a.parquet", b"", "", "Parquet"),
        ("a.csv", b"a,b", "", "rows.jsonl"),
    ],
)
def test_damaged_or_unknown_files_are_refused_by_name(tmp_path, name, data, where, cause):
    path = tmp_path / name
    path.write_bytes(data)
    with pytest.raises(InputError) as caught:
        list(read_rows(str(path)))
    (problem,) = caught.value.problems
    assert problem.field == f"{path}{where}"
    assert cause in problem.remedy


def test_missing_file_is_refused_by_name(tmp_path):
    with pytest.raises(InputError, match=r"nowhere\.jsonl"):
        list(read_rows(str(tmp_path / "nowhere.jsonl")))


@pytest.mark.parametrize(
    "path",
    ["nothing://a/b.jsonl", "s3://", "data:,", "zip://a.jsonl::nowhere.zip", "memory://nowhere", "a\0b"],
)
def test_whatever_a_file_system_says_is_told(path, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError) as caught:
        list(read_rows(path))
    assert [problem.field for problem in caught.value.problems] == [path]


@pytest.fixture
def hub(tmp_path, monkeypatch):
    """A data set in a folder of the shape that the Hub has; `datasets` looks there before the network."""
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    folder = tmp_path / "owner" / "name"
    folder.mkdir(parents=True)
    (folder / "README.md").write_text(
        "---\nconfigs:\n"
        "- config_name: main\n  default: true\n  data_files:\n"
        "  - {split: train, path: train.jsonl}\n  - {split: test, path: test.jsonl}\n"
        "- config_name: socratic\n  data_files:\n  - {split: train, path: socratic.jsonl}\n---\n"
    )
    for name in ("train", "test", "socratic"):
        (folder / f"{name}.jsonl").write_text(json.dumps({"question": name, "answer": "#### 1"}) + "\n")
    monkeypatch.chdir(tmp_path)
    return folder


@pytest.mark.parametrize(
    ("name", "question"),
    [
        ("owner/name", "train"),
        ("owner/name:test", "test"),
        ("owner/name/main:test", "test"),
        ("owner/name/socratic", "socratic"),
    ],
)
def test_hub_data_set_with_configuration_and_split(hub, name, question):
    (row,) = read_rows(f"hf://{name}")
    assert row == Row(f"hf://{name}, row 1", {"question": question, "answer": "#### 1"})


def test_hub_rows_that_cannot_be_read_become_problems_and_the_others_rows(hub):
    odd = pa.array([0, 10_000_000] * 1100, pa.int32()).cast(pa.date32())
    (hub / "dates").mkdir()
    pyarrow.parquet.write_table(
        pa.table({"text": ["a", "b"] * 1100, "day": odd}), hub / "dates" / "a.parquet"
    )
    rows = list(read_rows(f"hf://{hub}/dates"))
    assert {one.value["text"] for one in rows[::2]} == {"a"}
    assert [one.where for one in rows[::2]] == [f"hf://{hub}/dates, row {k}" for k in range(1, 2200, 2)]
    assert [one.field for one in rows[1::2]] == [f"hf://{hub}/dates, row {k}" for k in range(2, 2201, 2)]
    assert all("date value out of range" in one.remedy for one in rows[1::2])


def test_data_set_in_a_folder(hub):
    assert values(f"hf://{hub}:test") == [{"question": "test", "answer": "#### 1"}]


@pytest.mark.parametrize("name", ["owner/name:dev", "owner/name/other", "name", "a/b/c/d", "owner/"])
def test_what_the_hub_does_not_have_is_refused_by_name(hub, name):
    with pytest.raises(InputError) as caught:
        list(read_rows(f"hf://{name}"))
    assert caught.value.problems[0].field == f"hf://{name}"


def test_of_two_values_under_one_key_none_is_dropped_without_a_word(tmp_path):
    row = '{"question": "a", "question": "b", "answer": "c"}'
    (tmp_path / "a.jsonl").write_text(f'{row}\n{{"question": "b", "answer": "c"}}\n')
    bad, good = read_rows(str(tmp_path / "a.jsonl"))
    assert isinstance(bad, Problem)
    assert bad.remedy == "the key question is written twice; leave one"
    assert isinstance(good, Row)
    (tmp_path / "a.json").write_text(f"[{row}]")
    with pytest.raises(InputError, match="question is written twice"):
        list(read_rows(str(tmp_path / "a.json")))
