"""`raysft run` from the checked sweep file to the printed table."""

import subprocess
import sys
import tempfile
from pathlib import Path

import yaml
from rich.console import Console

from raysft.spec.sweep import SweepSpec
from raysft.store import Store
from raysft.sweep.inputs.plan_totals import refuse_what_does_not_fit
from raysft.sweep.inputs.read import read_inputs
from raysft.sweep.results.standing import (
    Missing,
    forget_failures,
    is_finished,
    read_standing,
    what_is_missing,
)
from raysft.sweep.results.tables import write_results
from raysft.sweep.run.messages import Snapshot

REPORT_PARTS = ("results.parquet", "items.parquet", "sweep.json")


def run_and_report(
    spec: SweepSpec, file: Path, store_url: str, address: str | None, console: Console, *, retry_failed: bool
) -> bool:
    """Run a sweep and write its report; returns whether everything stands.

    Raises:
        InputError: something is wrong with what the sweep names, or a model that is yet to be trained does
            not fit on its GPUs, as the plan assumes them; the store has nothing of the sweep then.
    """
    inputs, store = read_inputs(spec, store_url), Store.open(store_url)
    standing = read_standing(inputs, store)
    waiting = (stage for key, stage in inputs.plan.stages.items() if standing[key].record is None)
    refuse_what_does_not_fit(spec, inputs.bases, waiting)
    store.write_file(spec.name, "given.yaml", file.read_bytes())
    store.write_file(
        spec.name, "sweep.yaml", yaml.safe_dump(spec.model_dump(mode="json"), sort_keys=False).encode()
    )
    forget_failures(inputs, standing, store, every=retry_failed)
    if is_finished(inputs, standing, store):
        snapshot = Snapshot()
    else:
        # Ray and torch take seconds to import, which a finished sweep need not spend.
        from raysft.cli.progress.watched_run import run_with_progress

        snapshot = run_with_progress(inputs, standing, store, address, console)
        standing = read_standing(inputs, store)
    missing = what_is_missing(inputs, standing)
    write_results(inputs, standing, store)
    _say(console, snapshot, missing)
    write_report(spec, store)
    return not missing


def write_report(spec: SweepSpec, store: Store) -> None:
    """Let `analysis` make the report from the tables of the store, print its table, and keep the page there.

    It runs as a process of its own: analysis imports raysft, never the other way round.
    """
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        for name in REPORT_PARTS:
            data = store.read_file(spec.name, name)
            if data is not None:
                (folder / name).write_bytes(data)
        page = folder / "report.html"
        subprocess.run(
            [sys.executable, "-P", "-m", "raysft_analysis", str(folder), "--out", str(page)],
            check=True,
            start_new_session=True,  # Ctrl-C is for us, who end it
        )
        store.write_file(spec.name, "report.html", page.read_bytes())
    print(f"report: {store.sweep_path(spec.name)}/report.html")


def _say(console: Console, snapshot: Snapshot, missing: Missing) -> None:
    console.print(
        f"stages trained: {snapshot.trained} (resumed: {snapshot.resumed}); scores made: {snapshot.scored}; "
        f"points open: {missing.points}; scores open: {missing.scores}"
    )
    for stage, failure in snapshot.failed.items():
        if stage == failure.stage:
            console.print(
                f"stage {stage[:12]} failed ({failure.kind}): {failure.cause}", style="red", markup=False
            )
    for key, cause in snapshot.score_failures.items():
        console.print(f"score {key} failed: {cause}", style="red", markup=False)
