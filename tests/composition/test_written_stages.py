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
            "stages.polish: write abilities with shares",
        ),
        ({"basics": {"math": 1}, "polish": None}, "stages.polish: write abilities"),
        ({"basics": {"math": 1}, "polish": ["general"]}, "stages.polish: write abilities"),
        ({"math": 1, "code": 1}, r"stages: write a list, one mixture for each stage: \[{math: 1}"),
        ([{"math": 1}, "general"], "stages.1: write abilities"),
        ([{}], "stages.0: write abilities"),
        ([], "stages: give at least 1"),
        ([{"math": 2}, {"code": 0}, "general"], "stages.0.math: .*; stages.1.code: .*; stages.2: "),
        (
            {
                "a": {"math": 1},
                "b": {"mixture": {"math": 1}, "after": "aa"},
                "c": {"mixture": {}, "recip": {}},
            },
            "stages.c.mixture: write abilities.*stages.c.recip: no such key here; did you mean recipe?",
        ),
        (
            {
                "a": {"math": 1},
                "b": {"mixture": {"math": 1}, "after": "d"},
                "c": {"mixture": {"math": 1}, "after": "e"},
            },
            "stages.b.after: no stage is called d.*stages.c.after: no stage is called e",
        ),
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
