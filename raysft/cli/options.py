"""Arguments and options that several commands have."""

from pathlib import Path
from typing import Annotated

import typer

Sweep = Annotated[Path, typer.Argument(metavar="SWEEP", help="The sweep file (YAML).")]
StoreUrl = Annotated[
    str, typer.Option("--store", metavar="URL", help="Where results go: a folder, s3:// or gs://.")
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
