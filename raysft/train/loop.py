"""The training loop: one stage from the parent's weights to an exported folder. Knows nothing of Ray.

The loss of a step is a weighted sum over all targets of the global batch, divided by a number that every
worker knows from the data. Hence rows, micro-batches and workers change speed and never the mathematics.
"""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch.nn.utils import clip_grad_norm_, get_total_norm

from raysft.errors import StageFailed
from raysft.train.batching.batches import Batches
from raysft.train.batching.corpus import Corpus, read_corpus
from raysft.train.batching.global_batch import GlobalBatch, worker_share
from raysft.train.failures import memory_failures
from raysft.train.group import WorkerGroup, cpu_threads
from raysft.train.job import Progress, StageJob, TrainedStage
from raysft.train.objective import TargetLosses
from raysft.train.optimiser import set_learning_rate
from raysft.train.resume_state import save_state
from raysft.train.schedule import learning_rate
from raysft.train.stage import begin_stage, finish_stage, refuse_without_updates
from raysft.train.state import Training

Report = Callable[[Progress], object]


@dataclass(frozen=True)
class _Stepped:
    """What every worker knows after a step."""

    loss: float | None
    """Of the global batch, before the update; None where it has no target."""
    save: bool
    """Whether a resume state is due."""


def train_stage(job: StageJob, group: WorkerGroup, report: Report) -> TrainedStage:
    """Train a stage and export its weights, going on from the newest resume state in the store.

    Resume states are left in the store; they may go once the stage is published.

    Args:
        job: what to train.
        group: the workers; every one of them calls this.
        report: told of every optimiser step, by rank 0; what it raises ends the stage.

    Raises:
        StageFailed: loss or gradient not finite, out of memory, or a job that cannot be trained, such as one
            of whose steps none has a target.
    """
    with memory_failures(job.fingerprint), cpu_threads(group.threads) as threads:
        corpus, used = read_corpus(job)
        training = begin_stage(job, corpus, group)
        seconds = _train(training, corpus, group, report)
        refuse_without_updates(training)
        return finish_stage(training, used, group, threads, seconds)


def _train(training: Training, corpus: Corpus, group: WorkerGroup, report: Report) -> float:
    """All steps that are left; gives the seconds they took."""
    job, course = training.job, training.course
    batches, first = Batches(job.ids, job.recipe, job.seed), course.step
    began = saved = time.monotonic()
    for step, conversations in batches.after(course.step):
        batch = worker_share(
            corpus,
            conversations,
            job.recipe,
            layout=training.layout,
            capacity=job.micro_batch_tokens,
            rank=group.rank,
            workers=group.size,
        )
        set_learning_rate(training.optimiser, learning_rate(job.recipe, step, batches.steps))
        due = time.monotonic() - saved >= job.resume_every_s
        outcome = _update(training, batch, group, step, due=due)
        course.step, course.tokens = step, course.tokens + batch.tokens
        course.losses.append(outcome.loss)
        # After the last step the export follows at once, and the state would be dropped unread.
        if outcome.save and step < batches.steps:
            save_state(training, group)
            # From the end of the save: a store that takes 40 s for one must not be due again after 30 s.
            saved = time.monotonic()
        if group.rank == 0:
            seconds = time.monotonic() - began
            report(
                Progress(job.fingerprint, first, step, batches.steps, outcome.loss, course.tokens, seconds)
            )
    return time.monotonic() - began


def _update(training: Training, batch: GlobalBatch, group: WorkerGroup, step: int, *, due: bool) -> _Stepped:
    """One optimiser step.

    A batch without a target is passed over: weights, moments and AdamW's own count stay, for there is
    nothing to learn, and momentum alone would move the weights. Its step keeps its number and its place in
    the schedule.

    Raises:
        StageFailed: of kind `not_finite`; the weights are those before the step.
    """
    job, model = training.job, training.model
    # The denominator is that of the global batch, so no worker waits in an exchange for one that passes over.
    if not batch.denominator:
        return _Stepped(None, save=False)
    local = torch.zeros((), device=group.device)
    for micro in batch.micro_batches:
        here = micro.to(group.device)
        loss = torch.dot(model(here), here.weight_S) / batch.denominator
        # FSDP averages gradients over the workers, and these losses are parts of one sum: of 4 workers with
        # 0.1, 0.2, 0.3 and 0.4 the loss is 1.0, and so is the mean of 0.4, 0.8, 1.2 and 1.6.
        (loss * group.size).backward()
        local += loss.detach()
    norm = group.gather(_clip(model, job.recipe.clip))
    # Whether to save is rank 0's clock; it travels with the loss, so that a step has one exchange of its own.
    save_due = torch.tensor(float(due and group.rank == 0), device=group.device)
    total = group.all_reduce_sum(torch.stack([local, save_due]))
    loss_value, save, norm_value = torch.cat([total, norm.reshape(1)]).tolist()
    # The sums are the same on every worker, so all raise here or none does: nobody waits in the next exchange
    # for one that has left.
    if not (math.isfinite(loss_value) and math.isfinite(norm_value)):
        cause = f"loss {loss_value}, gradient norm {norm_value} at step {step}"
        raise StageFailed(job.fingerprint, "not_finite", cause)
    training.optimiser.step()
    training.optimiser.zero_grad(set_to_none=True)
    return _Stepped(loss_value, save > 0)


def _clip(model: TargetLosses, largest: float | None) -> torch.Tensor:
    """The norm of the whole gradient, which is scaled down to the largest allowed one."""
    if largest is None:
        return get_total_norm([one.grad for one in model.parameters() if one.grad is not None])
    return clip_grad_norm_(model.parameters(), largest)
