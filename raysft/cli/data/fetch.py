"""`raysft data fetch`: what is said before and after."""

from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TransferSpeedColumn
from rich.text import Text

from raysft.data.public.catalogue import PUBLIC_SETS, PublicSet, Vouched
from raysft.data.public.fetch import fetch

_VOUCHED: dict[Vouched | None, str] = {
    "seen": "checksum of the published file",
    "authors": "checksum stated by the authors",
    "others": "checksum stated by several others who use it",
    None: "no checksum known: needs --unverified",
}


def list_sets(console: Console) -> None:
    """Print all that can be fetched."""
    for name, one in PUBLIC_SETS.items():
        size = "size unknown" if one.size is None else f"{one.size:,} bytes"
        console.print(Text(name, "bold"), Text(f"{size}, {one.licence}"), soft_wrap=True)
        console.print(Text(f"    {one.what}; {_VOUCHED[one.vouched]}"), soft_wrap=True)


def fetch_set(
    console: Console, wanted: PublicSet, folder: Path, url: str | None, *, accept_unverified: bool
) -> None:
    """Say what will be fetched, fetch it, and say what came."""
    checksum = f"SHA-256 {wanted.sha256} ({_VOUCHED[wanted.vouched]})" if wanted.sha256 else _VOUCHED[None]
    said = {
        "what": wanted.what,
        "licence": wanted.licence,
        "of": wanted.origin,
        "from": url or wanted.url,
        "size": "unknown" if wanted.size is None else f"{wanted.size:,} bytes",
        "checksum": checksum,
    }
    for name, value in said.items():
        console.print(Text(f"{name + ':':<10}{value}"), soft_wrap=True)
    columns = (BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal, transient=True) as progress:
        task = progress.add_task("fetching", total=wanted.size)
        found = fetch(
            wanted,
            folder,
            url,
            accept_unverified=accept_unverified,
            watch=lambda done, whole: progress.update(task, completed=done, total=whole),
        )
    state = "is there already" if found.was_there else "fetched"
    worth = "verified" if found.verified else f"could not be verified; its SHA-256 is {found.sha256}"
    console.print(Text(f"{found.path}: {state}, {found.size:,} bytes, {worth}"), soft_wrap=True)
