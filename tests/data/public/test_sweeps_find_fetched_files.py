"""The files that sweeps name are those that `raysft data fetch` writes, where it writes them."""

from pathlib import Path

import pytest
import typer.main
from support.places import ROOT, SWEEPS

from raysft.cli.data.app import data_app
from raysft.data.public.catalogue import PUBLIC_SETS
from raysft.spec import SweepSpec, load_sweep

FILES = sorted(SWEEPS.glob("*.yaml"))
BY_HAND = {"gsm8k_rft.jsonl", "sharegpt_tagged.jsonl"}
"""Have no address of their authors that is known to last."""


def named(spec: SweepSpec) -> set[str]:
    """Local files of a sweep."""
    paths = {path for source in spec.sources.values() if not source.is_world for path in source.paths}
    for _, one in spec.benchmarks.values():
        paths |= {path for path in (one.path, one.references) if path}
    return {path for path in paths if "://" not in path}


def target() -> Path:
    """Where `raysft data fetch NAME` writes, called in the root of the repository."""
    fetch = typer.main.get_group(data_app).commands["fetch"]
    (folder,) = (one.default for one in fetch.params if one.name == "to")
    return ROOT / str(folder)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_what_a_sweep_names_can_be_fetched_to_where_it_looks(file: Path) -> None:
    spec = load_sweep(file, data="expected")
    files = {one.file for one in PUBLIC_SETS.values()}
    assert named(spec) <= files | BY_HAND
    if named(spec):
        assert Path(spec.data_dir) == target()
        said = file.read_text(encoding="utf-8").partition("\nname:")[0]
        for name, one in PUBLIC_SETS.items():
            if one.file in named(spec):
                assert f" {name}" in said, "the head of the file says what to fetch"
    assert all(
        one in file.read_text(encoding="utf-8").partition("\nname:")[0] for one in named(spec) & BY_HAND
    )
