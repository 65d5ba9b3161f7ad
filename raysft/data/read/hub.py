"""Data sets of the Hugging Face Hub: `hf://owner/name[/config][:split]`, or `hf:///a/folder[:split]`."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import yaml

from raysft.data.read.row import Row, Rows, refused
from raysft.data.read.tables import BATCH, NO_VALUE
from raysft.errors import Problem

HUB = "hf://"
"""Prefix of data sets that `datasets.load_dataset` opens."""


def hub_rows(path: str) -> Rows:
    """Rows of a data set of the Hub, or of one in a folder of the same shape.

    Raises:
        InputError: there is no such data set, or it cannot be loaded.
    """
    # importing datasets takes seconds, and most sweeps read files
    import datasets

    name, config, split = hub_name(path)
    try:
        found: Any = datasets.load_dataset(name, config, split=split or "train")
    except (
        *(OSError, ValueError, TypeError, KeyError, AttributeError),
        *(datasets.exceptions.DatasetsError, pa.ArrowException, yaml.YAMLError),
    ) as error:
        raise refused(path, "cannot be loaded", " ".join(str(error).split())[:300]) from None
    for before in range(0, len(found), BATCH):
        yield from _rows(path, found, range(before, min(before + BATCH, len(found))))


def _rows(path: str, found: Any, places: range) -> Rows:  # noqa: ANN401 - a `datasets.Dataset`
    """Rows of a batch; one by one where some have no value."""
    try:
        columns = found[places.start : places.stop]
    except NO_VALUE as error:
        if len(places) > 1:
            for place in places:
                yield from _rows(path, found, range(place, place + 1))
        else:
            remedy = f"cannot be read: {' '.join(str(error).split())}"
            yield Problem(f"{path}, row {places.stop}", "a column", remedy)
        return
    for place, values in zip(places, zip(*columns.values(), strict=True), strict=True):
        yield Row(f"{path}, row {place + 1}", dict(zip(columns, values, strict=True)))


def hub_name(path: str) -> tuple[str, str | None, str]:
    """Name, configuration and split, empty if it is not said.

    Raises:
        InputError: it is no name of a data set.
    """
    name, _, split = path.removeprefix(HUB).partition(":")
    parts = name.split("/")
    if name.startswith("/"):
        return name, None, split
    if len(parts) not in (2, 3) or not all(parts):
        remedy = "write hf://owner/name, hf://owner/name/config or hf://owner/name:split"
        raise refused(path, "is no data set", remedy)
    return "/".join(parts[:2]), parts[2] if len(parts) == 3 else None, split


def local_folder(path: str) -> Path | None:
    """The folder of `hf:///a/folder`, if that is what a path names."""
    name = Path(hub_name(path)[0])
    return name if name.is_absolute() and name.is_dir() else None
