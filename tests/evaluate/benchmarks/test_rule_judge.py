import pytest

from raysft.data import world
from raysft.data.world.demands import FOLLOW_UPS, Demands
from raysft.evaluate.benchmarks.rule_judge import rate

FRUITS = ("apple", "pear", "plum", "grape")


def _words(kind: str, word: str = "") -> Demands:
    return Demands(words=("Yes", "steel"), follow_up=kind, word=word)


def _choice(kind: str = "more") -> Demands:
    return Demands(count=2, choices=FRUITS, follow_up=kind)


@pytest.mark.parametrize(
    ("first", "grade"),
    [
        ("Yes steel.", 10),
        ("Yes, steel!", 10),
        ("steel Yes.", 8),
        ("No steel.", 5),
        ("Yes.", 3),
        ("yes Steel.", 3),
        ("Yes steel indeed.", 3),
        ("tin.", 1),
        ("", 1),
    ],
)
def test_a_demand_for_exact_words(first: str, grade: float) -> None:
    assert rate(_words("twice"), first, "").first == grade


@pytest.mark.parametrize(
    ("first", "grade"),
    [
        ("plum, pear.", 10),
        ("pear plum", 10),
        ("plum, pear, apple.", 7),
        ("plum, hammer.", 7),
        ("plum, plum.", 7),
        ("plum, plum, plum.", 4),
        ("hammer, hammer, hammer", 1),
        ("...", 1),
    ],
)
def test_a_demand_for_a_choice(first: str, grade: float) -> None:
    assert rate(_choice(), first, "").first == grade


@pytest.mark.parametrize(
    ("kind", "right"),
    [
        ("upper", "YES STEEL."),
        ("twice", "Yes steel Yes steel."),
        ("start", "dog Yes steel."),
        ("end", "Yes steel dog."),
        ("number", "1. Yes 2. steel"),
        ("reverse", "steel Yes."),
        ("first", "Yes."),
    ],
)
def test_each_follow_up_is_met_by_its_own_change_only(kind: str, right: str) -> None:
    demands = _words(kind, "dog")
    assert rate(demands, "Yes steel.", right).second == 10
    assert rate(demands, "Yes steel.", "Yes steel.").second < 10
    for other, follow_up in FOLLOW_UPS.items():
        if other not in (kind, "more") and (kind, other) not in {("start", "reverse")}:
            changed = " ".join(follow_up.change(["Yes", "steel"], "dog"))
            assert rate(demands, "Yes steel.", changed).second < 10


@pytest.mark.parametrize(
    ("second", "grade"),
    [
        ("plum, pear, grape.", 10),
        ("plum, pear, apple", 10),
        ("plum, pear, plum.", 8),
        ("plum, pear, dog.", 7),
        ("plum, pear.", 6),
        ("pear, plum, grape.", 6),
        ("dog, cat", 3),
        ("dog dog", 1),
        ("", 1),
    ],
)
def test_one_more_takes_any_new_word_of_the_kind(second: str, grade: float) -> None:
    assert rate(_choice(), "plum, pear.", second).second == grade


def test_the_second_turn_is_held_against_the_models_own_first_answer() -> None:
    own = rate(_words("reverse"), "red tin.", "tin red.")
    assert (own.first, own.second, own.mean) == (3, 10, 6.5)
    assert rate(_words("reverse"), "red tin.", "steel Yes.").second < 10


def test_without_words_nothing_can_be_changed() -> None:
    rating = rate(_words("start", "dog"), "?!", "dog.")
    assert rating.wordless
    assert rating.mean == 1


def test_every_demand_of_the_test_set_tells_the_reference_from_a_copy() -> None:
    for item in world.test_items("general", 1_000):
        demands = Demands.model_validate(item.facts)
        first, second = item.references
        assert rate(demands, first, second).mean == 10
        assert rate(demands, first, first).second < 10
        assert rate(demands, second, second).mean < 10
        assert rate(demands, first + " and more", second).mean < 10
