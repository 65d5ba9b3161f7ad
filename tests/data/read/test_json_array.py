import io
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from raysft.data.read.json_array import array_items
from raysft.errors import InputError

NUMBERS = st.integers() | st.floats(allow_nan=False, allow_infinity=False)
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


def items(data):
    return list(array_items("a.json", io.BytesIO(data)))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    values=st.lists(VALUES, max_size=6),
    indent=st.none() | st.integers(0, 3),
    ascii_only=st.booleans(),
    block=st.integers(1, 40),
)
def test_items_are_those_of_the_whole_array(monkeypatch, values, indent, ascii_only, block):
    """Wherever the blocks of the file end: within a word, an escape, a number or a character."""
    monkeypatch.setattr("raysft.data.read.json_array._BLOCK", block)
    text = json.dumps(values, indent=indent, ensure_ascii=ascii_only)
    assert items(text.encode("utf-8", "surrogatepass")) == json.loads(text)


@pytest.mark.parametrize(
    "value", ["true", "-12.5e-3", "NaN", "-Infinity", '"\\ud83d\\ude00"', '"\\\\"', "{}", "[[]]"]
)
def test_every_place_where_a_block_may_end(monkeypatch, value):
    text = f" [ {value} ,{value}\n]\n"
    for block in range(1, len(text) + 1):
        monkeypatch.setattr("raysft.data.read.json_array._BLOCK", block)
        assert str(items(text.encode())) == str(json.loads(text))


@pytest.mark.parametrize(
    ("data", "where", "cause"),
    [
        (b'["a",\n"b",\n}]', "a.json:3", "Expecting value"),
        (b'["a"\n"b"]', "a.json:2", "Expecting ',' delimiter"),
        (b'["a",\n{"b": 1', "a.json:2", "Expecting ',' delimiter"),
        (b'["a",\n"b', "a.json:2", "Unterminated string"),
        (b'["a",]', "a.json:1", "Expecting value"),
        (b'["a"]\n]', "a.json:2", "Extra data"),
        (b'["a",\n"\xff"]', "a.json:2", "is not UTF-8"),
        (b'["\xc3', "a.json:1", "is not UTF-8"),
        (b'"a"', "a.json:1", "Expecting an array"),
        (b"", "a.json:1", "Expecting an array"),
        (b"[" * 200_000, "a.json", "nested too deeply"),
        (b"[" + b"1" * 10_000 + b"]", "a.json", "digits"),
    ],
)
@pytest.mark.parametrize("block", [1, 3, 1 << 20])
def test_what_is_wrong_is_named_with_its_line(monkeypatch, data, where, cause, block):
    if len(data) > 1000 and block < 1000:
        block = 1000
    monkeypatch.setattr("raysft.data.read.json_array._BLOCK", block)
    with pytest.raises(InputError) as caught:
        items(data)
    (problem,) = caught.value.problems
    assert problem.field == where
    assert cause in problem.remedy


class Endless:
    """A file of one array that is far larger than the memory it may take."""

    def __init__(self, rows):
        self.rows, self.row = rows, json.dumps({"text": "x" * 5000}).encode() + b",\n"
        self.begun, self.longest = False, 0

    def read(self, size):
        self.longest = max(self.longest, size)
        if not self.begun:
            self.begun = True
            return b"["
        taken = min(self.rows, max(1, size // len(self.row)))
        if not taken:
            return b""
        self.rows -= taken
        return self.row * taken if self.rows else self.row * (taken - 1) + self.row[:-2] + b"]"


def test_a_large_array_is_read_in_blocks():
    file = Endless(20_000)
    assert sum(len(item["text"]) for item in array_items("a.json", file)) == 100_000_000
    assert file.longest == 1 << 20
