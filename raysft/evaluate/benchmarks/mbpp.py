"""MBPP: short Python functions from one sentence and their tests (Austin et al. 2021, arXiv 2108.07732).

Asked are the tasks of the authors' test split, 11 to 510: all 500 from `mbpp.jsonl`, and those that are left
of them in the hand-checked `sanitized-mbpp.json`. One greedy answer per task, without examples, gives pass@1.
As in the authors' prompt, the tests are part of the question, for they alone tell the function's name; code
that sets the tests up is not. The words around them are ours.

A program runs first, then the set-up, then the tests, all in one module: the set-up may use classes that the
program defines (task 367). The authors' further `challenge_test_list` decides nothing; whether a program that
passed its tests also passes those is in the record.

How a program is found in an answer is told in `code_answer/find.py`, how it is run in `programs.py`.

Not covered: the authors' three examples in the prompt.
"""

import re
from collections.abc import Mapping, Sequence

from pydantic import Field

from raysft.errors import InputError, Problem
from raysft.evaluate.benchmark import Answer, Metric, Question, Verdict
from raysft.evaluate.code_answer.find import program_in_answer
from raysft.evaluate.question_file import PublishedRow, paired, read_questions, turn_of
from raysft.identity import Json
from raysft.sandbox.programs import Program, ProgramResult, run_programs

TEST_TASKS = range(11, 511)
"""Ids of the authors' test split; the others are for examples, validation and training."""

_ASK = (
    "{}\n\nIt must pass these tests. Answer with the whole function in one code block.\n\n```python\n{}\n```"
)
_REFERENCE = "```python\n{}\n```"
_DEFINED = re.compile(r"^(?:(?:async +)?def |class )?[ \t]*(\w+)[ \t]*(?:[(:]|=(?!=))", re.MULTILINE)
"""By `def`, as a class, or by an assignment such as `double = lambda n: 2 * n`."""
_CALLED = re.compile(r"(\w+)\s*\(")
_CHECKED = "\n\ndef check(candidate):\n    pass\n"
"""What a runner of `Program` asks for. The tests come before it, at the top of the module, since what they
test may itself be called `check` (task 56)."""


class _Row(PublishedRow):
    task_id: int
    code: str
    test_list: list[str]
    text: str = ""
    """The task in `mbpp.jsonl`."""
    prompt: str = ""
    """The task in `sanitized-mbpp.json`."""
    test_setup_code: str = ""
    test_imports: list[str] = Field(default_factory=list)
    challenge_test_list: list[str] = Field(default_factory=list)


class Mbpp:
    """The test tasks of one MBPP file; implements `raysft.evaluate.benchmark.Benchmark`."""

    def __init__(self, path: str, limit: int | None = None) -> None:
        """Read the tasks.

        Args:
            path: the authors' `mbpp.jsonl` or `sanitized-mbpp.json`, or the same rows in another form that
                `raysft.data.read.files` knows.
            limit: number of tasks, the first of the file that are of the test split; None takes all.

        Raises:
            InputError: the file cannot be read, a row is not of that form, or none is of the test split.
        """
        self.name = "mbpp"
        self.version = 2
        self.grades = True
        self.metric = Metric("pass@1", 100, 100)
        self.max_new_tokens = 512
        rows = read_questions(path, None, lambda _, row: _question(row))
        self.questions: Sequence[Question] = tuple(question for question in rows if question.turns)[:limit]
        if not self.questions:
            remedy = "give a file with tasks of the test split, whose `task_id` is 11 to 510"
            raise InputError([Problem(path, "no test task", remedy)])

    def grade(self, answers: Sequence[Answer]) -> list[Verdict]:
        """1 where the program passes its tests, else 0; unscored where it could not be run through our fault.

        Details: `outcome` and its `cause`; `challenge`, whether the program also passes the challenge tests,
        None where there are none, it did not pass its tests, or they could not be run.

        Raises:
            ClusterError: programs cannot be confined on this machine.
        """
        pairs = paired(self.questions, answers)
        asked = [question for question, _ in pairs]
        found = {place: _program(question, answer) for place, (question, answer) in enumerate(pairs)}
        programs = {place: source for place, source in found.items() if source is not None}
        results = _run(asked, programs, "tests")
        passed = {
            place: source
            for place, source in programs.items()
            if results[place].outcome == "passed" and asked[place].facts["challenge"]
        }
        harder = _run(asked, passed, "challenge")
        return [
            _verdict(question.id, results.get(place), harder.get(place))
            for place, question in enumerate(asked)
        ]


def _question(row: object) -> Question:
    """A task with all that grading needs; one outside the test split has no turn, and is not looked at."""
    given = _Row.model_validate(row)
    name, task = f"mbpp/{given.task_id}", (given.text or given.prompt).strip()
    if given.task_id not in TEST_TASKS:
        return Question(name, ())
    code, tests = _lines(given.code).strip("\n"), _together(given.test_list)
    if not task:
        raise ValueError("text: the task is missing; sanitized files call it `prompt`")
    facts: dict[str, Json] = {
        "setup": _together([*given.test_imports, given.test_setup_code]),
        "tests": tests,
        "challenge": _together(given.challenge_test_list),
        "entry_point": _entry_point(code, tests),
        "solution": code,
    }
    return Question(name, (_ASK.format(task, tests),), (_REFERENCE.format(code),), facts)


def _entry_point(code: str, tests: str) -> str:
    """The first of the solution's own functions that the tests call."""
    defined = set(_DEFINED.findall(code))
    called: list[str] = _CALLED.findall(tests)
    name = next((one for one in called if one in defined), None)
    if name is None:
        raise ValueError("test_list: it calls no function that `code` defines")
    return name


def _together(pieces: Sequence[str]) -> str:
    return "\n".join(_lines(piece).strip() for piece in pieces if piece.strip())


def _lines(text: str) -> str:
    """Text without the line ends of Windows, which `mbpp.jsonl` has and no model should be measured on."""
    return text.replace("\r\n", "\n")


def _program(question: Question, answer: Answer) -> str | None:
    facts = question.facts
    later = f"{facts['setup']}\n{facts['tests']}\n{facts['challenge']}"
    return program_in_answer(turn_of(answer, 0), "", str(facts["entry_point"]), later)


def _run(questions: Sequence[Question], programs: Mapping[int, str], tests: str) -> dict[int, ProgramResult]:
    """Results of programs, by the places of their questions.

    Args:
        questions: one per place.
        programs: by place.
        tests: the fact that holds the tests to run.
    """
    made = [_with_tests(questions[place], source, tests) for place, source in programs.items()]
    return dict(zip(programs, run_programs(made), strict=True))


def _with_tests(question: Question, source: str, tests: str) -> Program:
    facts = question.facts
    return Program(
        question.id, source, f"{facts['setup']}\n{facts[tests]}{_CHECKED}", str(facts["entry_point"])
    )


def _verdict(question: str, result: ProgramResult | None, harder: ProgramResult | None) -> Verdict:
    if result is None:
        return Verdict(question, 0.0, no_answer=True)
    if result.outcome == "unscored":
        return Verdict(question, None, reason=result.reason)
    known = harder is not None and harder.outcome != "unscored"
    details: dict[str, Json] = {
        "outcome": result.outcome,
        "cause": result.reason,
        "challenge": harder.outcome == "passed" if harder and known else None,
    }
    return Verdict(question, float(result.outcome == "passed"), details=details)


def check_solutions(path: str) -> tuple[str, ...]:
    """Run the authors' own solutions; the ids of those that do not pass (none, where all is well).

    Raises:
        InputError: the file cannot be read.
        ClusterError: programs cannot be confined on this machine.
    """
    programs = [
        _with_tests(question, str(question.facts["solution"]), "tests") for question in Mbpp(path).questions
    ]
    return tuple(result.id for result in run_programs(programs) if result.outcome != "passed")
