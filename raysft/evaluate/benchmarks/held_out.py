"""A held-out set: conversations split off from a source before any subset is taken, for any ability.

The user's turns are asked. Where the last answer of the conversation has a final answer behind a `####` or in
a box, the model's final answer must be the same (`final_answer.py`, `latex_answer.py`); anywhere else its
words must be, but for white space: fit for short, closed answers. For open ones there is `HeldOutLoss`: the
loss on the same answers, each read after its turn and those before.

How a conversation becomes a question: a system turn is put before the first user turn, with a blank line
between, since a question has user turns only; a last user turn without an answer is left out. Whole
documents (`text`) and conversations whose turns do not alternate cannot be asked: they are passed over and
counted.
"""

from collections.abc import Sequence
from dataclasses import replace
from itertools import islice

from raysft.data.conversation import Conversation, Message
from raysft.errors import InputError, Problem
from raysft.evaluate.benchmark import LOSS, Answer, Metric, Question, Verdict
from raysft.evaluate.math_answer.final_answer import final_answer
from raysft.evaluate.math_answer.latex_answer import same_answer
from raysft.evaluate.question_file import paired, turn_of
from raysft.identity import Json

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
        """1 where the last turn's answer is the reference, else 0.

        Details: `final`, the same; `exact` and `all`, whether the words of the last turn and of all turns
        are; `found` and `how`, the final answer, where the reference has one.
        """
        return [_verdict(question, answer) for question, answer in paired(self.questions, answers)]


class HeldOutLoss(HeldOut):
    """The same conversations, each scored by the mean loss per token of its answers: lower is better.

    Conversations count equally, however long. Nothing is generated but one token that nobody reads.
    """

    def __init__(self, ability: str, conversations: Sequence[Conversation], limit: int | None = None) -> None:
        """As for `HeldOut`."""
        super().__init__(ability, conversations, limit, max_new_tokens=1)
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
    said = [turn_of(answer, turn) for turn in range(len(question.turns))]
    exact = [_words(one) == _words(wanted) for one, wanted in zip(said, question.references, strict=True)]
    wanted, found = final_answer(question.references[-1]), final_answer(said[-1])
    closed = wanted.text is not None and wanted.how in ("mark", "box")
    final = exact[-1] or (closed and found.text is not None and same_answer(found.text, str(wanted.text)))
    no_answer = found.text is None if closed and not final else not said[-1].strip()
    details: dict[str, Json] = {"final": final, "exact": exact[-1], "all": all(exact)}
    if closed:
        details |= {"found": found.text, "how": found.how}
    return Verdict(question.id, float(final), no_answer=no_answer, details=details)


def _words(text: str) -> str:
    return " ".join(text.split())
