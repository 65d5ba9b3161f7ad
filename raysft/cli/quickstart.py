"""The sweep file of the quickstart, wherever raysft is installed."""

from contextlib import AbstractContextManager
from importlib.resources import as_file, files
from importlib.resources.abc import Traversable
from pathlib import Path


def shipped_sweeps() -> Traversable:
    """The folder of the sweep files that come with raysft.

    An installed raysft has them as `raysft/sweeps`; in a checkout they lie beside the package.
    """
    package = files("raysft")
    installed = package / "sweeps"
    return installed if installed.is_dir() else package / ".." / "sweeps"


def quickstart_file() -> AbstractContextManager[Path]:
    """The sweep file of the quickstart, as a file while the block runs."""
    return as_file(shipped_sweeps() / "quickstart.yaml")
