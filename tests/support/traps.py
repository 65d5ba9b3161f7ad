"""A folder as research folders are: files in it have the names of libraries."""

from pathlib import Path

NAMES = ("analysis", "calendar", "pickle", "random", "ray", "sitecustomize", "socket", "tempfile", "torch")


def set_traps(folder: Path) -> None:
    """Put files there that leave a mark beside themselves when they are imported."""
    for name in NAMES:
        (folder / f"{name}.py").write_text("open(__file__ + '.imported', 'a').write('x')\n")


def sprung(folder: Path) -> list[str]:
    """Names of those that were imported."""
    return [path.name.split(".")[0] for path in sorted(folder.glob("*.imported"))]
