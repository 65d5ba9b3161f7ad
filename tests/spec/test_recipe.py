"""The arithmetic of a recipe."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from raysft.spec import Recipe


@pytest.mark.parametrize(
    ("conversations", "steps"), [(430, 12), (78, 3), (336, 9)], ids=["math", "code", "general"]
)
def test_the_papers_steps_at_one_256th(conversations: int, steps: int) -> None:
    assert Recipe(epochs=3, batch_size=128).steps_for(conversations) == steps


@given(st.integers(1, 10**6), st.integers(1, 512), st.integers(1, 10))
def test_an_epoch_ends_with_a_partial_batch_and_drops_nothing(count: int, batch: int, epochs: int) -> None:
    steps = Recipe(epochs=epochs, batch_size=batch).steps_for(count)
    assert steps % epochs == 0
    assert (steps // epochs - 1) * batch < count <= (steps // epochs) * batch
