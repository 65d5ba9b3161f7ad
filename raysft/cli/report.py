"""`raysft report`: the tables and the page of a sweep, from what the store has of it."""

import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from rich.console import Console

from raysft.cli.status import show_counts
from raysft.errors import InputError, Problem
from raysft.spec.sweep import SweepSpec
from raysft.store import Store
from raysft.sweep.inputs.read import view_inputs
from raysft.sweep.results.publish import PAGE, PARTS, Published, publish_results, result_parts
from raysft.sweep.results.standing import read_standing
from raysft.sweep.results.why import reasons


def report(spec: SweepSpec, store_url: str, out: Path | None, console: Console) -> bool:
    """Write the tables and the page, into the store or into a folder.

    Returns:
        Whether they were written: not where the store has no score of the sweep, nor where its tables of an
        earlier day are fuller.

    Raises:
        InputError: there is no store, or the folder cannot be written.
    """
    reading = Store.existing(store_url)
    inputs = view_inputs(spec, store_url)
    standing = read_standing(inputs, reading)
    if not any(one.scores for one in standing.values()):
        console.print(
            f"the store {reading.url} has no score that the sweep {spec.name} takes: nothing was written, "
            "and tables of an earlier day stay as they are. Why its scores would be made:",
            markup=False,
        )
        show_counts(console, dict(reasons(inputs, standing, reading).of_scores().most_common()))
        return False
    if out is not None:
        return _into_folder(result_parts(inputs, standing), out)
    store = Store.open(store_url)
    published = publish_results(inputs, standing, store)
    say_published(published, console)
    if published.replaced:
        write_page(spec, store)
    return published.replaced


def say_published(published: Published, console: Console) -> None:
    """What the reader must know of tables that have fewer scores than those before."""
    if not published.replaced:
        console.print(
            f"the tables in the store have {published.lost} scores that are not found any more, and the new "
            f"ones would have {published.scores}: the tables stay as they are. `raysft why` says what "
            "differs; `raysft report --out FOLDER` writes the new ones elsewhere",
            style="yellow",
            markup=False,
        )
    elif published.kept_in is not None:
        console.print(
            f"the tables before had {published.lost} scores that the new ones do not have: "
            f"they are kept in {published.kept_in}",
            style="yellow",
            markup=False,
        )


def write_page(spec: SweepSpec, store: Store) -> None:
    """Make the page from the tables in the store, print the table of results, and keep the page there."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        for name in PARTS:
            data = store.read_file(spec.name, name)
            if data is not None:
                (folder / name).write_bytes(data)
        _analyse(folder)
        store.write_file(spec.name, PAGE, (folder / PAGE).read_bytes())
    print(f"report: {store.sweep_path(spec.name)}/{PAGE}")


def _into_folder(parts: Mapping[str, bytes], out: Path) -> bool:
    try:
        out.mkdir(parents=True, exist_ok=True)
        for name, data in parts.items():
            (out / name).write_bytes(data)
    except OSError as error:
        remedy = f"cannot be written: {error.strerror or error}; name a folder, which may be a new one"
        raise InputError([Problem("--out", str(out), remedy)]) from None
    _analyse(out)
    print(f"report: {out / PAGE}")
    return True


def _analyse(folder: Path) -> None:
    """Let `analysis`, as it is installed, make the page of a folder.

    It runs as a process of its own: analysis imports raysft, never the other way round. With `-P` nothing in
    the current folder of the user can take the place of one of its modules.
    """
    command = [sys.executable, "-P", "-m", "raysft_analysis", str(folder), "--out", str(folder / PAGE)]
    subprocess.run(command, check=True, start_new_session=True)  # Ctrl-C is for us, who end it
