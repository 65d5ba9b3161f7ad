import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from raysft.data.clean.contamination import QuestionWords, compare
from raysft.data.clean.words import plain_words
from raysft.data.conversation import Conversation, Message, dialogue
from raysft.data.spool import Located, spool

QUESTION = "Natalia sold clips to 48 of her friends in April, and then she sold half as many clips in May."
SHORT = "Write a function that returns the largest element."  # 8 words


def found(conversations, questions, words=13, processes=1):
    read = spool(Located(one, "", 0) for one in conversations)
    rows = np.arange(len(conversations))
    return compare(read.file, read.spans(rows), questions, words, processes)


def is_contaminated(text, questions, words=13):
    return bool(found([dialogue("Hello.", text)], {"b": questions}, words).contaminated[0])


def test_thirteen_words_in_a_row_are_enough_and_twelve_are_not():
    words = QUESTION.split()
    assert is_contaminated("Well: " + " ".join(words[2:15]) + " or so?", [QUESTION])
    assert not is_contaminated("Well: " + " ".join(words[2:14]) + " or so?", [QUESTION])
    assert not is_contaminated(" ".join([*words[:12], "too", *words[12:]]), [QUESTION.replace("48", "eight")])


def test_case_and_punctuation_play_no_part():
    assert is_contaminated(QUESTION.upper().replace(" ", " ... ").replace(",", "\n"), [QUESTION])


def test_short_question_counts_as_a_whole():
    assert is_contaminated(f"Task: {SHORT.lower()} Thanks.", [SHORT])
    assert not is_contaminated(SHORT.replace("largest", "smallest"), [SHORT])
    assert not is_contaminated(
        "Write a function that returns the element!", ["Write a function that returns the element"]
    )


def test_fewer_words_may_be_asked_for():
    assert is_contaminated("the largest element", ["Is it the largest element?"], words=3)
    assert not is_contaminated("the largest of element", ["Is it the largest element?"], words=3)


def test_words_do_not_run_over_from_one_message_into_the_next():
    half = QUESTION.split()
    split = Conversation((Message("user", " ".join(half[:10])), Message("assistant", " ".join(half[10:]))))
    assert not found([split], {"b": [QUESTION]}).contaminated[0]
    neighbours = [dialogue("a", " ".join(half[:10])), dialogue(" ".join(half[10:]), "b")]
    assert not found(neighbours, {"b": [QUESTION]}).contaminated.any()


def test_what_is_shared_is_said_with_the_benchmark():
    conversations = [dialogue("a", "b"), dialogue(f"So {QUESTION}", SHORT), dialogue("c", SHORT)]
    compared = found(conversations, {"humaneval": [SHORT], "gsm8k": [QUESTION]})
    assert compared.contaminated.tolist() == [False, True, True]
    first, second = compared.shared
    assert (first.place, first.benchmark) == (1, "gsm8k")
    assert first.words == "natalia sold clips to 48 of her friends in april and then she"
    assert (second.place, second.benchmark) == (2, "humaneval")
    assert second.words == "write a function that returns the largest element"


def test_at_most_twenty_are_shown_and_all_are_counted():
    conversations = [dialogue(f"{k}", SHORT) for k in range(3000)]
    compared = found(conversations, {"b": [SHORT]})
    assert compared.contaminated.all()
    assert [one.place for one in compared.shared] == list(range(20))


def test_without_questions_nothing_is_contaminated():
    assert not found([dialogue("a", "b")], {}).contaminated.any()
    assert found([], {"b": [QUESTION]}).shared == ()


@pytest.mark.slow
def test_number_of_processes_changes_nothing():
    rng = random.Random(1)
    conversations = [dialogue(f"{k}", rng.choice([SHORT, QUESTION, "Nothing."])) for k in range(3000)]
    questions = {"one": [QUESTION], "two": [SHORT]}
    alone, together = (found(conversations, questions, processes=count) for count in (1, 2))
    assert alone.shared == together.shared
    assert alone.contaminated.tolist() == together.contaminated.tolist()


TEXTS = st.lists(st.sampled_from(["a", "b", "c,", "D", "- e"]), max_size=14).map(" ".join)


@settings(deadline=None)
@given(
    st.lists(TEXTS, max_size=4),
    st.lists(st.lists(TEXTS, min_size=1, max_size=3), max_size=6),
    st.integers(3, 10),
)
def test_the_same_as_looking_for_every_run(questions, chats, length):
    runs = set()
    for question in questions:
        words = plain_words(question)
        size = min(length, len(words))
        if size == length or size >= 8:
            runs |= {" ".join(words[k : k + size]) for k in range(len(words) - size + 1)}
    expected = [
        any(f" {run} " in f" {' '.join(plain_words(text))} " for run in runs for text in chat)
        for chat in chats
    ]
    conversations = [Conversation(tuple(Message("text", text) for text in chat)) for chat in chats]
    shared = list(QuestionWords({"b": questions}, length).shared(conversations))
    assert [one.place for one in shared] == [place for place, one in enumerate(expected) if one]
    assert all(one.words in runs for one in shared)
