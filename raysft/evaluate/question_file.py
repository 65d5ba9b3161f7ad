"""From a file that a benchmark's authors published to questions; what is wrong is named with its line."""

from collections import Counter
from collections.abc import Callable, Sequence
from itertools import islice
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from raysft.data.read.files import read_rows
from raysft.data.read.formats import short
from raysft.errors import InputError, Problem
from raysft.evaluate.benchmark import Answer, Question
from raysft.wording import in_words

_Made = TypeVar("_Made")


class PublishedRow(BaseModel):
    """A row of a published file: the fields that are needed, whatever else it has."""

    model_config = ConfigDict(frozen=True, strict=True, extra="ignore")


def read_questions(
    path: str, limit: int | None, make: Callable[[int, object], Question]
) -> tuple[Question, ...]:
    """Read the first questions of a file, in its order.

    Args:
        path: JSON Lines, also as `.gz`, local or any URL that fsspec opens.
        limit: number of questions, the first of the file; None takes all.
        make: a question from its place (from 0) and its row; raises ValueError where the row is wrong.

    Raises:
        InputError: the file cannot be read or holds no question, a row is wrong, or an id comes twice.
    """
    questions, problems = read_each(path, limit, make)
    if not questions and not problems:
        problems.append(Problem(path, "no question", "give the file that the benchmark's authors published"))
    problems += _repeated(path, questions)
    if problems:
        raise InputError(problems)
    return tuple(questions)


def read_each(
    path: str, limit: int | None, make: Callable[[int, object], _Made]
) -> tuple[list[_Made], list[Problem]]:
    """What is made of the first rows of a file, and what is wrong with the others; as `read_questions`."""
    made: list[_Made] = []
    problems: list[Problem] = []
    for place, row in enumerate(islice(read_rows(path), limit)):
        if isinstance(row, Problem):
            problems.append(row)
            continue
        try:
            made.append(make(place, row.value))
        except ValueError as error:
            problems.append(Problem(row.where, short(row.value), _message(error)))
    return made, problems


def _message(error: ValueError) -> str:
    if not isinstance(error, ValidationError):
        return str(error)
    return "; ".join(f"{'.'.join(map(str, one['loc'])) or 'row'}: {in_words(one)}" for one in error.errors())


def _repeated(path: str, questions: Sequence[Question]) -> list[Problem]:
    counts = Counter(question.id for question in questions)
    return [Problem(path, name, f"comes {n} times; ids must differ") for name, n in counts.items() if n > 1]


def paired(questions: Sequence[Question], answers: Sequence[Answer]) -> list[tuple[Question, Answer]]:
    """Each answer with its question, in the order of the answers.

    Raises KeyError for an answer to a question that is not of this benchmark.
    """
    by_id = {question.id: question for question in questions}
    return [(by_id[answer.question], answer) for answer in answers]


def turn_of(answer: Answer, turn: int) -> str:
    """The text of one turn; empty if the model never came to it."""
    return answer.texts[turn] if turn < len(answer.texts) else ""
