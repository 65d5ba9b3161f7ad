"""Single edits of a sweep file and of its data: which points each must change, and which it must not.

Everything is read as a run would read it. A point has changed if the fingerprint of one of its stages has.
"""

import copy
import json
import random
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from safetensors.numpy import load_file, save_file

from raysft.data.world import BASES
from raysft.plan.tree import Cell
from raysft.spec.checks import sweep_problems
from raysft.spec.sweep import SweepSpec
from raysft.sweep.inputs.read import view_inputs

Raw = dict[str, Any]
Changes = Callable[[Cell], bool]

ABILITIES = ["math", "code", "general"]
SWEEP: Raw = {
    "name": "t",
    "abilities": {
        "math": {
            "source": {"path": "math.jsonl"},
            "variants": {"short": {"path": "short.jsonl"}, "spare": {"path": "general.jsonl", "held_out": 9}},
            "benchmark": {"name": "world/math", "limit": 4},
            "report": [{"name": "world/code", "limit": 4}],
        },
        "code": {"source": {"path": ["code-1.jsonl", "code-2.jsonl"]}},
        "general": {"source": {"path": "general.jsonl", "held_out": 6}, "benchmark": "held_out"},
        "extra": {"source": {"path": "extra.jsonl"}},
    },
    "models": {
        "tiny": {"base": "tiny-base"},
        "big": {"base": "world/base"},
        "scratch": {
            "base": {"hidden_size": 8, "layers": 1, "heads": 1, "feed_forward": 8, "vocabulary": 300}
        },
        "spare": {"base": "world/base-small"},
    },
    "recipe": {"epochs": 2, "batch_size": 8},
    "studies": {
        "mix": {
            "model": "tiny",
            "strategy": ["multi_task", "sequential", {"dmt": "1/4"}, {"single": "math"}],
            "amount": [1, "1/2"],
            "seed": [0, 1],
            "abilities": ABILITIES,
        },
        "few": {
            "model": "big",
            "strategy": "multi_task",
            "amount": {"count": 8},
            "ratio": [{}, {"little": {"general": "1/2"}}],
            "abilities": ABILITIES,
        },
        "var": {"model": "tiny", "strategy": {"single": "math"}, "variant": {"math": "short"}},
        "scr": {"model": "scratch", "strategy": {"single": "math"}},
        "tok": {"model": "tiny", "strategy": {"single": "code"}, "amount": {"supervised_tokens": 60}},
    },
}


def all_points(_: Cell) -> bool:
    return True


def no_point(_: Cell) -> bool:
    return False


def of_study(*names: str) -> Changes:
    return lambda cell: cell.study in names


def of_model(*names: str) -> Changes:
    return lambda cell: cell.model in names


def trains_on(source: str) -> Changes:
    """Cells that train on a source, as the studies above say it."""
    several = ("multi_task", "sequential", "dmt(k=1/4)")
    of_source: dict[str, Changes] = {
        "math": lambda cell: cell.strategy in (*several, "single(math)") and cell.study != "var",
        "short": of_study("var"),
        "code": lambda cell: cell.strategy in (*several, "single(code)"),
        "general": lambda cell: cell.strategy in several,
    }
    return of_source[source]


def either(*some: Changes) -> Changes:
    return lambda cell: any(one(cell) for one in some)


def labelled(*labels: str) -> Changes:
    return lambda cell: cell.study == "mix" and cell.strategy in labels


math, short, code, general = map(trains_on, ("math", "short", "code", "general"))
THINNING = {
    "abilities.math.source.limit",
    "abilities.math.source.held_out",
    "abilities.math.source.drop",
    "abilities.code.source.limit",
    "abilities.code.source.path",
    "abilities.code.source.duplicates",
    "abilities.general.source.held_out",
    "abilities.general.source.limit",
    "abilities.further",
    "studies.another",
}
"""Edits after which the first few conversations of a source may be the same as before."""
WITH_MATH = either(math, of_study("scr"))
"""The tokenizer of the model from scratch learns from what it is trained on."""


def chosen_by_seed_1(cell: Cell) -> bool:
    """Not all of a source: at amount 1 only what is replayed."""
    of_part = str(cell.amount) != "1" or cell.strategy.startswith("dmt")
    return cell.study == "mix" and cell.seed == 1 and of_part


FIELDS: list[tuple[str, object, Changes]] = [
    # ---- names, and how a sweep is carried out
    ("name", "renamed", no_point),
    ("run", {"trials_at_once": 7}, no_point),
    ("run", {"resume_every_s": 1.0}, no_point),
    ("run", {"attempts": 1}, no_point),
    ("cost", {"accelerator": "l4"}, no_point),
    ("power", {"alpha": 0.01}, no_point),
    ("objective", {"maximise": "math"}, no_point),
    ("evaluation", {"stages": "leaves"}, no_point),
    ("evaluation", {"batch_size": 3}, no_point),
    ("evaluation", {"precision": "bf16"}, no_point),
    ("evaluation", {"engine_version": "same"}, no_point),
    ("evaluation", {"shard_size": 5}, no_point),
    ("evaluation", {"gpus_per_engine": 1}, no_point),
    ("evaluation", {"engine_resource": "eval"}, no_point),
    # ---- the recipe
    ("recipe.epochs", 3, all_points),
    ("recipe.batch_size", 4, all_points),
    ("recipe.learning_rate", 1e-4, all_points),
    ("recipe.schedule", "linear", all_points),
    ("recipe.schedule", "constant", all_points),
    ("recipe.schedule", "wsd", all_points),
    ("recipe.schedule", "cosine", no_point),
    ("recipe.warmup", 0.5, all_points),
    ("recipe.warmup", 0.03, no_point),
    ("recipe.decay", 0.5, no_point),
    ("recipe.final_rate", 0.1, all_points),
    ("recipe.weight_decay", 0.1, all_points),
    ("recipe.weight_decay", 0, no_point),
    ("recipe.beta1", 0.8, all_points),
    ("recipe.beta2", 0.95, all_points),
    ("recipe.epsilon", 1e-6, all_points),
    ("recipe.clip", None, all_points),
    ("recipe.clip", 1, no_point),
    ("recipe.max_length", 64, all_points),
    ("recipe.overflow", "cut", all_points),
    ("recipe.loss", "conversation", all_points),
    ("recipe.precision", "bf16", all_points),
    ("recipe.weights_dtype", "bf16", all_points),
    # ---- models
    ("models.tiny.workers", 2, no_point),
    ("models.tiny.gpus_per_worker", 1, no_point),
    ("models.tiny.micro_batch_tokens", 64, no_point),
    ("models.tiny.layout", "packed", no_point),
    ("models.tiny.accelerator", "l4", no_point),
    ("models.tiny.recipe", {"epochs": 5}, of_model("tiny")),
    ("models.tiny.recipe", {"epochs": 2}, no_point),
    ("models.tiny.recipe", {"decay": 0.9}, no_point),
    ("models.tiny.template", "vicuna", of_model("tiny")),
    ("models.tiny.template", "own", no_point),
    ("models.tiny.base", "world/base-small", no_point),
    ("models.tiny.base", "world/base", of_model("tiny")),
    ("models.scratch.base.seed", 1, of_model("scratch")),
    ("models.scratch.base.layers", 2, of_model("scratch")),
    ("models.scratch.base.context", 512, of_model("scratch")),
    ("models.scratch.base.vocabulary", 301, of_model("scratch")),
    ("models.scratch.base.sources", ["math"], no_point),
    ("models.scratch.base.sources", ["math", "code"], of_model("scratch")),
    ("models.spare.base", "world/base", no_point),
    ("models.spare.recipe", {"epochs": 9}, no_point),
    ("models.another", {"base": "world/base"}, no_point),
    # ---- sources
    ("abilities.math.source.limit", 30, WITH_MATH),
    ("abilities.math.source.limit", 1000, no_point),
    ("abilities.math.source.rows", 40, no_point),
    ("abilities.math.source.kept", 40, no_point),
    ("abilities.math.source.tokens", 900.0, no_point),
    ("abilities.math.source.supervised_tokens", 3.0, no_point),
    ("abilities.math.source.format", "prompt_completion", no_point),
    ("abilities.math.source.on_bad_row", "skip", no_point),
    ("abilities.math.source.duplicates", "keep", no_point),
    ("abilities.math.source.near_duplicates", {}, no_point),
    ("abilities.math.source.drop", [{"matches": "nobody"}], no_point),
    ("abilities.math.source.drop", [{"matches": "math question 3 "}], WITH_MATH),
    ("abilities.math.source.held_out", 3, WITH_MATH),
    ("abilities.math.source.path", "math-again.jsonl", no_point),
    ("abilities.math.source.path", ["math.jsonl", "math-again.jsonl"], no_point),
    ("abilities.math.source.path", "short.jsonl", WITH_MATH),
    ("abilities.math.source.path", "math-messages.jsonl", no_point),
    ("abilities.code.source.path", ["code-2.jsonl", "code-1.jsonl"], no_point),
    ("abilities.code.source.path", "code-1.jsonl", code),
    ("abilities.code.source.duplicates", "keep", code),
    ("abilities.code.source.limit", 20, code),
    ("abilities.general.source.held_out", 8, general),
    ("abilities.general.source.limit", 30, general),
    ("abilities.math.variants.short.limit", 8, short),
    ("abilities.math.variants.short.held_out", 2, short),
    ("abilities.math.variants.spare.held_out", 12, no_point),
    ("abilities.math.variants.spare.limit", 9, no_point),
    ("abilities.math.variants.more", {"path": "math.jsonl", "held_out": 9}, no_point),
    ("abilities.extra.source.path", "math.jsonl", no_point),
    ("abilities.extra.source.held_out", 5, no_point),
    ("abilities.further", {"source": {"path": "math.jsonl", "held_out": 7}}, no_point),
    # What is held out for a benchmark that is asked leaves the training of all: this is a real change.
    (
        "abilities.further",
        {"source": {"path": "math.jsonl", "held_out": 7}, "benchmark": "held_out"},
        WITH_MATH,
    ),
    # ---- benchmarks
    ("abilities.math.benchmark.limit", 3, no_point),
    ("abilities.math.benchmark.max_new_tokens", 5, no_point),
    ("abilities.code.benchmark", "world/code", no_point),
    ("abilities.general.benchmark", {"name": "held_out", "metric": "loss"}, no_point),
    ("abilities.general.benchmark", None, no_point),
    # ---- studies
    ("studies.mix.seed", [1, 0], no_point),
    ("studies.mix.seed", [0, 1, 2], no_point),
    ("studies.mix.amount", ["1/2", "2/2"], no_point),
    ("studies.mix.amount", ["1/2", "1/4", 1], no_point),
    ("studies.mix.strategy", [{"single": "math"}, "multi_task"], no_point),
    ("studies.mix.abilities", ["code", "math", "general"], labelled("sequential")),
    ("studies.mix.ratio", {"same": {"general": 1}}, no_point),
    ("studies.mix.recipe", {"epochs": 2}, no_point),
    ("studies.mix.subset_seed", 0, chosen_by_seed_1),
    ("studies.mix.hold", {"steps": 40}, of_study("mix")),
    ("studies.mix.max_repeats", 3, no_point),
    ("studies.mix.benchmarks", "all", no_point),
    ("studies.few.ratio", [{}, {"tiny": {"general": "1/2"}}], no_point),
    ("studies.few.amount", {"count": {"math": 8, "code": 8, "general": 8}}, no_point),
    ("studies.few.model", "tiny", of_study("few")),
    ("studies.var.seed", [0, 5], no_point),
    ("studies.tok.amount", {"supervised_tokens": 300}, of_study("tok")),
    ("studies.another", {"model": "tiny", "strategy": {"single": "general"}}, no_point),
    ("studies.another", {"model": "tiny", "strategy": {"single": "extra"}}, no_point),
    ("studies.another", {"model": "spare", "strategy": "multi_task", "abilities": ABILITIES}, no_point),
    ("studies.another", {"model": "tiny", "strategy": {"single": "math"}, "benchmarks": "report"}, no_point),
    # The tokenizer of a model from scratch learns from all that it is trained on.
    ("studies.another", {"model": "scratch", "strategy": {"single": "code"}}, of_model("scratch")),
    # The spare variant holds out more of the same file: once it is used, nobody trains on that.
    (
        "studies.another",
        {"model": "tiny", "strategy": {"single": "math"}, "variant": {"math": "spare"}},
        general,
    ),
]


def data_files(folder: Path) -> None:
    for name, count in {"math": 40, "code": 30, "general": 36, "extra": 12, "short": 12}.items():
        write(folder / f"{name}.jsonl", rows_of(name, count))
    many = rows_of("code", 30)
    write(folder / "code-1.jsonl", many[:18])
    write(folder / "code-2.jsonl", [*many[15:], many[29]])
    write(folder / "math-again.jsonl", random.Random(3).sample(rows_of("math", 40), 40))
    write(folder / "math-messages.jsonl", [as_chat(row) for row in rows_of("math", 40)])
    shutil.copytree(BASES["world/base-small"], folder / "tiny-base")


def rows_of(name: str, count: int) -> list[dict[str, str]]:
    return [
        {"prompt": f"{name} question {one} ?", "completion": f"{name} answer {one}" + " word" * (one % 40)}
        for one in range(count)
    ]


def as_chat(row: dict[str, str]) -> Raw:
    asked, said = row["prompt"], row["completion"]
    return {"messages": [{"role": "user", "content": asked}, {"role": "assistant", "content": said}]}


def write(path: Path, rows: list[Any]) -> None:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


def points_of(raw: Raw, folder: Path) -> dict[Cell, tuple[str, ...]]:
    """The stages of each cell."""
    spec = SweepSpec.model_validate({"data_dir": str(folder), **raw})
    assert not list(sweep_problems(spec))
    plan = view_inputs(spec, str(folder / "store")).plan
    return {cell: point.stages for point in plan.points for cell in point.cells if point.stages}


def place(cell: Cell) -> tuple[object, ...]:
    """Where a cell is found again after an edit: no names, and no factors that multiply nothing."""
    amount = str(cell.amount) if cell.study == "mix" else ""
    ratio = frozenset(item for item in cell.ratio if item[1] != 1)
    return cell.study, cell.strategy, amount, ratio, cell.seed


def changed(
    before: Mapping[Cell, tuple[str, ...]], after: Mapping[Cell, tuple[str, ...]]
) -> dict[Cell, bool]:
    """Of each cell that is there before and after, whether its stages are others."""
    found = {place(cell): stages for cell, stages in after.items()}
    return {cell: stages != found[place(cell)] for cell, stages in before.items() if place(cell) in found}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("data")
    data_files(found)
    return found


@pytest.fixture(scope="module")
def usual(folder: Path) -> dict[Cell, tuple[str, ...]]:
    return points_of(SWEEP, folder)


def edited(field: str, value: object) -> Raw:
    raw = copy.deepcopy(SWEEP)
    *parents, last = field.split(".")
    at = raw
    for parent in parents:
        at = at.setdefault(parent, {})
    at[last] = value
    return raw


def rewrite(name: str, change: Callable[[list[Raw]], list[Raw]]) -> Callable[[Path], None]:
    def edit(folder: Path) -> None:
        path = folder / name
        write(path, change([json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]))

    return edit


def configure(**changes: object) -> Callable[[Path], None]:
    def edit(folder: Path) -> None:
        path = folder / "tiny-base/config.json"
        path.write_text(json.dumps({**json.loads(path.read_text(encoding="utf-8")), **changes}, indent=1))

    return edit


def rename_tensors(folder: Path) -> None:
    (folder / "tiny-base/model.safetensors").rename(folder / "tiny-base/weights.safetensors")


def shard_tensors(folder: Path) -> None:
    base = folder / "tiny-base"
    tensors, placed = load_file(base / "model.safetensors"), {}
    for number, name in enumerate(tensors):
        placed[name] = f"model-{number:05d}.safetensors"
        save_file({name: tensors[name]}, base / placed[name])
    (base / "model.safetensors").unlink()
    (base / "model.safetensors.index.json").write_text(json.dumps({"metadata": {}, "weight_map": placed}))


def change_tensor(folder: Path) -> None:
    path = folder / "tiny-base/model.safetensors"
    tensors = load_file(path)
    first = min(tensors)
    save_file({**tensors, first: tensors[first] + 1}, path)


def move_a_row(folder: Path) -> None:
    rewrite("code-1.jsonl", lambda rows: rows[1:])(folder)
    rewrite("code-2.jsonl", lambda rows: [*rows, *rows_of("code", 1)])(folder)


def new_key_order(rows: list[Raw]) -> list[Raw]:
    return [dict(reversed(row.items())) for row in rows]


FILES: dict[str, tuple[Callable[[Path], None], Changes]] = {
    "rows in another order": (rewrite("math.jsonl", lambda rows: rows[::-1]), no_point),
    "keys in another order": (rewrite("math.jsonl", new_key_order), no_point),
    "a row twice": (rewrite("math.jsonl", lambda rows: [*rows, rows[5]]), no_point),
    "another form of row": (rewrite("math.jsonl", lambda rows: [as_chat(row) for row in rows]), no_point),
    "a row less": (rewrite("math.jsonl", lambda rows: rows[1:]), WITH_MATH),
    "an answer changed": (
        rewrite("math.jsonl", lambda rows: [{**rows[0], "completion": "otherwise"}, *rows[1:]]),
        WITH_MATH,
    ),
    "a row moved to the other file": (
        move_a_row,
        no_point,
    ),
    "a row of a source that no point uses": (rewrite("extra.jsonl", lambda rows: rows[1:]), no_point),
    "who wrote the model": (
        configure(_name_or_path="x", transformers_version="9", architectures=["X"]),
        no_point,
    ),
    "how the model is run": (configure(use_cache=False, torch_dtype="float16", dtype="float16"), no_point),
    "how the model computes": (configure(rms_norm_eps=1e-3), of_model("tiny")),
    "the name of the tensors' file": (rename_tensors, no_point),
    "the number of the tensors' files": (shard_tensors, no_point),
    "a tensor": (change_tensor, of_model("tiny")),
}
FEWER_ROWS = ("a row less", "an answer changed")


@pytest.mark.parametrize("name", FILES)
def test_an_edit_of_a_file_changes_these_points_and_no_others(
    name: str, folder: Path, usual: Mapping[Cell, tuple[str, ...]], tmp_path: Path
) -> None:
    edit, must = FILES[name]
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    edit(tmp_path)
    found = changed(usual, points_of(SWEEP, tmp_path))
    may = {cell for cell in found if name in FEWER_ROWS and str(cell.amount) != "1" and must(cell)}
    wrong = [cell.text("") for cell, is_other in found.items() if is_other != must(cell) and cell not in may]
    assert not wrong


@pytest.mark.parametrize(
    ("field", "value", "must"), FIELDS, ids=lambda one: one if isinstance(one, str) else ""
)
def test_an_edit_of_a_field_changes_these_points_and_no_others(
    field: str, value: object, must: Changes, folder: Path, usual: Mapping[Cell, tuple[str, ...]]
) -> None:
    found = changed(usual, points_of(edited(field, value), folder))
    may = {cell for cell in found if field in THINNING and cell.study in ("few", "tok") and must(cell)}
    wrong = [cell.text("") for cell, is_other in found.items() if is_other != must(cell) and cell not in may]
    assert found
    assert not wrong


def test_there_are_edits_enough() -> None:
    assert len(FIELDS) + len(FILES) >= 116
