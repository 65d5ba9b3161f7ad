"""Two identities side by side."""

from hypothesis import given
from hypothesis import strategies as st

from raysft.sweep.results.differences import differences, nearest

VALUES = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(), st.text(max_size=5), st.lists(st.integers(), max_size=3)
    ),
    lambda inner: st.dictionaries(st.text("abc", min_size=1, max_size=3), inner, max_size=3),
    max_leaves=8,
)
IDENTITIES = st.dictionaries(st.text("xyz", min_size=1, max_size=3), VALUES, max_size=4)


@given(IDENTITIES)
def test_equal_identities_do_not_differ(one: dict) -> None:
    assert differences(one, one) == ()


@given(IDENTITIES, IDENTITIES)
def test_differences_turn_round(one: dict, other: dict) -> None:
    there = {(found.field, found.stored, found.asked) for found in differences(one, other)}
    back = {(found.field, found.asked, found.stored) for found in differences(other, one)}
    assert there == back


def test_nested_fields_have_dotted_names_and_values_in_words() -> None:
    stored = {"recipe": {"epochs": 3, "clip": None}, "seed": 0, "base": "a" * 32}
    asked = {"recipe": {"epochs": 2, "clip": 1.0}, "seed": 0, "base": "b" * 32}
    assert [str(one) for one in differences(stored, asked)] == [
        "recipe.epochs 3 → 2",
        "recipe.clip none → 1.0",
        f"base {'a' * 12} → {'b' * 12}",
    ]


def test_the_nearest_differs_in_the_fewest_fields() -> None:
    asked = {"a": 1, "b": 2, "c": 3}
    kept = [{"a": 0, "b": 0, "c": 3}, {"a": 1, "b": 2, "c": 0}, {}]
    assert nearest(asked, kept, lambda one: one) == kept[1]
    assert nearest(asked, [], lambda one: one) is None
