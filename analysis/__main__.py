"""`python -m analysis RESULTS_FOLDER [--out report.html]`: the report of a finished sweep."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from raysft.errors import InputError

from .cells import collapse
from .inputs import read_folder
from .left_out import left_out
from .report import write_report
from .terminal import results_table


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table of results and write the report; returns the exit code, 2 for an unreadable folder."""
    parser = argparse.ArgumentParser(
        prog="python -m analysis", description="Write the HTML report of a sweep."
    )
    parser.add_argument("folder", type=Path, help="holds results.parquet, items.parquet and sweep.json")
    parser.add_argument("--out", type=Path, help="the HTML file; default: report.html in the folder")
    given = parser.parse_args(arguments)
    try:
        inputs = read_folder(given.folder)
        console = Console()
        console.print(results_table(collapse(inputs.results, inputs.items), console.width))
        for note in left_out(inputs.sweep):
            console.print(note.heading, style="bold")
            for line in note.lines:
                console.print(line, highlight=False, markup=False)
        write_report(given.folder, given.out or given.folder / "report.html")
    except InputError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
