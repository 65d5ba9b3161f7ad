from pathlib import Path

import pytest

from raysft.data.inspect.named_source import named_source
from raysft.data.sources.pipeline import load_source
from raysft.errors import InputError

ROW = '{"prompt": "2+3=", "completion": "5", "tags": ["math"]}\n'
SWEEP = """
name: t
data_dir: sets
abilities:
  math:
    source: {path: math.jsonl, drop: [{any_of: [code]}]}
    variants: {short: {path: short.jsonl}}
  code: {source: absent.jsonl, variants: {more: absent_too.jsonl}}
models: {tiny: {base: world/base}}
studies: {s: {model: tiny, strategy: [multi_task], amount: [1], variant: [{code: more}]}}
"""


@pytest.fixture
def sweep(tmp_path: Path) -> Path:
    (tmp_path / "sets").mkdir()
    for name in ("math", "short"):
        (tmp_path / "sets" / f"{name}.jsonl").write_text(ROW)
    (tmp_path / "sweep.yaml").write_text(SWEEP)
    return tmp_path / "sweep.yaml"


def test_files_are_found_from_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("a.jsonl", "b.jsonl"):
        (tmp_path / name).write_text(ROW)
    found = named_source(["a.jsonl", "b.jsonl"], "prompt_completion")
    assert found.paths == (str(tmp_path / "a.jsonl"), str(tmp_path / "b.jsonl"))
    assert found.source.format == "prompt_completion"
    assert found.sweep is None
    assert load_source(found.key, found.source, found.data_dir, {}).facts.read == 2


def test_a_hub_set_and_a_built_in_source() -> None:
    assert named_source(["hf://owner/name:test"]).paths == ("hf://owner/name:test",)
    assert named_source(["world/code"]).source.is_world


def test_a_source_of_a_sweep_comes_with_all_that_the_file_says(sweep: Path) -> None:
    found = named_source([f"{sweep}:math"])
    assert found.sweep is not None
    assert found.sweep.models.keys() == {"tiny"}
    assert found.paths == (str(sweep.parent / "sets" / "math.jsonl"),)
    assert [rule.label for rule in found.source.drop] == ["tags any_of code"]
    assert named_source([f"{sweep}:math/short"]).source.path == "short.jsonl"


def test_other_sources_of_a_sweep_need_not_be_there(sweep: Path) -> None:
    assert named_source([f"{sweep}:math"]).key == "math"
    with pytest.raises(InputError, match=r"abilities\.code\.source\.path"):
        named_source([f"{sweep}:code"])
    with pytest.raises(InputError, match=r"abilities\.code\.variants\.more\.path"):
        named_source([f"{sweep}:code/more"])


def test_other_mistakes_of_a_sweep_are_told(sweep: Path) -> None:
    sweep.write_text(SWEEP.replace("amount: [1]", "amount: [7]"))
    with pytest.raises(InputError, match=r"studies\.s\.amount"):
        named_source([f"{sweep}:math"])


def test_a_change_of_the_sweep(sweep: Path) -> None:
    found = named_source([f"{sweep}:math"], changes=["abilities.math.source.limit=5"])
    assert found.source.limit == 5


@pytest.mark.parametrize(
    ("given", "form", "changes", "says"),
    [
        (["nowhere.jsonl"], "auto", [], "no such file"),
        (["world/nope"], "auto", [], "name a built-in source alone"),
        (["world/math", "world/code"], "auto", [], "name a built-in source alone"),
        (["sweep.yaml"], "auto", [], "sweep.yaml:ABILITY"),
        (["sweep.yaml:math", "world/math"], "auto", [], "name a source of a sweep alone"),
        (["sweep.yaml:nothing"], "auto", [], "use one of math, math/short, code, code/more"),
        (["sweep.yaml:math"], "text", [], "--format"),
        (["world/math"], "sharegtp", [], "use one of auto, messages, sharegpt"),
        (["world/math"], "auto", ["a=1"], "--set"),
        (["nothing.yaml:math"], "auto", [], "nothing.yaml"),
    ],
)
def test_what_is_none_of_these(
    sweep: Path, monkeypatch: pytest.MonkeyPatch, given: list[str], form: str, changes: list[str], says: str
) -> None:
    monkeypatch.chdir(sweep.parent)
    with pytest.raises(InputError) as caught:
        named_source(given, form, changes)
    assert says in str(caught.value)


def test_everything_that_is_wrong_is_told_at_once() -> None:
    with pytest.raises(InputError) as caught:
        named_source(["nowhere.jsonl", "nor_here.jsonl"], "x")
    assert len(caught.value.problems) == 3
