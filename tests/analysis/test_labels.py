import pytest

from analysis.labels import fixed, listed, percent, printable, ratio_text, shortened, strategy_order


def test_strategies_are_ordered_by_kind_and_replay() -> None:
    wanted = [
        "base",
        "single(math)",
        "single(code)",
        "multi_task",
        "sequential",
        "mixed_sequential",
        "dmt(k=0)",
        "dmt(k=1/64)",
        "dmt(k=1/4)",
        "dmt(k=1)",
        "math+code>general",
    ]
    given = wanted[::-1]
    assert sorted(given, key=lambda label: strategy_order(label, ["math", "code"])) == wanted


def test_a_share_that_is_no_number_does_not_stop_the_report() -> None:
    assert strategy_order("dmt(k=1/0)")[0] == strategy_order("dmt(k=1/4)")[0]


@pytest.mark.parametrize(
    ("share", "text"), [(0, "0%"), (0.001, "<1%"), (0.02, "2%"), (0.996, ">99%"), (1, "100%"), (0.994, "99%")]
)
def test_nearly_none_and_nearly_all_are_told_from_none_and_all(share: float, text: str) -> None:
    assert percent(share) == text


def test_a_rating_has_two_decimals() -> None:
    assert (fixed(7.126, 10), fixed(7.126, 100)) == ("7.13", "7.1")


def test_ratios_read_as_multipliers() -> None:
    assert ratio_text('{"code": "2", "math": "1/4"}') == "code ×2, math ×1/4"
    assert (ratio_text("{}"), ratio_text(None), ratio_text("odd")) == ("", "", "odd")


def test_control_characters_are_replaced() -> None:
    assert printable("a\x1b[31mb\nc\u202ed") == "a\ufffd[31mb\ufffdc\ufffdd"


def test_long_names_end_in_an_ellipsis() -> None:
    assert (shortened("abcdef", 6), shortened("abcdefg", 6)) == ("abcdef", "abcde…")


def test_long_lists_are_cut_with_a_count() -> None:
    assert listed(["a", "b", "c"], 2) == "a, b and 1 more"
    assert listed(["a", "b"], 2) == "a, b"
