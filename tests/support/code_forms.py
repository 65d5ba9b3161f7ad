"""The forms in which models write a right program, made from any problem with a prompt and a solution."""

import textwrap
from collections.abc import Callable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Solved:
    """A function that is to be completed, and a way to complete it."""

    prompt: str
    """Ends with the function's signature and docstring."""
    body: str
    """Four spaces deep."""
    entry_point: str

    @property
    def whole(self) -> str:
        """The prompt with the body."""
        return f"{self.prompt}{self.body.rstrip()}\n"

    @property
    def before(self) -> str:
        """What the prompt has before the function."""
        return self.prompt[: self.prompt.rindex(f"def {self.entry_point}")]

    @property
    def function(self) -> str:
        """The function alone."""
        return self.whole[self.whole.rindex(f"def {self.entry_point}") :]

    @property
    def signature(self) -> str:
        """The function's first line, or lines, without its docstring."""
        return self.function[: self.function.index(":\n") + 2]

    @property
    def lean(self) -> str:
        """The function without its docstring."""
        return f"{self.signature}{self.body.rstrip()}\n"

    @property
    def method(self) -> str:
        """The function as a method of a class."""
        return "class Solution:\n" + textwrap.indent(self.lean.replace("(", "(self, ", 1), "    ")


def _shifted(body: str, spaces: int) -> str:
    """A body with another margin and the same steps."""
    return textwrap.indent(textwrap.dedent(body), " " * spaces)


def _fenced(code: str, language: str = "python") -> str:
    return f"```{language}\n{code.rstrip()}\n```"


def _prefixed(code: str, prefix: str) -> str:
    return "".join(f"{prefix}{line}\n" for line in code.rstrip("\n").split("\n"))


def _typed(code: str) -> str:
    lines = [line for line in code.split("\n") if line.strip()]
    deeper = [line[:1] in (" ", ")") for line in lines]
    return "\n".join(("... " if inner else ">>> ") + line for line, inner in zip(lines, deeper, strict=True))


PROSE = "It works in linear time: each item is looked at once (and only once).\nDone."
INTRO = "Sure! Here's the function, as you asked:"

FORMS: Mapping[str, Callable[[Solved], str]] = {
    # bodies, as base models go on
    "body": lambda p: p.body,
    "body without its last line feed": lambda p: p.body.rstrip(),
    "blank lines before the body": lambda p: "\n\n" + p.body,
    "body, then another function": lambda p: p.body + "\n\ndef other(x):\n    return (x\n\nprint('",
    "body, then a whole other function": lambda p: p.body + "\n\ndef other_one(x):\n    return x\n",
    "body, then a main guard": lambda p: (
        f"{p.body}\n\nif __name__ == '__main__':\n    print({p.entry_point}())\n"
    ),
    "body, then tests": lambda p: (
        f"{p.body}\n\nassert {p.entry_point}() == 17\nprint({p.entry_point}(0, 0, 0))\n"
    ),
    "body, then a class": lambda p: (
        p.body + "\n\nclass Test(unittest.TestCase):\n    def test(self):\n        self"
    ),
    "body, then comments": lambda p: p.body + "\n# Test cases\n# 1. the empty list\n",
    "body, then prose": lambda p: f"{p.body}\n{PROSE}",
    "body, then a closing fence": lambda p: f"{p.body}```",
    "body, then a closing fence and prose": lambda p: f"{p.body}```\n\n{PROSE}",
    "body, a closing fence, an example": lambda p: (
        f"{p.body}```\nExample:\n```python\nprint({p.entry_point}(1))\n```"
    ),
    "body with back-ticks behind it": lambda p: f"{p.body.rstrip()}```",
    "body, then end of text": lambda p: f"{p.body.rstrip()}</s>",
    "body, then end of turn": lambda p: f"{p.body.rstrip()}<|im_end|>\n<|im_start|>user",
    "prose, then a body": lambda p: f"Here is the body:\n\n{p.body}",
    "prose, then a body, then prose": lambda p: f"{INTRO}\n\n{p.body}\n{PROSE}",
    "body in a fence": lambda p: _fenced(p.body),
    "body in a fence, within prose": lambda p: f"{INTRO}\n\n{_fenced(p.body)}\n\n{PROSE}",
    "body in a fence that is not closed": lambda p: f"```python\n{p.body}",
    "body of 1 space": lambda p: _shifted(p.body, 1),
    "body of 2 spaces": lambda p: _shifted(p.body, 2),
    "body of 3 spaces": lambda p: _shifted(p.body, 3),
    "body of 5 spaces": lambda p: _shifted(p.body, 5),
    "body of 8 spaces": lambda p: _shifted(p.body, 8),
    "body of 8 spaces, in a fence": lambda p: _fenced(_shifted(p.body, 8)),
    "body with a tab": lambda p: textwrap.indent(textwrap.dedent(p.body), "\t"),
    "body without margin": lambda p: _shifted(p.body, 0),
    "body without margin, in a fence": lambda p: _fenced(_shifted(p.body, 0)),
    "prose, body without margin, in a fence": lambda p: (
        f"{INTRO}\n{_fenced(_shifted(p.body, 0), '')}\n{PROSE}"
    ),
    "body whose first line lost its margin": lambda p: p.body.lstrip(),
    "body whose first line lost one space": lambda p: p.body.removeprefix(" "),
    "body whose first line kept one space": lambda p: p.body.removeprefix("   "),
    "the same in a fence": lambda p: _fenced(p.body.lstrip()),
    "the docstring, then the body": lambda p: f'    """As asked."""\n{p.body}',
    "a comment at the margin, then the body": lambda p: f"# solve it\n{p.body}",
    # whole functions in fences
    "function in a fence": lambda p: _fenced(p.whole),
    "function without docstring in a fence": lambda p: _fenced(p.lean),
    "a fence of py": lambda p: _fenced(p.lean, "py"),
    "a fence of Python3": lambda p: _fenced(p.lean, "Python3"),
    "a fence without language": lambda p: _fenced(p.lean, ""),
    "a fence with attributes": lambda p: _fenced(p.lean, 'python title="solution.py" linenums="1"'),
    "a fence with a space before python": lambda p: _fenced(p.lean, " python"),
    "a fence of waves": lambda p: f"~~~python\n{p.lean}~~~",
    "a fence of four": lambda p: f"````python\n{p.lean}````",
    "a fence that is not closed": lambda p: f"```python\n{p.lean}",
    "a fence within prose": lambda p: f"{INTRO}\n\n{_fenced(p.lean)}\n\n{PROSE}",
    "a fence closed on the last line of code": lambda p: f"```python\n{p.lean.rstrip()}```",
    "a fence with text behind its end": lambda p: f"```python\n{p.lean}``` {PROSE}",
    "the language on a line of its own": lambda p: f"```\npython\n{p.lean}```",
    "only the closing fence": lambda p: f"{p.lean}```\n{PROSE}",
    "a fence in a list": lambda p: f"1. Write\n\n{textwrap.indent(_fenced(p.lean), '   ')}\n\n2. Run it.",
    "headings around a fence": lambda p: f"## Solution\n\n{_fenced(p.lean)}\n\n### Explanation\n\n- {PROSE}",
    "bold text before a fence": lambda p: f"**Solution:**\n{_fenced(p.lean)}\n**Complexity:** O(n)",
    "a shell command first": lambda p: f"```bash\npip install numpy\n```\n\n{_fenced(p.lean)}",
    "an example first": lambda p: f"```\n{p.entry_point}(1) == 2\n```\n\n{_fenced(p.lean)}",
    "output behind it": lambda p: f"{_fenced(p.lean)}\nOutput:\n```\n5\n[1, 2]\nTrue\n```",
    "a use behind it": lambda p: f"{_fenced(p.lean)}\n\n```python\nprint({p.entry_point}())\n```",
    "the prompt first, then the function": lambda p: f"{_fenced(p.prompt)}\n\n{INTRO}\n\n{_fenced(p.whole)}",
    "the prompt first, then the body": lambda p: f"{_fenced(p.prompt)}\nThe body is\n{_fenced(p.body)}",
    "a stub first": lambda p: f"{_fenced(p.signature + '    pass')}\n\n{_fenced(p.lean)}",
    "a signature first": lambda p: f"{_fenced(p.signature)}\n\n{_fenced(p.lean)}",
    "two solutions, the second wrong": lambda p: (
        f"{_fenced(p.lean)}\nor\n{_fenced(p.signature + '    return 1/0')}"
    ),
    "a helper in a fence before": lambda p: (
        _fenced("def helper_of_it(x):\n    return x")
        + "\nand\n"
        + _fenced(f"{p.signature}    helper_of_it(0)\n{p.body}")
    ),
    "a helper in a fence behind": lambda p: (
        _fenced(f"{p.signature}    helper_of_it(0)\n{p.body}")
        + "\nwith\n"
        + _fenced("def helper_of_it(x):\n    return later(x)\n\n\ndef later(x):\n    return x")
    ),
    "an import in a fence before": lambda p: (
        f"First\n{_fenced('import os.path')}\nthen\n" + _fenced(f"{p.signature}    os.path.sep\n{p.body}")
    ),
    "thoughts with a wrong program first": lambda p: (
        f"<think>\n{_fenced(p.signature + '    return None')}\nNo.\n</think>\n\n{_fenced(p.lean)}"
    ),
    "thoughts that quote the prompt": lambda p: f"<think>\n{p.prompt}\nLet me see\n</think>\n{p.lean}",
    "back-ticks in the docstring": lambda p: _fenced(
        f'{p.signature}    """So:\n\n    ```\n    x = {p.entry_point}(1)\n    ```\n    """\n{p.body}'
    ),
    "back-ticks in a docstring on one line": lambda p: _fenced(
        f'{p.signature}    """Uses ```x```."""\n{p.body}'
    ),
    "back-ticks in a comment": lambda p: _fenced(f"{p.signature}    # as ```x``` says\n{p.body}"),
    "a fence in comments": lambda p: _fenced(
        f"{p.signature}    # Such as\n    # ```\n    # {p.entry_point}(1)\n    # ```\n{p.body}"
    ),
    "a docstring with blank lines": lambda p: _fenced(
        f'{p.signature}    """So.\n\n\n    And so.\n\n    """\n\n{p.body}'
    ),
    "a docstring at the margin": lambda p: f"{p.signature}    '''\nAt the margin: (\n'''\n{p.body}",
    # whole functions, bare
    "bare": lambda p: p.lean,
    "bare, whole prompt again": lambda p: p.whole,
    "bare, within prose": lambda p: f"{INTRO}\n\n{p.lean}\n{PROSE}",
    "bare, prose on the next line": lambda p: (
        f"{INTRO}\n{p.lean}This returns it (see above.\nNote: yes = no."
    ),
    "bare, a heading behind it": lambda p: (
        f"# Solution\n\n{p.lean}\n# Explanation\n\n1. First: go.\n2. Then `stop`."
    ),
    "bare, all indented": lambda p: textwrap.indent(p.lean, "    "),
    "bare, all indented, within prose": lambda p: f"{INTRO}\n\n{textwrap.indent(p.lean, '    ')}\n\n{PROSE}",
    "bare, cut off in what follows": lambda p: f"{p.lean}\n\ndef main():\n    print({p.entry_point}(",
    "tabs": lambda p: _fenced(p.lean.replace("    ", "\t")),
    "tabs in some lines": lambda p: p.signature + p.body.replace("        ", "\t"),
    "line ends of Windows": lambda p: f"{INTRO}\n{_fenced(p.lean)}\n".replace("\n", "\r\n"),
    "a byte order mark": lambda p: f"\ufeff{p.lean}",
    "spaces that do not break": lambda p: _fenced(p.lean.replace("    ", "\u00a0" * 4)),
    "spaces of no width": lambda p: _fenced("\u200b" + p.lean),
    "trailing spaces": lambda p: p.lean.replace("\n", "  \n"),
    "imports first": lambda p: _fenced(
        f"import math\nfrom collections import (\n    Counter,\n)\n\n{p.lean}"
    ),
    "a future import first": lambda p: _fenced(f"from __future__ import annotations\n{p.lean}"),
    "a tuple first": lambda p: f"{INTRO}\n\nA_1, B_1 = 1, 2\n\n{p.signature}    A_1, B_1\n{p.body}",
    "an item first": lambda p: f"TABLE = {{}}\nTABLE['a'] = 1\n\n{p.signature}    TABLE['a']\n{p.body}",
    "a table filled by a loop": lambda p: (
        f"seen_all = []\nfor k in range(3):\n    seen_all.append(k)\n\n{p.signature}    seen_all[2]\n{p.body}"
    ),
    "a decorator": lambda p: f"def same(f):\n    return f\n\n\n@same\n{p.lean}",
    "a decorator over several lines": lambda p: (
        f"from functools import wraps\n\n\n@wraps(\n    len,\n)\n{p.lean}"
    ),
    "a helper behind": lambda p: f"{p.signature}    after_it()\n{p.body}\n\ndef after_it():\n    return 0\n",
    "an inner function": lambda p: (
        f"{p.signature}    def inner(x):\n        return x\n\n    inner(1)\n{p.body}"
    ),
    "under another name, then assigned": lambda p: _fenced(
        p.lean.replace(f"def {p.entry_point}", "def _solve", 1) + f"\n\n{p.entry_point} = _solve"
    ),
    "a method": lambda p: _fenced(p.method),
    "a method, with a use": lambda p: _fenced(
        f"{p.method}\n\nsolver = Solution()\nprint(solver.{p.entry_point}())"
    ),
    "assertions behind": lambda p: _fenced(f"{p.lean}\n\nassert {p.entry_point}() == 3\nassert False"),
    "a use behind": lambda p: _fenced(
        f"{p.lean}\n\n# Example\nresult = {p.entry_point}(1, 2, 3, 4)\nprint(result)"
    ),
    "a question to the user behind": lambda p: _fenced(
        f"{p.lean}\n\nn = int(input())\nprint({p.entry_point}(n))"
    ),
    "a question to the user first": lambda p: _fenced(
        f"n = int(input('n? '))\n{p.lean}\nprint({p.entry_point}(n))"
    ),
    "a main function behind": lambda p: _fenced(
        f"{p.lean}\n\ndef main():\n    print({p.entry_point}())\n\n\nif True:\n    main()"
    ),
    "unit tests behind": lambda p: _fenced(
        f"import unittest\n\n{p.lean}\n\nclass Test(unittest.TestCase):\n    def test_it(self):\n"
        f"        self.assertEqual({p.entry_point}(), 1)\n\n\nunittest.main()"
    ),
    "tests of pytest behind": lambda p: _fenced(
        f"import pytest\n\n{p.lean}\n\n@pytest.mark.parametrize('x', [1])\ndef test_it(x):\n"
        f"    assert {p.entry_point}(x)\n"
    ),
    "an exit behind": lambda p: f"{p.lean}\n\nimport sys\nsys.exit(0)\n",
    "what is undefined behind": lambda p: f"{p.lean}\n\nresult = of_nothing\nprint(result)\n",
    "a library that nobody has, unused": lambda p: _fenced(f"import of_nobody as nb\n{p.lean}"),
    "a constant behind": lambda p: (
        f"{p.signature}    LEVELS[LOWEST]\n{p.body}\n\nLEVELS = {{}}\nLOWEST = 1\nLEVELS[LOWEST] = 2\n"
    ),
    "a loop over tests behind": lambda p: (
        f"{p.lean}\n\nfor case in [1, 2]:\n    print({p.entry_point}(case))\n"
    ),
    "a line that goes on": lambda p: _fenced(f"{p.signature}    said_so = 'a' \\\n        'b'\n{p.body}"),
    "a strange escape": lambda p: _fenced(f"{p.signature}    said_so = '\\d'\n{p.body}"),
    # wrapped otherwise
    "a session": lambda p: _typed(p.lean),
    "a session in a fence": lambda p: _fenced(_typed(p.lean) + f"\n>>> {p.entry_point}\n<function>"),
    "a patch": lambda p: _fenced(f"@@ -1,2 +1,9 @@\n-    pass\n{_prefixed(p.lean, '+')}", "diff"),
    "a quotation": lambda p: _prefixed(f"{INTRO}\n\n{_fenced(p.lean)}", "> "),
    "numbers of lines": lambda p: "".join(f"{n:3} {line}\n" for n, line in enumerate(p.lean.split("\n"), 1)),
    "numbers of lines with points": lambda p: "".join(
        f"{n}. {line}\n" for n, line in enumerate(p.lean.split("\n"), 1)
    ),
    "HTML": lambda p: (
        '<pre><code class="language-python">'
        + p.lean.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        + "</code></pre>"
    ),
    "escapes of HTML in a fence": lambda p: _fenced(
        f"{p.signature}    if 1 < 2 and 3 > 2:\n        pass\n{p.body}".replace("&", "&amp;")
        .replace("<", "&lt;")
        .replace(">", "&gt;")
    ),
    "quotes of a word processor": lambda p: _fenced(f"{p.signature}    said_so = \u201ca\u201d\n{p.body}"),
    "a command of a notebook first": lambda p: _fenced(f"!pip install numpy\n%matplotlib inline\n{p.lean}"),
    "tags of code": lambda p: f"<code>\n{p.lean}</code>",
    "tags in brackets": lambda p: f"[PYTHON]\n{p.lean}[/PYTHON]",
    "a fence of quotes": lambda p: f"'''python\n{p.lean}'''",
}
