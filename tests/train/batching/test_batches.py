from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from raysft.composition.order import epoch_order
from raysft.spec.recipe import Recipe
from raysft.train.batching.batches import Batches


def batches(count, size=128, epochs=3, seed=0):
    ids = [f"{one:x}" for one in range(count)]
    return Batches(ids, Recipe(batch_size=size, epochs=epochs), seed)


@pytest.mark.parametrize(("conversations", "steps"), [(430, 12), (78, 3), (336, 9)])
def test_steps_of_the_paper_at_its_smallest_amount(conversations, steps):
    found = list(batches(conversations).after(0))
    assert len(found) == steps == batches(conversations).steps
    assert [step for step, _ in found] == list(range(1, steps + 1))


def test_an_epoch_ends_with_a_partial_batch():
    sizes = [len(positions) for _, positions in batches(430).after(0)]
    assert sizes == [128, 128, 128, 46] * 3


@given(st.integers(1, 40), st.integers(1, 12), st.integers(1, 4), st.integers(0, 5))
def test_every_epoch_sees_every_conversation_once_in_its_order(count, size, epochs, seed):
    one = batches(count, size, epochs, seed)
    found = [positions for _, positions in one.after(0)]
    for epoch in range(epochs):
        seen = [
            place for batch in found[epoch * one.per_epoch : (epoch + 1) * one.per_epoch] for place in batch
        ]
        assert seen == epoch_order(one.ids, seed, epoch)


@given(st.integers(1, 40), st.integers(1, 12), st.integers(1, 4), st.data())
def test_going_on_needs_only_the_step(count, size, epochs, data):
    one = batches(count, size, epochs)
    done = data.draw(st.integers(0, one.steps))
    assert list(one.after(done)) == list(one.after(0))[done:]


@given(st.integers(1, 40), st.integers(1, 12), st.integers(1, 60), st.data())
def test_steps_in_place_of_epochs_cut_the_endless_run(count, size, steps, data):
    ids = [f"{one:x}" for one in range(count)]
    held = Batches(ids, Recipe(batch_size=size, steps=steps), 0)
    endless = Batches(ids, Recipe(batch_size=size, epochs=steps), 0)
    assert held.steps == steps
    found = list(held.after(0))
    assert found == list(endless.after(0))[:steps]
    assert sum(len(positions) for _, positions in found) == held.recipe.seen(count)
    done = data.draw(st.integers(0, steps))
    assert list(held.after(done)) == found[done:]


def test_copies_of_a_conversation_are_spread_over_the_epoch():
    ids = [f"{one:x}" for one in range(50)] * 3
    order = epoch_order(ids, 0, 0)
    assert sorted(order) == list(range(150))
    neighbours = sum(ids[one] == ids[other] for one, other in pairwise(order))
    assert neighbours < 15
