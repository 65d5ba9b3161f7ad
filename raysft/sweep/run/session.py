"""The Ray cluster of a run: our own on this machine, or one that is already there."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import chdir, contextmanager
from dataclasses import dataclass
from pathlib import Path

import ray

from raysft.cluster.ports import free_port
from raysft.cluster.resources import Resources
from raysft.errors import ClusterError, InputError, Problem
from raysft.safe_path import keep_folder_off_path
from raysft.spec.sweep import SweepSpec

DRIVER = "driver"
"""Custom resource that only nodes offer which outlive the sweep: the head, and on-demand nodes."""

DRIVER_SLOTS = 1000
DRIVER_SHARE = 0.01
"""What one trial or coordinator takes of it, so that one unit carries a hundred."""


@dataclass(frozen=True)
class Session:
    """A connection to a Ray cluster."""

    own: bool
    """Whether we started the cluster and nobody else uses it."""
    capacity: Resources
    """What the cluster has now for stages and engines."""


@contextmanager
def ray_session(address: str | None) -> Iterator[Session]:
    """Start a cluster on this machine, or join the one at `address` (`auto` finds one here).

    Raises:
        ClusterError: no cluster answers there, or no node of it offers `driver`.
    """
    _set_environment()
    with tempfile.TemporaryDirectory(prefix="raysft-ray-", ignore_cleanup_errors=True) as empty:
        try:
            # Ray puts the driver's current folder first on the path of every worker, where an `analysis.py`
            # of the user would be taken for a library, and what it starts on this machine runs there. Store
            # and sources have absolute paths by now, so that workers need not run in the folder of the user.
            with chdir(empty):
                if address is None:
                    _start_here()
                else:
                    _join(address)
            yield Session(address is None, _capacity())
        finally:
            ray.shutdown()


def _capacity() -> Resources:
    found = ray.cluster_resources()
    if not found.get(DRIVER):
        raise ClusterError(
            f"no node of the Ray cluster offers `{DRIVER}`: start its head with "
            f"--resources='{{\"{DRIVER}\": 100}}', or add the resource to the head in cluster.yaml"
        )
    return Resources(found.get("CPU", 0), found.get("GPU", 0))


def refuse_what_cannot_fit(spec: SweepSpec, session: Session) -> None:
    """Refuse, before anything starts, what would wait for ever.

    A cluster of our own never grows. One that is given may, so there only a resource that nobody offers and
    nobody knows of is refused.

    Raises:
        InputError: with everything that does not fit.
    """
    problems = []
    for name, model in spec.models.items():
        needs = Resources(cpus=1, gpus=model.gpus_per_worker) * model.workers
        if session.own and not needs.fits(session.capacity):
            remedy = (
                f"asks for {needs}, this machine has {session.capacity}; use fewer, or a cluster: --address"
            )
            problems.append(Problem(f"models.{name}.workers", str(model.workers), remedy))
    engine = spec.evaluation
    if session.own and not Resources(cpus=1, gpus=engine.gpus_per_engine).fits(session.capacity):
        remedy = f"this machine has {session.capacity}"
        problems.append(Problem("evaluation.gpus_per_engine", str(engine.gpus_per_engine), remedy))
    if engine.engine_resource and session.own:
        remedy = "a cluster of our own offers none; leave it out, or use a cluster: --address"
        problems.append(Problem("evaluation.engine_resource", engine.engine_resource, remedy))
    if problems:
        raise InputError(problems)


def _set_environment() -> None:
    """What Ray and Tune read from nowhere else."""
    keep_folder_off_path()
    # The progress shown is ours; Tune's stays quiet only in its older form.
    os.environ["RAY_AIR_NEW_OUTPUT"] = "0"
    # A trial whose function does not end in time is lost to Tune's searcher; two seconds are few when busy.
    os.environ["TUNE_FUNCTION_THREAD_TIMEOUT_S"] = "60"
    # An interrupt ends the run at once: what is finished is in the store, and Tune's own state is not used.
    os.environ["TUNE_DISABLE_SIGINT_HANDLER"] = "1"


def _start_here() -> None:
    # Two Ray instances on one machine disturb each other unless each knows its own dashboard.
    port = free_port()
    os.environ["RAY_API_SERVER_ADDRESS"] = f"http://127.0.0.1:{port}"
    ray.init(
        address="local",
        resources={DRIVER: DRIVER_SLOTS},
        include_dashboard=True,
        dashboard_host="127.0.0.1",
        dashboard_port=port,
        log_to_driver=False,
        logging_level="error",
        configure_logging=True,
    )


def _join(address: str) -> None:
    # Ray's head asks for a token where it finds one; a driver presents it only if told to.
    if (Path.home() / ".ray" / "auth_token").exists():
        os.environ.setdefault("RAY_AUTH_MODE", "token")
    try:
        ray.init(address=address, log_to_driver=False, logging_level="error")
    except ConnectionError as error:
        raise ClusterError(f"no Ray cluster answers at {address}: {error}") from None
