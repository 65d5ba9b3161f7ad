"""Why a run would make something: what it is called in the store, beside the nearest thing that is there."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from raysft.identity import Json, StageId, WeightsDigest, canonical
from raysft.plan.tree import Stage
from raysft.records import ScoreRecord, StageRecord
from raysft.store import Store
from raysft.sweep.inputs.read import Inputs
from raysft.sweep.inputs.score_requests import AskedScore
from raysft.sweep.results.differences import Difference, differences, nearest
from raysft.sweep.results.score_keys import answering, engine_version, new_score
from raysft.sweep.results.standing import Standing, missing_scores
from raysft.wording import counted

NOTHING_LIKE_IT = "nothing like it is in the store"
NO_PARENT = "the stage before it is not in the store either"
NOT_TRAINED = "its weights are not in the store yet"
NO_QUESTIONS = "its questions are not here"
NOT_SCORED = "these weights were not scored on it yet"
OTHER_CODE = "made by another version of the code of this step"

_PRECISION = "generations.engine.precision"
_SIDE_BY_SIDE = {f"generations.engine.{name}": f"evaluation.{name}" for name in ("batch_size", "shard_size")}
_FIELDS = {
    "generations.engine.name": "evaluation.engine",
    "generations.engine.version": "engine version",
    _PRECISION: "evaluation.precision",
    **_SIDE_BY_SIDE,
    "generations.max_new_tokens": "max_new_tokens",
    "generations.texts": "tokenizer or chat template",
    "generations.questions": "questions",
    "benchmark_version": "version of the grading",
}
"""Fields of a score's identity by the names that users know."""


@dataclass(frozen=True)
class StageReason:
    """Why a stage would be trained."""

    text: str
    """Such as `recipe.epochs 3 → 2`."""
    nearest: str | None = None
    """The stage in the store that it was compared with."""

    def __str__(self) -> str:
        return self.text if self.nearest is None else f"{self.text} (nearest: stage {self.nearest[:12]})"


@dataclass(frozen=True)
class Reasons:
    """Why a run would make what is not in the store."""

    stages: Mapping[StageId, StageReason] = field(default_factory=dict)
    """By stage that would be trained."""
    scores: Mapping[AskedScore, str] = field(default_factory=dict)
    """By base or stage, and benchmark, of scores that would be made."""

    def of_stages(self) -> Counter[str]:
        """How many stages would be trained for each reason, the most common first."""
        return Counter(reason.text for reason in self.stages.values())

    def of_scores(self) -> Counter[str]:
        """How many scores would be made for each reason, the most common first."""
        return Counter(self.scores.values())


def reasons(inputs: Inputs, standing: Mapping[StageId, Standing], store: Store) -> Reasons:
    """Why each stage and score that is missing would be made.

    All records of the store are read only where one of them can say something.
    """
    kept = _Kept(store)
    stages = {
        address: _stage_reason(stage, standing, kept)
        for address, stage in inputs.plan.stages.items()
        if standing[address].record is None
    }
    scores = {
        (subject, key): _score_reason(inputs, (subject, key), standing[subject], kept)
        for subject, key in missing_scores(inputs, standing, inputs.asked)
    }
    return Reasons(stages, scores)


@dataclass(frozen=True)
class _Kept:
    """Everything of the store that might be like what is asked for, read when first asked for."""

    store: Store

    @cached_property
    def stages(self) -> list[StageRecord]:
        return [StageRecord.model_validate(one.body) for one in self.store.find_all("stages")]

    @cached_property
    def scores(self) -> dict[tuple[WeightsDigest, str], list[ScoreRecord]]:
        """By digest of the weights, and name of the benchmark."""
        found: dict[tuple[WeightsDigest, str], list[ScoreRecord]] = {}
        for body in self.store.read_documents("scores"):
            score = ScoreRecord.model_validate(body)
            found.setdefault((score.subject, score.benchmark), []).append(score)
        return found


def _stage_reason(stage: Stage, standing: Mapping[StageId, Standing], kept: _Kept) -> StageReason:
    if (failure := standing[stage.fingerprint].failure) is not None:
        return StageReason(f"failed ({failure.kind}): {failure.cause}")
    if stage.parent is not None and standing[stage.parent].record is None:
        return StageReason(NO_PARENT)
    asked = {key: canonical(value) for key, value in stage.identity.items()}
    alike = [one for one in kept.stages if _related(one.identity, asked)]
    found = nearest(asked, alike, lambda one: one.identity)
    if found is None:
        return StageReason(NOTHING_LIKE_IT)
    told = [
        _mixture(found, stage) if one.field == "mixture" else one
        for one in differences(found.identity, asked)
    ]
    return StageReason(_listed(told) or OTHER_CODE, found.fingerprint)


def _related(stored: Mapping[str, Json], asked: Mapping[str, Json]) -> bool:
    """Whether two stages have enough in common to be compared: where they start, or what they train on."""
    same = {key for key in ("base", "mixture") if stored.get(key) == asked[key]}
    return bool(same) and (stored.get("parent") == asked["parent"] or "mixture" in same)


def _mixture(stored: StageRecord, asked: Stage) -> Difference:
    counts = ((used.ability, used.asked or used.conversations) for used in stored.used)
    before = " + ".join(f"{ability} {count}" for ability, count in counts)
    after = " + ".join(f"{portion.source} {portion.count}" for portion in asked.portions)
    return Difference("mixture", before, after if after != before else f"{after}, other conversations")


def _score_reason(inputs: Inputs, asked_for: AskedScore, one: Standing, kept: _Kept) -> str:
    subject, key = asked_for
    if (score := one.scores.get(key)) is not None:
        return f"{counted(score.unscored, 'item')} could not be graded: {score.reason}"
    if (weights := one.weights) is None:
        return NOT_TRAINED
    if (chosen := inputs.benchmarks.get(key)) is None:
        return NO_QUESTIONS
    spec = inputs.spec.evaluation
    asked = new_score(spec, chosen, answering(inputs.plan, subject, weights)).as_json()
    alike = kept.scores.get((weights, chosen.benchmark.name), [])
    found = nearest(asked, alike, lambda one: one.identity)
    if found is None:
        return NOT_SCORED
    return _listed(_score_differences(found, asked, engine_version(spec))) or OTHER_CODE


def _score_differences(found: ScoreRecord, asked: Mapping[str, Json], version: str) -> Iterable[Difference]:
    told = differences(found.identity, asked)
    if any(one.field == _PRECISION for one in told):
        # What is answered side by side is in the key of one number format and not of another.
        told = tuple(one for one in told if one.field not in _SIDE_BY_SIDE)
    for one in told:
        name = _FIELDS.get(one.field, one.field)
        if name == "engine version":
            # The key may leave the version out; what gave the answers is written down all the same.
            before = ", ".join(found.engine_versions) or one.stored
            if before != version:
                yield Difference(name, before, version)
        else:
            yield Difference(name, one.stored, one.asked)


def _listed(found: Iterable[Difference]) -> str:
    return ", ".join(map(str, found))
