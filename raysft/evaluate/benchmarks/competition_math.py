r"""MATH: competition mathematics with a short answer in LaTeX (Hendrycks et al. 2021, arXiv 2103.03874).

The problem is asked as it is, without examples, with the demand for `\boxed`; the words of that are ours.
The right answer is what the authors' solution has in its last box. Two readings of an answer are compared
with it, as `latex_answer.py` tells:

    strict     what is in the last `\boxed{...}` or `\fbox{...}` that is closed
    flexible   what the last `answer is`, `answer:` or `####` says; without any, the last number of the text

Both are in the record; the primary value takes the box, and where there is none the flexible reading. A
text with neither is no answer. Nothing is ever unscored: comparing texts cannot fail.

The authors publish a folder with a JSON file per problem; made into JSON Lines it can be read:

    cat MATH/test/*/*.json | jq -c . > math_test.jsonl

Not covered: several boxes that are one answer together (`\boxed{1}` and `\boxed{2}`), as in the authors' own
evaluation; what `latex_answer.py` says of equality.
"""

import re
from collections.abc import Iterator, Sequence

from raysft.evaluate.benchmark import Answer, Metric, Question, Verdict
from raysft.evaluate.benchmarks.latex_answer import LONGEST, normal_form, same_answer
from raysft.evaluate.question_file import PublishedRow, paired, read_questions, turn_of
from raysft.identity import Json

_ASK = "{}\n\nPut the final answer in \\boxed{{}}."

_BRACES = re.compile(r"\\(?:boxed|fbox)(?![A-Za-z])\s*\{?|\\.|[{}]", re.DOTALL)
"""All that matters for which brace closes a box; `\\{` is an escaped brace, and closes none."""
_BARE = re.compile(r"[^$\n]{1,200}(?=\$)")
"""`\\boxed 3$`, as a few of the authors' solutions have it: all up to the end of the formula."""
_SAYS = re.compile(r"####|\banswers?[*\s]*(?:is|are|:|=)[*:\s]*", re.IGNORECASE)
_FORMULA = re.compile(r"\$\$?([^$\n]+)\$|\\\((.+?)\\\)|\\\[(.+?)\\\]")
_SENTENCE_END = re.compile(r"\.(?=\s|$)|\n")
_WORD = re.compile(r"(?:^|(?<=\s))[A-Za-z]{2,}(?=[\s.,!?]|$)")
_DIGITS = r"(?:[0-9]{1,3}(?:,[0-9]{3})+(?![0-9])|[0-9]+)(?:\.[0-9]+)?|(?<![0-9])\.[0-9]+"
_NUMBER = re.compile(
    r"(?:(?<![\w)\]}%$])-\$?|(?<=\$)-)?"
    r"(?:[0-9]*\\[dt]?frac\s*(?:\{-?[0-9]+\}\s*\{-?[0-9]+\}|[0-9][0-9])"
    rf"|[0-9]+/[0-9]+|{_DIGITS})"
)
"""A number or a fraction of two; `-` is a sign only where it does not follow an operand."""


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
        self.version = 1
        self.grades = True
        self.metric = Metric("accuracy", 100, 100)
        self.max_new_tokens = 1024
        self.questions: Sequence[Question] = read_questions(path, limit, _question)

    def grade(self, answers: Sequence[Answer]) -> list[Verdict]:
        """1 where the answer is right, else 0.

        Details: `strict`, `flexible`, the answer `found`, and `level` and `type` of the problem.
        """
        return [_verdict(question, answer) for question, answer in paired(self.questions, answers)]


def _question(place: int, row: object) -> Question:
    """The reference is the authors' whole solution."""
    given = _Row.model_validate(row)
    answer = boxed_answer(given.solution)
    if not answer or not normal_form(answer):
        raise ValueError(f"solution: it must hold its answer in \\boxed{{}}, of at most {LONGEST} characters")
    facts: dict[str, Json] = {"answer": answer, "level": given.level, "type": given.type}
    return Question(f"math/{place}", (_ASK.format(given.problem),), (given.solution,), facts)


def _verdict(question: Question, answer: Answer) -> Verdict:
    wanted, text = str(question.facts["answer"]), turn_of(answer, 0)
    boxed, said = boxed_answer(text), said_answer(text)
    found = boxed or said
    details: dict[str, Json] = {
        "strict": boxed is not None and same_answer(boxed, wanted),
        "flexible": said is not None and same_answer(said, wanted),
        "found": None if found is None else found[:LONGEST],
        "level": question.facts["level"],
        "type": question.facts["type"],
    }
    right = details["strict" if boxed else "flexible"]
    return Verdict(question.id, float(right is True), no_answer=found is None, details=details)


def boxed_answer(text: str) -> str | None:
    """What is in the last box that is closed; None if there is no such box, or nothing in it."""
    last = max(_boxes(text), default=None)
    return text[last[0] : last[1]].strip() or None if last else None


def _boxes(text: str) -> Iterator[tuple[int, int]]:
    """Where the content of each box begins and ends."""
    opened: list[int | None] = []  # per open brace: where the content of its box begins, if it is one's
    for match in _BRACES.finditer(text):
        found = match.group()
        if found.startswith(("\\boxed", "\\fbox")):
            bare = None if found.endswith("{") else _BARE.match(text, match.end())
            if bare:
                yield bare.span()
            elif found.endswith("{"):
                opened.append(match.end())
        elif found == "{":
            opened.append(None)
        elif found == "}" and opened:
            start = opened.pop()
            if start is not None:
                yield start, match.start()


def said_answer(text: str) -> str | None:
    """What the text says to be its answer, without regard to boxes, else its last number; None without any.

    A formula right after `answer is` is taken whole, else the rest of the sentence. Of a sentence with words
    and numbers the last number counts: `the answer is 5 apples` says 5.
    """
    says = max((match.end() for match in _SAYS.finditer(text)), default=None)
    said = None if says is None else _said(text[says : says + LONGEST].lstrip())
    return said or _last_number(text)


def _said(rest: str) -> str | None:
    formula = _FORMULA.match(rest)
    if formula:
        rest = next(filter(None, formula.groups()))
    else:
        rest = _SENTENCE_END.split(rest, maxsplit=1)[0].strip("* ")
    rest = boxed_answer(rest) or rest
    number = _last_number(rest) if _WORD.search(rest) else None
    return number or (rest.strip() if any(sign.isalnum() for sign in rest) else None)


def _last_number(text: str) -> str | None:
    last = None
    for match in _NUMBER.finditer(text.replace("\N{MINUS SIGN}", "-")):
        last = match.group()
    return last
