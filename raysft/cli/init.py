"""`raysft init`: a first sweep file for one's own data, a model and a budget."""

from pathlib import Path
from typing import Annotated

import typer


def init(
    data: Annotated[list[str], typer.Argument(metavar="DATA...", help="One file for each ability.")],
    model: Annotated[str, typer.Option(metavar="M", help="`world/base`, a Hugging Face folder or a Hub id.")],
    budget: Annotated[str, typer.Option(help="200gpu-h, 2cpu-h, 50h (on the clock) or 500usd.")],
    out: Annotated[Path, typer.Option(metavar="FILE", help="The sweep file to write.")] = Path("sweep.yaml"),
    name: Annotated[str | None, typer.Option(help="Of the sweep; the folder's if not given.")] = None,
    accelerator: Annotated[
        str | None, typer.Option(help="What trains, such as h100-80gb; a100-80gb if not given.")
    ] = None,
    gpus: Annotated[int | None, typer.Option(min=0, help="How many there are; 0 trains on the CPU.")] = None,
    shape_from: Annotated[
        Path | None, typer.Option(metavar="CONFIG", help="config.json of a model that is not here.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace a file that is there.")] = False,
) -> None:
    """Look at data files and write a pilot sweep that fits a budget, with a comment on every choice.

    It reads every file to its end, asks nothing and starts nothing. It ends with what to run next.

    Example: raysft init math.jsonl chat.json --model huggyllama/llama-7b --budget 200gpu-h
    """
    # The readers of data files take a second to import, which other commands need not spend.
    from raysft.pilot.write import Wanted, write_pilot

    wanted = Wanted(tuple(data), model, budget, out, name, accelerator, gpus, shape_from, force)
    for line in write_pilot(wanted):
        print(line)
