"""Paper and pens of all figures: sizes, colours, marks, and inline SVG."""

import html
import io
import math
import re
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas
from matplotlib.layout_engine import ConstrainedLayoutEngine

from ..scores import Score

# Okabe and Ito's palette without its yellow, which is lost on white paper (jfly.uni-koeln.de/color).
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
_MARKS = ("o", "s", "^", "D", "v", "P", "X")
_DASHES = ("-", "--", "-.")
GREY = "#767676"
INK = "#1f2328"
WIDTH = 6.6
"""Inches: two figures fit side by side on a page of 1,200 pixels, one fills a phone held upright."""
_STYLE = {
    "axes.edgecolor": "#b0b6bc",
    "axes.grid": True,
    "axes.grid.axis": "y",
    "axes.labelcolor": INK,
    "axes.labelsize": 9,
    "axes.linewidth": 0.8,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlelocation": "left",
    "axes.titlesize": 10,
    "axes.titleweight": "bold",
    "axes.axisbelow": True,
    "figure.facecolor": "white",
    "font.family": ["DejaVu Sans"],
    "font.size": 9,
    "grid.color": "#e6e8eb",
    "grid.linewidth": 0.8,
    "legend.fontsize": 9,
    "svg.fonttype": "none",
    "svg.hashsalt": "raysft",
    "text.color": INK,
    # A `$` in a name is a `$`, not mathematics.
    "text.parse_math": False,
    "xtick.color": "#57606a",
    "xtick.labelcolor": INK,
    "ytick.color": "#57606a",
    "ytick.labelcolor": INK,
}
_GROUP_ID = re.compile(r'(<g) id="[\w.]+_\d+"')


@dataclass(frozen=True)
class Figure:
    """A finished figure of the page."""

    title: str
    caption: str
    """Says what is shown and what the interval is."""
    svg: str
    """An `<svg>` element; every text in it is escaped."""


@dataclass(frozen=True)
class Pen:
    """How one line of a figure is drawn; colour is never the only difference between two."""

    colour: str
    mark: str
    dash: str


def pen_of(index: int) -> Pen:
    """The pen of the line with this index; 21 differ, then they begin anew."""
    dash = _DASHES[index // len(COLOURS) % len(_DASHES)]
    return Pen(COLOURS[index % len(COLOURS)], _MARKS[index % len(_MARKS)], dash)


@contextmanager
def style() -> Iterator[None]:
    """Draw in the style of the house; leaves the settings of the process as they were."""
    with mpl.rc_context(_STYLE), warnings.catch_warnings():
        # Texts stay texts: the reader's browser has the letters that the measuring font lacks.
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        yield


def panels(
    count: int, height: float, columns: int = 3, *, share_y: bool = False
) -> tuple[Canvas, list[Axes]]:
    """A canvas with `count` panels in rows of at most `columns`; `height` in inches per row."""
    columns = min(count, columns)
    rows = -(-count // columns)
    canvas = Canvas(figsize=(WIDTH, height * rows), layout=ConstrainedLayoutEngine(w_pad=0.07, h_pad=0.05))
    grid = canvas.subplots(rows, columns, squeeze=False, sharey=share_y)
    axes = list(grid.flat)
    for empty in axes[count:]:
        empty.remove()
    return canvas, axes[:count]


def to_svg(canvas: Canvas, description: str) -> str:
    """The canvas as an `<svg>` element: same bytes for the same drawing, no network, no scripts."""
    buffer = io.StringIO()
    canvas.savefig(
        buffer, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None}
    )
    text = buffer.getvalue()
    # Several figures share a page, whose ids must differ; those of groups are never referred to.
    text = _GROUP_ID.sub(r"\1", text[text.index("<svg") :])
    opening, rest = text.split(">", 1)
    return f'{opening} role="img" aria-label="{html.escape(description)}">{rest}'


def whiskers(score: Score) -> list[list[float]] | None:
    """Distances from the value to the ends of its 95% interval, as matplotlib wants them."""
    if score.value is None or score.low is None or score.high is None:
        return None
    return [[score.value - score.low], [score.high - score.value]]


def on_axis(value: float | None) -> float:
    """The value for an axis; NaN, which is not drawn, where there is none."""
    return math.nan if value is None else value


def end_labels(axes: Axes, x: float, ends: Sequence[tuple[float, str, str]], height: float) -> None:
    """Write (y, text, colour) at the right end of lines, pushed apart so that none covers another.

    Args:
        axes: the panel.
        x: where the lines end.
        ends: where each line ends, what to call it, and its colour.
        height: inches between the ends of the y axis, about.
    """
    low, high = axes.get_ylim()
    # A line of 8.5 points is 0.12 inches high.
    gap = (high - low) * 0.15 / height
    places = spread([y for y, _, _ in ends], gap, low, high)
    for place, (_, text, colour) in zip(places, ends, strict=True):
        axes.annotate(
            text,
            (x, place),
            xytext=(7, 0),
            textcoords="offset points",
            va="center",
            fontsize=8.5,
            color=colour,
        )


def spread(wanted: Sequence[float], gap: float, low: float, high: float) -> list[float]:
    """Places at least `gap` apart, in the order of `wanted` and near them, inside [low, high] if they fit."""
    order = sorted(range(len(wanted)), key=lambda index: wanted[index])
    places = [0.0] * len(wanted)
    floor = low
    for index in order:
        places[index] = max(wanted[index], floor)
        floor = places[index] + gap
    ceiling = high
    for index in reversed(order):
        places[index] = min(places[index], ceiling)
        ceiling = places[index] - gap
    return places
