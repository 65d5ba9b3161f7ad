"""A run with a Ray cluster around it and its progress shown."""

from collections.abc import Mapping

from rich.console import Console
from typing_extensions import override

from raysft.cli.interrupt import Guard
from raysft.cli.progress.display import display_for
from raysft.cli.progress.facts import Watched
from raysft.cli.progress.follow import Follower
from raysft.cli.progress.lines import Results, Wording
from raysft.errors import StoreError
from raysft.identity import BenchmarkKey, StageId
from raysft.records import ScoreRecord, StageRecord
from raysft.store import Store
from raysft.sweep.inputs.prepare import base_digest
from raysft.sweep.inputs.read import Inputs
from raysft.sweep.results.score_keys import answering, read_score
from raysft.sweep.results.standing import Standing, missing_scores
from raysft.sweep.run.messages import Snapshot
from raysft.sweep.run.run import run_sweep
from raysft.sweep.run.session import ray_session
from raysft.wording import counted


def run_with_progress(
    inputs: Inputs,
    standing: Mapping[StageId, Standing],
    store: Store,
    address: str | None,
    console: Console,
    guard: Guard,
) -> Snapshot:
    """Start or join a Ray cluster, run a sweep on it, and show all of it.

    Args:
        inputs: the sweep.
        standing: what the store had of it before.
        store: where results go.
        address: of a cluster that is there; None starts one.
        console: where progress is shown.
        guard: of the command, which takes Ctrl-C and SIGTERM.

    Raises:
        KeyboardInterrupt: by either, after everything that was started is gone.
        ClusterError, InputError: see `ray_session` and `run_sweep`.
    """
    watched = watched_sweep(inputs, standing)
    display = display_for(console, Wording(watched, StoredResults(inputs, store)))
    with Follower(watched, display) as follower:
        follower.say("Ray starts on this machine" if address is None else f"joining Ray at {address}")
        with ray_session(address) as session:
            guard.take_signals()  # Ray has taken them for itself
            cpus, gpus = round(session.capacity.cpus), round(session.capacity.gpus)
            follower.say(
                f"Ray has {counted(cpus, 'CPU')} and {counted(gpus, 'GPU')}; preparing models and data"
            )
            return run_sweep(inputs, store, session, follower.watch)


def watched_sweep(inputs: Inputs, standing: Mapping[StageId, Standing]) -> Watched:
    """What a run is to make, and what of it was there before."""
    asked = {(subject, key) for subject, one in inputs.asked.items() for key in one.benchmarks}
    missing = missing_scores(inputs, standing, inputs.asked)
    return Watched(inputs.plan, frozenset(asked), frozenset(asked.difference(missing)))


class StoredResults(Results):
    """Finished things as the store has them. What cannot be read now is not told; the run goes on."""

    def __init__(self, inputs: Inputs, store: Store) -> None:
        self._inputs, self._store = inputs, store

    @override
    def stage(self, stage: StageId) -> StageRecord | None:
        try:
            found = self._store.find("stages", stage)
        except StoreError:
            return None
        return None if found is None else StageRecord.model_validate(found.body)

    @override
    def score(self, subject: StageId, benchmark: BenchmarkKey) -> ScoreRecord | None:
        base = next((one for one in self._inputs.bases.values() if one.identity.fingerprint == subject), None)
        try:
            if base is not None:
                digest = base_digest(self._store, base)
            else:
                record = self.stage(subject)
                digest = record.weights_digest if record else None
            if digest is None:
                return None
            model = answering(self._inputs.plan, subject, digest)
            return read_score(
                self._store, self._inputs.spec.evaluation, self._inputs.benchmarks[benchmark], model
            )
        except StoreError:
            return None
