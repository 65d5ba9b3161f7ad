"""What a plan says of memory and of the hours of answering, and what `raysft run` makes of it."""

import json
import re
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from support import example_plan
from support.command import Command, Done
from support.example_pilot import write_rows
from support.example_sweep import raw_of, spec_of

from raysft.errors import InputError
from raysft.plan.cost.accelerators import ACCELERATORS, accelerator
from raysft.plan.cost.memory import what_would_fit
from raysft.plan.cost.model_shape import KNOWN
from raysft.sweep.account.memory import memory_that_fits, refuse_what_does_not_fit
from raysft.sweep.inputs.read import read_inputs

GIB = 2**30
LLAMA = "huggyllama/llama-7b"
MEMORY = r"needs ([0-9.]+) GiB on each GPU"


def planned(command: Command, raw: dict[str, Any]) -> Done:
    Path("sweep.yaml").write_text(yaml.safe_dump(raw))
    return command("plan", "sweep.yaml", "--json")


def llama(study: str = "{model: tiny, strategy: multi_task}", **changes: Any) -> dict[str, Any]:
    """LLaMA-7B in bf16 on eight GPUs, unless said otherwise."""
    model = {"base": LLAMA, "workers": 8, "gpus_per_worker": 1, **changes.pop("model", {})}
    recipe = {"precision": "bf16", "max_length": 2048, **changes.pop("recipe", {})}
    return raw_of(f"s: {study}", models={"tiny": model}, recipe=recipe, **changes)


def gib(found: Done) -> float:
    assert found.code == 0, found.said
    return float(json.loads(found.printed)["memory"]["tiny"]["bytes_per_gpu"]) / GIB


@pytest.mark.parametrize(
    "raw",
    [
        llama(recipe={"max_length": 65536}),
        llama("{model: tiny, strategy: multi_task, recipe: [{}, {max_length: 65536}]}"),
        llama("{model: tiny, strategy: multi_task}", model={"recipe": {"max_length": 65536}}),
        llama(
            "{model: tiny, strategy: {stages: [{math: 1},"
            " {mixture: {code: 1}, recipe: {max_length: 65536}}]}}"
        ),
    ],
    ids=["sweep", "study", "model", "stage"],
)
def test_memory_is_that_of_the_longest_recipe_wherever_it_is_written(
    command: Command, raw: dict[str, Any]
) -> None:
    done = planned(command, raw)
    assert done.code == 2, done.printed
    needs = re.search(MEMORY, done.said)
    assert needs
    assert float(needs[1]) == pytest.approx(694, abs=1)


def test_a_recipe_that_no_stage_has_counts_for_nothing(command: Command) -> None:
    study = "{model: tiny, strategy: multi_task, recipe: [{max_length: 2048}, {max_length: 1024}]}"
    assert gib(planned(command, llama(study, recipe={"max_length": 65536}))) == pytest.approx(42.6, abs=0.1)


def test_what_would_fit_fits_every_recipe() -> None:
    """Of a long recipe and one in fp32, that which takes more workers counts, for each sharding."""
    study = "s: {model: tiny, strategy: multi_task, recipe: [{precision: fp32}, {max_length: 8192}]}"
    models = {"tiny": {"base": LLAMA, "workers": 256, "gpus_per_worker": 1}, "other": {"base": "world/base"}}
    changes = {"models": models, "recipe": {"precision": "bf16", "max_length": 1024}}
    spec, plan = example_plan.sweep(study, **changes), example_plan.plan_of(study, **changes)
    chip = accelerator("a100-80gb")
    each = [
        what_would_fit(KNOWN[LLAMA], one.recipe.precision, 4096, one.recipe.max_length, chip)
        for one in plan.stages.values()
    ]
    assert len(each) == 2
    found = memory_that_fits(spec, {"tiny": KNOWN[LLAMA]}, plan.stages.values())["tiny"].would_fit
    for sharding, workers in found.items():
        alone = [one[sharding] for one in each]
        assert workers == (None if None in alone else max(filter(None, alone)))
    assert found["fsdp2"] is not None


def test_a_worker_trains_on_one_gpu_however_many_it_holds(command: Command) -> None:
    done = planned(command, llama(model={"workers": 1, "gpus_per_worker": 8}))
    assert done.code == 2, done.printed
    needs = re.search(MEMORY, done.said)
    assert needs
    assert float(needs[1]) == pytest.approx(151.8, abs=0.1)
    assert "a worker trains on one of its GPUs" in done.said
    assert gib(planned(command, llama(model={"workers": 8, "gpus_per_worker": 1}))) == pytest.approx(
        42.6, abs=0.1
    )
    assert gib(planned(command, llama(model={"workers": 8, "gpus_per_worker": 2}))) == pytest.approx(
        42.6, abs=0.1
    )


def test_padded_rows_need_no_mask(command: Command) -> None:
    """The mask of 4,096 packed positions: 2 bytes each, squared, in 32 blocks, and 5% lost beside it."""
    packed, padded = (gib(planned(command, llama(model={"layout": one}))) for one in ("auto", "padded"))
    assert packed - padded == pytest.approx(1.05 * 2 * 4096**2 * 32 / GIB)


def test_unknown_accelerators_and_models_that_do_not_fit_are_named_in_one_answer(command: Command) -> None:
    large = {"base": LLAMA, "gpus_per_worker": 1, "accelerator": "l4"}
    models = {
        "tiny": large,
        "other": {**large, "base": "huggyllama/llama-13b"},
        "third": {**large, "accelerator": "h2000"},
        "fourth": {"base": "world/base", "accelerator": "abacus"},
    }
    study = "s: {model: [tiny, other, third, fourth], strategy: multi_task}"
    done = planned(command, raw_of(study, models=models, recipe={"precision": "bf16"}))
    assert done.code == 2, done.printed
    for problem in (
        "models.tiny.workers: 1: needs",
        "models.other.workers: 1: needs",
        "models.third.accelerator: h2000: there is none of that name",
        "models.fourth.accelerator: abacus: there is none of that name",
        "4 problems; nothing was started",
    ):
        assert problem in done.said


def test_an_accelerator_that_all_models_share_is_one_problem(command: Command) -> None:
    models = {name: {"base": LLAMA, "workers": 8, "gpus_per_worker": 1} for name in ("tiny", "other")}
    study = "s: {model: [tiny, other], strategy: multi_task}"
    done = planned(command, raw_of(study, models=models, cost={"accelerator": "h2000"}))
    assert "1 problem; nothing was started" in done.said
    assert "cost.accelerator: h2000" in done.said


def test_hours_of_gpus_and_of_cores_are_never_added_up(command: Command) -> None:
    models = {"tiny": {"base": "world/base"}, "large": {"base": LLAMA, "workers": 8, "gpus_per_worker": 1}}
    raw = raw_of(
        "s: {model: [tiny, large], strategy: multi_task}", models=models, recipe={"precision": "bf16"}
    )
    found = json.loads(planned(command, raw).printed)
    tiny, large = found["by_model"]["tiny"], found["by_model"]["large"]
    assert (tiny["gpu_hours"], large["core_hours"]) == (0, 0)
    assert (found["core_hours"], found["gpu_hours"]) == (tiny["core_hours"], large["gpu_hours"])
    assert min(tiny["core_hours"], large["gpu_hours"]) > 0
    printed = command("plan", "sweep.yaml").printed
    totals = next(line for line in printed.splitlines() if line.startswith("all"))
    assert " GPU " in totals
    assert " core " in printed[printed.index(totals) + len(totals) :].splitlines()[1]


SMALL = {"tiny": {"base": "world/base", "gpus_per_worker": 1}}
"""0.5 M parameters, which need 1.5 GiB for what tensors never get."""
SCRATCH = {"hidden_size": 64, "layers": 2, "heads": 4, "feed_forward": 128, "vocabulary": 400}


def test_a_run_refuses_what_does_not_fit_as_the_plan_does(
    command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    raw = raw_of("s: {model: tiny, strategy: multi_task}", models=SMALL, cost={"memory_gib": 1})
    plan = planned(command, raw)
    monkeypatch.setitem(sys.modules, "raysft.sweep.run.session", None)  # Ray would start there
    run = command("run", "sweep.yaml", "--store", "store")
    assert (plan.code, run.code) == (2, 2)
    assert run.said == plan.said
    assert re.search(MEMORY, run.said)
    assert "a100-80gb has 1" in run.said
    assert "the GPUs are assumed to be a100-80gb" in run.said
    for name in ("models.tiny.accelerator", "cost.accelerator", "cost.memory_gib"):
        assert name in run.said
    assert not list(Path("store").rglob("sweep.yaml")), "nothing was started"


@pytest.mark.parametrize("base", ["world/base", SCRATCH], ids=["folder", "scratch"])
def test_only_what_is_yet_to_be_trained_on_gpus_has_to_fit(
    base: str | dict[str, int], tmp_path: Path
) -> None:
    models = {"tiny": {"base": base, "gpus_per_worker": 1}}
    study, cost = "s: {model: tiny, strategy: multi_task}", {"memory_gib": 1}
    inputs = read_inputs(spec_of(study, models=models, cost=cost), str(tmp_path))
    stages = inputs.plan.stages.values()
    scores = [(subject, key) for subject, one in inputs.asked.items() for key in one.benchmarks]
    with pytest.raises(InputError, match="GiB on each GPU"):
        refuse_what_does_not_fit(inputs, stages, scores)
    refuse_what_does_not_fit(inputs, (), scores)
    on_cpu = spec_of(study, models={"tiny": {**models["tiny"], "gpus_per_worker": 0}}, cost=cost)
    refuse_what_does_not_fit(replace(inputs, spec=on_cpu), stages, scores)
    larger = spec_of(study, models=models, cost={"memory_gib": 2})
    refuse_what_does_not_fit(replace(inputs, spec=larger), stages, scores)
    answering = spec_of(study, models=models, cost=cost, evaluation={"gpus_per_engine": 1})
    with pytest.raises(InputError, match="to write one answer in fp32, a100-80gb has 1"):
        refuse_what_does_not_fit(replace(inputs, spec=answering), (), scores)
    refuse_what_does_not_fit(replace(inputs, spec=answering), (), ())


@pytest.mark.parametrize(
    ("gpus_per_engine", "precision", "teraflops", "price"),
    [
        (1, "bf16", 312 * 0.04, 3.431),
        (1, "fp32", 19.5 * 0.04, 3.431),
        (0, "fp32", 0.1 * 0.15, 0.048),
        (0, "bf16", 0.1 * 0.15, 0.048),
    ],
)
def test_answers_are_priced_where_and_how_they_are_made(
    command: Command, gpus_per_engine: int, precision: str, teraflops: float, price: float
) -> None:
    def evaluation(**asked: object) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(planned(command, llama(evaluation=asked)).printed)["evaluation"]
        return found

    found = evaluation(gpus_per_engine=gpus_per_engine, precision=precision)
    usual = evaluation(gpus_per_engine=1, precision="bf16")
    unit, other = ("gpu_hours", "core_hours") if gpus_per_engine else ("core_hours", "gpu_hours")
    assert found[unit] / usual["gpu_hours"] == pytest.approx(312 * 0.04 / teraflops)
    assert found[other] == 0
    assert found["cost"] == pytest.approx(found[unit] * price)


def test_what_a_sweep_file_says_of_its_gpus_is_not_said_of_cores(command: Command) -> None:
    """A price of GPUs changes that of engines with GPUs, and not that of engines on cores."""
    for gpus, price in ((1, 1.0), (0, ACCELERATORS["cpu-core"].price_per_hour)):
        raw = llama(evaluation={"gpus_per_engine": gpus}, cost={"accelerator": "l40s", "price_per_hour": 1})
        done = planned(command, {**raw, "models": {"tiny": {**raw["models"]["tiny"], "workers": 32}}})
        found = json.loads(done.printed)["evaluation"]
        assert found["cost"] == pytest.approx(found["gpu_hours" if gpus else "core_hours"] * price)


def test_a_model_on_cores_may_have_its_answers_from_a_gpu(command: Command) -> None:
    raw = raw_of("s: {model: tiny, strategy: multi_task}", evaluation={"gpus_per_engine": 1})
    found = json.loads(planned(command, raw).printed)["evaluation"]
    assert found["cost"] == pytest.approx(found["gpu_hours"] * ACCELERATORS["a100-80gb"].price_per_hour)


@pytest.mark.parametrize(
    "asked",
    [
        ("--model", LLAMA, "--budget", "100gpu-h"),
        ("--model", "TinyLlama/TinyLlama_v1.1", "--budget", "100gpu-h", "--accelerator", "v100-32gb"),
        ("--model", "world/base", "--budget", "20cpu-h"),
    ],
    ids=["bf16", "fp32", "cores"],
)
def test_init_and_plan_say_the_same_hours_of_answering(command: Command, asked: tuple[str, ...]) -> None:
    write_rows(Path("a.jsonl"), 400)
    done = command("init", "a.jsonl", *asked)
    assert done.code == 0, done.said
    said = " ".join(done.printed.split())
    answers = re.search(r"train, ([0-9.,]+) \S+ answer", said)
    assert answers
    found = json.loads(command("plan", "sweep.yaml", "--json").printed)["evaluation"]
    rounded = pytest.approx(found["gpu_hours"] + found["core_hours"], rel=0.06)  # to two digits
    assert float(answers[1].replace(",", "")) == rounded


LARGE = {
    "seven": {"base": LLAMA, "workers": 8, "gpus_per_worker": 1},
    "large": {
        "base": "huggyllama/llama-30b",
        "workers": 16,
        "gpus_per_worker": 1,
        "micro_batch_tokens": 2048,
    },
}
GSM8K = {
    "math": {"source": {"path": "gone.jsonl", "rows": 100}, "benchmark": {"name": "gsm8k", "path": "gone"}}
}


def large(**changes: Any) -> dict[str, Any]:
    raw = raw_of(
        "s: {model: [seven, large], strategy: multi_task, seed: [0, 1]}",
        models=LARGE,
        abilities=GSM8K,
        recipe={"precision": "bf16"},
    )
    return {**raw, "evaluation": {"gpus_per_engine": 1, "precision": "bf16"}, **changes}


def test_fewer_answers_are_planned_side_by_side_where_memory_holds_fewer(command: Command) -> None:
    found = json.loads(planned(command, large()).printed)["evaluation"]["side_by_side"]
    assert found["seven"]["rows"] == {"math": 64}
    (rows,) = found["large"]["rows"].values()
    assert 5 < rows < 20, "64 rows would have 180 columns each"
    assert found["large"]["bytes_per_gpu"] <= ACCELERATORS["a100-80gb"].memory_gib * GIB
    said = " ".join(command("plan", "sweep.yaml").printed.split())
    assert "seven: 64 answers side by side (evaluation.batch_size)" in said
    assert f"large: answers side by side: {rows} on math (evaluation.batch_size asks for 64" in said
    few = json.loads(
        planned(
            command, large(evaluation={"gpus_per_engine": 1, "batch_size": 3, "precision": "bf16"})
        ).printed
    )
    assert few["evaluation"]["side_by_side"]["large"]["rows"] == {"math": 3}


def test_a_model_of_which_not_one_answer_fits_is_refused_with_what_the_spec_accepts(command: Command) -> None:
    done = planned(command, large(evaluation={"gpus_per_engine": 2, "precision": "fp32"}))
    assert done.code == 2, done.printed
    assert "evaluation.gpus_per_engine: 2: large needs" in done.said
    assert (
        "to write one answer in fp32, a100-80gb has 79.1; an engine answers on one of its GPUs" in done.said
    )
    for remedy in ("precision: bf16", "gpus_per_engine: 0", "models.large.accelerator"):
        assert remedy in done.said
    assert "seven" not in done.said, "in fp32 it takes 25 GiB"
    on_cpu = large(evaluation={"gpus_per_engine": 0, "precision": "fp32"})
    assert json.loads(planned(command, on_cpu).printed)["evaluation"]["side_by_side"] == {}


def test_gpus_that_an_engine_would_leave_idle_are_said(command: Command) -> None:
    planned(command, large(evaluation={"gpus_per_engine": 2, "precision": "bf16"}))
    said = " ".join(command("plan", "sweep.yaml").printed.split())
    assert said.startswith("evaluation.gpus_per_engine: 2: an engine answers on one GPU")


def test_the_whole_is_training_and_all_that_comes_beside_it(command: Command) -> None:
    found = json.loads(planned(command, large()).printed)
    parts = [found["whole"][name] for name in ("training", "starting", "answering", "loading")]
    for field in ("gpu_hours", "core_hours", "cost"):
        assert sum(one[field] for one in parts) == pytest.approx(found["whole"]["total"][field])
        assert found["whole"]["training"][field] == found[field]
        assert found["whole"]["answering"][field] == found["evaluation"][field]
    # 32.5 B parameters in fp32, read and written at 0.25 GB/s, and 11 s to start, on 16 GPUs, for two seeds
    started = 2 * 16 * (2 * 4 * 32.5e9 / 2.5e8 + 11) / 3600
    assert parts[1]["gpu_hours"] > started
    assert parts[1]["gpu_hours"] == pytest.approx(started + 2 * 8 * (2 * 27e9 / 2.5e8 + 11) / 3600, rel=0.01)
    said = " ".join(command("plan", "sweep.yaml").printed.split())
    assert "The whole sweep, from an empty store" in said
    assert re.search(r"in all [0-9.k]+ [0-9.k]+ time on the clock", said)


def test_only_what_a_sweep_file_may_ask_for_is_offered(command: Command) -> None:
    found = json.loads(planned(command, large()).printed)
    assert set(found["memory"]["large"]["smallest_workers"]) == {"single", "fsdp2"}
    assert set(found["disk"]) == {"all"}
    said = command("plan", "sweep.yaml").printed
    for refused in ("zero", "keep:"):
        assert refused not in said
    refusal = planned(command, {**large(), "models": {**LARGE, "seven": {**LARGE["seven"], "workers": 1}}})
    assert "with fsdp2 would fit" in refusal.said
    assert "zero" not in refusal.said
