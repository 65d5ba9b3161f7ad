"""HumanEval: Python functions from their docstrings, judged by unit tests (Chen et al. 2021, 2107.03374).

One greedy answer per problem gives pass@1. The problem is put as a chat turn; the words around it are ours.
How a program is found in an answer is told in `code_answer/find.py`, how it is run in `programs.py`.

Not covered: several samples per problem in one run; `raysft score` takes such answers from a file.
"""

from collections.abc import Sequence

from raysft.evaluate.benchmark import Answer, Metric, Question, Verdict
from raysft.evaluate.code_answer.find import program_in_answer
from raysft.evaluate.question_file import PublishedRow, paired, read_questions, turn_of
from raysft.sandbox.programs import Program, ProgramResult, run_programs

_ASK = (
    "Complete this Python function. Answer with the whole function in one code block.\n\n```python\n{}\n```"
)
_REFERENCE = "```python\n{}\n```"


class _Row(PublishedRow):
    task_id: str
    prompt: str
    canonical_solution: str
    test: str
    entry_point: str


class HumanEval:
    """The problems of one HumanEval file; implements `raysft.evaluate.benchmark.Benchmark`."""

    def __init__(self, path: str, limit: int | None = None) -> None:
        """Read the problems.

        Args:
            path: the authors' JSON Lines, plain or `.gz`.
            limit: number of problems, the first of the file; None takes all.

        Raises:
            InputError: the file cannot be read, or a row is not of that form.
        """
        self.name = "humaneval"
        self.version = 2
        self.grades = True
        self.metric = Metric("pass@1", 100, 100)
        self.max_new_tokens = 512
        self.questions: Sequence[Question] = read_questions(path, limit, lambda _, row: _question(row))

    def grade(self, answers: Sequence[Answer]) -> list[Verdict]:
        """1 where the program passes its tests, else 0; unscored where it could not be run through our fault.

        Raises:
            ClusterError: programs cannot be confined on this machine.
        """
        pairs = paired(self.questions, answers)
        found = [(place, _program(place, question, answer)) for place, (question, answer) in enumerate(pairs)]
        results = run_programs([program for _, program in found if program is not None])
        by_id = {result.id: result for result in results}
        return [_verdict(question.id, by_id.get(str(place))) for place, (question, _) in enumerate(pairs)]


def _question(row: object) -> Question:
    """The reference is the whole function with the authors' solution, in a code block."""
    given = _Row.model_validate(row)
    solved = given.prompt + given.canonical_solution
    return Question(
        given.task_id,
        (_ASK.format(given.prompt.strip("\n")),),
        (_REFERENCE.format(solved.strip("\n")),),
        facts={
            "prompt": given.prompt,
            "tests": given.test,
            "entry_point": given.entry_point,
            "solution": given.canonical_solution,
        },
    )


def _program(place: int, question: Question, answer: Answer) -> Program | None:
    prompt, entry_point = str(question.facts["prompt"]), str(question.facts["entry_point"])
    source = program_in_answer(turn_of(answer, 0), prompt, entry_point)
    return None if source is None else Program(str(place), source, str(question.facts["tests"]), entry_point)


def _verdict(question: str, result: ProgramResult | None) -> Verdict:
    if result is None:
        return Verdict(question, 0.0, no_answer=True)
    if result.outcome == "unscored":
        return Verdict(question, None, reason=result.reason)
    details = {"outcome": result.outcome, "cause": result.reason}
    return Verdict(question, float(result.outcome == "passed"), details=details)


def check_canonical(path: str) -> tuple[str, ...]:
    """Run the authors' own solutions; the ids of those that do not pass (none, where all is well).

    Raises:
        InputError: the file cannot be read.
        ClusterError: programs cannot be confined on this machine.
    """
    programs = [
        Program(
            question.id,
            f"{question.facts['prompt']}{question.facts['solution']}",
            str(question.facts["tests"]),
            str(question.facts["entry_point"]),
        )
        for question in HumanEval(path).questions
    ]
    return tuple(result.id for result in run_programs(programs) if result.outcome != "passed")
