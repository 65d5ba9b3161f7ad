"""One self-contained HTML page: no scripts, no network, light enough for a phone."""

import importlib.metadata
import os
import platform
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from .caveats import notes
from .cells import Cell, PointState, collapse, grids
from .figures.all import draw_figures
from .figures.canvas import Figure
from .inputs import Inputs, SweepFacts, read_folder
from .labels import printable
from .left_out import left_out
from .table import Block, blocks, heads

TOY_CAUTION = "A toy world that shows the tool, not how large models behave."
_LIBRARIES = ("numpy", "pandas", "scipy", "matplotlib")


@dataclass(frozen=True)
class Asked:
    """What one study asked for, read off its points."""

    study: str
    model: str
    strategies: tuple[str, ...]
    amounts: tuple[str, ...]
    details: tuple[str, ...]
    """Ratios, variants and changes of the recipe; `usual` where all are."""
    seeds: tuple[str, ...]
    points: int


@dataclass(frozen=True)
class Failure:
    """A point that is not done."""

    cell: Cell
    point: PointState


def write_report(folder: Path, out: Path) -> Path:
    """Write the report of a results folder; returns `out`.

    Args:
        folder: holds `results.parquet`, `items.parquet` and `sweep.json`.
        out: the HTML file; its folder is made, an older file is replaced as a whole.

    Raises:
        InputError: something in the folder is missing or does not fit together.
    """
    page = render(read_folder(folder))
    out.parent.mkdir(parents=True, exist_ok=True)
    # A reader, or a browser that reloads, never meets half a page.
    with tempfile.NamedTemporaryFile(
        "w", encoding="utf-8", dir=out.parent, suffix=".part", delete=False
    ) as part:
        part.write(page)
    os.chmod(part.name, 0o644)
    os.replace(part.name, out)
    return out


def render(inputs: Inputs) -> str:
    """The page as text; the same inputs give the same bytes with the same versions of the libraries."""
    cells = collapse(inputs.results, inputs.items)
    environment = Environment(
        loader=PackageLoader(__package__, "."), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True,
    )  # fmt: skip
    environment.filters["svg"] = _svg
    points = {point.point for cell in cells if not cell.key.is_base for point in cell.points}
    failures = [Failure(cell, point) for cell in cells for point in cell.missing]
    bases = {cell.key.model for cell in cells if cell.key.is_base}
    drawn = blocks(cells)
    return environment.get_template("report.html.j2").render(
        sweep=inputs.sweep,
        caution=_caution(inputs.sweep),
        asked=[_asked(grid) for grid in grids(cells)],
        studies=len({cell.key.study for cell in cells}),
        points=len(points),
        bases=len(bases),
        done=len(points - {failure.point.point for failure in failures}),
        heads=heads(cells),
        blocks=drawn,
        marks=_marks(drawn),
        figures=draw_figures(cells),
        notes=[*notes(cells), *left_out(inputs.sweep)],
        failures=failures,
        provenance=_provenance(inputs, cells),
    )


def _marks(drawn: Sequence[Block]) -> dict[str, bool]:
    """Which marks are in the table: the legend explains no others."""
    lines = [line for block in drawn for line in block.lines]
    entries = [entry for line in lines for entry in line.entries]
    return {
        "suspect": any(entry.suspect for entry in entries),
        "other_version": any(entry.other_version for entry in entries),
        "one_seed": any(line.one_seed for line in lines),
    }


def _caution(sweep: SweepFacts) -> str:
    return sweep.caution or (TOY_CAUTION if sweep.toy else "")


def _svg(figure: Figure) -> Markup:
    """The one thing that enters the page unescaped: matplotlib has escaped every text in it."""
    return Markup(figure.svg)  # noqa: S704


def _asked(grid: Sequence[Cell]) -> Asked:
    trained = [cell for cell in grid if not cell.key.is_base]
    amounts = {cell.key.amount: cell.key.amount_value for cell in trained if cell.key.amount}
    seeds = sorted({point.seed for cell in trained for point in cell.points if point.seed is not None})
    return Asked(
        study=grid[0].key.study,
        model=grid[0].key.model,
        strategies=tuple(dict.fromkeys(cell.key.strategy for cell in grid)),
        amounts=tuple(sorted(amounts, key=lambda text: amounts[text])),
        details=tuple(dict.fromkeys(cell.key.details or "usual" for cell in trained)),
        seeds=tuple(map(str, seeds)),
        points=sum(len(cell.points) for cell in trained),
    )


def _provenance(inputs: Inputs, cells: Sequence[Cell]) -> list[tuple[str, str]]:
    generated = inputs.sweep.generated_by
    told = generated.items() if isinstance(generated, dict) else [("generated by", generated)]
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in _LIBRARIES)
    return [
        ("sweep", inputs.sweep.name),
        *((printable(str(key)), printable(str(value))) for key, value in told if value is not None),
        ("analysis", f"Python {platform.python_version()}, {versions}"),
        ("cells", str(len(cells))),
        ("rows of results", f"{len(inputs.results):,}"),
        ("verdicts on items", f"{len(inputs.items):,}"),
        ("stages scored", f"{inputs.items['stage'].nunique():,}"),
    ]
