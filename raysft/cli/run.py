"""`raysft run` from the checked sweep file to the printed table."""

from collections.abc import Mapping
from pathlib import Path

from rich.console import Console

from raysft.api import Ran, carry_out
from raysft.cli.interrupt import Guard
from raysft.cli.report import say_published, write_page
from raysft.identity import StageId
from raysft.spec.sweep import SweepSpec
from raysft.store import Store
from raysft.sweep.inputs.learnable import fate_lines
from raysft.sweep.inputs.read import Inputs
from raysft.sweep.results.standing import Standing
from raysft.sweep.run.messages import Snapshot


def run_and_report(
    spec: SweepSpec,
    file: Path,
    store_url: str,
    address: str | None,
    console: Console,
    guard: Guard,
    *,
    retry_failed: bool,
) -> bool:
    """Run a sweep and write its report; returns whether everything that it asks for is in the store.

    Raises:
        InputError: see `raysft.api.carry_out`.
    """

    def run(inputs: Inputs, standing: Mapping[StageId, Standing], store: Store) -> Snapshot:
        for line in fate_lines(inputs):
            console.print(line, style="yellow", highlight=False, markup=False)
        # Ray takes seconds to import, which a finished sweep need not spend.
        from raysft.cli.progress.watched_run import run_with_progress

        return run_with_progress(inputs, standing, store, address, console, guard)

    ran = carry_out(spec, file.read_bytes(), store_url, run, retry_failed=retry_failed)
    _say(console, ran)
    say_published(ran.published, console)
    if ran.published.replaced:
        write_page(spec, ran.store)
    return not ran.missing


def _say(console: Console, ran: Ran) -> None:
    snapshot, missing = ran.snapshot, ran.missing
    console.print(
        f"stages trained: {snapshot.trained} (resumed: {snapshot.resumed}); scores made: {snapshot.scored}; "
        f"points open: {missing.points}; scores open: {missing.scores}"
    )
    for stage, failure in snapshot.failed.items():
        if stage == failure.stage:
            console.print(
                f"stage {stage[:12]} failed ({failure.kind}): {failure.cause}", style="red", markup=False
            )
    for (subject, benchmark), cause in snapshot.score_failures.items():
        console.print(f"score {subject}/{benchmark} failed: {cause}", style="red", markup=False)
