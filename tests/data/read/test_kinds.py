"""What a file is, its bytes tell: every kind under every name."""

import bz2
import gzip
import io
import json
import lzma
import pickle
import sqlite3
import tarfile
import zipfile
from contextlib import suppress
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.feather
import pyarrow.ipc
import pyarrow.parquet
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from raysft.data.read.files import read_rows
from raysft.data.read.parsed_rows import ParsedRow, parsed_rows
from raysft.data.read.row import Row
from raysft.errors import InputError, Problem

ROWS: list[dict[str, Any]] = [{"prompt": f"{k} and é?", "completion": f"{k}\u2028."} for k in range(30)]
TABLE = pa.Table.from_pylist(ROWS)
TEXT = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in ROWS)
LINES = TEXT.encode()


def table(write: Any) -> bytes:
    sink = io.BytesIO()
    write(sink)
    return sink.getvalue()


def arrow_stream(sink: io.BytesIO) -> None:
    with pyarrow.ipc.new_stream(sink, TABLE.schema) as writer:
        writer.write_table(TABLE, max_chunksize=7)


def arrow_file(sink: io.BytesIO) -> None:
    with pyarrow.ipc.new_file(sink, TABLE.schema) as writer:
        writer.write_table(TABLE, max_chunksize=7)


TEXTS = {
    "lines": LINES,
    "lines without the last end": LINES[:-1],
    "lines of Windows": TEXT.replace("\n", "\r\n").encode(),
    "lines of old": TEXT.replace("\n", "\r").encode(),
    "blank lines between": b"\n \n" + LINES.replace(b"\n", b"\n\n\t\n"),
    "array": json.dumps(ROWS).encode(),
    "array over lines": json.dumps(ROWS, indent=2).encode(),
    "array with one row per line": b"[" + LINES.strip().replace(b"}\n", b"},\n") + b"]",
    "array of old": json.dumps(ROWS, indent=2).replace("\n", "\r").encode(),
    "objects over lines": "\n".join(json.dumps(row, indent=4) for row in ROWS).encode(),
    "objects over lines of Windows": "\r\n".join(
        json.dumps(row, indent=4).replace("\n", "\r\n") for row in ROWS
    ).encode(),
}
TABLES = {
    "parquet": table(lambda sink: pyarrow.parquet.write_table(TABLE, sink)),
    "arrow stream": table(arrow_stream),
    "arrow file": table(arrow_file),
    "feather": table(lambda sink: pyarrow.feather.write_feather(TABLE, sink)),
}
PACKINGS = {
    "plain": bytes,
    "gzip": gzip.compress,
    "zstd": lambda data: pa.compress(data, "zstd", asbytes=True),
    "bzip2": bz2.compress,
    "xz": lzma.compress,
    "UTF-8 mark": lambda data: b"\xef\xbb\xbf" + data,
    "UTF-16": lambda data: data.decode().encode("utf-16"),
    "UTF-16 of another order": lambda data: b"\xfe\xff" + data.decode().encode("utf-16-be"),
    "UTF-32": lambda data: data.decode().encode("utf-32"),
    "gzip of UTF-16": lambda data: gzip.compress(data.decode().encode("utf-16")),
    "gzip twice": lambda data: gzip.compress(gzip.compress(data)),
}
NAMES = [
    "a.jsonl",
    "a.JSONL",
    "a.ndjson",
    "a.json",
    "a.jsonl.gz",
    "a.parquet",
    "a.arrow",
    "a.csv",
    "rows",
    "a.txt",
]


def values(path: Path | str) -> list[object]:
    return [row.value if isinstance(row, Row) else row for row in read_rows(str(path))]


@pytest.mark.parametrize("packing", PACKINGS)
@pytest.mark.parametrize("kind", TEXTS)
def test_text_of_every_kind_in_every_packing(kind: str, packing: str, tmp_path: Path) -> None:
    path = tmp_path / NAMES[(list(TEXTS).index(kind) + list(PACKINGS).index(packing)) % len(NAMES)]
    path.write_bytes(PACKINGS[packing](TEXTS[kind]))
    assert values(path) == ROWS
    assert values(f"file://{path}") == ROWS


@pytest.mark.parametrize("kind", TABLES)
@pytest.mark.parametrize("name", NAMES)
def test_tables_under_every_name(kind: str, name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(TABLES[kind])
    rows = list(read_rows(str(path)))
    assert rows == [Row(f"{path}, row {number}", row) for number, row in enumerate(ROWS, start=1)]


def test_a_stream_may_be_packed_and_a_file_that_is_read_from_its_end_may_not(tmp_path: Path) -> None:
    path = tmp_path / "a.arrow"
    path.write_bytes(gzip.compress(TABLES["arrow stream"]))
    assert values(path) == ROWS
    for kind in ("parquet", "arrow file"):
        path.write_bytes(gzip.compress(TABLES[kind]))
        assert "unpack it" in refusal(path).remedy


def refusal(path: Path) -> Problem:
    with pytest.raises(InputError) as caught:
        list(parsed_rows(str(path), "auto"))
    (problem,) = caught.value.problems
    assert problem.field == str(path)
    return problem


def packed(kind: str) -> bytes:
    sink = io.BytesIO()
    if kind == "tar":
        with tarfile.open(fileobj=sink, mode="w") as archive:
            entry = tarfile.TarInfo("a.jsonl")
            entry.size = len(LINES)
            archive.addfile(entry, io.BytesIO(LINES))
    else:
        with zipfile.ZipFile(sink, "w") as archive:
            archive.writestr("[Content_Types].xml" if kind == "xlsx" else "a.jsonl", LINES)
    return sink.getvalue()


def database() -> bytes:
    with sqlite3.connect(":memory:") as opened:
        opened.execute("create table a (b)")
        return opened.serialize()


LFS = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n"
REFUSED = {
    "Git LFS": (LFS, "pointer of Git LFS", "git lfs pull"),
    "git-annex": (b"/annex/objects/SHA256E-s1--ab.jsonl\n", "pointer of git-annex", "git annex get"),
    "a page": (b"\n<!DOCTYPE html><html><head><title>Sign in</title>", "HTML", "Fetch it again"),
    "an error of a store": (
        b'<?xml version="1.0"?><Error><Code>AccessDenied</Code>',
        "XML",
        "Fetch it again",
    ),
    "zip": (packed("zip"), "zip archive", "unpack it"),
    "xlsx": (packed("xlsx"), "spreadsheet", "JSON Lines"),
    "tar": (packed("tar"), "tar archive", "unpack it"),
    "tar.gz": (gzip.compress(packed("tar")), "tar archive", "unpack it"),
    "pickle": (pickle.dumps(ROWS), "pickle", "may run anything"),
    "SQLite": (database(), "SQLite", "write the rows out"),
    "HDF5": (b"\x89HDF\r\n\x1a\n" + bytes(100), "HDF5", "JSON Lines"),
    "UTF-16 without a mark": (TEXT.encode("utf-16-le"), "UTF-16", "UTF-8"),
    "UTF-16 of the other order": (TEXT.encode("utf-16-be"), "UTF-16", "UTF-8"),
    "anything": (b"\x00\x01\x02\x03" * 99, "no kind that is known", "JSON Lines"),
    "gzip of gzip of ...": (
        gzip.compress(gzip.compress(gzip.compress(gzip.compress(b"{}")))),
        "again",
        "unpack",
    ),
}


@pytest.mark.parametrize("what", REFUSED)
@pytest.mark.parametrize("name", ["a.jsonl", "a.parquet", "rows"])
def test_what_is_not_read_is_told_as_what_it_is(what: str, name: str, tmp_path: Path) -> None:
    data, said, remedy = REFUSED[what]
    (tmp_path / name).write_bytes(data)
    problem = refusal(tmp_path / name)
    assert said in problem.value
    assert remedy in problem.remedy


def test_text_is_told_line_by_line_where_the_name_says_that_it_is_json(tmp_path: Path) -> None:
    for name in ("a.jsonl", "a.NDJSON", "a.json.gz"):
        (tmp_path / name).write_bytes(b"404: Not Found")
        assert [isinstance(one, Problem) for one in read_rows(str(tmp_path / name))] == [True]
    for name in ("a.txt", "a.parquet", "rows"):
        (tmp_path / name).write_bytes(b"404: Not Found")
        assert refusal(tmp_path / name).value == "is plain text"


@pytest.mark.parametrize("mark", [",", "\t"])
def test_a_table_in_text_comes_with_the_command_that_makes_lines_of_it(mark: str, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(f"prompt{mark}completion\na{mark}b\n")
    remedy = refusal(path).remedy
    assert ("sep='\\t'" in remedy) == (mark == "\t")
    assert str(path) in remedy


@pytest.mark.parametrize("name", ["a.jsonl", "a.json", "a.jsonl.gz"])
@pytest.mark.parametrize("data", [b"", b"\n \n\r\n", b"\xef\xbb\xbf"])
def test_a_file_of_nothing_has_no_rows(data: bytes, name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(data)
    assert values(tmp_path / name) == []


@pytest.mark.parametrize("name", ["a.parquet", "a.arrow", "rows"])
def test_an_empty_file_is_no_table(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(b"")
    assert refusal(tmp_path / name).value == "is empty"


def test_one_object_over_lines_is_one_row(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    for row in (ROWS[0], {"prompt": "x" * 200_000, "completion": "y"}):
        path.write_text(json.dumps(row, indent=2))
        assert values(path) == [row]


@pytest.mark.parametrize(
    "first",
    ['{"prompt": ', '{"prompt": "a", "completion": "b', '{"prompt": "a"}, ', "not json", '"', "{}{}", "\0"],
)
def test_a_bad_first_line_is_one_bad_row(first: str, tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(first.encode() + b"\n" + LINES)
    bad, *others = list(read_rows(str(path)))
    assert isinstance(bad, Problem)
    assert bad.field == f"{path}:1"
    assert [one.value for one in others if isinstance(one, Row)] == ROWS


def test_zeros_that_a_crash_left_behind_are_bad_rows(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(LINES + bytes(5000))
    assert [isinstance(one, Problem) for one in read_rows(str(path))] == [False] * 30 + [True]


def test_lines_that_are_lists_are_rows_and_no_array(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('[{"a": 1}, {"b": 2}]\n\n[]\n["c"]\n')
    assert values(path) == [[{"a": 1}, {"b": 2}], [], ["c"]]
    path.write_text('[{"a": 1}, {"b": 2}]\n')
    assert values(path) == [{"a": 1}, {"b": 2}]


@pytest.mark.parametrize("start", [b"{", b'["', b"{\r"])
def test_a_row_without_end_is_not_held_whole(
    start: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("json_array", "json_lines"):
        monkeypatch.setattr(f"raysft.data.read.{module}.MOST", 1 << 21)
    path = tmp_path / "bomb.jsonl.gz"
    path.write_bytes(gzip.compress(start + b" " * (1 << 24)))
    with pytest.raises(InputError, match="of more than 2 MiB"):
        list(read_rows(str(path)))


ALL = [
    *TEXTS.values(),
    *TABLES.values(),
    *(PACKINGS[one](LINES) for one in PACKINGS),
    *(one[0] for one in REFUSED.values()),
]
STARTS = sorted({data[:size] for data in ALL for size in (1, 4, 8)})


def read_whatever(path: Path, data: bytes) -> None:
    """Rows, problems, or one refusal: nothing else comes out of any bytes."""
    path.write_bytes(data)
    found: list[ParsedRow] = []
    with suppress(InputError):
        found.extend(parsed_rows(str(path), "auto"))
    assert all(one.row.where.startswith(str(path)) for one in found)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=150)
@given(start=st.sampled_from([b"", *STARTS]), rest=st.binary(max_size=200), name=st.sampled_from(NAMES))
@example(start=b"{" * 70_000, rest=b"", name="a.json")
@example(start=b'{"a":\n' * 70_000, rest=b"", name="a.json")
@example(start=b"{\n" + b"1" * 70_000, rest=b"", name="a.json")
def test_any_bytes_are_rows_or_told(tmp_path: Path, start: bytes, rest: bytes, name: str) -> None:
    read_whatever(tmp_path / name, start + rest)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=300)
@given(
    data=st.sampled_from(ALL),
    cut=st.floats(0, 1),
    changes=st.lists(st.tuples(st.floats(0, 0.999), st.integers(0, 255)), max_size=6),
    whole=st.booleans(),
)
def test_damaged_files_are_rows_or_told(
    tmp_path: Path, data: bytes, cut: float, changes: list[tuple[float, int]], whole: bool
) -> None:
    damaged = bytearray(data if whole else data[: int(cut * len(data))])
    for place, value in changes:
        if damaged:
            damaged[int(place * len(damaged))] = value
    read_whatever(tmp_path / "a.jsonl", bytes(damaged))


def test_a_column_whose_name_is_not_utf8_is_told(tmp_path: Path) -> None:
    path = tmp_path / "a.arrow"
    path.write_bytes(TABLES["arrow stream"].replace(b"completion", b"\xff" * 10))
    assert "utf-8" in refusal(path).remedy
