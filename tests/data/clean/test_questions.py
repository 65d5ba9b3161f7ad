"""Held-out sets are chosen by question."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from raysft.data.clean.questions import distinct_questions, hold_out

QUESTIONS = st.lists(st.integers(0, 2**64 - 1).map(lambda one: one % 40 * (2**58)), min_size=1, max_size=80)


@given(QUESTIONS, st.data())
def test_each_conversation_is_asked_left_out_or_of_another_question(
    questions: list[int], data: st.DataObject
) -> None:
    array = np.array(questions, np.uint64)
    count = data.draw(st.integers(0, distinct_questions(array)))
    found = hold_out(array, count)
    chosen = set(found.digests.tolist())
    assert len(chosen) == count == found.asked.sum()
    assert not (found.asked & found.further).any()
    assert [one in chosen for one in questions] == (found.asked | found.further).tolist()
    assert {questions.index(one) for one in chosen} == set(np.flatnonzero(found.asked).tolist())


@given(QUESTIONS, st.integers(1, 5))
def test_neither_order_nor_further_answers_nor_a_larger_set_changes_what_is_chosen(
    questions: list[int], times: int
) -> None:
    array = np.array(questions, np.uint64)
    count = distinct_questions(array) // 2
    chosen = hold_out(array, count).digests.tolist()
    shuffled = np.random.default_rng(times).permutation(np.repeat(array, times))
    assert hold_out(shuffled, count).digests.tolist() == chosen
    assert set(chosen) <= set(hold_out(array, distinct_questions(array)).digests.tolist())
