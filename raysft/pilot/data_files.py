"""What is seen in a file of conversations before anything is trained on it: sizes, lengths, copies.

Tokens are estimated from characters: `CHARACTERS_PER_TOKEN` ASCII characters to a token, about what the
tokenizers of LLaMA 1 and 2 make of English (code has fewer, Llama 3 has more), any other character a token of
its own, and `TURN_TOKENS` for what a template writes around a turn. Where the model's tokenizer is here, it
counts the texts of a sample, and the estimate of the file is multiplied by what was found.

The whole file is read, one row at a time; what stays of a conversation is its id, its question and
its length.
"""

import re
from array import array
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from heapq import heappush, heappushpop
from pathlib import Path
from statistics import fmean, median
from typing import Literal

from raysft.data.conversation import Conversation
from raysft.data.read.parsed_rows import parsed_rows
from raysft.data.sources.bad_rows import RowCount, beyond
from raysft.errors import InputError, Problem
from raysft.spec.source import CleanRule, SourceSpec

CHARACTERS_PER_TOKEN = 3.6
TURN_TOKENS = 5
LEAST = 60
"""Questions: 20 to be held out, and 40 to train on."""
MOST_HELD_OUT, LEAST_HELD_OUT = 200, 20
"""Questions: 200 show 10 points between two recipes over three seeds, 20 no less than 30."""

CLEANED_BY: tuple[CleanRule, ...] = ("drop_leading_answer", "merge_same_side")
"""Rules without which rows are refused; a first sweep file turns those on that its rows need."""
_SAMPLE = 200
_KEPT_OF_ID = 16
"""Bytes; enough to tell conversations apart."""
_PROGRAM = re.compile(
    r"```|^[ \t]*(?:def |class |import |from \w+ import |#include|public |SELECT )|;[ \t]*$", re.MULTILINE
)
_OPEN = 200
"""Characters of a median answer from which on nobody repeats it word for word."""

_WORD_FOR_WORD = 60
"""Characters of a median answer up to which a model may give it word for word: a label, a number, a name."""

_TEMPLATES = ("### Instruction:", "<|im_start|>", "[INST]", "<|start_header_id|>", "<start_of_turn>", "USER:")
"""Marks of Alpaca, ChatML, Llama 2, Llama 3, Gemma and Vicuna."""

CountTokens = Callable[[str], int]
Kind = Literal["sums", "programs", "open", "closed", "documents"]
"""What the answers of a file look like, to suggest a benchmark; never more than a suggestion."""


@dataclass(frozen=True)
class DataFile:
    """One file, looked through."""

    path: str
    """As it was given."""
    form: str
    """Its format; `auto` where rows are of several."""
    rows: int
    """Malformed ones and copies included."""
    bad_rows: int
    first_bad: str
    """What is wrong with the first malformed row; empty if there is none."""
    cleaned: Mapping[CleanRule, int]
    """Rows that need a rule of `clean`, by the rule; empty if none does."""
    ids: frozenset[bytes]
    """Of the distinct conversations."""
    questions: frozenset[int]
    """Of these: what they answer, as `Conversation.question` has it."""
    alike: int
    """Distinct conversations that differ from another only in case, white space or punctuation."""
    lengths: tuple[float, ...]
    """Tokens of each distinct conversation, shortest first."""
    supervised: float
    """Tokens in the answers of a conversation, on average."""
    turns: float
    """Answers per conversation, on average; a document has none."""
    answer_characters: int
    """Median over the answers of a sample."""
    kind: Kind
    template: str
    """A mark of a chat template that most questions of a sample already hold; empty if there is none."""
    counted: bool
    """Whether a tokenizer counted a sample, or tokens are estimated from characters alone."""

    @property
    def copies(self) -> int:
        """Rows that are exact copies of another."""
        return self.rows - self.bad_rows - len(self.ids)

    @property
    def many_bad(self) -> bool:
        """Whether a run leaves out so many malformed rows only if it is told to."""
        count = RowCount(self.path, self.rows, self.bad_rows)
        return bool(beyond(SourceSpec.model_fields["max_bad_rows"].default, [count]))

    @property
    def usual_tokens(self) -> int:
        """Tokens that 95% of the conversations do not exceed."""
        return round(self.lengths[(95 * len(self.lengths) - 1) // 100])

    def tokens_within(self, longest: int) -> float:
        """Mean tokens of a conversation, where a longer one with a single answer is cut.

        Not told apart: single answers in a file that also has dialogues or documents count as whole.
        """
        if self.turns != 1:  # dialogues are split at their turns, documents anywhere, and nothing is lost
            return fmean(self.lengths)
        return fmean(min(one, longest) for one in self.lengths)

    def supervised_within(self, longest: int) -> float:
        """Of these, the ones in answers: what is cut is the end of an answer."""
        lost = fmean(self.lengths) - self.tokens_within(longest)
        return max(1.0, self.supervised - lost)

    @property
    def by_loss(self) -> bool:
        """Whether its answers are of a kind that no model gives word for word."""
        if self.kind == "closed":
            return self.answer_characters > _WORD_FOR_WORD
        return self.kind != "documents"

    @property
    def held_out(self) -> int:
        """Questions to split off: 200 or a fifth, whichever is less, but at least 20."""
        return max(LEAST_HELD_OUT, min(MOST_HELD_OUT, len(self.questions) // 5))

    @property
    def trained(self) -> int:
        """Conversations that are left to train on, if each question has as many answers as the others."""
        questions = len(self.questions)
        return len(self.ids) * (questions - self.held_out) // questions


def look_at(path: str, count_tokens: CountTokens | None = None, preamble_tokens: int = 1) -> DataFile:
    """Read a file through.

    Args:
        path: a local path, a URL, or `hf://…`.
        count_tokens: of a text; None to estimate.
        preamble_tokens: that a template writes before the first turn.

    Raises:
        InputError: no such file, no known format, mostly malformed rows, too few questions.
    """
    if "://" not in path and not Path(path).exists():
        raise InputError([Problem("DATA", path, "no such file")])
    seen = _Seen()
    for one in parsed_rows(path, "auto", CLEANED_BY):
        seen.rows += 1
        if one.form:
            seen.form = one.form if seen.form in ("", one.form) else "auto"
        if isinstance(one.found, Problem):
            seen.add_bad(one.found)
        else:
            seen.cleaned.update(one.cleaned)
            seen.add(one.found)
    if problem := seen.problem(path):
        raise InputError([problem])
    return seen.facts(path, count_tokens, preamble_tokens)


@dataclass
class _Seen:
    """What is kept while rows pass."""

    form: str = ""
    rows: int = 0
    bad_rows: int = 0
    first_bad: str = ""
    cleaned: Counter[str] = field(default_factory=Counter)
    ids: set[bytes] = field(default_factory=set)
    questions: set[int] = field(default_factory=set)
    plain: Counter[bytes] = field(default_factory=Counter)
    tokens: "array[float]" = field(default_factory=lambda: array("f"))
    supervised: float = 0.0
    answers: int = 0
    sample: list[tuple[bytes, int, Conversation]] = field(default_factory=list)
    """The conversations with the largest digests: any order of the file gives the same."""

    def add_bad(self, problem: Problem) -> None:
        self.bad_rows += 1
        self.first_bad = self.first_bad or str(problem)

    def add(self, one: Conversation) -> None:
        digest = bytes.fromhex(one.id)[:_KEPT_OF_ID]
        if digest in self.ids:
            return
        self.ids.add(digest)
        self.questions.add(one.question)
        self.plain[_plain_digest(one)] += 1
        self.tokens.append(_estimated(one))
        self.supervised += _estimated_answers(one)
        self.answers += sum(message.role == "assistant" for message in one.messages)
        push = heappush if len(self.sample) < _SAMPLE else heappushpop
        push(self.sample, (digest, len(self.ids), one))

    def problem(self, path: str) -> Problem | None:
        if self.bad_rows * 2 > self.rows:
            said = f"{self.bad_rows:,} of {self.rows:,} rows are malformed"
            return Problem("DATA", path, f"{said}; the first: {self.first_bad}")
        if len(self.questions) < LEAST:
            remedy = (
                f"has {len(self.questions)} distinct questions; it needs at least {LEAST}: "
                f"{LEAST_HELD_OUT} to hold out, {LEAST - LEAST_HELD_OUT} to train on"
            )
            return Problem("DATA", path, remedy)
        return None

    def facts(self, path: str, count_tokens: CountTokens | None, preamble_tokens: int) -> DataFile:
        sample = [one for _, _, one in sorted(self.sample, key=lambda kept: kept[0])]
        factor = 1.0 if count_tokens is None else _correction(sample, count_tokens)
        lengths = tuple(factor * one + preamble_tokens for one in sorted(self.tokens))
        return DataFile(
            path=path,
            form=self.form,
            rows=self.rows,
            bad_rows=self.bad_rows,
            first_bad=self.first_bad,
            cleaned={rule: self.cleaned[rule] for rule in CLEANED_BY if self.cleaned[rule]},
            ids=frozenset(self.ids),
            questions=frozenset(self.questions),
            alike=sum(times - 1 for times in self.plain.values()),
            lengths=lengths,
            supervised=factor * self.supervised / len(lengths),
            turns=self.answers / len(lengths),
            answer_characters=round(median(map(_answer_length, sample))),
            kind=_kind(self.form, sample),
            template=_template(sample),
            counted=count_tokens is not None,
        )


def _plain_digest(one: Conversation) -> bytes:
    words = (word for message in one.messages for word in re.findall(r"\w+", message.written.casefold()))
    return blake2b(" ".join(words).encode("utf-8"), digest_size=_KEPT_OF_ID).digest()


def _text_tokens(text: str) -> float:
    ascii_only = len(text) if text.isascii() else len(text.encode("ascii", "ignore"))
    return ascii_only / CHARACTERS_PER_TOKEN + len(text) - ascii_only


def _estimated(one: Conversation) -> float:
    return sum(_text_tokens(message.written) + TURN_TOKENS for message in one.messages)


def _estimated_answers(one: Conversation) -> float:
    """Tokens that enter the loss: the answers and what ends them, or a whole document."""
    answers = (said for said in one.messages if said.role in ("assistant", "text"))
    return sum(_text_tokens(said.written) + 1 for said in answers if said.supervised)


def _correction(sample: list[Conversation], count_tokens: CountTokens) -> float:
    """Tokens of a sample as its tokenizer counts them, relative to the estimate."""
    counted = sum(count_tokens(message.written) + TURN_TOKENS for one in sample for message in one.messages)
    return counted / sum(map(_estimated, sample))


def _answer(one: Conversation) -> str:
    return next((said.content for said in reversed(one.messages) if said.role == "assistant"), "")


def _answer_length(one: Conversation) -> int:
    return len(_answer(one))


def _template(sample: list[Conversation]) -> str:
    asked = [said.content for one in sample for said in one.messages if said.role == "user"]
    held = (mark for mark in _TEMPLATES if sum(mark in text for text in asked) > len(asked) / 2)
    return next(held, "")


def _last_line(text: str) -> str:
    return text.rstrip().rpartition("\n")[2].lstrip()


def _kind(form: str, sample: list[Conversation]) -> Kind:
    if form == "text":
        return "documents"
    answers = [_answer(one) for one in sample]
    if fmean(_last_line(answer).startswith("####") for answer in answers) > 0.5:
        return "sums"
    if fmean(bool(_PROGRAM.search(answer)) for answer in answers) > 0.4:
        return "programs"
    return "open" if median(map(len, answers)) > _OPEN else "closed"
