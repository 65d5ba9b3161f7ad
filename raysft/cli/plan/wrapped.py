"""Lines of a plan on a terminal of any width: what does not fit goes on below, indented, between words."""

import textwrap
from collections.abc import Iterable

from rich.console import Console
from rich.text import Text

from raysft.harmless_text import harmless

_LEAST = 40
"""Columns that text gets however narrow the terminal is."""


def folded(text: str, width: int, indent: str = "  ", first: str = "") -> list[str]:
    """A text on lines of at most some width, in which a word that is too long stays whole.

    Args:
        text: one line.
        width: columns.
        indent: begins every line but the first.
        first: begins the first line, such as columns of numbers.
    """
    text = harmless(text)
    if len(first) + len(text) <= width:
        return [first + text]
    return textwrap.wrap(
        text,
        max(width, len(indent) + _LEAST),
        initial_indent=first,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )


def say(console: Console, text: str, style: str = "") -> None:
    """Print one sentence."""
    write(console, folded(text, console.width), style)


def write(console: Console, lines: Iterable[str], style: str = "") -> None:
    """Print lines as they are."""
    for line in lines:
        console.print(Text(line, style=style), soft_wrap=True)
