"""A held-out set: conversations split off from a source before any subset is taken, for any ability.

The user's turns are asked, and the answers must be those of the conversation, word for word but for white
space: fit for short, closed answers. Where an answer of the conversation ends in a marked number (`#### 18`)
or a box, or is nothing but a number, what the model says is read as for GSM8K and MATH (`math_answer`), and
that must be equal. For open answers there is `HeldOutLoss`: the loss on them, each read after its turn and
those before.

How a conversation becomes a question: a system turn is put before the first user turn, with a blank line
between, since a question has user turns only; a last user turn without an answer is left out. Whole
documents (`text`) and conversations whose turns do not alternate cannot be asked: they are passed over and
counted.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import islice

from raysft.data.conversation import Conversation, Message
from raysft.errors import InputError, Problem
from raysft.evaluate.benchmark import LOSS, Answer, Metric, Question, Verdict
from raysft.evaluate.math_answer.final_answer import final_box, final_expression, final_number
from raysft.evaluate.math_answer.latex_answer import same_answer
from raysft.evaluate.math_answer.written_numbers import number_at, plain
from raysft.evaluate.question_file import paired, turn_of

_NO_LOSS = "no token of its answers is within the context of the model, or their loss is not finite"


class HeldOut:
    """The held-out conversations of one ability; implements `raysft.evaluate.benchmark.Benchmark`."""

    def __init__(
        self,
        ability: str,
        conversations: Sequence[Conversation],
        limit: int | None = None,
        max_new_tokens: int = 256,
    ) -> None:
        """Turn conversations into questions.

        Args:
            ability: name of the ability, part of the name of the benchmark.
            conversations: the held-out ones; of equal ones the first is kept.
            limit: number of questions, the first ones; None takes all.
            max_new_tokens: token limit of one turn.

        Raises:
            InputError: not one of the conversations can be asked.
        """
        distinct = {one.id: one for one in conversations}.values()
        askable = (question for one in distinct if (question := question_of(one)) is not None)
        self.name = f"held_out/{ability}"
        self.version = 2
        self.grades = True
        self.metric = Metric("exact match", 100, 100)
        self.max_new_tokens = max_new_tokens
        self.questions: Sequence[Question] = tuple(islice(askable, limit))
        self.passed_over = sum(question_of(one) is None for one in distinct)
        if not self.questions:
            remedy = "a held-out set needs conversations with user and assistant turns in turn"
            raise InputError([Problem(self.name, f"{len(distinct)} conversations, none to ask", remedy)])

    def grade(self, answers: Sequence[Answer]) -> list[Verdict]:
        """1 where the answer to the last turn is that of the reference, else 0.

        Details: `final` and `all` of the turns, and `how` the last answer was read (`words`, or a rule of
        `final_answer`).
        """
        return [_verdict(question, answer) for question, answer in paired(self.questions, answers)]


class HeldOutLoss(HeldOut):
    """The same conversations, each scored by the mean loss per token of its answers: lower is better.

    Conversations count equally, however long. Nothing is generated but one token that nobody reads.
    """

    def __init__(self, ability: str, conversations: Sequence[Conversation], limit: int | None = None) -> None:
        """As for `HeldOut`."""
        super().__init__(ability, conversations, limit, max_new_tokens=1)
        self.version = 1
        self.name = f"held_out_loss/{ability}"
        self.metric = Metric(LOSS, 1, 0)
        # So that answers made for `HeldOut`, which have no loss of their own, are never taken for these.
        self.questions = tuple(replace(one, facts={"metric": LOSS}) for one in self.questions)

    def grade(self, answers: Sequence[Answer]) -> list[Verdict]:
        """The loss of each answer; unscored where it was not finite."""
        return [
            Verdict(question.id, answer.loss, reason="" if answer.loss is not None else _NO_LOSS)
            for question, answer in paired(self.questions, answers)
        ]


def question_of(conversation: Conversation) -> Question | None:
    """The question that a conversation asks, by the rules above; None if it cannot be asked."""
    messages = list(conversation.messages)
    system = messages.pop(0).content if messages and messages[0].role == "system" else ""
    if messages and messages[-1].role == "user":
        messages.pop()
    if not messages or not _alternate(messages):
        return None
    turns = [message.content for message in messages[::2]]
    if system:
        turns[0] = f"{system}\n\n{turns[0]}"
    return Question(conversation.id, tuple(turns), tuple(message.content for message in messages[1::2]))


def _alternate(messages: Sequence[Message]) -> bool:
    wanted = ("user", "assistant")
    return len(messages) % 2 == 0 and all(one.role == wanted[at % 2] for at, one in enumerate(messages))


def _verdict(question: Question, answer: Answer) -> Verdict:
    turns = [
        _turn_verdict(reference, turn_of(answer, turn), cut=answer.ends[turn : turn + 1] == ("length",))
        for turn, reference in enumerate(question.references)
    ]
    last = turns[-1]
    details = {"final": last.right, "all": all(turn.right for turn in turns), "how": last.how}
    return Verdict(question.id, float(last.right), no_answer=not last.answered, details=details)


@dataclass(frozen=True)
class _Turn:
    """How one answer was read, and whether it is that of the reference."""

    right: bool
    how: str | None
    answered: bool


def _turn_verdict(reference: str, text: str, *, cut: bool) -> _Turn:
    number, box = final_number(reference), final_box(reference)
    if number.value is not None and (number.how == "mark" or _is_number(reference)):
        found = final_number(text, cut=cut)
        return _Turn(found.value == number.value, found.how, found.value is not None)
    if box is not None:
        said = final_expression(text, cut=cut)
        return _Turn(said.text is not None and same_answer(said.text, box), said.how, said.text is not None)
    return _Turn(_words(text) == _words(reference), "words", bool(_words(text)))


def _is_number(text: str) -> bool:
    """Whether a text is one number and nothing else but a `$` or a full stop."""
    clean = plain(text).strip().rstrip(".")
    number = number_at(clean, 0)
    return number is not None and number.end == len(clean)


def _words(text: str) -> str:
    return " ".join(text.split())
