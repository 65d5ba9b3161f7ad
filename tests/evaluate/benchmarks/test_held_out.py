import pytest

from raysft.data.conversation import Conversation, Message, dialogue
from raysft.errors import InputError
from raysft.evaluate.benchmark import Answer, Verdict, questions_digest
from raysft.evaluate.benchmarks.held_out import HeldOut, HeldOutLoss, question_of

SYSTEM = Message("system", "Answer in SQL.")
SINGLE = dialogue("All names?", "SELECT name\nFROM users;")
DOUBLE = dialogue("All names?", "SELECT name FROM users;", "And ages?", "SELECT name, age FROM users;")


def test_turns_are_asked_and_answers_are_references() -> None:
    (question,) = HeldOut("sql", [DOUBLE]).questions
    assert question.id == DOUBLE.id
    assert question.turns == ("All names?", "And ages?")
    assert question.references == ("SELECT name FROM users;", "SELECT name, age FROM users;")


def test_a_system_turn_is_put_before_the_first_user_turn() -> None:
    question = question_of(Conversation((SYSTEM, *DOUBLE.messages)))
    assert question is not None
    assert question.turns == ("Answer in SQL.\n\nAll names?", "And ages?")
    assert question.references == DOUBLE_REFERENCES


DOUBLE_REFERENCES = ("SELECT name FROM users;", "SELECT name, age FROM users;")


def test_a_last_user_turn_without_an_answer_is_left_out() -> None:
    question = question_of(Conversation((*DOUBLE.messages, Message("user", "Thanks?"))))
    assert question is not None
    assert question.references == DOUBLE_REFERENCES


@pytest.mark.parametrize(
    "messages",
    [
        (),
        (SYSTEM,),
        (Message("user", "Hello?"),),
        (Message("text", "A whole document."),),
        (Message("assistant", "Hi."), Message("user", "Hello?")),
        (Message("user", "a"), Message("user", "b"), Message("assistant", "c"), Message("assistant", "d")),
        (Message("user", "a"), SYSTEM, Message("user", "b"), Message("assistant", "c")),
    ],
)
def test_what_cannot_be_asked_is_passed_over_and_counted(messages: tuple[Message, ...]) -> None:
    assert question_of(Conversation(messages)) is None
    benchmark = HeldOut("sql", [Conversation(messages), SINGLE])
    assert [question.id for question in benchmark.questions] == [SINGLE.id]
    assert benchmark.passed_over == 1


def test_nothing_to_ask_is_refused() -> None:
    with pytest.raises(InputError, match=r"held_out/sql: 1 conversations, none to ask"):
        HeldOut("sql", [Conversation((Message("text", "A document."),))])


def test_a_limit_counts_questions_and_equal_conversations_count_once() -> None:
    document = Conversation((Message("text", "A document."),))
    benchmark = HeldOut("sql", [document, SINGLE, SINGLE, DOUBLE], limit=2)
    assert [question.id for question in benchmark.questions] == [SINGLE.id, DOUBLE.id]


def grade(*texts: str) -> tuple[float | None, bool, dict[str, object]]:
    (verdict,) = HeldOut("sql", [DOUBLE]).grade([Answer(DOUBLE.id, texts, ("stop",) * len(texts))])
    return verdict.value, verdict.no_answer, dict(verdict.details)


def test_white_space_does_not_count_and_everything_else_does() -> None:
    first, second = DOUBLE_REFERENCES
    assert grade(f" {first}\n", second.replace(" ", "\n  ")) == (
        1,
        False,
        {"final": True, "all": True, "how": "words"},
    )
    assert grade("no", second) == (1, False, {"final": True, "all": False, "how": "words"})
    assert grade(first, second.lower()) == (0, False, {"final": False, "all": False, "how": "words"})
    assert grade(first, second + ";") == (0, False, {"final": False, "all": False, "how": "words"})


def test_silence_is_no_answer() -> None:
    assert grade(DOUBLE_REFERENCES[0], " \n") == (0, True, {"final": False, "all": False, "how": "words"})
    assert grade(DOUBLE_REFERENCES[0]) == (0, True, {"final": False, "all": False, "how": "words"})


def test_by_loss_each_conversation_counts_with_its_own_loss() -> None:
    benchmark = HeldOutLoss("sql", [SINGLE, DOUBLE])
    answers = [
        Answer(SINGLE.id, ("x",), ("length",), 0.5),
        Answer(DOUBLE.id, ("x", "y"), ("length",) * 2, 1.5),
    ]
    verdicts = benchmark.grade(answers)
    assert [(one.question, one.value) for one in verdicts] == [(SINGLE.id, 0.5), (DOUBLE.id, 1.5)]
    assert (benchmark.metric.name, benchmark.metric.best, benchmark.max_new_tokens) == ("loss", 0, 1)


def test_a_loss_that_is_not_finite_is_unscored_and_never_0() -> None:
    (verdict,) = HeldOutLoss("sql", [SINGLE]).grade([Answer(SINGLE.id, ("x",), ("length",))])
    assert verdict.value is None
    assert "within the context" in verdict.reason


def test_answers_that_were_made_for_exact_match_are_not_taken_for_losses() -> None:
    by_words, by_loss = HeldOut("sql", [SINGLE]), HeldOutLoss("sql", [SINGLE])
    assert questions_digest(by_words.questions) != questions_digest(by_loss.questions)
    assert by_words.questions[0].references == by_loss.questions[0].references


def test_a_final_answer_in_the_reference_is_what_is_compared() -> None:
    closed = HeldOut(
        "math", [dialogue("2+3?", "Two and three.\n#### 5"), dialogue("1/2?", "\\boxed{\\frac12}")]
    )
    first, second = (one.id for one in closed.questions)

    def graded(question: str, text: str) -> Verdict:
        (verdict,) = closed.grade([Answer(question, (text,), ("stop",))])
        return verdict

    right = graded(first, "It is \\boxed{5}, of 9")
    assert (right.value, right.details["how"]) == (1, "box")
    assert graded(second, "The answer is 0.5.").value == 1
    assert graded(first, "#### 6").value == 0
    assert graded(first, "I do not know").no_answer
