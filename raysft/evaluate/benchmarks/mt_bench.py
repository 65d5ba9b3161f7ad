"""MT-Bench: 80 open questions of two turns, rated 1 to 10 by a judge (Zheng et al. 2023, arXiv 2306.05685).

Temperatures and the token limit are those of FastChat's `llm_judge`. Reference answers exist for mathematics,
reasoning and coding. Of the 30 that FastChat publishes, by GPT-4, 13 are wrong in one turn or both
(`WRONG_REFERENCES`); they are not used: not in the loss on the references, nor for a judge, who would mark
right answers down. References by another model, such as those of gpt-4-0125-preview, are used as they are.

Not covered yet: judges. Without one every answer is kept and left unscored.
"""

from collections.abc import Mapping, Sequence

from pydantic import ValidationError

from raysft.errors import InputError
from raysft.evaluate.benchmark import Answer, Metric, Question, Verdict
from raysft.evaluate.question_file import PublishedRow, paired, read_each, read_questions, turn_of

_TEMPERATURE = {"writing": 0.7, "roleplay": 0.7, "stem": 0.1, "humanities": 0.1}
"""Sampling temperature by category; greedy for all others."""
WRONG_REFERENCES = frozenset({104, 105, 109, 111, 113, 114, 120, 122, 124, 125, 126, 128, 130})
"""Questions whose published reference is wrong: FastChat pull request 3158, whose authors read all 30; of 104
also issue 3053."""
_PUBLISHED_BY = "gpt-4"
"""`model_id` of those references."""
_NO_JUDGE = "no judge is configured: answers are kept and can be judged later"

References = Mapping[str, tuple[str, ...]]
"""Reference answers, one per turn, by the id of the question."""


class _Row(PublishedRow):
    question_id: int
    category: str
    turns: list[str]


class _Choice(PublishedRow):
    turns: list[str]


class _ReferenceRow(PublishedRow):
    question_id: int
    model_id: str = _PUBLISHED_BY
    choices: list[_Choice]


class MtBench:
    """The questions of one MT-Bench file; implements `raysft.evaluate.benchmark.Benchmark`."""

    def __init__(
        self, questions_path: str, references_path: str | None = None, limit: int | None = None
    ) -> None:
        """Read the questions, and the reference answers if there are any.

        Args:
            questions_path: FastChat's `question.jsonl`.
            references_path: FastChat's file of reference answers, such as `gpt-4.jsonl`.
            limit: number of questions, the first of the file; None takes all.

        Raises:
            InputError: a file cannot be read, or a row is not of that form.
        """
        references = {} if references_path is None else _read_references(references_path)
        self.name = "mt_bench"
        self.version = 1
        self.grades = False
        self.metric = Metric("rating", 1, 10)
        self.max_new_tokens = 1024
        self.questions: Sequence[Question] = read_questions(
            questions_path, limit, lambda _, row: _question(row, references)
        )

    def grade(self, answers: Sequence[Answer]) -> list[Verdict]:
        """Every answer unscored, for want of a judge; an answer without a word is marked as such."""
        return [
            Verdict(question.id, None, no_answer=_wordless(question, answer), reason=_NO_JUDGE)
            for question, answer in paired(self.questions, answers)
        ]


def _wordless(question: Question, answer: Answer) -> bool:
    return not any(turn_of(answer, turn).strip() for turn in range(len(question.turns)))


def _question(row: object, references: References) -> Question:
    given = _Row.model_validate(row)
    name = str(given.question_id)
    told = references.get(name, ())
    if not given.turns:
        raise ValueError("turns: there is none")
    if told and len(told) != len(given.turns):
        raise ValueError(f"turns: {len(given.turns)}, but its reference has {len(told)}")
    facts = {"category": given.category}
    return Question(name, tuple(given.turns), told, facts, _TEMPERATURE.get(given.category, 0.0))


def _read_references(path: str) -> References:
    rows, problems = read_each(path, None, lambda _, row: _reference(row))
    if problems:
        raise InputError(problems)
    return {
        str(row.question_id): tuple(row.choices[0].turns)
        for row in rows
        if row.model_id != _PUBLISHED_BY or row.question_id not in WRONG_REFERENCES
    }


def _reference(row: object) -> _ReferenceRow:
    try:
        given = _ReferenceRow.model_validate(row)
    except ValidationError:
        given = None
    if given is None or not given.choices:
        raise ValueError("a reference has `question_id` and `choices`, the first with its `turns`")
    return given
