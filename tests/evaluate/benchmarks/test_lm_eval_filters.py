import re

from hypothesis import given, settings
from hypothesis import strategies as st

from raysft.evaluate.benchmarks.lm_eval_filters import flexible_extract, strict_match


def published(text: str, target: str, pattern: str, group: int) -> bool:
    """lm-evaluation-harness' regex filter and `exact_match`, as its task `gsm8k` defines them."""
    found = re.findall(pattern, text)
    match = found[group] if found else "[invalid]"
    if isinstance(match, tuple):
        match = next(part for part in match if part)
    pair = [match.strip(), target]
    for ignored in (",", r"\$", "(?s).*#### ", r"\.$"):
        pair = [re.sub(ignored, "", one) for one in pair]
    return pair[0].lower() == pair[1].lower()


PIECES = [
    "#### ",
    "####",
    "18",
    "1,8",
    "1",
    "8",
    "$",
    ".",
    ",",
    "-",
    " ",
    "\n",
    "18.",
    "$18",
    "x",
    "\u0663",
    "18.00",
]
TEXTS = st.lists(st.sampled_from(PIECES), max_size=12).map("".join) | st.text(max_size=40)
TARGETS = st.sampled_from(["18", "1", "8", "1818", "-18"])


@settings(max_examples=5_000, deadline=None)
@given(TEXTS, TARGETS)
def test_both_filters_are_lm_evals_own(text: str, target: str) -> None:
    answer = f"It is so.\n#### {target}"
    assert strict_match(text, target) == published(text, answer, r"#### (\-?[0-9\.\,]+)", 0)
    assert flexible_extract(text, target) == published(text, answer, r"(-?[$0-9.,]{2,})|(-?[0-9]+)", -1)
