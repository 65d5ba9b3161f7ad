"""Stages that the user writes out: their order, their recipes, and what is no single chain."""

from fractions import Fraction

import pytest

from raysft.composition.strategies import read_strategy, write_strategy

ABILITIES = ("code", "math", "general")
ONE = Fraction(1)
GRAPH = {
    "polish": {"mixture": {"general": 1, "math": "1/16"}, "after": "basics", "recipe": {"epochs": 1}},
    "basics": {"math": 1, "code": 1},
}


def test_named_stages_come_in_the_order_of_their_graph() -> None:
    strategy = read_strategy({"stages": GRAPH})
    assert strategy.stages(ABILITIES) == (
        {"math": ONE, "code": ONE},
        {"general": ONE, "math": Fraction(1, 16)},
    )
    assert strategy.recipes() == ({}, {"epochs": 1})
    assert strategy.label == "math+code>general+1/16·math[epochs=1]"


@pytest.mark.parametrize("written", [GRAPH, [{"math": 1}, {"math": 1}], [{"mixture": {"math": 1}}]], ids=str)
def test_written_stages_read_back(written: object) -> None:
    strategy = read_strategy({"stages": written})
    assert read_strategy(write_strategy(strategy)) == strategy


def test_equal_stages_one_after_the_other_are_two_stages() -> None:
    assert len(read_strategy({"stages": [{"math": 1}, {"math": 1}, {"math": 1}]}).stages(ABILITIES)) == 3


@pytest.mark.parametrize(
    ("written", "said"),
    [
        (
            {"a": {"mixture": {"math": 1}, "after": "b"}, "b": {"mixture": {"math": 1}, "after": "a"}},
            "cyclic",
        ),
        ({"a": {"mixture": {"math": 1}, "after": "a"}}, "cyclic"),
        (
            {
                "first": {"math": 1},
                "a": {"mixture": {"math": 1}, "after": "b"},
                "b": {"mixture": {"math": 1}, "after": "a"},
            },
            "cyclic",
        ),
        ({"a": {"math": 1}, "b": {"mixture": {"math": 1}, "after": "c"}}, "no stage is called c"),
        (
            {
                "a": {"math": 1},
                "b": {"mixture": {"math": 1}, "after": "a"},
                "c": {"mixture": {"code": 1}, "after": "a"},
            },
            "two stages come after the same one",
        ),
        (
            [{"name": "a", "mixture": {"math": 1}}, {"name": "a", "mixture": {"math": 1}}],
            "two stages are called a",
        ),
        ([{"math": 0}], "above 0"),
        ([{"math": 2}], "at most 1"),
        (
            {"basics": {"math": 1}, "polish": "general"},
            "stage polish is 'general': write abilities with shares",
        ),
        ({"basics": {"math": 1}, "polish": None}, "stage polish is None"),
        ({"basics": {"math": 1}, "polish": ["general"]}, r"stage polish is \['general'\]"),
        ({"math": 1, "code": 1}, "stage math is 1"),
        ([{"math": 1}, "general"], "mixtures.1"),
        ([{}], "mixture"),
        ([], "mixtures"),
    ],
    ids=str,
)
def test_what_is_no_chain_is_refused(written: object, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        read_strategy({"stages": written})


def test_every_order_of_sequential() -> None:
    orders = read_strategy({"sequential": "all"}).expanded(ABILITIES)
    assert len({one.label for one in orders}) == 6
    assert [list(stage) for stage in orders[0].stages(ABILITIES)] == [["code"], ["math"], ["general"]]
    assert all(read_strategy(write_strategy(one)) == one for one in orders)
    assert read_strategy("multi_task").expanded(ABILITIES) == (read_strategy("multi_task"),)
