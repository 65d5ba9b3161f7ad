"""raysft from Python."""

import doctest
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from support.finished_sweep import SCORES, STAGES, SWEEP, contents, finish, write_sweep
from support.places import ROOT

import raysft
from raysft.sweep.results.publish import publish_results
from raysft.sweep.results.standing import read_standing


def test_every_public_name_is_there_and_no_other() -> None:
    for name in raysft.__all__:
        assert getattr(raysft, name).__name__ == name
    assert raysft.__dir__() == sorted(raysft.__all__)
    with pytest.raises(AttributeError, match="raysft has no 'trian'"):
        raysft.trian  # noqa: B018 - to be missing is the point


def test_every_error_of_the_tree_is_public_or_below_one_that_is() -> None:
    from raysft import errors

    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, Exception)]
    assert len(kinds) > 5
    public = tuple(getattr(raysft, name) for name in raysft.__all__ if name != "RaysftError")
    assert all(issubclass(kind, raysft.RaysftError) for kind in kinds)
    assert {kind.__name__ for kind in kinds if kind not in public and kind is not raysft.RaysftError} <= {
        "FetchFailed",
        "Unwritable",
    }, "these end a command of `raysft data`, which has no counterpart in Python"


def test_the_example_in_the_docstring_is_what_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    found = doctest.testmod(raysft)
    assert found.attempted >= 3
    assert found.failed == 0


def test_importing_the_package_takes_nothing_heavy_along() -> None:
    heavy = {"torch", "ray", "pandas", "transformers", "pydantic"}
    code = f"import raysft, sys; print({heavy!r} & sys.modules.keys())"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_a_plan_is_tables_of_cells_and_stages(tmp_path: Path) -> None:
    file = write_sweep(tmp_path)
    before = contents(tmp_path)
    plan = raysft.plan_sweep(file, tmp_path / "store")
    assert contents(tmp_path) == before
    trained = plan.points[plan.points.stages > 0]
    assert list(trained.strategy) == ["mixed_sequential", "dmt(k=1/2)"]
    assert list(trained.stages_to_train) == [2, 2]
    assert len(plan.stages) == STAGES == len(plan.plan.stages)
    assert set(plan.stages.points) == {1, 2}
    assert not plan.stages.in_store.any()
    alone, shared = trained.conversation_epochs.sum(), plan.stages.conversation_epochs.sum()
    assert alone > shared > 0
    finish(file, tmp_path / "store")
    plan = raysft.plan_sweep(raysft.load_sweep(file), tmp_path / "store")
    assert plan.stages.in_store.all()
    assert set(plan.points.stages_to_train) == {0}


def test_results_are_the_tables_of_the_store(tmp_path: Path) -> None:
    inputs, store = finish(write_sweep(tmp_path), tmp_path / "store")
    with pytest.raises(raysft.InputError, match="no tables of it"):
        raysft.read_results("done", tmp_path / "store")
    publish_results(inputs, read_standing(inputs, store), store)
    for sweep in ("done", inputs.spec, tmp_path / "sweep.yaml", str(tmp_path / "sweep.yaml")):
        found = raysft.read_results(sweep, tmp_path / "store")
        assert len(found.scores.drop_duplicates(["stage", "benchmark_key"])) == SCORES
        means = found.items.groupby(["stage", "benchmark_key"]).value.mean()
        assert set(means) == {0.5}
    with pytest.raises(raysft.InputError, match=r"^store: "):
        raysft.read_results("done", tmp_path / "typo")


@pytest.mark.slow
def test_a_sweep_runs_from_python_and_is_not_run_again(tmp_path: Path) -> None:
    code = f"""
import raysft
sweep = raysft.load_sweep({str(write_sweep(tmp_path))!r})
first = raysft.run_sweep(sweep, "store")
assert set(first.scores.status) == {{"done"}}
again = raysft.run_sweep(sweep, "store")
assert first.scores.equals(again.scores), "the same tables"
print(len(first.scores))
"""
    done = subprocess.run(
        [sys.executable, "-P", "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    rows = (1 + 3 + 3) * len(SWEEP["abilities"])
    assert done.stdout.strip() == str(rows), "the base, and two points of two stages with their base"


def test_a_sweep_made_in_python_is_held_to_the_same_rules() -> None:
    raw = yaml.safe_load((ROOT / "sweeps" / "quickstart.yaml").read_text(encoding="utf-8"))
    raw["studies"]["amount"]["model"] = "tony"
    sweep = raysft.SweepSpec.model_validate(raw)
    with pytest.raises(raysft.InputError, match=r"studies.amount.model: tony: .*did you mean tiny"):
        raysft.plan_sweep(sweep)
    with pytest.raises(raysft.InputError, match=r"^only: rq: no such study"):
        sweep.only(["rq"])
    with pytest.raises(
        raysft.InputError, match=r"^changes recipe.epoch: 1: no such key here; did you mean epochs\?"
    ):
        raysft.load_sweep(ROOT / "sweeps" / "quickstart.yaml", ["recipe.epoch=1"])
