"""From a job to a stage that is ready for its next step, and from its last step to a folder and a record."""

from importlib.metadata import version
from pathlib import Path

import torch
import transformers

from raysft.errors import StageFailed
from raysft.identity import WeightsDigest
from raysft.model.digest import weights_digest
from raysft.model.folder import DTYPES, export_model, load_model
from raysft.records import LossPoint, Provenance, UsedSource
from raysft.train.batching.corpus import Corpus
from raysft.train.group import WorkerGroup
from raysft.train.job import Layout, StageJob, TrainedStage
from raysft.train.objective import TargetLosses, check_architecture, probe_packing
from raysft.train.optimiser import make_optimiser
from raysft.train.resume_state import continue_stage
from raysft.train.schedule import learning_rate
from raysft.train.state import Training

KEPT_LOSSES = 200
"""Loss points of a record."""


def begin_stage(job: StageJob, corpus: Corpus, group: WorkerGroup) -> Training:
    """Open the parent, share it out, and load the newest resume state if there is one.

    Raises:
        StageFailed: a model that cannot be trained here, or packed rows that see each other.
    """
    torch.manual_seed(job.seed)
    layout = chosen_layout(job, group)
    causal = load_model(job.parent, torch.float32)
    check_architecture(job, causal)
    model = TargetLosses(causal, _autocast(job, group))
    group.shard(model, job.recipe)
    if layout == "packed":
        probe_packing(job, model, corpus, group.device)
        group.reshard(model)
    parent = _weights_digest(job.parent, group)
    if job.parent_digest not in (None, parent):
        cause = f"{job.parent} does not hold the weights that were planned: changed since, or other ones here"
        raise StageFailed(job.fingerprint, "user", cause)
    training = Training(job, parent, model, make_optimiser(model, job.recipe), layout)
    continue_stage(training, group)
    return training


def chosen_layout(job: StageJob, group: WorkerGroup) -> Layout:
    """What `auto` means: packed rows on a GPU, padded ones on a CPU, where they are faster."""
    if job.layout == "auto":
        return "packed" if group.device.type == "cuda" else "padded"
    return job.layout


def _autocast(job: StageJob, group: WorkerGroup) -> torch.dtype | None:
    """Several workers compute in the number format of their gathered shares instead."""
    return torch.bfloat16 if job.recipe.precision == "bf16" and group.size == 1 else None


def refuse_without_updates(training: Training) -> None:
    """End a stage that learnt nothing: it would be its parent under another name.

    Raises:
        StageFailed: of kind `user`.
    """
    course, job = training.course, training.job
    if course.empty_steps == course.step:
        cause = (
            f"not one conversation of its {course.step} steps has a supervised token within max_length "
            f"{job.recipe.max_length}"
        )
        raise StageFailed(job.fingerprint, "user", cause)


def finish_stage(
    training: Training, used: tuple[UsedSource, ...], group: WorkerGroup, threads: int, seconds: float
) -> TrainedStage:
    """Export the weights and gather the record; every worker must call this, and gets the same."""
    _export(training, group)
    job = training.job
    return TrainedStage(
        steps=training.course.step,
        empty_steps=training.course.empty_steps,
        used=used,
        losses=_loss_points(training),
        provenance=_provenance(training, group, threads, seconds),
        weights_digest=_weights_digest(job.output, group),
        parent_weights_digest=training.parent_digest,
    )


def _weights_digest(folder: Path, group: WorkerGroup) -> WeightsDigest:
    """As rank 0 reads it: the others need not see the folder."""
    return WeightsDigest(group.broadcast(weights_digest(folder) if group.rank == 0 else ""))


def _export(training: Training, group: WorkerGroup) -> None:
    """Gather parameter by parameter, so that only rank 0 ever holds the whole model, on the CPU."""
    job, tensors = training.job, {}
    for name, one in training.model.causal.named_parameters():
        whole = group.gather(one.detach())
        if group.rank == 0:
            # A copy, for what was gathered may be a view of a larger, padded tensor.
            tensors[name] = whole.to("cpu", DTYPES[job.recipe.weights_dtype], copy=True)
    if group.rank == 0:
        export_model(tensors, job.parent, job.output)


def _loss_points(training: Training) -> tuple[LossPoint, ...]:
    recipe, steps = training.job.recipe, len(training.course.losses)
    known = [(step, loss) for step, loss in enumerate(training.course.losses, start=1) if loss is not None]
    last, count = len(known) - 1, min(len(known), KEPT_LOSSES)
    chosen = [known[round(place * last / max(1, count - 1))] for place in range(count)]
    return tuple(
        LossPoint(step=step, loss=loss, learning_rate=learning_rate(recipe, step, steps))
        for step, loss in chosen
    )


def _provenance(training: Training, group: WorkerGroup, threads: int, seconds: float) -> Provenance:
    return Provenance(
        workers=group.size,
        backend=group.backend,
        device=_device_name(group.device),
        layout=training.layout,
        threads=threads,
        versions={
            "torch": torch.__version__,
            "transformers": transformers.__version__,
            "raysft": version("raysft"),
        },
        seconds=seconds,
        real_tokens=training.course.tokens,
        resumed_at=training.course.resumed_at,
    )


def _device_name(device: torch.device) -> str:
    return str(torch.cuda.get_device_name(device) if device.type == "cuda" else device.type)
