"""A sweep file as text: a comment on every value, and the same values when it is read back."""

from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from raysft.errors import InputError
from raysft.pilot.commented_yaml import Notes, compose, write_checked
from raysft.spec.sweep import SweepSpec

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
VALUES = st.one_of(TEXTS, st.integers(), st.floats(0.0001, 1e6).map(lambda one: float(f"{one:.1e}")))
GOOD = {
    "name": "t",
    "abilities": {"math": {"source": "world/math", "benchmark": "world/math"}},
    "models": {"tiny": {"base": "world/base"}},
    "studies": {"s": {"model": "tiny", "strategy": "multi_task"}},
}


def noted(value: object, at: str = "") -> dict[str, str]:
    if not isinstance(value, dict):
        return {at: f"about {at}"}
    return {
        where: note
        for key, one in value.items()
        for where, note in noted(one, f"{at}.{key}" if at else key).items()
    }


@given(st.dictionaries(st.sampled_from(["a", "b", "true", "12"]), VALUES, min_size=1), TEXTS)
def test_any_value_reads_back_and_no_comment_leaks(values: dict[str, object], note: str) -> None:
    raw = {"top": "x", "part": values, "list": [*values.values()]}
    about = dict.fromkeys([*noted(raw), "part", "list"], note)
    text = compose(raw, Notes([note, "  two"], about, {"part": [note]}))
    assert yaml.safe_load(text) == raw


def test_a_value_without_a_comment_is_a_mistake() -> None:
    raw = {"part": {"said": 1, "forgotten": 2}}
    with pytest.raises(LookupError, match=r"part\.forgotten"):
        compose(raw, Notes([], {"part": "", "part.said": "why"}, {}))


def test_comments_stand_beside_or_above_and_lines_stay_within_110() -> None:
    raw = {"part": {"short": 1, "long": 2, "items": [{"a": 1}, "b"]}}
    notes = Notes(
        ["header"],
        {
            "part": "why",
            "part.short": "brief",
            "part.long": "word " * 60,
            "part.items": "which",
            "part.items[0]": "first",
            "part.items[1]": "second",
        },
        {"part.short": ["other: 2"]},
    )
    lines = compose(raw, notes).splitlines()
    assert "  short: 1  # brief" in lines
    assert lines[lines.index("  short: 1  # brief") + 1] == "  # other: 2"
    assert lines[lines.index("  long: 2") - 1].startswith("  # word")
    assert "    - {a: 1}  # first" in lines
    assert "    - b       # second" in lines
    assert max(map(len, lines)) <= 110


def test_what_reads_back_otherwise_is_never_written(tmp_path: Path) -> None:
    expected = SweepSpec.model_validate({**GOOD, "data_dir": str(tmp_path)})
    with pytest.raises(AssertionError):
        write_checked(yaml.safe_dump({**GOOD, "name": "u"}), tmp_path / "s.yaml", expected, overwrite=False)
    assert list(tmp_path.iterdir()) == []


def test_a_file_is_replaced_only_if_asked(tmp_path: Path) -> None:
    expected = SweepSpec.model_validate({**GOOD, "data_dir": str(tmp_path)})
    text, out = yaml.safe_dump(GOOD), tmp_path / "s.yaml"
    write_checked(text, out, expected, overwrite=False)
    out.write_text("mine")
    with pytest.raises(InputError, match="--force"):
        write_checked(text, out, expected, overwrite=False)
    assert out.read_text() == "mine"
    write_checked(text, out, expected, overwrite=True)
    assert out.read_text() == text
    assert list(tmp_path.iterdir()) == [out]


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    expected = SweepSpec.model_validate(GOOD)
    with pytest.raises(InputError, match="--out"):
        write_checked("", tmp_path / "nowhere" / "s.yaml", expected, overwrite=False)
