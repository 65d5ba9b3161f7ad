"""Where the answers and the score of one set of weights on one benchmark are kept, and whether they exist.

Answers have a key with the version of the engine's library, or one without it, as the sweep asks
(`evaluation.engine_version`). Both keys are looked up, so that neither choice loses what the other one made.
"""

from collections.abc import Iterator
from functools import cache
from importlib.metadata import version

from raysft.evaluate.benchmarks.catalogue import AbilityBenchmark
from raysft.evaluate.engine import Answering, EngineIdentity, generations_identity
from raysft.evaluate.scoring import ScoreIdentity
from raysft.identity import StageId, WeightsDigest
from raysft.plan.tree import Plan
from raysft.records import ScoreRecord
from raysft.spec.evaluation import EvaluationSpec
from raysft.store import Store

SAMPLING_SEED = 0
"""Seed of sampled answers; the benchmarks of the paper's protocol are greedy but for MT-Bench."""


@cache
def engine_identities(spec: EvaluationSpec) -> tuple[EngineIdentity, EngineIdentity]:
    """What of the engine defines answers: first as new ones are kept, then as they may be kept as well."""
    every, this = (
        EngineIdentity.of(
            spec.engine, version, spec.precision, batch_size=spec.batch_size, shard_size=spec.shard_size
        )
        for version in (None, engine_version(spec))
    )
    return (every, this) if spec.engine_version == "any" else (this, every)


def answering(plan: Plan, subject: StageId, weights: WeightsDigest) -> Answering:
    """What answers for a base or stage of a plan, with these weights."""
    return Answering(weights, plan.base_under(subject).texts)


def engine_version(spec: EvaluationSpec) -> str:
    """Version of the library behind the engine, as it is installed here."""
    return version(spec.engine)


def score_identities(
    spec: EvaluationSpec, chosen: AbilityBenchmark, model: Answering
) -> Iterator[ScoreIdentity]:
    """What defines the score of a model on a benchmark, in the order of `engine_identities`."""
    for engine in engine_identities(spec):
        answers = generations_identity(
            model, chosen.questions_digest, chosen.max_new_tokens, engine, SAMPLING_SEED
        )
        yield ScoreIdentity.of(answers, chosen.benchmark, chosen.questions_digest)


def new_score(spec: EvaluationSpec, chosen: AbilityBenchmark, model: Answering) -> ScoreIdentity:
    """The identity under which a score is kept that is made now."""
    return next(score_identities(spec, chosen, model))


def shards(spec: EvaluationSpec, chosen: AbilityBenchmark) -> list[slice]:
    """The questions of a benchmark, cut into units of work."""
    count, size = len(chosen.benchmark.questions), spec.shard_size
    return [slice(start, min(start + size, count)) for start in range(0, count, size)]


def shard_key(generations: str, shard: slice) -> str:
    """Key of one shard of answers; it names the questions, since a sweep may cut them otherwise next time."""
    return f"{generations}/{shard.start:06d}-{shard.stop:06d}"


def read_score(
    store: Store, spec: EvaluationSpec, chosen: AbilityBenchmark, model: Answering
) -> ScoreRecord | None:
    """The score of a model that a sweep takes as it is, or None if there is none."""
    for identity in score_identities(spec, chosen, model):
        body = store.read_document("scores", identity.fingerprint)
        if body is not None:
            score = ScoreRecord.model_validate(body)
            if is_usable(spec, identity, score.engine_versions):
                return score
    return None


def is_usable(spec: EvaluationSpec, identity: ScoreIdentity, versions: tuple[str, ...]) -> bool:
    """Whether a sweep takes answers with this key that these versions of the engine gave."""
    engine = identity.generations["engine"]
    named = isinstance(engine, dict) and engine["version"] is not None
    return named or spec.engine_version == "any" or versions == (engine_version(spec),)
