from hypothesis import given
from hypothesis import strategies as st

from raysft.data.conversation import Conversation, Message, as_row, dialogue
from raysft.identity import canonical_bytes, digest_bytes

TEXT = st.text(st.characters(exclude_categories=["Cs"]))
TURNS = st.lists(st.tuples(st.sampled_from(["system", "user", "assistant", "text"]), TEXT), min_size=1)


@given(TURNS)
def test_id_is_the_digest_of_roles_and_texts(turns):
    conversation = Conversation(tuple(Message(*turn) for turn in turns))
    assert conversation.canonical == canonical_bytes(turns)
    assert conversation.id == digest_bytes(canonical_bytes(turns))
    assert b"\n" not in conversation.canonical


def test_content_ids_do_not_change_between_versions():
    """A stage that was trained on a conversation must find it again."""
    assert dialogue("What is 2+3?", "5 é").id == "f86fe16482d4c1fa5a278ce9108ebcc4"


def test_the_question_is_all_turns_before_the_last_answer():
    system, first, answer, second = (
        Message("system", "Be brief."),
        Message("user", "2+3?"),
        Message("assistant", "5"),
        Message("user", "And 4?"),
    )
    asked = [(first,), (system, first), (first, answer, second), (first, Message("assistant", "6"), second)]
    numbers = [
        {Conversation((*turns, Message("assistant", last))).question for last in ("9", "nine", "9.\n")}
        for turns in asked
    ]
    assert all(len(one) == 1 for one in numbers)
    assert len(set.union(*numbers)) == len(asked)
    unanswered = Conversation((first, answer, second, Message("assistant", "9"), Message("user", "Thanks")))
    assert unanswered.question in numbers[2]


def test_space_between_words_makes_no_other_question_and_case_does():
    plain = dialogue("Add 2 and 3.", "5").question
    assert dialogue("\tAdd  2\r\nand\u00a03. ", "five").question == plain
    assert dialogue("add 2 and 3.", "5").question != plain
    assert dialogue("Add 2 and3.", "5").question != plain
    thought = Message("assistant", "5", reasoning="two and three")
    turns = (Message("user", "2+3?"), Message("assistant", "5"), Message("user", "Sure?"))
    assert Conversation((turns[0], thought, *turns[2:])).question == Conversation(turns).question, (
        "what was thought is not part of what is asked"
    )


def test_a_document_is_its_own_question():
    one, spaced, other = (Conversation((Message("text", text),)) for text in ("a b", "a  b\n", "a c"))
    assert one.question == spaced.question != other.question


def test_what_a_turn_says_beyond_its_text_is_part_of_the_id_and_comes_back() -> None:
    asked = Message("user", "2+3?")
    turns = [
        Message("assistant", "5"),
        Message("assistant", "5", reasoning="two and three"),
        Message("assistant", "5", supervised=False),
        Message("assistant", "5", reasoning="two and three", supervised=False),
    ]
    assert len({Conversation((asked, one)).id for one in turns}) == 4
    assert [Message.from_json(one.as_json()) for one in turns] == turns
    (_, written) = as_row(Conversation((asked, turns[3])))["messages"]
    assert written == {
        "role": "assistant",
        "content": "5",
        "reasoning_content": "two and three",
        "train": False,
    }
