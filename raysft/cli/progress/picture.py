"""How far a run is, as one picture that a terminal draws again and again."""

from rich.console import Group
from rich.table import Table
from rich.text import Text

from raysft.cli.progress.facts import Watched, mixture, totals
from raysft.cli.progress.lines import SHORT, clock, time_left
from raysft.cli.progress.time_left import Left
from raysft.plan.tree import Stage
from raysft.sweep.run.messages import Snapshot
from raysft.train.job import Progress


def render(watched: Watched, snapshot: Snapshot, elapsed_s: float, left: Left | None) -> Group:
    """A line of totals, a line of times, then a row per stage under way."""
    done = totals(watched, snapshot)
    counts = Text(
        f"points {done.points}/{done.of_points}   stages {done.stages}/{done.of_stages}"
        f"   scores {done.scores}/{done.of_scores}"
    )
    if done.failed:
        counts.append(f"   failed {done.failed}", style="bold red")
    # A sweep of bases alone has no points to wait for, but scores.
    finished = done.points == done.of_points and bool(done.points or done.scores == done.of_scores)
    times = Text(f"{clock(elapsed_s)} so far" + ("" if finished else f"; {time_left(left)}"), style="dim")
    parts = [counts, times]
    return Group(*parts, _stages(watched, snapshot)) if snapshot.running else Group(*parts)


def _stages(watched: Watched, snapshot: Snapshot) -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column("stage", no_wrap=True)
    table.add_column("trains on", no_wrap=True, overflow="ellipsis")
    for title in ("step", "loss", "tokens/s", "time left"):
        table.add_column(title, justify="right", no_wrap=True)
    for stage in sorted(snapshot.running):
        table.add_row(*_row(watched.plan.stages[stage], snapshot.progress.get(stage)))
    return table


def _row(stage: Stage, progress: Progress | None) -> tuple[str, ...]:
    name, trains_on = stage.fingerprint[:SHORT], mixture(stage)
    if progress is None or not progress.seconds:
        return (name, trains_on, f"0/{stage.steps}", "", "", "")
    done_here = progress.step - progress.first_step
    left_s = (progress.steps - progress.step) * progress.seconds / max(1, done_here)
    return (
        name,
        trains_on,
        f"{progress.step}/{progress.steps}",
        "" if progress.loss is None else f"{progress.loss:.3f}",
        f"{progress.tokens / progress.seconds:,.0f}",
        clock(left_s),
    )
