"""GSM8K: grade-school mathematics with one number as the answer (Cobbe et al. 2021, arXiv 2110.14168).

The question is asked as it is, which is how models are trained on this set. The value is 1 where the final
number of the text, as `math_answer/final_answer.py` reads it, is the reference: compared as exact rationals,
never by evaluating text. Beside it are kept `how` it was read (`mark`, `box`, `last`, `cut off`), the number
`found`, and what lm-evaluation-harness' two filters say of the same text: `strict` and `flexible`
(`lm_eval_filters.py`).

A base model that goes on with another question is stopped there (`STOP`); a line break comes before each
stop string, so that a question told again at the beginning of an answer is none.

Not covered: words for numbers, two answers, and what `written_numbers` says is no number.
"""

from collections.abc import Sequence
from fractions import Fraction

from raysft.data.read.formats import strip_calculator
from raysft.evaluate.benchmark import Answer, Metric, Question, Verdict
from raysft.evaluate.benchmarks.lm_eval_filters import flexible_extract, strict_match
from raysft.evaluate.math_answer.final_answer import final_number
from raysft.evaluate.math_answer.written_numbers import written
from raysft.evaluate.question_file import PublishedRow, paired, read_questions, turn_of
from raysft.identity import Json

_MARK = "####"
STOP = ("\nQuestion:", "\nQ:", "\n### Instruction")
"""What a base model writes before it asks itself the next question."""


class _Row(PublishedRow):
    question: str
    answer: str


class Gsm8k:
    """The questions of one GSM8K file; implements `raysft.evaluate.benchmark.Benchmark`."""

    def __init__(self, path: str, limit: int | None = None) -> None:
        """Read the questions.

        Args:
            path: the authors' JSON Lines with `question` and `answer`.
            limit: number of questions, the first of the file; None takes all.

        Raises:
            InputError: the file cannot be read, or a row is not of that form.
        """
        self.name = "gsm8k"
        self.version = 2
        self.grades = True
        self.metric = Metric("accuracy", 100, 100)
        self.max_new_tokens = 512
        self.questions: Sequence[Question] = read_questions(path, limit, _question)

    def grade(self, answers: Sequence[Answer]) -> list[Verdict]:
        """1 where the number is right, else 0; details: `strict`, `flexible`, `found` and `how`."""
        return [_verdict(question, answer) for question, answer in paired(self.questions, answers)]


def _question(place: int, row: object) -> Question:
    """The reference is the authors' answer without its calculator marks, as models are trained on it."""
    given = _Row.model_validate(row)
    before, mark, _ = given.answer.rpartition(_MARK)
    number = final_number(given.answer[len(before) :]) if mark else None
    if number is None or number.how != "mark" or number.value is None:
        raise ValueError("answer: it must end with `#### ` and a number")
    reference = strip_calculator(given.answer)
    facts: dict[str, Json] = {"answer": written(number.value)}
    return Question(f"gsm8k/{place}", (given.question,), (reference,), facts, stop=STOP)


def _verdict(question: Question, answer: Answer) -> Verdict:
    return number_verdict(question.id, str(question.facts["answer"]), answer)


def number_verdict(question: str, wanted: str, answer: Answer) -> Verdict:
    """The grade of an answer to a question whose answer is one number, written in digits."""
    text = turn_of(answer, 0)
    found = final_number(text, cut=answer.ends[:1] == ("length",))
    details: dict[str, Json] = {
        "strict": strict_match(text, wanted),
        "flexible": flexible_extract(text, wanted),
        "found": None if found.value is None else written(found.value),
        "how": found.how,
    }
    right = found.value == Fraction(wanted)
    return Verdict(question, float(right), no_answer=found.value is None, details=details)
