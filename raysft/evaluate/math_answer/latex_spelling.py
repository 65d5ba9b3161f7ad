r"""One spelling for what LaTeX, Unicode and plain text write in several ways.

Symbols and commands (`\dfrac`, `\le`, `½`, `√5`, `π`), fonts (`\mathbf{5}`), kinds of matrices, thousands,
spaces, and braces around every argument and nowhere else. Every step is linear in the text.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence

_TOKEN = re.compile(r"\\[A-Za-z]+|\\.|.", re.DOTALL)
_SPELLED = {
    **dict.fromkeys(("\\dfrac", "\\tfrac", "\\cfrac"), "\\frac"),
    **dict.fromkeys(("\\dbinom", "\\tbinom"), "\\binom"),
    **dict.fromkeys(("\\mbox", "\\mathrm", "\\textbf", "\\textrm", "\\textit", "\\textnormal"), "\\text"),
    **dict.fromkeys(("\\textsf", "\\texttt", "\\operatorname"), "\\text"),
    **dict.fromkeys(("\\left", "\\right", "\\big", "\\Big", "\\bigl", "\\bigr", "\\displaystyle"), ""),
    **dict.fromkeys(("\\(", "\\)", "\\[", "\\]", "$", "\\$", "%", "\\%", "\\!", "\\degree", "\\angle"), ""),
    **dict.fromkeys(("\\,", "\\;", "\\:", "\\ ", "~", "\\quad", "\\qquad", "\n", "\t", "\r"), " "),
    **dict.fromkeys(("\\lvert", "\\rvert", "\\vert"), "|"),
    **dict.fromkeys(("\\le", "\\leqslant"), "\\leq"),
    **dict.fromkeys(("\\ge", "\\geqslant"), "\\geq"),
    "\\ne": "\\neq",
    "\\lbrace": "\\{",
    "\\rbrace": "\\}",
    "\\varnothing": "\\emptyset",
    "\\times": "\\cdot",
    "*": "\\cdot",
}
_SYMBOLS = {
    "\N{MINUS SIGN}": "-",
    "\N{EN DASH}": "-",
    "\N{DEGREE SIGN}": "",
    "\N{LESS-THAN OR EQUAL TO}": "\\leq ",
    "\N{GREATER-THAN OR EQUAL TO}": "\\geq ",
    "\N{NOT EQUAL TO}": "\\neq ",
    "\N{GREEK SMALL LETTER PI}": "\\pi ",
    "\N{GREEK SMALL LETTER THETA}": "\\theta ",
    "\N{INFINITY}": "\\infty ",
    "\N{MULTIPLICATION SIGN}": "\\cdot ",
    "\N{MIDDLE DOT}": "\\cdot ",
    "\N{DOT OPERATOR}": "\\cdot ",
    "\N{PLUS-MINUS SIGN}": "\\pm ",
    "\N{EMPTY SET}": "\\emptyset ",
    "\N{UNION}": "\\cup ",
    "\N{INTERSECTION}": "\\cap ",
    "\N{ELEMENT OF}": "\\in ",
    "\N{CUBE ROOT}": "\\sqrt[3]",
}
_ARGUMENTS = {"\\frac": 2, "\\binom": 2, "\\sqrt": 1, "^": 1, "_": 1}
_DIGITS = frozenset("0123456789")
_NUMERAL = _DIGITS | {"."}
_FUNCTIONS = frozenset(
    f"\\{name}" for name in ("sin", "cos", "tan", "sec", "csc", "cot", "log", "ln", "exp", "gcd", "det")
)
_OF_ONE = re.compile(r"(\\(?:sin|cos|tan|sec|csc|cot|log|ln|exp)) *\((?:([A-Za-z]|[0-9]+)|(\\[A-Za-z]+))\)")

_GROUPED = re.compile(r"(?<=[0-9])(?:\{,\}|,\\!|\\[,! ])(?=[0-9]{3}(?![0-9]))")
_FONT = re.compile(r"\\(?:boxed|fbox|underline|mathbf|boldsymbol|bm|mathit|mathsf|mathtt) *\{([^{}]*)\}")
_COLOR = re.compile(r"\\(?:text)?color *\{[A-Za-z]+\}")
_OPERATOR = re.compile(r"\\operatorname\*? *\{([a-z]+)\}")
_REPEATING = re.compile(r"([0-9]{0,20})\.([0-9]{0,20})\\overline *\{([0-9]{1,20})\}")
_ROOT = re.compile(r"\N{SQUARE ROOT} *(?:\(([^()]*)\)|([0-9]+))?")
_CHOOSE = re.compile(r"\{([^{}\\]*)\\choose(?![A-Za-z])([^{}\\]*)\}")
_ROW_SPACE = re.compile(r"(\\\\) *\[[^\[\]]*\]")
_MATRIX = re.compile(r"\\(begin|end)\{(?:[pb]matrix|smallmatrix)\}")
_ARRAY = re.compile(r"\\begin\{array\} *\{[^{}]*\}|\\begin\{matrix\}")
_ARRAY_END = re.compile(r"\\end\{(?:array|matrix)\}")
_IN_BRACKETS = re.compile(
    r"(?:\\left)? *[(\[] *\\begin\{matrix\}((?:[^\\]|\\(?!end\{matrix\}))*+)\\end\{matrix\} *"
    r"(?:\\right)? *[)\]]"
)
_LAST_ROW = re.compile(r"\\\\ *(?=\\end\{)")
_PRODUCT = re.compile(r"(?<=[0-9)\]}]) *\\cdot *(?=\\|[A-Za-z(])|(?<=[A-Za-z)}]) *\\cdot *(?=[(\\])")
_LEADING_PLUS = re.compile(r"(^|[(\[{=<>,]) *\+(?=[^ +])")


def spelled(text: str) -> str:
    """A text with one spelling for each symbol, font, kind of matrix and group of thousands."""
    text = _with_symbols(text) if not text.isascii() else text
    text = _REPEATING.sub(_repeating, _OPERATOR.sub(r"\\\1 ", _COLOR.sub("", text)))
    text = _FONT.sub(r"{\1}", _CHOOSE.sub(r"\\binom{\1}{\2}", _GROUPED.sub("", text)))
    text = _with_one_matrix(text) if "\\begin" in text else text
    text = text.replace("<=", "\\leq ").replace(">=", "\\geq ").replace("\\{\\}", "\\emptyset ")
    text = joined(_SPELLED.get(piece, piece) for piece in _TOKEN.findall(text))
    return _LEADING_PLUS.sub(r"\1", text.strip())


def compact(text: str) -> str:
    """A text without spaces that mean nothing, braces around arguments, and products side by side."""
    text = joined(_braced(_without_spaces(_TOKEN.findall(text))))
    text = joined(_TOKEN.findall(_PRODUCT.sub("", text))) if "\\cdot" in text else text
    return joined(_TOKEN.findall(_OF_ONE.sub(r"\1 \2\3", text))) if "\\" in text else text


def _with_symbols(text: str) -> str:
    text = _ROOT.sub(lambda found: _root(found[1] or found[2]), text)
    return "".join(_SYMBOLS.get(sign) or _plain(sign) for sign in text)


def _repeating(found: re.Match[str]) -> str:
    r"""`0.1\overline{6}` is 1/6: what repeats is over as many nines, behind as many noughts."""
    whole, fixed, digits = found.groups()
    top = int(f"{whole}{fixed}{digits}") - int(f"{whole}{fixed}" or 0)
    return f"\\frac{{{top}}}{{{'9' * len(digits)}{'0' * len(fixed)}}}"


def _root(content: str | None) -> str:
    return "\\sqrt " if content is None else f"\\sqrt{{{content}}}"


def _plain(sign: str) -> str:
    """`½` as a fraction, `²` as a power, a full-width digit as a digit; any other sign as it is."""
    if sign in _SYMBOLS or sign.isascii():
        return _SYMBOLS.get(sign, sign)
    kind, *codes = unicodedata.decomposition(sign).split() or [""]
    if kind == "<fraction>":
        top, _, bottom = unicodedata.normalize("NFKC", sign).partition("\N{FRACTION SLASH}")
        return f"\\frac{{{top}}}{{{bottom}}}"
    said = "".join(chr(int(code, 16)) for code in codes)
    if kind == "<super>" and said in _DIGITS:
        return f"^{{{said}}}"
    return said if kind == "<wide>" else sign


def _with_one_matrix(text: str) -> str:
    text = _ARRAY_END.sub(r"\\end{matrix}", _ARRAY.sub(r"\\begin{matrix}", text))
    text = _IN_BRACKETS.sub(r"\\begin{pmatrix}\1\\end{pmatrix}", text)
    return _LAST_ROW.sub("", _ROW_SPACE.sub(r"\1", _MATRIX.sub(r"\\\1{pmatrix}", text)))


def joined(pieces: Iterable[str]) -> str:
    r"""Text of pieces; a space keeps a command apart from a letter, as in `\pi r`."""
    text, command = "", False
    for piece in filter(None, pieces):
        text += f" {piece}" if command and piece[0].isalpha() else piece
        command = piece[0] == "\\" and piece[1:].isalpha()
    return text


def _without_spaces(pieces: Sequence[str]) -> Iterator[str]:
    """Tokens without spaces; one stays between two digits, and one after each comma marks a list."""
    last, space = "", False
    for piece in pieces:
        if piece.isspace():
            space = True
            continue
        if space and last in _DIGITS and piece in _DIGITS:
            yield " "
        yield ", " if piece == "," else piece
        last, space = piece, False


def _braced(pieces: Iterable[str]) -> list[str]:
    r"""Tokens with braces around every argument, which TeX takes to be a group or one token.

    A group that is no argument loses its braces around one token or one number.
    """
    written: list[str] = []
    missing = [0]  # arguments still to come, at each depth of braces
    free: list[int | None] = []  # of each open brace: where it is written, if its group is no argument
    last, index = "", False  # index: inside the `[3]` of `\sqrt[3]{x}`
    for piece in pieces:
        index = piece != "]" if index else piece == "[" and last == "\\sqrt"
        if piece == "{":
            alone = not missing[-1] and (not last.startswith("\\") or last in _FUNCTIONS)
            free.append(len(written) if alone else None)
            missing[-1] = max(0, missing[-1] - 1)
            missing.append(0)
            written.append(piece)
        elif piece == "}":
            missing = missing[:-1] or [0]
            written.append(piece)
            _set_free(written, free.pop() if free else None)
        elif index or piece == "]" or not missing[-1]:
            missing[-1] = _ARGUMENTS.get(piece, missing[-1])
            written.append(piece)
        elif piece != " ":
            missing[-1] -= 1
            written += ["{", piece, "}"]
        last = piece
    return written


def _set_free(written: list[str], start: int | None) -> None:
    """Take the braces off a group that has just been closed, where it holds one token or one number."""
    if start is None:
        return
    content = written[start + 1 : -1]
    if len(content) == 1 or (content and _NUMERAL.issuperset(content)):
        written[start:] = content
