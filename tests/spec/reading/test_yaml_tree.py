"""YAML of a sweep file: what it is read as, and what is refused before it costs anything."""

import time
from typing import Any

import pytest
import yaml
from support.places import ROOT

from raysft.spec.reading.yaml_tree import DEEPEST, MOST_VALUES, NoYaml, read_yaml


def text_keys(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): text_keys(one) for key, one in value.items()}
    return [text_keys(one) for one in value] if isinstance(value, list) else value


@pytest.mark.parametrize("file", sorted((ROOT / "sweeps").glob("*.yaml")), ids=lambda file: file.stem)
def test_shipped_sweeps_are_read_as_by_anybody(file: Any) -> None:
    text = file.read_text(encoding="utf-8")
    assert read_yaml(text) == (text_keys(yaml.safe_load(text)), [])


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("no", "no"), ("on", "on"), ("Yes", "Yes"), ("true", True), ("False", False), ('"true"', "true"),
        ("1:4", "1:4"), ("190:20:30", "190:20:30"), ("010", "010"), ("0", 0), ("-3", -3), ("+5", 5),
        ("1_000", 1000), ("0x1F", 31), ("1/4", "1/4"), ("1e-5", "1e-5"), ("1.0e-5", 1e-5), (".5", 0.5),
        ("-.inf", float("-inf")), ("2024-01-31", "2024-01-31"), ("~", None), ("null", None), ("=", "="),
        ("1.2.3", "1.2.3"), ("!!str 5", "5"), ("!!float 5", 5.0), ("", None), ("'<<'", "<<"),
    ],
)  # fmt: skip
def test_a_plain_text_is_what_people_mean_by_it(text: str, value: object) -> None:
    assert read_yaml(f"a: {text}") == ({"a": value}, [])


def test_a_key_is_text_whatever_it_looks_like() -> None:
    found, _ = read_yaml("010: 1\ntrue: 1\n~: 1\n1.5: 1\n2024-01-01: 1\n<<: {7: 1}")
    assert list(found) == ["7", "010", "true", "~", "1.5", "2024-01-01"]


def test_what_is_merged_in_may_be_written_again_and_is_a_copy() -> None:
    found, faults = read_yaml("a: &a {b: [1], c: 2}\nd: {<<: *a, c: 3}\ne: {<<: [{b: 0}, *a]}\nf: *a")
    assert not faults
    assert (found["d"], found["e"], found["f"]) == ({"b": [1], "c": 3}, {"b": 0, "c": 2}, found["a"])
    found["f"]["b"].append(9)
    assert found["a"]["b"] == found["d"]["b"] == [1]


@pytest.mark.parametrize(
    ("text", "places", "said"),
    [
        ("a: 1\nb: 2\na: 3\nb: 4", [("a",), ("b",)], "is written twice, in lines 1 and 3"),
        ("a: {b: [{c: 1, c: 2}]}", [("a", "b", 0, "c")], "is written twice"),
        ("a: !!python/object:os.system x", [("a",)], "no such tag is read (line 1)"),
        ("a: !x [1]\nb: !!set {c}", [("a",), ("b",)], "no such tag"),
        ("a: !!int x", [("a",)], "is not what its tag !!int says"),
        ('a: "\\ud800"', [("a",)], "character U+D800"),
        ("<<: 5", [("<<",)], "must be a mapping"),
    ],
)
def test_what_is_wrong_in_one_place_is_told_with_it(text: str, places: list[Any], said: str) -> None:
    _, faults = read_yaml(text)
    assert [one.place for one in faults] == places
    assert said in faults[0].said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: {b: [}", "line 1, column 9"),
        ("a: 1\n\tb: 2", "a tab; indent by spaces (line 2, column 1)"),
        ("a: 1\n--- \nb: 2", "a second document begins"),
        ("a: b: c", "text with a colon needs quotes"),
        ("a: *b", "undefined alias"),
        ("a: \x01", "character U+0001 cannot be in it (line 1)"),
        ("? [a]\n: 1", "a key is text (line 1)"),
        ("a: &a [*a]", "*a is part of itself"),
        ("&a {<<: *a}", "*a is part of itself"),
        ("[" * 5000 + "]" * 5000, f"more than {DEEPEST} lists"),
        ("\n".join(" " * depth + "a:" for depth in range(900)), f"more than {DEEPEST} lists"),
        (
            "- &a [x, x, x, x, x, x, x, x, x, x]\n" + "- &a [*a, *a, *a, *a, *a]\n",
            "a second anchor of this name",
        ),
        (
            "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
            + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 10)),
            f"more than {MOST_VALUES:,} values",
        ),
    ],
    ids=lambda text: text[:30],
)
def test_what_cannot_be_read_is_refused_at_once(text: str, said: str) -> None:
    begun = time.monotonic()
    with pytest.raises(NoYaml) as caught:
        read_yaml(text)
    assert said in str(caught.value)
    assert time.monotonic() - begun < 2
