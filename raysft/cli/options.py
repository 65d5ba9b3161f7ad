"""Arguments and options that several commands have."""

from pathlib import Path
from typing import Annotated

import typer

from raysft.errors import InputError, Problem


def _named(url: str) -> str:
    """An empty name, as of a variable of the shell that is not set, would fill the current folder."""
    if not url.strip():
        remedy = f"name a folder, such as {STORE}, or a URL, s3:// or gs://"
        raise InputError([Problem("--store", '""', remedy)])
    return url


Sweep = Annotated[Path, typer.Argument(metavar="SWEEP", help="The sweep file (YAML).")]
StoreUrl = Annotated[
    str,
    typer.Option(
        "--store", metavar="URL", help="Where results go: a folder, s3:// or gs://.", callback=_named
    ),
]
Changes = Annotated[
    list[str] | None,
    typer.Option(
        "--set", metavar="A.B=C", help="Change a field of the sweep file. Results get a name of their own."
    ),
]
Limit = Annotated[
    int | None,
    typer.Option(min=1, help="Use only so many rows, held-out ones in proportion, and so many questions."),
]
Only = Annotated[
    str | None, typer.Option(metavar="STUDY[,STUDY]", help="Only these studies, under a name of their own.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print stable, documented JSON.")]

STORE = "runs/store"
