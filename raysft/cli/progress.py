"""Live progress of a run on the terminal: stages under way, points and scores done."""

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from raysft.plan.tree import Plan, Stage
from raysft.sweep.run.messages import Snapshot
from raysft.train.job import Progress

REFRESH_S = 0.5


def watcher(plan: Plan, console: Console) -> Callable[[Callable[[], Snapshot]], AbstractContextManager[None]]:
    """A watch for `run_sweep` that draws on a console."""

    @contextmanager
    def watch(snapshot: Callable[[], Snapshot]) -> Iterator[None]:
        stop = threading.Event()
        with Live(console=console, transient=True, auto_refresh=False) as live:

            def draw() -> None:
                while not stop.wait(REFRESH_S):
                    live.update(render(plan, snapshot()), refresh=True)

            thread = threading.Thread(target=draw, daemon=True)
            thread.start()
            try:
                yield
            finally:
                stop.set()
                thread.join()

    return watch


def render(plan: Plan, snapshot: Snapshot) -> Group:
    """One picture: a line of totals, then a row per stage under way."""
    over = snapshot.done | snapshot.failed.keys()
    points = sum(all(stage in over for stage in point.stages) for point in plan.points)
    totals = Text(
        f"points {points}/{len(plan.points)}   stages {len(snapshot.done)}/{len(plan.stages)}"
        f"   scores to make {snapshot.scores_open}"
    )
    if snapshot.failed:
        totals.append(f"   failed {len(snapshot.failed)}", style="bold red")
    table = Table(box=None, pad_edge=False)
    for title in ("stage", "trains on", "step", "loss", "tokens/s", "time left"):
        table.add_column(title, justify="left" if title in ("stage", "trains on") else "right")
    for address in sorted(snapshot.running):
        table.add_row(*_row(plan.stages[address], snapshot.progress.get(address)))
    return Group(totals, table)


def _row(stage: Stage, progress: Progress | None) -> tuple[str, ...]:
    mixture, name = stage.mixture_text(), stage.fingerprint[:8]
    if progress is None or not progress.seconds:
        return (name, mixture, f"0/{stage.steps}", "", "", "")
    rate = progress.tokens / progress.seconds
    done_here = progress.step - progress.first_step
    left = (progress.steps - progress.step) * progress.seconds / max(1, done_here)
    return (
        name,
        mixture,
        f"{progress.step}/{progress.steps}",
        f"{progress.loss:.3f}",
        f"{rate:,.0f}",
        f"{left:.0f} s",
    )
