"""What every trial and engine is told: made from a prepared sweep, small, and the same in every process."""

import pickle
from pathlib import Path

import pytest
import yaml
from support.example_context import BASE_DIGEST, context_of, publish_stage

from raysft.cluster.resources import Resources
from raysft.errors import DamagedArtifact, StoreError
from raysft.spec import load_sweep
from raysft.store import Store
from raysft.sweep.inputs.prepare import prepare_sweep
from raysft.sweep.inputs.read import Inputs, read_inputs
from raysft.sweep.run.context import SweepContext, make_context


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> Inputs:
    raw = {
        "name": "context",
        "abilities": {
            name: {
                "source": {"path": f"world/{name}", "rows": 8},
                "benchmark": {"name": f"world/{name}", "limit": 2},
            }
            for name in ("code", "math", "general")
        },
        "models": {"tiny": {"base": "world/base"}},
        "studies": {"s": {"model": "tiny", "strategy": ["mixed_sequential", {"dmt": {"k": "1/2"}}]}},
        "run": {"resume_every_s": 12},
    }
    folder = tmp_path_factory.mktemp("context")
    file = folder / "sweep.yaml"
    file.write_text(yaml.safe_dump(raw))
    return read_inputs(load_sweep(file), str(folder / "store"))


@pytest.fixture(scope="module")
def prepared(inputs: Inputs, tmp_path_factory: pytest.TempPathFactory) -> SweepContext:
    store = Store.open(tmp_path_factory.mktemp("prepared"))
    prepare_sweep(inputs, store)
    return make_context(inputs, store, inline=True)


def test_a_prepared_sweep_has_everything_its_workers_need(prepared: SweepContext, inputs: Inputs) -> None:
    assert prepared.prepared.keys() == {("tiny", name) for name in ("code", "math", "general")}
    assert all(prepared.store.find("prepared", key) for key in prepared.prepared.values())
    assert (prepared.origins["tiny"].folder / "model.safetensors").is_file()
    assert prepared.asked == inputs.asked
    assert prepared.benchmarks.keys() == {"code", "math", "general"}


def test_it_is_the_same_in_another_process(prepared: SweepContext) -> None:
    sent = pickle.dumps(prepared)
    again = pickle.loads(sent)
    assert (again.spec, again.plan, again.store, again.origins) == (
        prepared.spec,
        prepared.plan,
        prepared.store,
        prepared.origins,
    )
    assert again.indexes["math"].ids == prepared.indexes["math"].ids
    assert len(sent) < 100_000, "conversations stay in the store: every worker is sent this"


def test_it_is_read_only() -> None:
    assert SweepContext.__dataclass_params__.frozen


def test_a_job_names_the_prefix_of_each_source_and_the_parents_bytes(prepared: SweepContext) -> None:
    stage = next(one for one in prepared.plan.stages.values() if one.parent is None)
    job = prepared.job(stage, "attempt")
    assert [one.ability for one in job.portions] == [one.ability for one in stage.portions]
    assert [len(one.ids) for one in job.portions] == [one.count for one in stage.portions]
    for portion in job.portions:
        assert portion.ids == prepared.indexes[portion.ability].prefix(stage.subset_seed, len(portion.ids))
        assert list(portion.prepared.iterdir())
    assert (job.parent, job.parent_digest) == (
        prepared.origins["tiny"].folder,
        prepared.origins["tiny"].weights_digest,
    )
    assert (job.fingerprint, job.attempt, job.resume_every_s) == (stage.fingerprint, "attempt", 12)
    assert (job.recipe, job.seed, job.store_url) == (stage.recipe, stage.seed, prepared.store.url)
    assert job.identity.keys() == {"base", "parent", "mixture", "recipe", "seed"}
    assert pickle.loads(pickle.dumps(job)) == job


def test_a_stage_cannot_begin_before_its_parent_is_there(prepared: SweepContext) -> None:
    below = next(one for one in prepared.plan.stages.values() if one.parent is not None)
    with pytest.raises(DamagedArtifact, match=below.parent):
        prepared.job(below, "attempt")


def test_a_tokenised_source_that_is_gone_is_said_so(inputs: Inputs, tmp_path: Path) -> None:
    store = Store.open(tmp_path)
    prepare_sweep(inputs, store)
    context = make_context(inputs, store, inline=True)
    stage = next(iter(context.plan.stages.values()))
    key = context.prepared["tiny", stage.portions[0].source]
    store.transport.remove(f"prepared/{key}")
    with pytest.raises(StoreError, match="run the same command again"):
        context.job(stage, "attempt")


# ---- weights and room, in a store of a few bytes


def test_weights_of_a_finished_stage_are_verified(context: SweepContext) -> None:
    stage = next(iter(context.plan.stages))
    with pytest.raises(DamagedArtifact):
        context.digest(stage, "tiny")
    with pytest.raises(DamagedArtifact):
        context.weights(stage, "tiny")
    record = publish_stage(context, stage)
    origin = context.weights(stage, "tiny")
    assert context.digest(stage, "tiny") == origin.weights_digest == record.weights_digest
    assert (origin.folder / "model.safetensors").read_bytes() == stage.encode()
    (origin.folder / "model.safetensors").write_bytes(b"other")
    with pytest.raises(DamagedArtifact):
        context.weights(stage, "tiny")
    assert context.store.find("stages", stage) is None, "it was set aside and is trained again"


def test_the_base_is_where_it_lies(context: SweepContext) -> None:
    base = context.plan.bases["tiny"].fingerprint
    assert context.digest(base, "tiny") == BASE_DIGEST
    assert context.weights(base, "tiny") == context.origins["tiny"]


@pytest.mark.parametrize(
    ("model", "needs", "inline"),
    [
        ({}, Resources(cpus=1), True),
        ({"workers": 3}, Resources(cpus=3), False),
        ({"gpus_per_worker": 1}, Resources(cpus=1, gpus=1), False),
        ({"workers": 2, "gpus_per_worker": 4}, Resources(cpus=2, gpus=8), False),
    ],
)
def test_what_a_stage_holds_and_where_it_trains(
    tmp_path: Path, model: dict[str, int], needs: Resources, inline: bool
) -> None:
    models = {"tiny": {"base": "world/base", **model}, "other": {"base": "world/base"}}
    context = context_of(tmp_path / "own", models=models)
    stage = next(iter(context.plan.stages.values()))
    assert context.needs(stage) == needs
    assert context.trains_inline(stage) == inline
    assert not context_of(tmp_path / "given", models=models, inline=False).trains_inline(stage)
