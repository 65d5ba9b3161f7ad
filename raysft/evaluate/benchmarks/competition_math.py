r"""MATH: competition mathematics with a short answer in LaTeX (Hendrycks et al. 2021, arXiv 2103.03874).

The problem is asked as it is, without examples, with the demand for `\boxed`; the words of that are ours.
The right answer is what the authors' solution has in its last box. Compared with it, as `latex_answer.py`
tells, are

    value      the final formula (`final_answer.py`: the last closed box, else what is said or comes last)
    strict     the last closed box alone
    flexible   the final formula without regard to boxes

All three are in the record. Nothing is ever unscored: comparing texts cannot fail.

The authors publish a folder with a JSON file per problem; made into JSON Lines it can be read:

    cat MATH/test/*/*.json | jq -c . > math_test.jsonl

Not covered: several boxes that are one answer together (`\boxed{1}` and `\boxed{2}`), as in the authors' own
evaluation; what `latex_answer.py` says of equality.
"""

from collections.abc import Sequence

from raysft.evaluate.benchmark import Answer, Metric, Question, Verdict
from raysft.evaluate.math_answer.final_answer import boxed_answer, final_answer, unboxed_answer
from raysft.evaluate.math_answer.latex_answer import LONGEST, normal_form, same_answer
from raysft.evaluate.question_file import PublishedRow, paired, read_questions, turn_of
from raysft.identity import Json

_ASK = "{}\n\nPut the final answer in \\boxed{{}}."
STOP = ("\nProblem:",)
"""As lm-eval has it, but at the beginning of a line."""


class _Row(PublishedRow):
    problem: str
    solution: str
    level: str | int = ""
    type: str = ""


class CompetitionMath:
    """The problems of one MATH file; implements `raysft.evaluate.benchmark.Benchmark`."""

    def __init__(self, path: str, limit: int | None = None) -> None:
        r"""Read the problems.

        Args:
            path: rows with `problem` and `solution`, and with `level` and `type` if they are known, in any
                form that `raysft.data.read.files` knows.
            limit: number of problems, the first of the file; None takes all.

        Raises:
            InputError: the file cannot be read, or a row is not of that form.
        """
        self.name = "math"
        self.version = 2
        self.grades = True
        self.metric = Metric("accuracy", 100, 100)
        self.max_new_tokens = 1024
        self.questions: Sequence[Question] = read_questions(path, limit, _question)

    def grade(self, answers: Sequence[Answer]) -> list[Verdict]:
        """1 where the answer is right, else 0.

        Details: `strict`, `flexible`, the answer `found` and `how`, and `level` and `type` of the problem.
        """
        return [_verdict(question, answer) for question, answer in paired(self.questions, answers)]


def _question(place: int, row: object) -> Question:
    """The reference is the authors' whole solution."""
    given = _Row.model_validate(row)
    answer = boxed_answer(given.solution)
    if not answer or not normal_form(answer):
        raise ValueError(f"solution: it must hold its answer in \\boxed{{}}, of at most {LONGEST} characters")
    facts: dict[str, Json] = {"answer": answer, "level": given.level, "type": given.type}
    return Question(f"math/{place}", (_ASK.format(given.problem),), (given.solution,), facts, stop=STOP)


def _verdict(question: Question, answer: Answer) -> Verdict:
    wanted, text = str(question.facts["answer"]), turn_of(answer, 0)
    found, unboxed = final_answer(text), unboxed_answer(text)
    right = _is(found.text, wanted)
    details: dict[str, Json] = {
        "strict": right and found.how == "box",
        "flexible": _is(unboxed.text, wanted),
        "found": found.text,
        "how": found.how,
        "level": question.facts["level"],
        "type": question.facts["type"],
    }
    return Verdict(question.id, float(right), no_answer=found.text is None, details=details)


def _is(said: str | None, wanted: str) -> bool:
    return said is not None and same_answer(said, wanted)
