"""The arithmetic of a recipe."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from raysft.spec import Recipe, RecipeChange


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


def change(**fields: object) -> RecipeChange:
    return RecipeChange.model_validate(fields)


def test_changes_are_equal_if_they_say_the_same() -> None:
    different = [
        change(),
        change(epochs=3),
        change(batch_size=128),
        change(epochs=3, batch_size=128),
        change(clip=None),
        change(steps=10),
    ]
    assert len(set(different)) == len(different)
    assert [[one == other for other in different].count(True) for one in different] == [1] * len(different)
    assert change(epochs=3) == change(epochs=3)
    assert hash(change(epochs=3)) == hash(change(epochs=3))
    assert change(steps=10) == change(steps=10, epochs=None)
    assert hash(change(steps=10)) == hash(change(steps=10, epochs=None))
    assert change(steps=10).label == "steps=10"
    assert change() != Recipe()


@pytest.mark.parametrize(
    "fields", [{"steps": None}, {"epochs": None}, {"epochs": None, "steps": None}, {"epochs": 1, "steps": 1}]
)
def test_a_change_that_leaves_no_length_or_two_is_refused(fields: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="give `epochs` or `steps`"):
        RecipeChange.model_validate(fields)


@pytest.mark.parametrize("usual", [Recipe(epochs=2), Recipe(steps=10)], ids=["by epochs", "by steps"])
@pytest.mark.parametrize(
    ("fields", "length"),
    [
        ({"steps": 7}, (None, 7)),
        ({"steps": 7, "epochs": None}, (None, 7)),
        ({"epochs": 4}, (4, None)),
        ({"epochs": 4, "steps": None}, (4, None)),
    ],
)
def test_a_length_takes_the_place_of_the_other_kind(
    usual: Recipe, fields: dict[str, object], length: tuple[int | None, int | None]
) -> None:
    found = usual.changed(RecipeChange.model_validate(fields))
    assert (found.epochs, found.steps) == length


def test_a_change_of_something_else_keeps_the_length() -> None:
    assert Recipe(steps=10).changed(change(batch_size=4)) == Recipe(steps=10, batch_size=4)


@given(st.integers(1, 500), st.integers(1, 64), st.integers(1, 60))
def test_steps_that_are_whole_epochs_are_the_same_training(count: int, batch: int, steps: int) -> None:
    by_steps = Recipe(batch_size=batch, steps=steps)
    settled = by_steps.settled(count)
    assert settled.steps_for(count) == steps
    assert settled.seen(count) == by_steps.seen(count)
    assert (settled.steps is None) == (steps % Recipe(batch_size=batch).steps_per_epoch(count) == 0)
    assert settled.settled(count) == settled
    Recipe.model_validate(settled.model_dump())


@given(st.integers(1, 500), st.integers(1, 64), st.integers(1, 60))
def test_what_is_seen_is_what_the_batches_hold(count: int, batch: int, steps: int) -> None:
    sizes = [min(batch, count - start) for start in range(0, count, batch)]
    expected = sum(sizes[step % len(sizes)] for step in range(steps))
    assert Recipe(batch_size=batch, steps=steps).seen(count) == expected


def test_the_recipe_of_which_nothing_is_said_is_part_of_what_identifies_a_stage() -> None:
    """A default that changes makes every stage of every user another one: never by accident."""
    assert Recipe().model_dump() == {
        "epochs": 3, "steps": None, "batch_size": 128, "learning_rate": 2e-5, "schedule": "cosine",
        "warmup": 0.03, "decay": 0.2, "final_rate": 0.0, "weight_decay": 0.0, "beta1": 0.9, "beta2": 0.999,
        "epsilon": 1e-8, "clip": 1.0, "max_length": 2048, "overflow": "split", "loss": "token",
        "precision": "fp32", "weights_dtype": "fp32",
    }  # fmt: skip
