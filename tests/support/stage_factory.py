"""Small stages for the tests of training: random conversations, a tiny random LLaMA, a real store."""

import random
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from raysft.data.tokens.prepared import FILE, ROWS_PER_BATCH, SCHEMA
from raysft.data.tokens.template import Encoded
from raysft.model.scratch import SpecialTokens, write_scratch
from raysft.spec.recipe import Recipe
from raysft.train.job import JobPortion, StageJob

VOCABULARY = 64


@dataclass(frozen=True)
class Shape:
    hidden_size: int = 16
    layers: int = 2
    heads: int = 2
    feed_forward: int = 24
    context: int = 128
    seed: int = 0


def conversation(rng: random.Random, turns: int = 1) -> Encoded:
    """Turns of 2 to 8 unsupervised and 1 to 6 supervised tokens."""
    tokens, supervised, ends = [], [], []
    for _ in range(turns):
        asked, said = rng.randint(2, 8), rng.randint(1, 6)
        tokens += [rng.randrange(3, VOCABULARY) for _ in range(asked + said)]
        supervised += [False] * asked + [True] * said
        ends.append(len(tokens))
    return Encoded(tokens, supervised, ends)


def conversations(count: int, seed: int = 0) -> dict[str, Encoded]:
    rng = random.Random(seed)
    return {f"c{seed}-{one:04d}": conversation(rng, rng.randint(1, 3)) for one in range(count)}


def write_prepared(folder: Path, rows: dict[str, Encoded]) -> Path:
    folder.mkdir(parents=True)
    ids = sorted(rows)
    with pa.OSFile(str(folder / FILE), "wb") as sink, pa.ipc.new_file(sink, SCHEMA) as writer:
        for start in range(0, len(ids), ROWS_PER_BATCH):
            chosen = ids[start : start + ROWS_PER_BATCH]
            columns = [chosen, *([getattr(rows[one], name) for one in chosen] for name in SCHEMA.names[1:])]
            arrays = [pa.array(column, field.type) for column, field in zip(columns, SCHEMA, strict=True)]
            writer.write_batch(pa.record_batch(arrays, schema=SCHEMA))
    return folder


def make_job(
    folder: Path,
    rows: dict[str, Encoded] | None = None,
    *,
    shape: Shape = Shape(),
    layout: str = "padded",
    micro_batch_tokens: int = 4096,
    resume_every_s: float = 1e9,
    output: str = "trained",
    attempt: str = "attempt-1",
    **recipe,
) -> StageJob:
    """A stage in a folder; called again with the same folder it is the same stage on the same files."""
    rows = rows or conversations(10)
    if not (folder / "base").is_dir():
        write_scratch(shape, VOCABULARY, SpecialTokens(1, 2, 0), folder / "base")
        write_prepared(folder / "prepared", rows)
    settings = {"epochs": 2, "batch_size": 4, "learning_rate": 1e-2, "warmup": 0.3, "max_length": 64}
    return StageJob(
        fingerprint="f" * 32,
        attempt=attempt,
        parent=folder / "base",
        portions=(JobPortion("math", folder / "prepared", tuple(rows)),),
        recipe=Recipe(**{**settings, **recipe}),
        seed=7,
        layout=layout,
        micro_batch_tokens=micro_batch_tokens,
        resume_every_s=resume_every_s,
        store_url=str(folder / "store"),
        output=folder / output,
    )
