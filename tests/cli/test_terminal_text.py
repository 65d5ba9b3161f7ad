import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from raysft.cli.terminal_text import on_one_line
from raysft.harmless_text import harmless


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain [bold]text[/] 東京 é 🙂\n\tnext", "plain [bold]text[/] 東京 é 🙂\n\tnext"),
        ("\x1b[31mred", "\\x1b[31mred"),
        ("\x1b]0;title\x07", "\\x1b]0;title\\x07"),
        ("over\rwritten\b", "over\\x0dwritten\\x08"),
        ("\u202eevil", "\\u202eevil"),
        ("a\u200bb\u2028c\x85d\x9be", "a\\u200bb\\u2028c\\x85d\\x9be"),
        ("\U000e0041", "\\U000e0041"),
        ("\ud83d", "\\ud83d"),
    ],
)
def test_what_could_be_obeyed_is_shown_by_its_number(text: str, shown: str) -> None:
    assert harmless(text) == shown


def test_marks_of_the_caller_are_shown_by_number_too() -> None:
    assert harmless("a⟦b", "⟦⟧") == "a\\u27e6b"


def test_one_line() -> None:
    assert on_one_line(" a\n\tb\x1b ") == "a b\\x1b"


@given(st.text())
def test_nothing_is_left_that_cannot_be_seen(text: str) -> None:
    shown = harmless(text)
    unseen = {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}
    assert not [one for one in shown if unicodedata.category(one) in unseen and one not in "\n\t"]
    shown.encode()
