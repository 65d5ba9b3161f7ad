"""What every trial and every engine of a sweep is told: a picklable record, made once by the driver."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from raysft.cluster.resources import Resources
from raysft.composition.order import SourceIndex
from raysft.errors import DamagedArtifact, StoreError
from raysft.evaluate.benchmarks.catalogue import AbilityBenchmark
from raysft.evaluate.engine import Answering
from raysft.identity import BenchmarkKey, SourceKey, StageId, WeightsDigest, canonical
from raysft.plan.tree import Plan, Stage
from raysft.records import StageRecord
from raysft.spec.sweep import SweepSpec
from raysft.store import Store
from raysft.sweep.inputs.prepare import base_digest, base_folder, prepared_key
from raysft.sweep.inputs.read import Inputs
from raysft.sweep.inputs.score_requests import Asked
from raysft.sweep.results.score_keys import answering
from raysft.train.job import CPUS_PER_WORKER, JobPortion, StageJob


@dataclass(frozen=True)
class Origin:
    """The base of a model as it lies on disk."""

    folder: Path
    weights_digest: WeightsDigest


@dataclass(frozen=True)
class SweepContext:
    """A sweep as its workers see it."""

    spec: SweepSpec
    plan: Plan
    store: Store
    indexes: Mapping[SourceKey, SourceIndex]
    """By key of the source."""
    prepared: Mapping[tuple[str, SourceKey], str]
    """Key in the store of a tokenised source, by model and key of the source."""
    origins: Mapping[str, Origin]
    """By model."""
    benchmarks: Mapping[BenchmarkKey, AbilityBenchmark]
    """By key: an ability, or `ability/name`."""
    asked: Mapping[StageId, Asked]
    """What is scored, by fingerprint of a base or stage."""
    inline: bool
    """Whether a stage with one CPU worker trains in the process of its trial: only on our own cluster."""

    def trains_inline(self, stage: Stage) -> bool:
        """Whether a stage needs no Ray Train."""
        model = self.spec.models[stage.model]
        return self.inline and model.workers == 1 and model.gpus_per_worker == 0

    def needs(self, stage: Stage) -> Resources:
        """What a stage holds while it trains."""
        model = self.spec.models[stage.model]
        return Resources(CPUS_PER_WORKER, model.gpus_per_worker) * model.workers

    def digest(self, subject: StageId, model: str) -> WeightsDigest:
        """Digest of the weights of a base or of a finished stage, as its record has it.

        Raises:
            DamagedArtifact: the stage is not in the store any more.
        """
        if subject == self.plan.bases[model].fingerprint:
            return self.origins[model].weights_digest
        found = self.store.find("stages", subject)
        if found is None:
            raise DamagedArtifact(f"stage {subject} is gone from the store, or was set aside as damaged")
        return StageRecord.model_validate(found.body).weights_digest

    def answering(self, subject: StageId, model: str) -> Answering:
        """What answers for a base or a finished stage; raises as `digest`."""
        return answering(self.plan, subject, self.digest(subject, model))

    def weights(self, subject: StageId, model: str) -> Origin:
        """Folder and digest of a base or of a finished stage, every byte verified.

        Raises:
            DamagedArtifact: the stage is not in the store, or its files were damaged and are set aside.
        """
        if subject == self.plan.bases[model].fingerprint:
            return self.origins[model]
        folder = self.store.fetch("stages", subject)
        if folder is None:
            raise DamagedArtifact(f"the files of stage {subject} are damaged, or gone")
        return Origin(folder, self.digest(subject, model))

    def job(self, stage: Stage, attempt: str) -> StageJob:
        """What the training loop needs to train a stage whose parent is in the store."""
        model = self.spec.models[stage.model]
        portions = []
        for portion in stage.portions:
            folder = self.store.fetch("prepared", self.prepared[stage.model, portion.source])
            if folder is None:
                raise StoreError(
                    f"the tokenised source of {portion.source} is damaged: run the same command again"
                )
            ids = self.indexes[portion.source].prefix(stage.subset_seed, portion.count)
            portions.append(JobPortion(portion.ability, folder, ids))
        parent = self.weights(stage.parent or stage.base.fingerprint, stage.model)
        return StageJob(
            fingerprint=stage.fingerprint,
            attempt=attempt,
            parent=parent.folder,
            parent_digest=parent.weights_digest,
            portions=tuple(portions),
            recipe=stage.recipe,
            seed=stage.seed,
            layout=model.layout,
            micro_batch_tokens=model.micro_batch_tokens,
            resume_every_s=self.spec.run.resume_every_s,
            store_url=self.store.url,
            sweep=self.spec.name,
            identity={key: canonical(value) for key, value in stage.identity.items()},
        )


def make_context(inputs: Inputs, store: Store, *, inline: bool) -> SweepContext:
    """The context of a sweep whose bases and sources are prepared."""
    origins = {}
    for model, base in inputs.bases.items():
        digest = base_digest(store, base)
        if digest is None:
            raise StoreError(f"the base of {model} is not prepared")
        origins[model] = Origin(base_folder(store, base, inputs.sources), digest)
    prepared = {
        (model, key): prepared_key(source, base.identity)
        for model, base in inputs.bases.items()
        for key, source in inputs.sources.items()
    }
    return SweepContext(
        spec=inputs.spec,
        plan=inputs.plan,
        store=store,
        indexes={key: source.index for key, source in inputs.sources.items()},
        prepared=prepared,
        origins=origins,
        benchmarks=inputs.benchmarks,
        asked=inputs.asked,
        inline=inline,
    )
