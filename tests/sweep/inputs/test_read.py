"""What a sweep names, read once: for a run, for a plan, and for whoever only looks."""

import hashlib
import json
from pathlib import Path

import pytest
from support.example_sweep import raw_of, spec_of

from raysft.errors import InputError
from raysft.spec.sweep import SweepSpec
from raysft.store import Store
from raysft.sweep.inputs.dry_plan import survey
from raysft.sweep.inputs.read import read_inputs, view_inputs
from raysft.sweep.inputs.viewed_store import viewed_store

BY_TOKENS = "s: {model: tiny, strategy: multi_task, amount: [{supervised_tokens: 300}, 1]}"


def contents(folder: Path) -> dict[str, tuple[int, str]]:
    """Every file with its time and digest."""
    return {
        str(path.relative_to(folder)): (
            path.stat().st_mtime_ns,
            hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "",
        )
        for path in sorted([folder, *folder.rglob("*")])
    }


def test_a_plan_of_what_is_all_here_is_the_plan_of_the_run(tmp_path: Path) -> None:
    spec = spec_of(BY_TOKENS)
    run, viewed = read_inputs(spec, str(tmp_path / "store")), view_inputs(spec, str(tmp_path / "none"))
    with viewed_store(str(tmp_path / "store")) as store:
        planned = survey(spec, store)
        assert planned.measure("tiny", "math", spec.recipe) is not None
    assert run.plan == viewed.plan == planned.plan
    assert run.asked == viewed.asked == planned.asked
    assert run.absent == viewed.absent == planned.absent == ()
    assert list(run.benchmarks) == list(planned.benchmarks) == list(spec.benchmarks)


def test_looking_makes_no_store(tmp_path: Path) -> None:
    spec = spec_of(BY_TOKENS)
    view_inputs(spec, str(tmp_path / "typo"))
    with viewed_store(str(tmp_path / "typo")) as store:
        survey(spec, store)
    assert list(tmp_path.iterdir()) == []


def test_looking_changes_no_store(tmp_path: Path) -> None:
    spec, url = spec_of(BY_TOKENS), tmp_path / "store"
    Store.open(url).write_file("other", "plan.json", b"{}")
    before = contents(url)
    view_inputs(spec, str(url))
    with viewed_store(str(url)) as store:
        survey(spec, store)
    assert contents(url) == before
    assert list(Store.existing(url).keys("prepared")) == []


def test_what_the_store_has_is_not_tokenised_again(tmp_path: Path) -> None:
    spec, url = spec_of(BY_TOKENS), str(tmp_path / "store")
    read_inputs(spec, url)
    with viewed_store(url) as store:
        survey(spec, store)
        assert list(store.beside.keys("prepared")) == []


def several_problems(folder: Path) -> SweepSpec:
    (folder / "rows.jsonl").write_text(json.dumps({"prompt": "x"}) + "\n")
    (folder / "questions.jsonl").write_text("no JSON\n")
    ability = {"source": "rows.jsonl", "benchmark": {"name": "gsm8k", "path": "questions.jsonl"}}
    return SweepSpec.model_validate(
        raw_of(
            "s: {model: tiny, strategy: multi_task}",
            data_dir=str(folder),
            abilities={"a": ability},
            models={"tiny": {"base": "world/base", "template": "no.jinja"}},
        )
    )


def test_problems_of_questions_sources_and_bases_come_in_one_answer(tmp_path: Path) -> None:
    spec = several_problems(tmp_path)
    with pytest.raises(InputError) as run:
        read_inputs(spec, str(tmp_path / "store"))
    fields = [problem.field for problem in run.value.problems]
    assert [field.rpartition("/")[2] for field in fields] == [
        "questions.jsonl:1",
        "rows.jsonl:1",
        "models.tiny.template",
    ]
    with viewed_store(str(tmp_path / "store")) as store, pytest.raises(InputError) as planned:
        survey(spec, store)
    assert planned.value.problems == run.value.problems
    assert not (tmp_path / "store").exists()


def test_what_is_not_here_is_expected(tmp_path: Path) -> None:
    spec = SweepSpec.model_validate(
        raw_of(
            "s: {model: [far, tiny], strategy: multi_task}",
            data_dir=str(tmp_path),
            abilities={
                "a": {"source": {"path": "absent.jsonl", "rows": 100, "held_out": 10}},
                "b": {"source": {"path": "world/math", "rows": 20}},
            },
            models={"far": {"base": "meta-llama/Llama-2-7b-hf"}, "tiny": {"base": "world/base"}},
        )
    )
    with viewed_store(str(tmp_path / "none")) as store:
        found = survey(spec, store)
    assert found.indexes["a"].rows == 90
    assert found.sources.keys() == {"b"}
    assert found.absent == ("a", *(("far",) if "far" not in found.bases else ()))
    assert found.shapes.keys() == {"far", "tiny"}
