"""`raysft quickstart | init | plan | run | status | report | why | data | score | benchmark`.

Exit code 0: done; 1: something failed; 2: wrong input, before anything started; 130: interrupted.
"""

import json
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.console import Console

from raysft.cli.data.app import data_app
from raysft.cli.init import init
from raysft.cli.interrupt import interruptible
from raysft.cli.options import STORE, AsJson, Changes, Limit, Only, StoreUrl, Sweep
from raysft.cli.score.app import benchmark_app, score
from raysft.cli.terminal_text import on_one_line
from raysft.errors import InputError, RaysftError, told
from raysft.safe_path import keep_folder_off_path
from raysft.spec import SweepSpec, load_sweep
from raysft.wording import counted, on_a_command_line

app = typer.Typer(
    help="How much of each fine-tuning set, in what ratio, in what order, for which model size?",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Example: raysft quickstart",
)


def _print_version(wanted: bool) -> None:
    if not wanted:
        return
    try:
        print(f"raysft {version('raysft')}")
    except PackageNotFoundError:
        print("raysft, not installed")
    raise typer.Exit


@app.callback()
def _options(
    context: typer.Context,
    _: Annotated[
        bool,
        typer.Option("--version", help="Print the version.", is_eager=True, callback=_print_version),
    ] = False,
) -> None:
    context.with_resource(on_a_command_line())


@app.command(epilog="Example: raysft quickstart --store runs/store")
def quickstart(
    store: StoreUrl = STORE,
    show: Annotated[
        bool, typer.Option("--show", help="Print the sweep file, to start from, and run nothing.")
    ] = False,
) -> None:
    """Run the built-in world: three small data sets and a small model; no GPU, no network, minutes."""
    from raysft.cli.quickstart import quickstart_file

    with quickstart_file() as file:
        if show:
            print(file.read_text(encoding="utf-8"), end="")
            return
        good = _run(load_sweep(file), file, store, None, retry_failed=False)
    print("the sweep file, to start from: raysft quickstart --show > sweep.yaml")
    if not good:
        raise typer.Exit(1)


@app.command(epilog="Example: raysft plan sweep.yaml --set recipe.epochs=2")
def plan(
    sweep: Sweep,
    store: StoreUrl = STORE,
    changes: Changes = None,
    limit: Limit = None,
    only: Only = None,
    as_json: AsJson = False,
    points: Annotated[bool, typer.Option("--points", help="List every cell with its stages.")] = False,
    figure: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Draw the stage trees (.svg, .png or .pdf).")
    ] = None,
) -> None:
    """Show what a sweep would do and cost: points, shared stages, tokens, hours, money. Starts nothing.

    Data and models need not be here: what the sweep file expects of them takes their place.
    """
    spec = _spec(sweep, changes, limit, only, data="expected")
    # What follows imports transformers; a wrong sweep file is refused before that.
    from raysft.cli.plan.command import print_json, print_plan, print_points
    from raysft.sweep.results.plan_view import view_plan

    with view_plan(spec, store) as found:
        if figure is not None:
            from raysft.cli.plan.tree_figure import draw_trees

            draw_trees(found.account.survey.plan, figure)
        if as_json:
            print_json(found)
        elif points:
            print_points(found, Console())
        else:
            print_plan(found, Console())


app.command(epilog="Example: raysft init code.jsonl math.jsonl --model world/base --budget 2cpu-h")(init)
app.add_typer(data_app, name="data")
app.command(epilog="Example: raysft score humaneval samples.jsonl --questions HumanEval.jsonl.gz")(score)
app.add_typer(benchmark_app, name="benchmark")


@app.command(epilog="Example: raysft run sweep.yaml --store s3://bucket/store --address auto")
def run(
    sweep: Sweep,
    store: StoreUrl = STORE,
    address: Annotated[
        str | None, typer.Option(help="A Ray cluster that is already there (`auto` finds one).")
    ] = None,
    changes: Changes = None,
    limit: Limit = None,
    only: Only = None,
    retry: Annotated[
        str | None, typer.Option(metavar="failed", help="`failed`: also try what failed by its own fault.")
    ] = None,
) -> None:
    """Run a sweep, or go on with it: what is in the store is not done again."""
    if retry not in (None, "failed"):
        raise typer.BadParameter("the only value is `failed`", param_hint="--retry")
    spec = _spec(sweep, changes, limit, only)
    if not _run(spec, sweep, store, address, retry_failed=retry == "failed"):
        raise typer.Exit(1)


@app.command(epilog="Example: raysft status sweep.yaml --store runs/store")
def status(
    sweep: Sweep,
    store: StoreUrl = STORE,
    changes: Changes = None,
    limit: Limit = None,
    only: Only = None,
    as_json: AsJson = False,
) -> None:
    """Points × stages: done, running, waiting, failed, blocked."""
    spec = _spec(sweep, changes, limit, only)
    from raysft.cli.status import show_status, status_json
    from raysft.store import Store
    from raysft.sweep.inputs.read import view_inputs

    opened = Store.existing(store)
    inputs = view_inputs(spec, store)
    if as_json:
        print(json.dumps(status_json(inputs, opened), indent=2))
    else:
        show_status(Console(), inputs, opened)


@app.command(epilog="Example: raysft report sweep.yaml --only amount")
def report(
    sweep: Sweep,
    store: StoreUrl = STORE,
    changes: Changes = None,
    limit: Limit = None,
    only: Only = None,
    out: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Write into this folder, not into the store.")
    ] = None,
) -> None:
    """Write tables and the HTML report from what is in the store."""
    spec = _spec(sweep, changes, limit, only)
    from raysft.cli.report import report as write

    if not write(spec, store, out, Console()):
        raise typer.Exit(1)


@app.command(epilog="Example: raysft why sweep.yaml dmt")
def why(
    sweep: Sweep,
    point: Annotated[
        str | None,
        typer.Argument(metavar="[POINT]", help="Only points whose fingerprint or text has this in it."),
    ] = None,
    store: StoreUrl = STORE,
    changes: Changes = None,
    limit: Limit = None,
    only: Only = None,
    as_json: AsJson = False,
) -> None:
    """What a run would make, and why: the field in which it differs from the nearest thing in the store."""
    spec = _spec(sweep, changes, limit, only)
    from raysft.cli.why import explain, show_reasons

    found = explain(spec, store, point)
    if as_json:
        print(json.dumps(found, indent=2))
    else:
        show_reasons(found, Console())


def _run(spec: SweepSpec, file: Path, store: str, address: str | None, *, retry_failed: bool) -> bool:
    with interruptible() as guard:
        from raysft.cli.run import run_and_report

        return run_and_report(spec, file, store, address, Console(), guard, retry_failed=retry_failed)


def _spec(
    sweep: Path,
    changes: list[str] | None,
    limit: int | None,
    only: str | None,
    data: Literal["needed", "expected"] = "needed",
) -> SweepSpec:
    spec = load_sweep(sweep, changes or (), limit, data)
    return spec if only is None else spec.only(only.split(","))


def main() -> None:
    """Entry point: errors of ours become one message and an exit code."""
    keep_folder_off_path()
    try:
        app()
    except InputError as error:
        print(f"{counted(len(error.problems), 'problem')}; nothing was started:", file=sys.stderr)
        for line in told(error.problems):
            print(f"  {on_one_line(line)}", file=sys.stderr)
        sys.exit(2)
    except (RaysftError, subprocess.CalledProcessError) as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        sys.exit(1)


if __name__ == "__main__":
    main()
