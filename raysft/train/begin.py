"""From a job to a stage that is ready for its next step."""

import torch

from raysft.errors import StageFailed
from raysft.model.digest import weights_digest
from raysft.model.folder import load_model
from raysft.train.corpus import Corpus
from raysft.train.group import WorkerGroup
from raysft.train.job import Layout, StageJob
from raysft.train.objective import TargetLosses, check_architecture, probe_packing
from raysft.train.optimiser import make_optimiser
from raysft.train.resume import continue_stage
from raysft.train.training import Training


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
    group.place(model, job.recipe)
    if layout == "packed":
        probe_packing(job, model, corpus, group.device)
        group.settle(model)
    parent = group.agreed(weights_digest(job.parent) if group.rank == 0 else "")
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
