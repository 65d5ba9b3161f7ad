"""Training a stage on several workers, or on a GPU, through Ray Train.

Ray Train launches and restarts; it is given no checkpoint and told no metric. After a restart the loop finds
the newest resume state in the store by itself, so there is one source of truth.
"""

import os
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import ray.train.torch
from ray.exceptions import OutOfMemoryError, RayError
from ray.train import FailureConfig, RunConfig, ScalingConfig, TrainingFailedError, WorkerGroupError
from ray.train.torch import TorchConfig, TorchTrainer

from raysft.errors import InputError, StageFailed
from raysft.process_log import start_process_log
from raysft.records import StageRecord
from raysft.store import Store
from raysft.train.failures import as_stage_failure, out_of_memory
from raysft.train.group import ShardedGroup, SingleProcess, WorkerGroup
from raysft.train.job import CPUS_PER_WORKER, Progress, StageJob
from raysft.train.publish import train_and_publish

_COLLECTIVE_TIMEOUT_S = 1800
"""Seconds that a worker waits for the others, in torch and in Ray; both wait for ever unless told."""
_STARTS = 20
"""How often Ray Train tries to get its workers, a minute each: a cluster that must grow takes minutes."""


@dataclass(frozen=True)
class _Work:
    """What each worker is sent."""

    job: StageJob
    report: Callable[[Progress], object]


def fit_stage(
    job: StageJob,
    workers: int,
    gpus_per_worker: int,
    attempts: int,
    report: Callable[[Progress], object],
) -> StageRecord:
    """Train and publish a stage on workers of the Ray cluster that this process is connected to.

    Works in a plain script and inside a trial of Ray Tune.

    Args:
        job: paths in it must lie on a disk that every worker sees, unless all workers are on this machine.
        workers: training processes.
        gpus_per_worker: 0 trains on CPUs, with one thread per worker.
        attempts: how often the workers are started, if their processes or machines die.
        report: told of every optimiser step, in the process of rank 0; it must be picklable.

    Raises:
        StageFailed: with the class of the cause.
    """
    # Ray takes this one from the environment of the process that calls fit(), and nowhere else.
    os.environ.setdefault("RAY_TRAIN_COLLECTIVE_TIMEOUT_S", str(_COLLECTIVE_TIMEOUT_S))
    with tempfile.TemporaryDirectory(prefix="raysft-fit-", ignore_cleanup_errors=True) as scratch:
        trainer = TorchTrainer(
            _train_here,
            train_loop_config={"work": _Work(job, report)},
            torch_config=TorchConfig(timeout_s=_COLLECTIVE_TIMEOUT_S),
            scaling_config=ScalingConfig(
                num_workers=workers,
                use_gpu=gpus_per_worker > 0,
                resources_per_worker=_resources(gpus_per_worker),
            ),
            run_config=RunConfig(
                name=f"{job.fingerprint[:12]}-{job.attempt}",
                storage_path=scratch,
                # Ray counts the failures that it forgives, we count starts: 3 attempts forgive 2 failures.
                failure_config=FailureConfig(max_failures=attempts - 1, controller_failure_limit=_STARTS),
            ),
        )
        try:
            outcome = trainer.fit().return_value
        except (TrainingFailedError, RayError) as error:
            failure = _failure(job.fingerprint, error)
            # Ray Train reports the failure of workers only after it has started them as often as it may.
            failure.attempts = attempts if isinstance(error, WorkerGroupError) else 1
            raise failure from error
    if isinstance(outcome, StageFailed):
        raise outcome
    if not isinstance(outcome, StageRecord):
        raise StageFailed(job.fingerprint, "infrastructure", f"Ray Train returned {outcome!r}")
    return outcome


def _resources(gpus: int) -> dict[str, float]:
    return {"CPU": CPUS_PER_WORKER, **({"GPU": gpus} if gpus else {})}


def _train_here(config: Mapping[str, _Work]) -> StageRecord | StageFailed:
    """What each worker does.

    Failures that every worker meets alike, and that another attempt would meet again, are returned: Ray Train
    starts anew whatever raises.
    """
    work = config["work"]
    if work.job.sweep:
        start_process_log(Store.open(work.job.store_url), work.job.sweep, "trainer")
    try:
        return train_and_publish(work.job, _group(), work.report)
    except StageFailed as failure:
        if failure.kind in ("user", "not_finite"):
            return failure
        raise


def _group() -> WorkerGroup:
    device = ray.train.torch.get_device()
    threads = CPUS_PER_WORKER if device.type == "cpu" else None
    if ray.train.get_context().get_world_size() == 1:
        return SingleProcess(device, threads)
    return ShardedGroup(device, threads)


def _failure(stage: str, error: Exception) -> StageFailed:
    """The cause that says most: when one worker fails, the others complain only that it is gone."""
    causes = (
        [_bare(one) for one in error.worker_failures.values()] if isinstance(error, WorkerGroupError) else []
    )
    for cause in causes:
        if isinstance(cause, StageFailed):
            return cause
    for cause in causes:
        if isinstance(cause, OutOfMemoryError) or out_of_memory(cause):
            return as_stage_failure(stage, "out_of_memory", cause)
        if isinstance(cause, InputError):
            return as_stage_failure(stage, "user", cause)
    return as_stage_failure(stage, "infrastructure", causes[0] if causes else error)


def _bare(error: Exception) -> BaseException:
    """What the worker really raised: Ray Train wraps it, and has no public way to get at it."""
    found: BaseException = getattr(error, "_base_exc", error)
    return found
