"""State that continues an unfinished stage: tensors as safetensors, everything else as JSON.

Tensors go through torch's distributed checkpoint with its Hugging Face storage: each worker writes its own
share, and any number of workers can read it. Nothing is pickled.
"""

import contextlib
import json
import warnings
from collections.abc import Iterator
from pathlib import Path

import torch
import torch.distributed.checkpoint as dcp

from raysft.errors import StageFailed
from raysft.store import ResumeState, Store
from raysft.train.group import WorkerGroup
from raysft.train.job import StageJob
from raysft.train.optimiser import fill_state, named_state
from raysft.train.state import Training

_FORM = 1
"""Raised when the form of the state changes; a state of another form is dropped."""
_JSON = "progress.json"


def continue_stage(training: Training, group: WorkerGroup) -> None:
    """Load the newest good state of a stage, or begin it; every worker must call this.

    A state of other parent weights (the same stage made again with other bits) is dropped.
    """
    job, model, optimiser = training.job, training.model, training.optimiser
    found = _find(training) if group.rank == 0 else None
    folder = group.broadcast(str(found.folder) if found else "")
    if not folder:
        fill_state(model, optimiser, 0)
        return
    _same_folder(job, Path(folder), group)
    body = json.loads((Path(folder) / _JSON).read_text(encoding="utf-8"))
    # AdamW counts its updates, and a batch without a target was none.
    fill_state(model, optimiser, body["step"] - body["losses"].count(None))
    reader = dcp.HuggingFaceStorageReader(folder)
    with _alone_on_purpose():
        dcp.load(dict(named_state(model, optimiser)), storage_reader=reader, no_dist=group.size == 1)
    course = training.course
    course.step, course.losses = body["step"], body["losses"]
    # Tokens and seconds make the speed, and the seconds of an earlier attempt are not known here.
    course.tokens = body["tokens"] if body["attempt"] == job.attempt else 0
    course.resumed_at = (*body["resumed_at"], body["step"])


def save_state(training: Training, group: WorkerGroup) -> None:
    """Write the state after a step into the store; every worker must call this."""
    job, state = training.job, dict(named_state(training.model, training.optimiser))
    with _workspace(job, group) as folder:
        _same_folder(job, folder, group)
        writer = dcp.HuggingFaceStorageWriter(str(folder), save_distributed=True)
        with _alone_on_purpose():
            dcp.save(state, storage_writer=writer, no_dist=group.size == 1)
        if group.rank == 0:
            (folder / _JSON).write_text(json.dumps(_body(training)), encoding="utf-8")
            Store.open(job.store_url).save_resume(job.fingerprint, training.course.step, job.attempt, folder)
        # The folder goes when the block ends, so nobody may leave before rank 0 has moved it into the store.
        group.barrier()


def _find(training: Training) -> ResumeState | None:
    job = training.job
    store = Store.open(job.store_url)
    found = store.latest_resume(job.fingerprint)
    if found is None:
        return None
    body = json.loads((found.folder / _JSON).read_text(encoding="utf-8"))
    if (body["form"], body["fingerprint"], body["parent"]) == (
        _FORM,
        job.fingerprint,
        training.parent_digest,
    ):
        return found
    warnings.warn(f"stage {job.fingerprint[:12]}: resume state of other weights is dropped", stacklevel=2)
    store.drop_resume(job.fingerprint)
    return None


def _body(training: Training) -> dict[str, object]:
    job, course = training.job, training.course
    return {
        "form": _FORM,
        "fingerprint": job.fingerprint,
        "parent": training.parent_digest,
        "attempt": job.attempt,
        "step": course.step,
        "losses": course.losses,
        "tokens": course.tokens,
        "resumed_at": course.resumed_at,
    }


@contextlib.contextmanager
def _alone_on_purpose() -> Iterator[None]:
    """Silence torch's warning that there is one process only."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="torch.distributed is disabled", category=UserWarning)
        yield


@contextlib.contextmanager
def _workspace(job: StageJob, group: WorkerGroup) -> Iterator[Path]:
    """A folder of rank 0 that all workers write in."""
    with contextlib.ExitStack() as stack:
        folder = ""
        if group.rank == 0:
            store = Store.open(job.store_url)
            folder = str(stack.enter_context(store.workspace("resume", job.fingerprint)))
        yield Path(group.broadcast(folder))


def _same_folder(job: StageJob, folder: Path, group: WorkerGroup) -> None:
    """Refuse to go on where workers on several machines do not see the same folder.

    Raises:
        StageFailed: of kind `user`.
    """
    # Each worker adds 1 if it sees the folder: of 4 workers, one of them on another machine, the sum is 3.
    seen = group.all_reduce_sum(torch.tensor([float(folder.is_dir())], device=group.device)).item()
    if seen < group.size:
        cause = (
            f"{folder} must be on a disk that all workers share, for they write resume state there together"
        )
        raise StageFailed(job.fingerprint, "user", cause)
