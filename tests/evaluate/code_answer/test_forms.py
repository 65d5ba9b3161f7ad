"""Every form of a right answer passes, and none of a wrong one: three problems in HumanEval's shape."""

import time

import pytest
from support.code_forms import FORMS, Solved

from raysft.evaluate.code_answer.find import program_in_answer
from raysft.sandbox.programs import Program, run_programs

LISTS = Solved(
    "from typing import List\n\n\ndef shift(x: int) -> int:\n    return x + 1\n\n\n"
    'def total(numbers: List[int], text: str = "") -> int:\n'
    '    """ Sum of all numbers, each shifted by one.\n    >>> total([1, 2])\n    5\n    """\n',
    "    result = 0\n    for number in numbers:\n        if number is None:\n            continue\n"
    "        # shift: it's one more (\n        result += shift(\n            number\n        )\n\n"
    "    return result\n",
    "total",
)
TRIED = Solved(
    "\ndef parsed(text):\n    '''Whether a text is a number.\n\n    parsed('1') => True\n    '''\n",
    '    try:\n        note = """a\n            b\n\n        """\n        float(text)\n'
    '        if note.count("\\n") < 2:\n            return None\n'
    "    except ValueError:\n        return False\n    else:\n        return True\n",
    "parsed",
)
INNER = Solved(
    'def primes(n):\n    import math\n    """ Primes up to n. """\n',
    "    def divides(k, m): return m % k == 0\n"
    "    tried = range(2, n + 1)\n"
    "    return [m for m in tried if not any(divides(k, m) for k in range(2, math.isqrt(m) + 1))]\n",
    "primes",
)
CASES = {
    LISTS: "def check(candidate):\n    assert candidate([1, None, 2]) == 5\n    assert candidate([]) == 0\n",
    TRIED: "def check(candidate):\n    assert [candidate(x) for x in ('1', 'x')] == [True, False]\n",
    INNER: "def check(candidate):\n    assert candidate(10) == [2, 3, 5, 7]\n",
}
MUTANTS = [
    Solved(LISTS.prompt, LISTS.body.replace(old, new), "total")
    for old, new in (
        ("result = 0", "result = 1"),
        ("return result", "return number"),
        ("return result", "retrun result"),
        ("in numbers:", "in numbers"),
        ("result = 0", "result = = 0"),
        ("            number\n        )", "            number\n"),
        ("\n    return result\n", ""),
        ("        result +=", "      result +="),
    )
]


@pytest.mark.parametrize("problem", CASES, ids=lambda one: one.entry_point)
def test_every_form_of_a_right_answer_passes(problem: Solved) -> None:
    found = {
        name: program_in_answer(form(problem), problem.prompt, problem.entry_point)
        for name, form in FORMS.items()
    }
    assert [name for name, source in found.items() if source is None] == []
    programs = [
        Program(name, source or "", CASES[problem], problem.entry_point) for name, source in found.items()
    ]
    assert [result for result in run_programs(programs) if result.outcome != "passed"] == []


@pytest.mark.parametrize("place", range(len(MUTANTS)))
def test_no_form_of_a_wrong_answer_passes(place: int) -> None:
    """Least of all one whose broken line is left out: what is no Python stays in the program."""
    mutant = MUTANTS[place]
    texts = {name: form(mutant) for name, form in FORMS.items()}
    found = {name: program_in_answer(text, mutant.prompt, "total") for name, text in texts.items()}
    programs = [Program(name, source, CASES[LISTS], "total") for name, source in found.items() if source]
    assert [result.id for result in run_programs(programs) if result.outcome == "passed"] == []


STRINGS = 'TEXT = """\n\n\tkept\n  ```\n\n"""\n\n\ndef total(numbers):\n    return TEXT\n'


@pytest.mark.parametrize("answer", [STRINGS, f"```python\n{STRINGS}```", f"So:\n\n{STRINGS}\nDone."])
def test_nothing_inside_a_string_is_changed(answer: str) -> None:
    source = program_in_answer(answer, LISTS.prompt, "total") or ""
    assert '"""\n\n\tkept\n  ```\n\n"""' in source


HOSTILE = {
    "spaces": " " * 50_000,
    "spaces, then a letter": " " * 50_000 + "x",
    "back-ticks": "`" * 50_000,
    "fences": "```\n" * 12_000,
    "quotes": "'" * 50_000,
    "strings that stay open": 'x = """\n' * 6_000,
    "brackets": "(\n" * 25_000,
    "prose at a margin": "    so it is fine\n" * 2_700,
    "functions without a body": "def total(x):\n" * 3_500,
    "decorators": "@a\n" * 16_000,
    "names in a chain": "def total(x):\n    return a0\n\nHi there\n\n"
    + "".join(f"a{n} = a{n + 1}\n" for n in range(3_000)),
    "deep": "".join(" " * n + "if x:\n" for n in range(300)),
    "long sums": "def total(x):\n    return " + "1+" * 20_000 + "1",
    "signs": "def total(x):\n    return " + "-" * 40_000 + "1",
    "many branches": "    if x:\n        return 1\n" + "    elif x:\n        return 1\n" * 1_700,
    "tags": "<code " * 8_000,
    "thoughts": "</think>\nx = 1\n" * 3_500,
    "zeros": "\0" * 50_000,
    "halves of pairs": "\ud800" * 50_000,
    "a book": "The result is here.\n" * 100_000,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_no_text_takes_long_or_breaks_anything(name: str) -> None:
    began = time.process_time()
    program_in_answer(HOSTILE[name], LISTS.prompt, "total")
    assert time.process_time() - began < 10  # seconds of CPU; 1.6 is the slowest here, before it was hours
