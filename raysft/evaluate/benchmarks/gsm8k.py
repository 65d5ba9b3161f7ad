"""GSM8K: grade-school mathematics with one number as the answer (Cobbe et al. 2021, arXiv 2110.14168).

The question is asked as it is, which is how models are trained on this set. What is compared, as exact
decimals and never by evaluating text:

    strict     the number right after the last `####`, the form that the training answers end with
    flexible   the last number of the text
    value      the last number of the line after the last `####`; where it holds none, as flexible

All three are in the record; `value` is the primary one. A text without any number is no answer.

Not covered: fractions (`3/4` is read as 4), powers, words for numbers.
"""

import re
from collections.abc import Sequence
from decimal import Decimal

from raysft.data.read.formats import strip_calculator
from raysft.evaluate.benchmark import Answer, Metric, Question, Verdict
from raysft.evaluate.question_file import PublishedRow, paired, read_questions, turn_of

_MARK = "####"
_DIGITS = r"(?:[0-9]{1,3}(?:,[0-9]{3})+(?![0-9])|[0-9]+)(?:\.[0-9]+)?|(?<![0-9])\.[0-9]+"
_NUMBER = re.compile(rf"(?:(?<![\w)\]%$])-\$?|\$-?)?(?:{_DIGITS})")
"""`-` is a sign only where it does not follow an operand: `5-3` holds 5 and 3, `= -3` and `$-3` hold -3."""


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
        self.version = 1
        self.grades = True
        self.metric = Metric("accuracy", 100, 100)
        self.max_new_tokens = 512
        self.questions: Sequence[Question] = read_questions(path, limit, _question)

    def grade(self, answers: Sequence[Answer]) -> list[Verdict]:
        """1 where the number is right, else 0; details: `strict`, `flexible` and the number `found`."""
        return [_verdict(question, answer) for question, answer in paired(self.questions, answers)]


def _question(place: int, row: object) -> Question:
    """The reference is the authors' answer without its calculator marks, as models are trained on it."""
    given = _Row.model_validate(row)
    number = strict_number(given.answer)
    if number is None:
        raise ValueError("answer: it must end with `#### ` and a number")
    reference = strip_calculator(given.answer)
    return Question(f"gsm8k/{place}", (given.question,), (reference,), facts={"answer": str(number)})


def _verdict(question: Question, answer: Answer) -> Verdict:
    wanted, text = Decimal(str(question.facts["answer"])), turn_of(answer, 0)
    found = final_number(text)
    everywhere = numbers(text)
    details = {
        "strict": strict_number(text) == wanted,
        "flexible": bool(everywhere) and everywhere[-1] == wanted,
        "found": None if found is None else str(found),
    }
    return Verdict(question.id, float(found == wanted), no_answer=found is None, details=details)


def numbers(text: str) -> list[Decimal]:
    """Every number of a text: `1,234`, `$5`, `-3`, `.5`, `7.` (which is 7), `18%` (which is 18)."""
    plain = text.replace("\N{MINUS SIGN}", "-")
    return [_decimal(match.group()) for match in _NUMBER.finditer(plain)]


def strict_number(text: str) -> Decimal | None:
    """The number right after the last `####`; None if there is none."""
    _, mark, after = text.replace("\N{MINUS SIGN}", "-").rpartition(_MARK)
    found = _NUMBER.match(after.lstrip()) if mark else None
    return None if found is None else _decimal(found.group())


def final_number(text: str) -> Decimal | None:
    """The last number of the line after the last `####`, else of the whole text; None if it has no number."""
    _, mark, after = text.rpartition(_MARK)
    marked = numbers(after.lstrip().partition("\n")[0]) if mark else []
    return next(reversed(marked or numbers(text)), None)


def _decimal(written: str) -> Decimal:
    return Decimal(re.sub(r"[$,]", "", written))
