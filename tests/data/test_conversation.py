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
