"""Answers from a file that any program wrote, one row each, several rows per question where it was sampled.

A row names its question and has the answer, under the keys that people use (`_IDS`, `_TEXTS`): those of
human-eval (`task_id`, `completion`), FastChat (`question_id`, `choices`), raysft (Parquet: `question`,
`texts`, `ends`). A question may be named by what stands behind the last `/` of its id: `7` for `gsm8k/7`.

Not covered: files of lm-eval; rows that name no question.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from raysft.data.read.files import read_rows
from raysft.data.read.formats import short
from raysft.errors import InputError, Problem
from raysft.evaluate.benchmark import Answer, End, Question
from raysft.wording import counted

_IDS = ("task_id", "question_id", "question", "id")
_TEXTS = ("texts", "choices", "completion", "answer", "text", "response", "output", "generation")
_TOLD = 10
"""Questions without an answer that are named."""


def read_answer_file(
    path: str, questions: Sequence[Question], others: Sequence[Question] = ()
) -> list[Answer]:
    """Answers to all questions of a benchmark, in the order of the file.

    Args:
        path: any file that `raysft.data.read.files` knows.
        questions: those that are scored.
        others: of the same benchmark; answers to them are passed over.

    Raises:
        InputError: the file cannot be read or is empty; a row is no answer, or one to no question; a question
            has no answer. All problems at once.
    """
    by_name = _names({question.id: None for question in [*questions, *others]})
    asked = {question.id for question in questions}
    answers: list[Answer] = []
    problems: list[Problem] = []
    for row in read_rows(path):
        if isinstance(row, Problem):
            problems.append(row)
            continue
        try:
            answer = _answer(row.value, by_name)
        except ValueError as error:
            problems.append(Problem(row.where, short(row.value), str(error)))
            continue
        if answer.question in asked:
            answers.append(answer)
    if not answers and not problems:
        problems.append(Problem(path, "no row", "write one row per answer: a question's id and the text"))
    problems += _missing(path, questions, answers)
    if problems:
        raise InputError(problems)
    return answers


def _names(ids: Iterable[str]) -> dict[str, str]:
    """Ids by the names that a row may give; the short ones only where one question has them."""
    ids = list(ids)
    short_names = [id_.rpartition("/")[2] for id_ in ids]
    found = dict(zip(short_names, ids, strict=True)) if len(set(short_names)) == len(ids) else {}
    return found | {id_: id_ for id_ in ids}


def _answer(row: object, by_name: Mapping[str, str]) -> Answer:
    if not isinstance(row, Mapping):
        raise ValueError("write an object with a question's id and the text of the answer")
    name = next((row[key] for key in _IDS if isinstance(row.get(key), str | int)), None)
    if name is None:
        raise ValueError(f"it names no question; use one of the keys {', '.join(_IDS)}")
    if str(name) not in by_name:
        raise ValueError(f"the benchmark has no question {name}")
    texts = next((found for key in _TEXTS if (found := _texts(row.get(key))) is not None), None)
    if texts is None:
        raise ValueError(f"it has no text; use one of the keys {', '.join(_TEXTS)}")
    return Answer(by_name[str(name)], texts, _ends(row, len(texts)))


def _texts(value: Any) -> tuple[str, ...] | None:  # noqa: ANN401 - what a row may hold
    """One text per turn; None if the value is none."""
    if isinstance(value, str):
        return (value,)
    if isinstance(value, Sequence) and value and isinstance(value[0], Mapping):
        return _texts(value[0].get("turns"))
    if isinstance(value, Sequence) and all(isinstance(one, str) for one in value):
        return tuple(value)
    return None


def _ends(row: Mapping[str, Any], turns: int) -> tuple[End, ...]:
    given = row.get("ends")
    if isinstance(given, Sequence) and len(given) == turns and set(given) <= {"stop", "length", "overflow"}:
        return tuple(given)
    return ("length" if row.get("finish_reason") == "length" else "stop",) * turns


def _missing(path: str, questions: Sequence[Question], answers: Sequence[Answer]) -> list[Problem]:
    answered = {answer.question for answer in answers}
    missing = [question.id for question in questions if question.id not in answered]
    if not missing or not answers:
        return []
    named = ", ".join(missing[:_TOLD]) + (" and others" if len(missing) > _TOLD else "")
    told = f"no answer to {counted(len(missing), 'question')} of {len(questions):,}"
    return [Problem(path, told, f"answer all of them, an empty text is an answer: {named}")]
