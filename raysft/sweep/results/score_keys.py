"""Where the answers and the score of one set of weights on one benchmark lie, and whether they stand."""

from functools import cache
from importlib.metadata import version

from raysft.evaluate.benchmarks.catalogue import AbilityBenchmark
from raysft.evaluate.engine import EngineIdentity, generations_fingerprint
from raysft.evaluate.scoring import score_fingerprint
from raysft.records import ScoreRecord
from raysft.spec.evaluation import EvaluationSpec
from raysft.store import Store

SAMPLING_SEED = 0
"""Seed of sampled answers; the benchmarks of the paper's protocol are greedy but for MT-Bench."""


@cache
def engine_identity(spec: EvaluationSpec) -> EngineIdentity:
    """What of the engine defines the answers."""
    return EngineIdentity(spec.engine, version(spec.engine), spec.precision)


def generations_key(spec: EvaluationSpec, chosen: AbilityBenchmark, weights_digest: str) -> str:
    """Key of the answers of some weights to a benchmark, without the number of the shard."""
    return generations_fingerprint(
        weights_digest, chosen.questions_digest, chosen.max_new_tokens, engine_identity(spec), SAMPLING_SEED
    )


def score_key(spec: EvaluationSpec, chosen: AbilityBenchmark, weights_digest: str) -> str:
    """Key of the score of some weights on a benchmark."""
    answers = generations_key(spec, chosen, weights_digest)
    return score_fingerprint(answers, chosen.benchmark, questions=chosen.questions_digest)


def shards(spec: EvaluationSpec, chosen: AbilityBenchmark) -> list[slice]:
    """The questions of a benchmark, cut into units of work."""
    count, size = len(chosen.benchmark.questions), spec.shard_size
    return [slice(start, min(start + size, count)) for start in range(0, count, size)]


def shard_key(generations: str, shard: slice) -> str:
    """Key of one shard of answers; it names the questions, since a sweep may cut them otherwise next time."""
    return f"{generations}/{shard.start:06d}-{shard.stop:06d}"


def read_score(
    store: Store, spec: EvaluationSpec, chosen: AbilityBenchmark, weights_digest: str
) -> ScoreRecord | None:
    """The score of some weights, or None if it does not stand yet."""
    body = store.read_document("scores", score_key(spec, chosen, weights_digest))
    return None if body is None else ScoreRecord.model_validate(body)
