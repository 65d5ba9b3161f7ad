"""Strategies: their stages, their spellings, their labels."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from raysft.composition.strategies import STRATEGIES, Shares, Strategy, read_strategy, write_strategy

ABILITIES = ("code", "math", "general")
ONE = Fraction(1)
abilities = st.lists(st.sampled_from("abcdefg"), unique=True, min_size=1).map(
    lambda found: (*found, "general")
)
shares = st.fractions(min_value=0, max_value=1, max_denominator=512)


@pytest.mark.parametrize(
    ("written", "stages"),
    [
        ("base", []),
        ({"single": "math"}, [{"math": ONE}]),
        ("multi_task", [{"code": ONE, "math": ONE, "general": ONE}]),
        ("sequential", [{"code": ONE}, {"math": ONE}, {"general": ONE}]),
        ({"sequential": {"last": "code"}}, [{"math": ONE}, {"general": ONE}, {"code": ONE}]),
        ({"sequential": ["general", "math"]}, [{"general": ONE}, {"math": ONE}]),
        ("mixed_sequential", [{"code": ONE, "math": ONE}, {"general": ONE}]),
        ({"mixed_sequential": "math"}, [{"code": ONE, "general": ONE}, {"math": ONE}]),
        (
            {"dmt": "1/256"},
            [
                {"code": ONE, "math": ONE},
                {"code": Fraction(1, 256), "math": Fraction(1, 256), "general": ONE},
            ],
        ),
        ({"dmt": {"math": "1/4"}}, [{"code": ONE, "math": ONE}, {"math": Fraction(1, 4), "general": ONE}]),
        (
            {"dmt": {"k": {"math": "1/4", "code": 0}, "last": "general"}},
            [{"code": ONE, "math": ONE}, {"math": Fraction(1, 4), "general": ONE}],
        ),
        (
            {"stages": [{"math": "1/2"}, {"math": 1, "code": 1}]},
            [{"math": Fraction(1, 2)}, {"math": ONE, "code": ONE}],
        ),
    ],
    ids=str,
)
def test_stages(written: object, stages: list[Shares]) -> None:
    strategy = read_strategy(written)
    assert list(strategy.stages(ABILITIES)) == stages
    assert read_strategy(write_strategy(strategy)) == strategy


@given(abilities)
def test_dmt_without_replay_is_mixed_sequential(names: tuple[str, ...]) -> None:
    assert read_strategy({"dmt": 0}).stages(names) == read_strategy("mixed_sequential").stages(names)


@given(abilities, shares)
def test_dmt_replays_in_its_last_stage_only(names: tuple[str, ...], k: Fraction) -> None:
    first, second = read_strategy({"dmt": k}).stages(names)
    assert set(first) == set(names) - {"general"}
    assert second.pop("general") == 1
    assert second == (dict.fromkeys(first, k) if k else {})


@given(abilities)
def test_sequential_trains_every_ability_once_with_the_last_at_the_end(names: tuple[str, ...]) -> None:
    stages = read_strategy("sequential").stages(names)
    assert [list(stage) for stage in stages] == [[one] for one in names]
    assert all(share == 1 for stage in stages for share in stage.values())


@pytest.mark.parametrize(
    ("written", "label"),
    [
        ("base", "base"),
        ({"single": "math"}, "single(math)"),
        ("multi_task", "multi_task"),
        ({"sequential": ["math", "code"]}, "sequential(order=math>code)"),
        ({"mixed_sequential": "math"}, "mixed_sequential(last=math)"),
        ({"dmt": "2/32"}, "dmt(k=1/16)"),
        ({"dmt": {"math": "1/4"}}, "dmt(k={math: 1/4})"),
        ({"stages": [{"math": 1, "code": "1/2"}, {"general": 1}]}, "math+1/2·code>general"),
    ],
    ids=str,
)
def test_labels(written: object, label: str) -> None:
    assert read_strategy(written).label == label


def test_equal_strategies_are_equal_however_they_are_written() -> None:
    assert read_strategy({"dmt": "1/4"}) == read_strategy({"dmt": {"k": "4/16"}})
    assert (
        read_strategy("sequential")
        == read_strategy({"sequential": {}})
        == read_strategy({"sequential": None})
    )


@pytest.mark.parametrize(
    ("written", "remedy"),
    [
        ("dmt", "k: must be given"),
        ({"dmt": None}, "k: must be given"),
        ({"dmt": 0.25}, "exact fraction"),
        ({"dmt": {"general": "1/4"}}, "which the last stage sees in full"),
        ({"dmt": {"k": "1/4", "kk": 1}}, "kk: no such key here; did you mean k?"),
        ({"single": None}, "ability: must be given"),
        ({"single": ["math"]}, "single: write text"),
        ({"multi_task": ["math"]}, "takes no value; write multi_task"),
        ({"base": 3}, "takes no value; write base"),
        ({"sequential": []}, "sequential: give at least 1"),
        ({"sequential": {"order": ["math"], "last": "math"}}, "`order` or `last`"),
        ({"stages": []}, "stages: give at least 1"),
        ({"stages": [{}]}, r"stages.0: write abilities with shares, such as {math: 1}"),
        ({"stages": [{"math": 0}]}, "above 0"),
        ({"stages": [{"math": 2}]}, "at most 1"),
        ("nope", "no such strategy"),
        ({"single": "math", "dmt": 1}, "write one strategy"),
        ({"dmt": "1/4", "last": "math"}, r"inside it: {dmt: {k: ..., ...}}"),
        (
            {"dmt": {"math": 2, "code": "x"}},
            "dmt.math: must lie between 0 and 1; dmt.code: write an exact fraction",
        ),
        (
            {"dmt": {"lst": "x", "kk": 1, "k": 3}},
            "kk: no such key here.*k: must lie between|k: must lie.*kk: no such",
        ),
        (["multi_task"], "write one strategy"),
        (None, "write one strategy"),
        ({1: 2}, "no such strategy"),
    ],
    ids=str,
)
def test_what_cannot_be_a_strategy_is_refused(written: object, remedy: str) -> None:
    with pytest.raises(ValueError, match=remedy):
        read_strategy(written)


@given(
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers()
        | st.floats()
        | st.sampled_from([*STRATEGIES, "k", "last", "1/4"]),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from([*STRATEGIES, "k", "last", "order", "math", "kind"]), inner, max_size=3
            )
        ),
        max_leaves=8,
    )
)
def test_whatever_is_written_is_read_or_refused(written: object) -> None:
    try:
        strategy = read_strategy(written)
    except ValueError:
        return  # refused, which is what the tests above look at; any other error is a crash
    assert isinstance(strategy, Strategy)
    assert strategy.label


def test_names_are_what_the_user_said() -> None:
    assert read_strategy({"dmt": {"k": {"math": 1}, "last": "chat"}}).names() == ("chat", "math")
    assert read_strategy({"stages": [{"math": 1}, {"code": 1}]}).names() == ("math", "code")
    assert read_strategy("multi_task").names() == ()


@pytest.mark.parametrize(
    ("written", "needed"),
    [
        ("sequential", True),
        ("mixed_sequential", True),
        ({"dmt": 1}, True),
        ("multi_task", False),
        ({"dmt": {"k": 1, "last": "math"}}, False),
        ({"sequential": ["math"]}, False),
    ],
    ids=str,
)
def test_who_needs_to_know_the_last_ability(written: object, needed: bool) -> None:
    assert read_strategy(written).needs_last() is needed


def test_every_strategy_stands_in_the_table_under_its_own_name() -> None:
    assert {kind: rule.model_fields["kind"].default for kind, rule in STRATEGIES.items()} == {
        k: k for k in STRATEGIES
    }
