"""A finished sweep in a store, made without training: its records are well formed, its weights are not."""

from pathlib import Path
from typing import Any

import yaml

from raysft.evaluate.benchmark import Answer, Verdict
from raysft.evaluate.engine import Answering, ReferenceLoss
from raysft.evaluate.scoring import score_record
from raysft.identity import BenchmarkKey, WeightsDigest, canonical, digest_lines
from raysft.plan.tree import Stage
from raysft.records import Provenance, ScoreRecord, StageRecord, UsedSource
from raysft.spec import load_sweep
from raysft.store import Store
from raysft.sweep.inputs.read import Inputs, read_inputs
from raysft.sweep.results.score_keys import answering, engine_version, new_score
from raysft.sweep.results.standing import read_standing

SWEEP: dict[str, Any] = {
    "name": "done",
    "abilities": {
        name: {
            "source": {"path": f"world/{name}", "rows": 8},
            "benchmark": {"name": f"world/{name}", "limit": 4},
        }
        for name in ("code", "math", "general")
    },
    "models": {"tiny": {"base": "world/base"}},
    "recipe": {"epochs": 1, "batch_size": 4, "max_length": 256},
    "studies": {"s": {"model": "tiny", "strategy": ["mixed_sequential", {"dmt": {"k": "1/2"}}]}},
}
STAGES, SUBJECTS, SCORES = 3, 4, 12
"""Two points share their first stage; base and stages are scored on three benchmarks."""


def write_sweep(folder: Path, **changes: Any) -> Path:
    """The sweep file; changes replace whole parts of it."""
    file = folder / "sweep.yaml"
    file.write_text(yaml.safe_dump({**SWEEP, **changes}, sort_keys=False))
    return file


def finish(file: Path, store_url: Path, version: str = "") -> tuple[Inputs, Store]:
    """Put every stage and every score of a sweep into a store.

    Args:
        file: the sweep file.
        store_url: of the store, which is made.
        version: of the engine that is said to have answered; by default the one that is installed.
    """
    inputs, store = read_inputs(load_sweep(file), str(store_url)), Store.open(store_url)
    for stage in inputs.plan.stages.values():
        train(store, stage)
    standing = read_standing(inputs, store)
    for subject in inputs.asked:
        for key in inputs.benchmarks_of(subject):
            weights = standing[subject].weights
            assert weights is not None
            score = scored(inputs, key, answering(inputs.plan, subject, weights), version)
            store.write_document("scores", score.fingerprint, score.model_dump(mode="json"))
    return inputs, store


def train(store: Store, stage: Stage) -> None:
    """Publish a stage whose weights are its name."""
    record = StageRecord(
        fingerprint=stage.fingerprint,
        identity={key: canonical(value) for key, value in stage.identity.items()},
        weights_digest=weights_of(stage.fingerprint),
        parent_weights_digest=weights_of(stage.parent or "base"),
        steps=stage.steps,
        used=tuple(
            UsedSource(
                ability=portion.ability, conversations=portion.count, tokens=90, supervised_tokens=30, cut=0,
                split=0, dropped=0, ids_digest=portion.digest,
            )
            for portion in stage.portions
        ),
        losses=(),
        provenance=Provenance(
            workers=1, backend="inline", device="cpu", layout="padded", threads=1, versions={}, seconds=1.0,
            real_tokens=90, resumed_at=(),
        ),
    )  # fmt: skip
    with store.workspace("stages", stage.fingerprint) as folder:
        (folder / "model.safetensors").write_text(stage.fingerprint)
        store.publish("stages", stage.fingerprint, folder, record.model_dump(mode="json"))


def weights_of(stage: str) -> WeightsDigest:
    return WeightsDigest(digest_lines([stage]))


def scored(inputs: Inputs, key: BenchmarkKey, model: Answering, version: str = "") -> ScoreRecord:
    """The score of a model: every second item is right, or gets the best grade."""
    chosen, spec = inputs.benchmarks[key], inputs.spec.evaluation
    questions = chosen.benchmark.questions
    return score_record(
        identity=new_score(spec, chosen, model),
        weights=model.weights,
        benchmark=chosen.benchmark,
        answers=[Answer(one.id, ("said",) * len(one.turns), ("stop",) * len(one.turns)) for one in questions],
        verdicts=[Verdict(one.id, float(place % 2)) for place, one in enumerate(questions)],
        reference=ReferenceLoss(1.5, 40),
        engine_versions=[version or engine_version(spec)],
        settings={"engine": spec.engine, "precision": spec.precision},
    )


def contents(folder: Path) -> dict[str, tuple[bytes, int]]:
    """Every file below a folder, with its bytes and its time: what a reading command must leave alike."""
    return {
        str(path.relative_to(folder)): (path.read_bytes(), path.stat().st_mtime_ns)
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
