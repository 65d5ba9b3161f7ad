"""How well equal answers in LaTeX are told from unequal ones: ours, and math-verify where it is installed.

    pip install --target OTHER math-verify
    PYTHONPATH=tests:OTHER python benchmarks/latex_answers.py

Both read the same pairs, labelled by hand, in both directions.
"""

import time
from collections.abc import Callable
from importlib.util import find_spec

from support import latex_meaning_pairs, latex_spelling_pairs

from raysft.evaluate.math_answer.latex_answer import same_answer


def measure(name: str, same: Callable[[str, str], bool]) -> None:
    """Print what one reader finds."""
    for pairs in (latex_spelling_pairs, latex_meaning_pairs):
        began = time.perf_counter()
        found = sum(same(one, other) and same(other, one) for one, other in pairs.SAME)
        wrong = [pair for pair in pairs.OTHER if same(*pair) or same(pair[1], pair[0])]
        each = 1e6 * (time.perf_counter() - began) / (len(pairs.SAME) + len(pairs.OTHER))
        title = f"{name} on {pairs.__name__.rpartition('.')[2]}"
        print(f"{title}: {found} of {len(pairs.SAME)} equal pairs found, {len(wrong)} of {len(pairs.OTHER)}")
        print(f"    unequal ones taken for equal, {each:.0f} microseconds a pair")
        for one, other in wrong:
            print(f"    {one}  is no  {other}")


def math_verify(one: str, other: str) -> bool:
    """As math-verify has it, without its time limit, which needs the main thread of a process."""
    from math_verify import parse, verify

    first, second = (parse(f"${text.replace('$', '')}$", parsing_timeout=None) for text in (one, other))
    return bool(verify(first, second, timeout_seconds=None))


if __name__ == "__main__":
    measure("ours", same_answer)
    if find_spec("math_verify"):
        measure("math-verify", math_verify)
