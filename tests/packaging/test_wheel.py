"""The wheel: everything that a run needs is in it, and nothing that could stand in another package's way."""

import subprocess
import sys
import zipfile
from email import message_from_bytes
from pathlib import Path
from shutil import copytree, ignore_patterns

import pytest
from support.places import ROOT

BUILD = "import sys; from setuptools.build_meta import build_wheel; build_wheel(sys.argv[1])"
SOURCES = ("raysft", "analysis", "sweeps", "pyproject.toml", "setup.py", "README.md", "LICENSE")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built offline from a copy, since building leaves its traces beside the sources."""
    folder = tmp_path_factory.mktemp("wheel")
    copy = folder / "sources"
    copy.mkdir()
    for name in SOURCES:
        if (ROOT / name).is_dir():
            copytree(ROOT / name, copy / name, ignore=ignore_patterns("__pycache__"))
        else:
            (copy / name).write_bytes((ROOT / name).read_bytes())
    done = subprocess.run(
        [sys.executable, "-c", BUILD, str(folder)], cwd=copy, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def names(wheel: Path) -> set[str]:
    return set(zipfile.ZipFile(wheel).namelist())


def in_repository(folder: str, pattern: str) -> set[str]:
    found = {str(path.relative_to(ROOT / folder)) for path in (ROOT / folder).rglob(pattern)}
    assert found
    return found


def test_every_module_is_in_it(names: set[str]) -> None:
    assert {f"raysft/{one}" for one in in_repository("raysft", "*.py")} <= names
    assert {f"raysft_analysis/{one}" for one in in_repository("analysis", "*.py")} <= names


def test_every_data_file_is_in_it(names: set[str]) -> None:
    data = {
        f"raysft/{path.relative_to(ROOT / 'raysft')}"
        for path in (ROOT / "raysft").rglob("*")
        if path.is_file() and path.suffix not in (".py", ".pyc")
    }
    assert "raysft/py.typed" in data
    assert data <= names
    assert "raysft_analysis/report.html.j2" in names


def test_the_sweeps_are_in_it(names: set[str]) -> None:
    shipped = {f"raysft/sweeps/{one}" for one in in_repository("sweeps", "*.yaml")}
    assert "raysft/sweeps/quickstart.yaml" in shipped
    assert shipped <= names


def test_its_top_level_names_are_ours_alone(names: set[str]) -> None:
    tops = {name.split("/")[0] for name in names if ".dist-info/" not in name}
    assert tops == {"raysft", "raysft_analysis"}


def test_its_metadata_names_licence_and_command(wheel: Path, names: set[str]) -> None:
    (info,) = {name.split("/")[0] for name in names if ".dist-info/" in name}
    with zipfile.ZipFile(wheel) as archive:
        metadata = message_from_bytes(archive.read(f"{info}/METADATA"))
        entries = archive.read(f"{info}/entry_points.txt").decode()
    assert metadata["License-Expression"] == "Apache-2.0"
    assert f"{info}/licenses/LICENSE" in names
    assert metadata.get_all("Provides-Extra") == ["s3", "gcs", "dev"]
    assert "raysft = raysft.__main__:main" in entries


def test_the_unpacked_wheel_shows_its_quickstart(wheel: Path, tmp_path: Path) -> None:
    unpacked, empty = tmp_path / "unpacked", tmp_path / "empty"
    zipfile.ZipFile(wheel).extractall(unpacked)
    empty.mkdir()
    done = subprocess.run(
        [sys.executable, "-P", "-m", "raysft", "quickstart", "--show"],
        cwd=empty,
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(unpacked)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == (ROOT / "sweeps" / "quickstart.yaml").read_text()
