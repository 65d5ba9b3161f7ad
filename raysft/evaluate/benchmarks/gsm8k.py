"""GSM8K: grade-school mathematics with one number as the answer (Cobbe et al. 2021, arXiv 2110.14168).

The question is asked as it is, which is how models are trained on this set. What is compared:

    value      the final number, exactly (`final_answer.py`: the first `####` with a number right behind it,
               else the last closed box, else the last number)
    strict     the first `#### n`, compared as text: lm-eval's filter `strict-match`
    flexible   the last number of the text, compared as text: lm-eval's filter `flexible-extract`

All three are in the record; `value` is the primary one. The other two are taken as lm-eval-harness has them
in its task `gsm8k`, so that they can be set beside published figures. A text without any number is no answer.

An answer ends where a new question begins (`STOP`), as a base model goes on to write one.
"""

import re
from collections import deque
from collections.abc import Sequence
from fractions import Fraction

from raysft.data.read.formats import strip_calculator
from raysft.evaluate.benchmark import Answer, Metric, Question, Verdict
from raysft.evaluate.math_answer.final_answer import final_number, shown
from raysft.evaluate.question_file import PublishedRow, paired, read_questions, turn_of
from raysft.identity import Json

_STRICT = re.compile(r"#### (-?[0-9.,]+)")
_FLEXIBLE = re.compile(r"-?[$0-9.,]{2,}|-?[0-9]+")


STOP = ("\nQuestion:", "\n\nQ:")
"""Not `Question:` alone, as in lm-eval: a model may say the question again before it answers."""


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
        """1 where the number is right, else 0; details: `strict`, `flexible`, what was `found`, and `how`."""
        return [_verdict(question, answer) for question, answer in paired(self.questions, answers)]


def _question(place: int, row: object) -> Question:
    """The reference is the authors' answer without its calculator marks, as models are trained on it."""
    given = _Row.model_validate(row)
    number = final_number(given.answer)
    if number.value is None or number.how != "mark":
        raise ValueError("answer: it must end with `#### ` and a number")
    reference = strip_calculator(given.answer)
    return Question(
        f"gsm8k/{place}", (given.question,), (reference,), {"answer": shown(number.value)}, stop=STOP
    )


def _verdict(question: Question, answer: Answer) -> Verdict:
    written, text = str(question.facts["answer"]), turn_of(answer, 0)
    found = final_number(text)
    details: dict[str, Json] = {
        "strict": strict_match(text, written),
        "flexible": flexible_match(text, written),
        "found": None if found.value is None else shown(found.value),
        "how": found.how,
    }
    right = found.value is not None and found.value == Fraction(written)
    return Verdict(question.id, float(right), no_answer=found.value is None, details=details)


def strict_match(text: str, wanted: str) -> bool:
    """Whether lm-eval's filter `strict-match` of its task `gsm8k` takes an answer for right."""
    found = _STRICT.search(text)
    return found is not None and _compared(found.group(1)) == _compared(wanted)


def flexible_match(text: str, wanted: str) -> bool:
    """Whether lm-eval's filter `flexible-extract` of its task `gsm8k` takes an answer for right."""
    last = deque(_FLEXIBLE.finditer(text), maxlen=1)
    return bool(last) and _compared(last[0].group()) == _compared(wanted)


def _compared(written: str) -> str:
    """A number as lm-eval compares it: as text, without commas, dollars and one full stop at the end."""
    return written.replace(",", "").replace("$", "").removesuffix(".")
