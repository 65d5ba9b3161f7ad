r"""Texts of strangers, such as answers, reasons of programs and rows of data, fit to be written and shown.

An escape sequence may move the cursor, set the title or, in some terminals, type for the user; a mark that
turns the direction of writing shows another text than there is; half a surrogate pair is in no file. All such
characters are shown by their numbers: `\x1b[31m`, `\u202e`.
"""

import re
import unicodedata

_KEPT = "\n\t"
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})
"""Categories of Unicode: control, format, halves of pairs, private, separators of lines and paragraphs."""
_PRINTABLE = re.compile(r"[ -~\n\t]*")


def harmless(text: str, also: str = "") -> str:
    """A text whose characters all can be seen, line feeds and tabs excepted; UTF-8 can hold it.

    Args:
        text: of any origin.
        also: further characters to be shown by their numbers, such as marks that a caller adds himself.
    """
    # What Python calls printable has no character of the categories above, and is told at once.
    if not also and (text.isprintable() or _PRINTABLE.fullmatch(text)):
        return text
    return "".join(
        _number(one) if one in also or (one not in _KEPT and unicodedata.category(one) in _UNSEEN) else one
        for one in text
    )


def shortened(text: str, most: int) -> str:
    """The same of at most so many characters; `…` is the last where some are left out."""
    shown = harmless(text[:most])
    whole = len(text) <= most and len(shown) <= most
    return shown if whole else f"{shown[: most - 1]}\N{HORIZONTAL ELLIPSIS}"


def _number(character: str) -> str:
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
