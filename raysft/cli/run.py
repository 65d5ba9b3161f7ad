"""`raysft run` from the checked sweep file to the printed table."""

from pathlib import Path

import yaml
from rich.console import Console

from raysft.cli.report import say_published, write_page
from raysft.spec.sweep import SweepSpec
from raysft.store import Store
from raysft.sweep.inputs.plan_totals import refuse_what_does_not_fit
from raysft.sweep.inputs.read import read_inputs
from raysft.sweep.results.publish import publish_results
from raysft.sweep.results.standing import (
    Missing,
    forget_failures,
    is_finished,
    read_standing,
    what_is_missing,
)
from raysft.sweep.run.messages import Snapshot


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
    _say(console, snapshot, missing)
    published = publish_results(inputs, standing, store)
    say_published(published, console)
    if published.replaced:
        write_page(spec, store)
    return not missing


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
