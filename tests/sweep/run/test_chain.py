"""The whole chain on a real Ray: from a sweep file to results, and that nothing is ever done twice."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from ray import tune

from raysft.records import FailureRecord, StageRecord
from raysft.spec import load_sweep
from raysft.store import Store
from raysft.sweep.inputs.read import Inputs, read_inputs
from raysft.sweep.results.standing import (
    Missing,
    forget_failures,
    is_finished,
    point_status,
    read_standing,
    what_is_missing,
)
from raysft.sweep.results.tables import tidy_table
from raysft.sweep.run.messages import Snapshot, record_failure
from raysft.sweep.run.run import run_sweep
from raysft.sweep.run.session import Session

pytestmark = pytest.mark.slow

ABILITIES = {
    name: {
        "source": {"path": f"world/{name}", "rows": rows},
        "benchmark": {"name": f"world/{name}", "limit": 6, "max_new_tokens": 24},
    }
    for name, rows in {"code": 16, "math": 32, "general": 16}.items()
}


@pytest.fixture
def inputs_of(tmp_path: Path) -> Callable[..., Inputs]:
    def make(name: str, strategies: list[Any], **changes: Any) -> Inputs:
        raw = {
            "name": name,
            "abilities": ABILITIES,
            "models": {"tiny": {"base": "world/base"}},
            "recipe": {"epochs": 1, "batch_size": 8, "learning_rate": 1e-3, "max_length": 256},
            "studies": {"strategy": {"model": "tiny", "strategy": strategies}},
            **changes,
        }
        file = tmp_path / f"{name}.yaml"
        file.write_text(yaml.safe_dump(raw))
        return read_inputs(load_sweep(file), str(tmp_path / "store"))

    return make


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store.open(tmp_path / "store")


def go(inputs: Inputs, store: Store, session: Session) -> tuple[Snapshot, Missing]:
    snapshot = run_sweep(inputs, store, session)
    return snapshot, what_is_missing(inputs, read_standing(inputs, store))


def weights(store: Store) -> dict[str, str]:
    return {key: str(store.find("stages", key).body["weights_digest"]) for key in store.keys("stages")}


def test_a_sweep_runs_resumes_and_grows(
    inputs_of: Callable[..., Inputs], store: Store, ray_cluster: Session
) -> None:
    inputs = inputs_of("first", ["mixed_sequential", {"dmt": {"k": "1/4"}}])
    first, missing = go(inputs, store, ray_cluster)
    assert not missing
    assert first.trained == 3, "four stages, of which two points share the first"
    assert first.scored == 4 * 3, "the base and three stages on three benchmarks"

    table = tidy_table(inputs, read_standing(inputs, store))
    assert set(table["status"]) == {"done"}
    assert table["value"].notna().all()
    assert (table["n"] == 6).all()
    for address, stage in inputs.plan.stages.items():
        record = StageRecord.model_validate(store.find("stages", address).body)
        assert record.steps == stage.steps
        assert {used.ability: used.conversations for used in record.used} == {
            portion.ability: portion.count for portion in stage.portions
        }
        if stage.parent:
            assert record.parent_weights_digest == weights(store)[stage.parent]

    assert is_finished(inputs, read_standing(inputs, store), store)
    again, _ = go(inputs, store, ray_cluster)
    assert (again.trained, again.scored) == (0, 0)

    grown = inputs_of("first", ["mixed_sequential", {"dmt": {"k": "1/4"}}, {"dmt": {"k": "1/2"}}])
    assert not is_finished(grown, read_standing(grown, store), store)
    more, _ = go(grown, store, ray_cluster)
    assert (more.trained, more.scored) == (1, 3)

    newest = sorted(Path(store.sweep_path("first"), "tune").iterdir())[-1]
    grid = tune.ResultGrid(tune.ExperimentAnalysis(str(newest)))
    assert {result.config["point"] for result in grid} == set(grown.plan.by_fingerprint)
    assert {result.config["strategy"] for result in grid} == {
        "base",
        "mixed_sequential",
        "dmt(k=1/4)",
        "dmt(k=1/2)",
    }
    assert all(result.metrics["status"] == "done" for result in grid)
    assert all(isinstance(result.metrics["math"], float) for result in grid)


def test_two_sweeps_share_their_stages(
    inputs_of: Callable[..., Inputs], store: Store, ray_cluster: Session
) -> None:
    assert go(inputs_of("one", ["sequential"]), store, ray_cluster)[0].trained == 3
    before = weights(store)
    other, _ = go(inputs_of("two", [{"single": "code"}, {"single": "math"}]), store, ray_cluster)
    assert other.trained == 1, "code alone is the first stage of sequential"
    assert {key: digest for key, digest in weights(store).items() if key in before} == before


def test_a_stage_that_fails_blocks_its_points_and_no_other(
    inputs_of: Callable[..., Inputs], store: Store, ray_cluster: Session
) -> None:
    inputs = inputs_of("failing", ["mixed_sequential", {"single": "general"}])
    shared = next(point.stages[0] for point in inputs.plan.points if len(point.stages) == 2)
    record_failure(store, FailureRecord(stage=shared, kind="user", cause="written by a test", attempts=1))
    _, missing = go(inputs, store, ray_cluster)
    assert missing
    assert missing.points == 1
    standing = read_standing(inputs, store)
    states = {len(point.stages): point_status(inputs, point, standing)[0] for point in inputs.plan.points}
    assert states == {0: "done", 1: "done", 2: "blocked"}

    forget_failures(inputs, read_standing(inputs, store), store, every=True)
    assert not go(inputs, store, ray_cluster)[1]


def test_a_loss_that_is_no_number_is_a_failure_that_is_kept(
    inputs_of: Callable[..., Inputs], store: Store, ray_cluster: Session
) -> None:
    inputs = inputs_of(
        "diverging", [{"single": "code"}], recipe={"epochs": 2, "batch_size": 4, "learning_rate": 1e30}
    )
    snapshot, missing = go(inputs, store, ray_cluster)
    assert missing.points == 1
    (failure,) = snapshot.failed.values()
    assert failure.kind == "not_finite"
    forget_failures(inputs, read_standing(inputs, store), store, every=False)
    assert store.read_document("failures", failure.stage) is not None
