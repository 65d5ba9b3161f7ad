import textwrap
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from raysft.evaluate.code_answer.find import program_in_answer
from raysft.sandbox.programs import Program, run_programs

PROMPT = '''from typing import List


def shift(x: int) -> int:
    return x + 1


def total(numbers: List[int]) -> int:
    """ Sum of all numbers, each shifted by one.
    >>> total([1, 2])
    5
    """
'''
BODY = """    result = 0
    for number in numbers:
        if number is None:
            continue
        result += shift(number)
    return result
"""
SIGNATURE = "def total(numbers: List[int]) -> int:\n"
FUNCTION = SIGNATURE + BODY
LOOP_FIRST = (
    "    for at, one in enumerate(numbers):\n        numbers[at] = shift(one)\n    return sum(numbers)\n"
)
TWO_SPACES = "  if not numbers:\n    return 0\n  return shift(numbers[0]) + total(numbers[1:])\n"
WRAPPED = "    pairs = [shift(numbers[0]),\n             shift(numbers[1])]\n    return sum(pairs)\n"
ONE_LINE = "    return sum(map(shift, numbers))\n"
MORE = "\n\ndef other(x):\n    return (x\n\nprint('"
STRING = '    text = """\nat the margin\n"""\n    return sum(map(shift, numbers)) + 0 * len(text)\n'
TESTS = "def check(candidate):\n    assert candidate([1, 2]) == 5\n"

FORMS = {
    "a fence": f"```python\n{PROMPT}{BODY}```",
    "a fence without language": f"```\n{FUNCTION}\n```",
    "a fence of waves": f"~~~py\n{FUNCTION}~~~",
    "a fence within prose": f"Sure!\n\n```python\n{FUNCTION}```\n\nIt runs in O(n): good.",
    "a fence that is not closed": f"```python\n{FUNCTION}",
    "a fence in a list": f"1. Write\n\n   ```python\n{textwrap.indent(FUNCTION, '   ')}   ```\n",
    "Windows line ends": f"```python\n{FUNCTION}```".replace("\n", "\r\n"),
    "tabs": "```python\n" + FUNCTION.replace("    ", "\t") + "```",
    "an example after it": f"```python\n{FUNCTION}```\nExample:\n```python\nprint(total(None))\n```",
    "an example before it": f"You call it so:\n```\ntotal([1, 2]) = 5\n```\n```python\n{FUNCTION}```",
    "a shell command before it": f"```bash\npip install x\n```\n{FUNCTION}",
    "a future import": f"```python\nfrom __future__ import annotations\n{FUNCTION}```",
    "helpers of its own": f"```python\ndef shift(x):\n    return x + 1\n\n\n{FUNCTION}```",
    "a bare function": FUNCTION,
    "the whole prompt again, bare": PROMPT + BODY,
    "a bare function within prose": f"Here it is:\n\n{FUNCTION}\nIt works because it does.\nNote: yes = no.",
    "bare imports and a decorator": f"import functools\n\n@functools.cache\ndef one(): pass\n\n{FUNCTION}",
    "bare with another function after it": FUNCTION + "\n\ndef other(x):\n    return x\n\nprint('",
    "a bare function, all indented": textwrap.indent(FUNCTION, "    "),
    "a bare function with a string": SIGNATURE + STRING + "Done.",
    "a wrapped signature": "def total(\n    numbers: List[int],\n) -> int:\n" + BODY,
    "a body": BODY,
    "a body in a fence": f"```python\n{BODY}```",
    "a body and more": BODY + MORE,
    "a body that lost its first indentation": BODY.removeprefix("    "),
    "the same, and more": BODY.removeprefix("    ") + MORE,
    "a body that lost one space": BODY.removeprefix(" "),
    "a body without indentation": textwrap.dedent(BODY),
    "a loop first": LOOP_FIRST,
    "a loop first that lost its indentation": LOOP_FIRST.removeprefix("    "),
    "a loop first without indentation": textwrap.dedent(LOOP_FIRST),
    "two spaces": TWO_SPACES,
    "two spaces, deeper": textwrap.indent(TWO_SPACES, "  "),
    "a wrapped first line": WRAPPED,
    "a wrapped first line that lost its indentation": WRAPPED.removeprefix("    "),
    "a wrapped first line without indentation": textwrap.dedent(WRAPPED),
    "one line": ONE_LINE,
    "one line without indentation": ONE_LINE.strip(),
    "one line without indentation, and more": ONE_LINE.strip() + MORE,
    "one line that kept one space": " " + ONE_LINE.strip(),
    "a string at the margin": STRING,
}


def test_every_form_of_a_right_answer_passes() -> None:
    sources = {name: program_in_answer(text, PROMPT, "total") for name, text in FORMS.items()}
    assert [name for name, source in sources.items() if source is None] == []
    programs = [Program(name, source or "", TESTS, "total") for name, source in sources.items()]
    wrong = [result for result in run_programs(programs) if result.outcome != "passed"]
    assert wrong == []


@pytest.mark.parametrize(
    "text",
    [
        "",
        "  \n\n",
        "I cannot do that.",
        "Here is why: it is hard.\n\nFor this, note: x.",
        "```\n```",
        "```python\n# nothing\n```",
        "The total is 5",
    ],
)
def test_prose_is_no_program(text: str) -> None:
    assert program_in_answer(text, PROMPT, "total") is None


def test_another_function_does_not_count_as_the_wanted_one() -> None:
    source = program_in_answer("```python\ndef total_of(numbers):\n    return 5\n```", PROMPT, "total") or ""
    assert run_programs([Program("p", source, TESTS, "total")])[0].outcome == "failed"


def test_the_first_fence_that_defines_the_function_counts() -> None:
    text = (
        "```python\ndef total(numbers):\n    return 4\n```\n```python\ndef total(numbers):\n    return 5\n```"
    )
    source = program_in_answer(text, PROMPT, "total") or ""
    assert "return 4" in source
    assert "return 5" not in source


CODE = SimpleNamespace(
    line=st.sampled_from(
        ["def total(x):", "return x", "  x = (1,", "```", "```python", '"""', "a: b", "\t)", "if x:", ""]
    )
)


@given(st.one_of(st.text(), st.lists(CODE.line).map("\n".join)))
def test_any_text_can_be_read(text: str) -> None:
    source = program_in_answer(text, PROMPT, "total")
    assert source is None or source.startswith(PROMPT.rstrip())


@pytest.mark.parametrize(
    ("text", "outcome"),
    [
        ("total = lambda numbers: sum(shift(one) for one in numbers)", "passed"),
        (
            "from functools import reduce\ntotal = lambda xs: reduce(lambda a, b: a + b + 1, xs, 0)",
            "passed",
        ),
        ("async def total(numbers):\n    return 5", "failed"),
        ("def sum_of(numbers):\n    return 5", "failed"),
        ("class Total:\n    def total(self, numbers):\n        return 5", "passed"),
        ("def total(numbers):\n    pass", "failed"),
        ("def total(numbers):\n    return 5 5\n\nprint(5)", "failed"),
        ("print total([1, 2])\n\ndef total(numbers):\n    return 5", "passed"),
        ("def total(numbers):\n    return 5\n    And that is it.", "passed"),
        ("def total(numbers):\n    return (5\n    return 5", "failed"),
    ],
)
def test_what_counts_as_the_function(text: str, outcome: str) -> None:
    source = program_in_answer(text, PROMPT, "total") or ""
    assert run_programs([Program("p", source, TESTS, "total")])[0].outcome == outcome


def test_what_the_tests_need_is_taken_from_the_whole_answer() -> None:
    text = "First\n\nclass Node:\n    pass\n\nthen\n\ndef size(node):\n    return 1\n"
    assert "class Node" not in (program_in_answer(text, "", "size") or "")
    assert "class Node" in (program_in_answer(text, "", "size", "root = Node()") or "")
