"""Code: exercises in HumanEval's form, a signature with a docstring to be completed by a body.

The prompt is `def` line and docstring; the answer is the indented body; the tests are a `check(candidate)`
function of asserts with literal expected values. Every call gets its own literals, so a candidate that
changes its argument spoils no other call, and the type of a result must be right too (`True` is not 1).
"""

from dataclasses import dataclass
from random import Random
from typing import Any

from raysft.data.world.item import WorldItem
from raysft.data.world.operation import Ending, Family, Operation, Settings
from raysft.data.world.operation_table import FAMILIES, FAMILY_SHARES

_CALLS = 5
"""Asserts per exercise."""
_TRIES = 10
"""Draws of arguments; some exercises have one result only, such as the length of the first two numbers."""


@dataclass(frozen=True)
class Routine:
    """A function of one to three operations and an ending."""

    family: Family[Any]
    name: str
    variable: str
    steps: tuple[tuple[Operation[Any], Settings], ...]
    phrases: tuple[str, ...]
    """What the docstring says, one phrase per step and one for the ending."""
    ending: Ending[Any]
    ending_settings: Settings

    @property
    def signature(self) -> str:
        """The `def` line."""
        return f"def {self.name}({self.variable}):"

    @property
    def docstring(self) -> str:
        """One sentence, without its quotes."""
        sentence = ", then ".join(self.phrases)
        return sentence[0].upper() + sentence[1:] + "."

    @property
    def body(self) -> str:
        """The indented lines below the docstring."""
        lines = [settings.write(step.source, self.variable) for step, settings in self.steps]
        lines.append("return " + self.ending_settings.write(self.ending.source, self.variable))
        return "\n".join("    " + line for line in lines)

    def result(self, argument: object) -> object:
        """What the body returns for an argument, computed without running the body."""
        for step, settings in self.steps:
            argument = step.compute(argument, settings)
        return self.ending.compute(argument, self.ending_settings)


def routine(rng: Random) -> Routine:
    """A function at random."""
    family = rng.choices(FAMILIES, weights=FAMILY_SHARES)[0]
    variable, name = rng.choice(family.variables), rng.choice(family.functions)
    steps, phrases = [], []
    for _ in range(rng.choices([1, 2, 3], weights=[4, 5, 2])[0]):
        step, settings = family.operations.draw(rng), Settings.drawn(rng)
        steps.append((step, settings))
        phrase = step.phrase if rng.random() < 0.65 else step.other_phrase
        phrases.append(settings.write(phrase, variable))
    ending, settings = family.endings.draw(rng), Settings.drawn(rng)
    phrases.append(settings.write(ending.phrase, variable))
    return Routine(family, name, variable, tuple(steps), tuple(phrases), ending, settings)


def code_item(rng: Random) -> WorldItem:
    """One exercise; `facts` holds `entry_point`, `prompt` and `tests`."""
    made = routine(rng)
    prompt = f'{made.signature}\n    """{made.docstring}"""'
    facts = {"entry_point": made.name, "prompt": prompt, "tests": _tests(made, rng)}
    return WorldItem("code", (prompt,), (made.body,), facts)


def _tests(made: Routine, rng: Random) -> str:
    lines = ["def check(candidate):"]
    for argument in _telling_arguments(made, rng):
        expected = made.result(argument)
        lines.append(f"    result = candidate({argument!r})")
        lines.append(f"    assert type(result) is {type(expected).__name__} and result == {expected!r}")
    return "\n".join(lines) + "\n"


def _telling_arguments(made: Routine, rng: Random) -> list[object]:
    """Arguments with different results if such are soon found: five times 0 would pass `return 0`."""
    for _ in range(_TRIES):
        arguments = [made.family.argument(rng) for _ in range(_CALLS)]
        if len({repr(made.result(argument)) for argument in arguments}) > 1:
            break
    return arguments
