r"""MATH: competition mathematics with a short answer in LaTeX (Hendrycks et al. 2021, arXiv 2103.03874).

The problem is asked as it is, without examples, with the demand for `\boxed`; the words of that are ours.
The right answer is what the authors' solution has in its last box. The value is 1 where the final expression
of the text (`math_answer/final_answer.py`) is the same (`math_answer/latex_answer.py`). Beside it are kept
`how` it was read (`box`, `said`, `last`, `cut off`), what was `found`, and two readings alone:

    strict     the last `\boxed{...}` or `\fbox{...}` that is closed
    flexible   that, or what the last `answer is`, `answer:` or `####` says, or the last number of the text

A text that says nothing, or whose only box is cut off, is no answer. Nothing is ever unscored.

The authors publish a folder with a JSON file per problem; made into JSON Lines it can be read:

    cat MATH/test/*/*.json | jq -c . > math_test.jsonl

Not covered: several boxes that are one answer together (`\boxed{1}` and `\boxed{2}`), as in the authors' own
evaluation; what `raysft.evaluate.math_answer.latex_answer` says of equality.
"""

from collections.abc import Sequence

from raysft.evaluate.benchmark import Answer, Metric, Question, Verdict
from raysft.evaluate.math_answer.final_answer import final_box, final_expression, said_answer
from raysft.evaluate.math_answer.latex_answer import LONGEST, normal_form, same_answer
from raysft.evaluate.question_file import PublishedRow, paired, read_questions, turn_of
from raysft.identity import Json

_ASK = "{}\n\nPut the final answer in \\boxed{{}}."

STOP = ("\nProblem:", "\nQuestion:", "\n### Instruction")
"""What a base model writes before it asks itself the next problem."""


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
    answer = final_box(given.solution)
    if not answer or not normal_form(answer):
        raise ValueError(f"solution: it must hold its answer in \\boxed{{}}, of at most {LONGEST} characters")
    facts: dict[str, Json] = {"answer": answer, "level": given.level, "type": given.type}
    return Question(f"math/{place}", (_ASK.format(given.problem),), (given.solution,), facts, stop=STOP)


def _verdict(question: Question, answer: Answer) -> Verdict:
    wanted, text = str(question.facts["answer"]), turn_of(answer, 0)
    found = final_expression(text, cut=answer.ends[:1] == ("length",))
    boxed, said = final_box(text), said_answer(text)
    right = found.text is not None and same_answer(found.text, wanted)
    details: dict[str, Json] = {
        "strict": boxed is not None and same_answer(boxed, wanted),
        "flexible": right or (said is not None and same_answer(said, wanted)),
        "found": None if found.text is None else found.text[:LONGEST],
        "how": found.how,
        "level": question.facts["level"],
        "type": question.facts["type"],
    }
    return Verdict(question.id, float(right), no_answer=found.text is None, details=details)
