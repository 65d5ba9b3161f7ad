"""From a trained stage to its folder and its record."""

from importlib.metadata import version

import torch
import transformers

from raysft.model.digest import weights_digest
from raysft.model.folder import DTYPES, export_model
from raysft.records import LossPoint, Provenance, UsedSource
from raysft.train.group import WorkerGroup
from raysft.train.job import TrainedStage
from raysft.train.schedule import learning_rate
from raysft.train.training import Training

KEPT_LOSSES = 200
"""Loss points of a record."""


def finish_stage(
    training: Training, used: tuple[UsedSource, ...], group: WorkerGroup, threads: int, seconds: float
) -> TrainedStage:
    """Export the weights and gather the record; every worker must call this, and gets the same."""
    _export(training, group)
    job = training.job
    return TrainedStage(
        steps=training.course.step,
        used=used,
        losses=_loss_points(training),
        provenance=_provenance(training, group, threads, seconds),
        weights_digest=group.agreed(weights_digest(job.output) if group.rank == 0 else ""),
        parent_weights_digest=training.parent_digest,
    )


def _export(training: Training, group: WorkerGroup) -> None:
    """Gather parameter by parameter, so that only rank 0 ever holds the whole model, on the CPU."""
    job, tensors = training.job, {}
    for name, one in training.model.causal.named_parameters():
        whole = group.whole(one.detach())
        if group.rank == 0:
            # A copy, for what was gathered may be a view of a larger, padded tensor.
            tensors[name] = whole.to("cpu", DTYPES[job.recipe.weights_dtype], copy=True)
    if group.rank == 0:
        export_model(tensors, job.parent, job.output)


def _loss_points(training: Training) -> tuple[LossPoint, ...]:
    losses, job = training.course.losses, training.job
    last, count = len(losses) - 1, min(len(losses), KEPT_LOSSES)
    chosen = [round(place * last / max(1, count - 1)) for place in range(count)]
    return tuple(
        LossPoint(
            step=one + 1, loss=losses[one], learning_rate=learning_rate(job.recipe, one + 1, len(losses))
        )
        for one in chosen
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
