import pytest

from raysft.data.conversation import Conversation, Message, dialogue
from raysft.data.tag.label_prompt import LabelPrompt
from raysft.errors import InputError

PROMPT = LabelPrompt.of(["code", "Math", "small talk"], 100)


@pytest.mark.parametrize(
    ("answer", "labels"),
    [
        ("code", ("code",)),
        ("code, math", ("code", "Math")),
        (" math ,code.\n", ("code", "Math")),
        ("MATH", ("Math",)),
        ("small talk", ("small talk",)),
        ("code, code", ("code",)),
        ("none", ()),
        ("None.", ()),
        ("", None),
        ("code, none", None),
        ("code, other", None),
        ("code math", None),
        ("The labels are: code", None),
        ("code\nmath", None),
        ("code,", None),
        ("codec", None),
    ],
)
def test_only_a_list_of_labels_is_an_answer(answer: str, labels: tuple[str, ...] | None) -> None:
    assert PROMPT.labels_in(answer) == labels


def test_the_question_has_the_labels_and_the_conversation() -> None:
    asked = PROMPT.question(
        Conversation((Message("system", "Be brief."), *dialogue("Hi {x}", "Hello").messages))
    )
    assert "code, Math, small talk" in asked
    assert "system: Be brief.\nuser: Hi {x}\nassistant: Hello\n" in asked


def test_a_long_conversation_is_cut() -> None:
    short, long = (PROMPT.question(dialogue("a" * length, "b")) for length in (50, 5000))
    assert "assistant: b" in short
    assert "assistant: b" not in long
    assert len(long) < len(short) + 100
    assert "a" * 94 + "\n[…]" in long


def test_the_token_limit_leaves_room_for_all_labels() -> None:
    assert len(", ".join(PROMPT.labels)) <= PROMPT.max_new_tokens


@pytest.mark.parametrize("labels", [[], [""], ["none"], ["a", "A"], ["a,b"], ["a\nb"], [" a"]])
def test_labels_that_no_answer_could_name(labels: list[str]) -> None:
    with pytest.raises(InputError, match="--labels"):
        LabelPrompt.of(labels)
