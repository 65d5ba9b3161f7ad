r"""GSM8K as lm-evaluation-harness reads it, task `gsm8k`, version 3: its two filters and its comparison.

    strict     filter `strict-match`: the first match of `#### (\-?[0-9\.\,]+)`
    flexible   filter `flexible-extract`: the last match of `(-?[$0-9.,]{2,})|(-?[0-9]+)`
    compared   as texts in lower case without `,` and `$`, without what is before the last `#### `, and
               without one full stop at the end: `18.0` is not `18` here

They are kept beside the value so that it can be set against published numbers; the value follows neither.
"""

import re
from collections import deque

_STRICT = re.compile(r"#### (\-?[0-9\.\,]+)")
_FLEXIBLE = re.compile(r"(-?[$0-9.,]{2,})|(-?[0-9]+)")
_IGNORED = re.compile("[,$]")
_STOP = re.compile(r"\.$")


def strict_match(text: str, wanted: str) -> bool:
    """Whether the first number in GSM8K's own form is the answer, as lm-eval compares."""
    found = _STRICT.search(text)
    return found is not None and _compared(found[1]) == wanted


def flexible_extract(text: str, wanted: str) -> bool:
    """Whether the last thing that looks like a number is the answer, as lm-eval compares."""
    last = deque(_FLEXIBLE.finditer(text), maxlen=1)
    return bool(last) and _compared(last[0].group()) == wanted


def _compared(found: str) -> str:
    return _STOP.sub("", _IGNORED.sub("", found))
