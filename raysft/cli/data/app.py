"""`raysft data check | show | export | fetch | tag`.

SOURCE is one or several files, `hf://owner/name`, a built-in source (`world/math`), or the source of a sweep,
`SWEEP.yaml:ability` or `SWEEP.yaml:ability/variant`, with what the sweep file says of it.

Exit code 0: done, and every row is good; 1: a row is bad, or something failed; 2: wrong input.
"""

import json
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from raysft.cli.interrupt import interruptible
from raysft.cli.options import STORE, AsJson, Changes, Limit, StoreUrl, Sweep
from raysft.errors import Problem

data_app = typer.Typer(
    help="Look at a source, fetch public ones, tag conversations.",
    no_args_is_help=True,
    epilog="Example: raysft data check rows.jsonl",
)

Sources = Annotated[
    list[str],
    typer.Argument(metavar="SOURCE...", help="Files, hf://owner/name, world/math, or SWEEP.yaml:ABILITY."),
]
Format = Annotated[
    str, typer.Option("--format", metavar="F", help="Format of a row; `auto` looks at the keys of each.")
]
Clean = Annotated[
    list[str] | None,
    typer.Option("--clean", metavar="RULE", help="Put turns in order: merge_same_side and others; repeat."),
]
Model = Annotated[
    str | None,
    typer.Option(metavar="BASE", help="A folder, a Hub id, world/base, or a model of the sweep."),
]
Template = Annotated[
    str | None,
    typer.Option(metavar="T", help="Chat template: own, vicuna, alpaca, chatml or a Jinja file."),
]


@data_app.command(epilog="Example: raysft data check rows.jsonl --model world/base")
def check(
    source: Sources,
    form: Format = "auto",
    clean: Clean = None,
    model: Model = None,
    template: Template = None,
    max_length: Annotated[
        int | None, typer.Option(help="Longest sequence in tokens; 2048 by default.")
    ] = None,
    overflow: Annotated[
        str | None, typer.Option(metavar="O", help="Of longer ones: cut, split or drop; split by default.")
    ] = None,
    changes: Changes = None,
    as_json: AsJson = False,
) -> None:
    """What is in a source, what is wrong with it, and how many tokens training would use of it.

    Without --model only characters are counted. The keys of --json are documented in
    raysft.cli.data.check.checked_json.
    """
    from raysft.cli.data.arguments import ModelOptions, SourceArguments, meant_by

    options = ModelOptions(model, template, max_length, overflow)
    meant = meant_by(SourceArguments(source, form, changes or (), clean or ()), options)
    # What follows imports transformers; a wrong command line without a model is refused before that.
    from raysft.cli.data.check import check_source, checked_json
    from raysft.cli.data.show_check import show_check
    from raysft.data.sources.bad_rows import SHOWN

    with Console(stderr=True).status("reading"):
        # what reads JSON can be given all bad rows, what is read on a terminal cannot
        found = check_source(meant.source, meant.model, sys.maxsize if as_json else SHOWN)
    if as_json:
        print(json.dumps(checked_json(found), indent=2))
    else:
        show_check(Console(highlight=False), found)
    if not found.good:
        raise typer.Exit(1)


@data_app.command(epilog="Example: raysft data show sweep.yaml:math --n 2")
def show(
    source: Sources,
    count: Annotated[int, typer.Option("--n", min=1, help="How many conversations.")] = 3,
    seed: Annotated[int, typer.Option(min=0, help="Of a sweep: shown is what its smallest amounts use.")] = 0,
    form: Format = "auto",
    clean: Clean = None,
    model: Model = None,
    template: Template = None,
    changes: Changes = None,
) -> None:
    """A few conversations, the same ones each time, with what is supervised marked.

    With --model they are shown as that model is trained on them, token by token.
    """
    from raysft.cli.data.arguments import ModelOptions, SourceArguments, meant_by

    meant = meant_by(SourceArguments(source, form, changes or (), clean or ()), ModelOptions(model, template))
    from raysft.cli.data.show import show_source

    show_source(Console(highlight=False), meant, count, seed)


@data_app.command(epilog="Example: raysft data export sweep.yaml 54a3dc41 > stage.jsonl")
def export(
    sweep: Sweep,
    stage: Annotated[str, typer.Argument(metavar="STAGE", help="A fingerprint, or the beginning of one.")],
    store: StoreUrl = STORE,
    changes: Changes = None,
    limit: Limit = None,
) -> None:
    """Print what a stage trains on, as JSON Lines: its conversations with source, id and how many times."""
    from raysft.spec import load_sweep

    spec = load_sweep(sweep, changes or (), limit)
    from raysft.cli.data.export import export_stage

    export_stage(spec, store, stage, sys.stdout)


@data_app.command(epilog="Example: raysft data fetch gsm8k_train --to data")
def fetch(
    name: Annotated[str | None, typer.Argument(help="Which set; without one they are listed.")] = None,
    to: Annotated[Path, typer.Option("--to", metavar="FOLDER", help="Where it is kept.")] = Path("data"),
    url: Annotated[
        str | None, typer.Option("--from", metavar="URL", help="A mirror: https://, or http://127.0.0.1.")
    ] = None,
    unverified: Annotated[
        bool, typer.Option("--unverified", help="Keep a file of which no checksum is known.")
    ] = False,
) -> None:
    """A public set, with its checksum; what is there already is not fetched again."""
    from raysft.cli.data.fetch import fetch_set, list_sets
    from raysft.data.public.catalogue import public_set

    console = Console(highlight=False)
    if name is None:
        list_sets(console)
    else:
        fetch_set(console, public_set(name), to, url, accept_unverified=unverified)


@data_app.command(epilog="Example: raysft data tag rows.jsonl --out tagged.jsonl --rules default")
def tag(
    source: Sources,
    out: Annotated[Path, typer.Option("--out", metavar="FILE.jsonl", help="Every row with its tags.")],
    rules: Annotated[
        str | None, typer.Option(metavar="RULES.yaml", help="Tag by rules; `default` has code and math.")
    ] = None,
    model: Model = None,
    labels: Annotated[
        str | None, typer.Option(metavar="A,B", help="Labels out of which --model chooses.")
    ] = None,
    field: Annotated[str, typer.Option(help="Key of a row that holds its tags.")] = "tags",
    on_bad_row: Annotated[
        str | None,
        typer.Option(metavar="refuse|skip", help="What a bad row does; refuse unless a sweep file says it."),
    ] = None,
    characters: Annotated[
        int, typer.Option(min=100, help="How much of a conversation --model is shown.")
    ] = 2000,
    form: Format = "auto",
    clean: Clean = None,
    template: Template = None,
    changes: Changes = None,
) -> None:
    """Add to every row the tags that rules, or a model, give it; rows keep their order and all else.

    A run with --model that was killed goes on where it was: run it again.
    """
    from raysft.cli.data.arguments import ModelOptions, SourceArguments, meant_by

    wrong = _wrong_tagging(out, rules, model, labels, on_bad_row)
    meant = meant_by(
        SourceArguments(source, form, changes or (), clean or ()), ModelOptions(model, template), wrong
    )
    from raysft.cli.data.tag import Target, tag_by_model, tag_by_rules
    from raysft.data.tag.label_prompt import LabelPrompt

    chosen = meant.source.source.on_bad_row if on_bad_row is None else on_bad_row
    target = Target(meant.source, out, field, "skip" if chosen == "skip" else "refuse")
    console = Console(highlight=False)
    if meant.model is None:
        tag_by_rules(target, rules or "", console)
        return
    prompt = LabelPrompt.of([one.strip() for one in (labels or "").split(",")], characters)
    with interruptible():
        tag_by_model(target, meant.model, prompt, console)


def _wrong_tagging(
    out: Path, rules: str | None, model: str | None, labels: str | None, on_bad_row: str | None
) -> list[Problem]:
    problems = []
    if (rules is None) == (model is None):
        problems.append(Problem("--rules", rules or "not given", "give --rules, or --model with --labels"))
    if (model is None) != (labels is None):
        problems.append(Problem("--labels", labels or "not given", "goes with --model"))
    if on_bad_row not in (None, "refuse", "skip"):
        problems.append(Problem("--on-bad-row", str(on_bad_row), "use refuse or skip"))
    if out.suffix != ".jsonl":
        problems.append(Problem("--out", str(out), "is JSON Lines: name it FILE.jsonl"))
    return problems
