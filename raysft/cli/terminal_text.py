"""Text of strangers on one line of a terminal: nothing in it is obeyed (`raysft.harmless_text`).

Markup of rich is never looked for: texts are printed as `rich.text.Text`.
"""

from raysft.harmless_text import harmless


def on_one_line(text: str) -> str:
    """A text whose characters all can be seen, on one line."""
    return harmless(" ".join(text.split()))
