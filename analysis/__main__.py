"""`python -m analysis RESULTS_FOLDER [--out report.html]`: the report of a finished sweep."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from analysis.report import write_report
from raysft.errors import InputError


def main(arguments: Sequence[str] | None = None) -> int:
    """Write a report and print its path; returns the exit code, 2 for a folder that cannot be read."""
    parser = argparse.ArgumentParser(
        prog="python -m analysis", description="Write the HTML report of a sweep."
    )
    parser.add_argument("folder", type=Path, help="holds results.parquet, items.parquet and sweep.json")
    parser.add_argument("--out", type=Path, help="the HTML file; default: report.html in the folder")
    given = parser.parse_args(arguments)
    try:
        print(write_report(given.folder, given.out or given.folder / "report.html"))
    except InputError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
