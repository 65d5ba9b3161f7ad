"""The stage trees of a plan as a figure: from the base on the left to the last stages on the right.

A box is a training run; its width on the page says nothing. Stages that several points share stand out, and
each box says what it trains on, how many steps, and how many points go through it.
"""

from pathlib import Path
from typing import NamedTuple

from raysft.data.whole_files import written_at_once
from raysft.errors import InputError, Problem
from raysft.identity import StageId
from raysft.plan.tree import Plan, Stage

_KINDS = (".svg", ".png", ".pdf")
_MOST = 300
"""Stages that are still legible."""
_COLUMN, _ROW = 3.4, 0.42
"""Inches from stage to stage, across and down."""
_SHARED, _ALONE, _BASE = "#cfe3f7", "#f4f4f4", "#ffffff"


class _Root(NamedTuple):
    """Where the trees of a model begin: two models with one base have a box each."""

    model: str


class _Place(NamedTuple):
    """Where a box is: column from the left, row from the top."""

    column: int
    row: float


def draw_trees(plan: Plan, file: Path) -> None:
    """Draw all trees of a plan, one below the other.

    Raises:
        InputError: another kind of file, one that cannot be made, or too many stages for a figure.
        Unwritable: the disk is full.
    """
    if file.suffix not in _KINDS:
        raise InputError([Problem("--figure", str(file), f"must end in one of {', '.join(_KINDS)}")])
    if len(plan.stages) > _MOST:
        remedy = f"at most {_MOST} stages can be drawn; draw some studies: --only"
        raise InputError([Problem("--figure", f"{len(plan.stages)} stages", remedy)])
    # matplotlib takes a second to import, and most plans are read on the terminal
    import matplotlib as mpl
    from matplotlib.figure import Figure

    places = _laid_out(plan)
    rows = max(one.row for one in places.values()) + 1
    columns = max(one.column for one in places.values()) + 1
    figure = Figure(figsize=(columns * _COLUMN, max(1.5, rows * _ROW)), layout="constrained")
    axes = figure.add_subplot()
    axes.set(xlim=(-0.05, columns - 0.1), ylim=(rows - 0.4, -0.6))
    axes.axis("off")
    for drawn, place in places.items():
        if isinstance(drawn, _Root):
            text, weight, colour = drawn.model, "bold", _BASE
        else:
            stage = plan.stages[drawn]
            text, weight = _text(plan, stage), "normal"
            colour = _SHARED if plan.users[drawn] > 1 else _ALONE
            _line(axes, places[stage.parent or _Root(stage.model)], place)
        box = {"boxstyle": "round,pad=0.35", "facecolor": colour, "edgecolor": "#777777", "linewidth": 0.6}
        # `parse_math` off: names of abilities are the user's, and a dollar sign is no formula
        axes.text(*place, text, fontsize=7, va="center", ha="left", bbox=box, weight=weight, parse_math=False)
    with mpl.rc_context({"svg.hashsalt": "raysft"}):
        kind, dated = file.suffix.removeprefix("."), {"Date": None} if file.suffix == ".svg" else None
        with written_at_once(file) as out:
            figure.savefig(out, dpi=150, format=kind, metadata=dated)


def _laid_out(plan: Plan) -> dict[StageId | _Root, _Place]:
    """Leaves take a row each, in the order of the plan; a parent is at the middle of its children."""
    places: dict[StageId | _Root, _Place] = {}
    row = 0.0
    children: dict[StageId | _Root, list[StageId]] = {}
    for stage in plan.stages.values():
        children.setdefault(stage.parent or _Root(stage.model), []).append(stage.fingerprint)

    def place(one: StageId | _Root, column: int) -> float:
        nonlocal row
        below = [place(child, column + 1) for child in children.get(one, ())]
        if not below:
            row += 1
        middle = (below[0] + below[-1]) / 2 if below else row - 1
        places[one] = _Place(column, middle)
        return middle

    for model in plan.bases:
        place(_Root(model), 0)
        row += 0.4
    return places


def _line(axes: object, start: _Place, end: _Place) -> None:
    """From the left edge of one box to the left edge of the next, drawn beneath both."""
    middle = end.column - 0.06
    axes.plot(  # type: ignore[attr-defined]  # matplotlib is untyped here
        [start.column + 0.02, middle, middle, end.column],
        [start.row, start.row, end.row, end.row],
        color="#999999",
        linewidth=0.7,
        zorder=0,
    )


def _text(plan: Plan, stage: Stage) -> str:
    points = plan.users[stage.fingerprint]
    shared = f" · {points} points" if points > 1 else ""
    return f"{stage.mixture_text()}\n{stage.steps:,} steps · seed {stage.seed}{shared}"
